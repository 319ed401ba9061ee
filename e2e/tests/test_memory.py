"""Memory limits of a real process: keys and clients that go, and that nothing grows past them."""

import random
import unittest

from harness.node import Node, fields
from harness.resp import RespError
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until

MIB = 1 << 20
KEYS = 60000
BATCH = 100
# What a batch of writes and a turn's replies may take beyond the limit.
SLACK = 2 * MIB


class MemoryTest(E2eTest):
    def start(self, cluster=False):
        self.node = Node(self.settings, self.folder, {}, cluster=cluster)
        self.addCleanup(self.node.release)
        self.node.start()
        if cluster:
            wait_until(self.serves, 20, "the node serves all slots")

    def serves(self):
        if self.node.call("CLUSTER", "INFO").find(b"cluster_slots_assigned:16384") < 0:
            self.node.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        self.node.call("SET", "a", "b")
        return True

    def config(self, *pairs):
        self.node.call("CONFIG", "SET", *pairs)

    def number(self, name):
        return int(self.node.info("everything")[name])

    def fill(self, policy, expiring):
        """Writes four times what fits, in values of all sizes; the most that was ever in use."""
        limit = self.number("used_memory") + 16 * MIB
        self.config("maxmemory", limit, "maxmemory-policy", policy)
        chance = random.Random(1)
        most = 0
        with self.node.connect(timeout=60) as connection:
            for start in range(0, KEYS, BATCH):
                commands = []
                for i in range(start, start + BATCH):
                    value = "v" * chance.choice((1, 10, 100, 1000, 4000))
                    expiry = ("EX", 1000 + i) if expiring else ()
                    commands.append(("SET", f"key:{i}", value, *expiry))
                for reply in connection.pipeline(commands):
                    self.assertEqual(reply, "OK")
                if start % (20 * BATCH) == 0:
                    memory = fields(connection.call("INFO", "memory"))
                    most = max(most, int(memory["used_memory"]) - limit)
        self.assertGreater(self.number("evicted_keys"), KEYS // 2)
        return most

    def test_each_policy_holds_the_limit(self):
        self.start()
        for policy in ("allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru"):
            with self.subTest(policy=policy):
                most = self.fill(policy, expiring=policy.startswith("volatile"))
                self.assertLess(most, SLACK)
                self.node.call("FLUSHALL", "SYNC")
                self.config("maxmemory", "0")
                self.node.call("CONFIG", "RESETSTAT")

    @slotmesh_only("a cluster of one node")
    def test_with_a_table_for_each_slot(self):
        self.start(cluster=True)
        self.assertLess(self.fill("allkeys-lru", expiring=False), SLACK)

    def test_a_lower_limit_works_without_any_command(self):
        self.start()
        with self.node.connect(timeout=60) as connection:
            connection.pipeline([("SET", f"key:{i}", "v" * 1000) for i in range(20000)])
            self.config("maxmemory-policy", "allkeys-random")
            self.config("maxmemory", self.number("used_memory") - 10 * MIB)
            wait_until(lambda: connection.call("DBSIZE") < 12000, 20, "half of the keys have gone")

    def test_without_keys_that_may_go_writes_are_refused_and_reads_are_not(self):
        self.start()
        self.node.call("SET", "key", "value")
        self.config("maxmemory", "1000", "maxmemory-policy", "volatile-lru")
        with self.node.connect() as connection:
            self.assertEqual(connection.call("GET", "key"), b"value")
            reply = connection.try_call("SET", "key", "other")
            self.assertIsInstance(reply, RespError)
            self.assertEqual(reply.code, "OOM")
            self.assertEqual(connection.call("DEL", "key"), 1)

    def test_the_client_that_takes_most_goes_the_others_stay(self):
        self.start()
        self.node.call("SET", "key", "v" * 100000)
        self.config("maxmemory-clients", 8 * MIB)
        with self.node.connect() as good, self.node.connect() as greedy:
            greedy.call("CLIENT", "SETNAME", "greedy")
            for _ in range(400):
                try:
                    greedy.send("GET", "key")  # And never reads.
                except OSError:
                    break
            wait_until(
                lambda: b"name=greedy" not in good.call("CLIENT", "LIST"), 20, "greedy is closed"
            )
            self.assertEqual(good.call("PING"), "PONG")
        self.assertEqual(self.number("evicted_clients"), 1)

    def test_a_reply_without_end_ends_at_the_limit(self):
        self.start()
        self.config("client-output-buffer-limit", "normal 1mb 0 0")
        self.node.call("HSET", "hash", "field", "value")
        with self.node.connect() as connection:
            with self.assertRaises((OSError, ValueError)):
                connection.call("HRANDFIELD", "hash", "-999999999")
        self.assertLess(self.number("used_memory_peak"), 64 * MIB)

    def test_big_values_are_freed_in_the_background(self):
        self.start()
        before = self.number("used_memory")
        with self.node.connect(timeout=60) as connection:
            for key in ("a", "b"):
                connection.pipeline(
                    [("SADD", key, *range(i, i + 1000)) for i in range(0, 200000, 1000)]
                )
            self.assertEqual(connection.call("UNLINK", "a"), 1)
            connection.call("FLUSHALL", "ASYNC")
        wait_until(lambda: self.number("lazyfree_pending_objects") == 0, 20, "all is freed")
        self.assertEqual(self.number("lazyfreed_objects"), 2)
        wait_until(lambda: self.number("used_memory") < before + MIB, 20, "memory is back")


if __name__ == "__main__":
    unittest.main()
