"""CLUSTER SLOT-STATS: what slots cost on a primary and its replica."""

import unittest

from harness.cluster import Cluster
from harness.slots import hash_slot
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until

KEY = "key"
SET_BYTES = 33  # *3 $3 SET $3 key $5 value


@slotmesh_only("Redis has it from another version on")
class SlotStatsTest(E2eTest):
    def setUp(self):
        options = {"cluster-slot-stats-enabled": "yes", "repl-diskless-sync-delay": "0"}
        self.cluster = Cluster(self.settings, self.path(self._testMethodName), 2, options)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.form(replicas=1)
        first, second = self.cluster.nodes
        is_first = first.info("replication")["role"] == "master"
        self.primary, self.replica = (first, second) if is_first else (second, first)

    def stats(self, node, key=KEY):
        slot = hash_slot(key)
        ((_, values),) = node.call("CLUSTER", "SLOT-STATS", "SLOTSRANGE", slot, slot)
        return {values[i].decode(): values[i + 1] for i in range(0, len(values), 2)}

    def network(self, node, key=KEY):
        stats = self.stats(node, key)
        return stats["network-bytes-in"], stats["network-bytes-out"]

    def test_both_count_what_they_take_and_the_primary_what_it_sends(self):
        self.primary.call("SET", KEY, "value")
        wait_until(lambda: self.stats(self.replica)["key-count"] == 1, 10, "the key's copy")
        self.assertEqual(self.network(self.primary), (SET_BYTES, len("+OK\r\n") + SET_BYTES))
        self.assertEqual(self.network(self.replica), (SET_BYTES, 0))
        for node in (self.primary, self.replica):
            self.assertEqual(node.call("CONFIG", "RESETSTAT"), "OK")
            self.assertEqual(self.network(node), (0, 0))
            self.assertEqual(self.stats(node)["key-count"], 1)
            self.assertGreater(self.stats(node)["memory-bytes"], 0)

    def test_a_line_counts_as_what_it_was(self):
        with self.primary.connect() as connection:
            connection.send_raw(f"SET {KEY} value\r\n".encode())
            self.assertEqual(connection.read(), "OK")
            self.assertEqual(self.network(self.primary)[0], len(f"SET {KEY} value\r\n"))
            # In the middle of others.
            connection.send_raw(b"".join(
                [f"GET {KEY}\r\n".encode()] * 3 + [b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n"] * 5))
            for _ in range(8):
                self.assertEqual(connection.read(), b"value")
        self.assertEqual(self.network(self.primary)[0], 15 + 3 * len(f"GET {KEY}\r\n") + 5 * 22)

    def test_replies_that_nobody_wants_do_not_count(self):
        with self.primary.connect() as connection:
            connection.send("CLIENT", "REPLY", "OFF")
            connection.send("GET", KEY)
            wait_until(lambda: self.network(self.primary)[0] > 0, 10, "the request's arrival")
        self.assertEqual(self.network(self.primary), (22, 0))

    def test_a_script_counts_for_the_slot_of_its_keys(self):
        work = f"for i = 1, 2000 do redis.call('SET', '{KEY}', i) end"
        for undeclared in (f"#!lua\n{work}", work):
            self.primary.call("CONFIG", "RESETSTAT")
            self.primary.call("EVAL", undeclared, 0)
            micros = self.stats(self.primary)["cpu-usec"]
            commands = self.primary.info("commandstats")
            self.assertIn(f"usec={micros},", commands["cmdstat_eval"])
        self.primary.call("CONFIG", "RESETSTAT")
        self.primary.call("EVAL", f"#!lua flags=allow-cross-slot-keys\n{work}", 0)
        self.assertEqual(self.stats(self.primary)["cpu-usec"], 0)

    def test_a_shard_channels_messages_count_for_its_slot(self):
        with self.primary.connect() as subscriber:
            subscriber.call("SSUBSCRIBE", "channel")
            self.assertEqual(self.network(self.primary, "channel"), (34, 38))
            self.primary.call("CONFIG", "RESETSTAT")
            self.assertEqual(self.primary.call("SPUBLISH", "channel", "hello"), 1)
            subscriber.read()
            self.assertEqual(self.network(self.primary, "channel"), (42, 4 + 42))


if __name__ == "__main__":
    unittest.main()
