"""Replicas in a cluster: they copy their primary, answer who asks for reads, and send writes on."""

import re
import time
import unittest

from harness.cluster import Cluster
from harness.process import run
from harness.resp import RespError
from harness.slots import hash_slot
from harness.suite import E2eTest
from harness.waits import wait_until

COPY_SECONDS = 30


def key_in(first, last, prefix="k"):
    """Keys whose slots are in the range."""
    return (key for key in (f"{prefix}:{i}" for i in range(1_000_000))
            if first <= hash_slot(key) <= last)


class ReplicasTest(E2eTest):
    def nodes_up(self, count, options=None):
        folder = self.path(self._testMethodName)
        options = {"repl-diskless-sync-delay": "0", **(options or {})}
        self.cluster = Cluster(self.settings, folder, count, options)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        return self.cluster.nodes

    def with_replicas(self, primaries=3, options=None):
        nodes = self.nodes_up(primaries * 2, options)
        self.cluster.form(replicas=1)
        return nodes

    def roles(self, nodes):
        primaries, replicas = [], {}
        ids = {node.node_id(): node for node in nodes}
        for line in nodes[0].call("CLUSTER", "NODES").decode().splitlines():
            words = line.split()
            if "master" in words[2]:
                primaries.append(ids[words[0]])
            else:
                replicas[ids[words[3]]] = ids[words[0]]
        return primaries, replicas

    def await_copy(self, primary, replica):
        def equal():
            fields = [node.info("replication") for node in (primary, replica)]
            return (fields[1].get("master_link_status") == "up" and
                    fields[0]["master_repl_offset"] == fields[1]["master_repl_offset"] and
                    primary.call("DBSIZE") == replica.call("DBSIZE"))
        wait_until(equal, COPY_SECONDS, f"{replica} has what {primary} has")

    def test_a_cluster_is_formed_with_replicas(self):
        nodes = self.with_replicas()
        primaries, replicas = self.roles(nodes)
        self.assertEqual((len(primaries), len(replicas)), (3, 3))
        for primary, replica in replicas.items():
            self.assertEqual(replica.info("replication")["master_port"], str(primary.port))
        shards = nodes[0].call("CLUSTER", "SHARDS")
        for shard in shards:
            roles = sorted(dict(zip(node[::2], node[1::2]))[b"role"] for node in shard[3])
            self.assertEqual(roles, [b"master", b"replica"])
        # First, last, and two members that clients may use.
        wait_until(lambda: {len(part) for part in nodes[0].call("CLUSTER", "SLOTS")} == {4}, 10,
                   "SLOTS names the replicas")
        text = self.cluster.slotmesh("nodes")
        self.assertEqual(len(re.findall(r"\breplica\b", text)), 3)

    def test_reads_of_a_replica_are_asked_for(self):
        nodes = self.with_replicas()
        _, replicas = self.roles(nodes)
        for primary, replica in replicas.items():
            first, last = next((part[0], part[1]) for part in primary.call("CLUSTER", "SLOTS")
                               if part[2][1] == primary.port)
            key = next(key_in(first, last))
            primary.call("SET", key, "v")
            self.await_copy(primary, replica)
            moved = f"^MOVED {hash_slot(key)} {primary.address}$"
            with replica.connect() as connection:
                with self.assertRaisesRegex(RespError, moved):
                    connection.call("GET", key)
                connection.call("READONLY")
                self.assertEqual(connection.call("GET", key), b"v")
                with self.assertRaisesRegex(RespError, moved):
                    connection.call("SET", key, "w")
                connection.call("READWRITE")
                with self.assertRaisesRegex(RespError, moved):
                    connection.call("GET", key)

    def test_replicas_have_what_moved_slots_brought(self):
        nodes = self.with_replicas(primaries=2, options={"appendonly": "yes"})
        primaries, replicas = self.roles(nodes)
        source = next(node for node in primaries
                      if any(part[0] == 0 and part[2][1] == node.port
                             for part in node.call("CLUSTER", "SLOTS")))
        target = next(node for node in primaries if node is not source)
        keys = [key for key, _ in zip(key_in(0, 99), range(300))]
        with source.connect() as connection:
            for key in keys:
                connection.call("SET", key, key)
            connection.call("HSET", f"{{{keys[0]}}}hash", "f", "v")
        before = source.call("DBSIZE")
        self.cluster.reshard(source, target, 8192)
        self.assertEqual(target.call("DBSIZE"), before)
        for primary, replica in replicas.items():
            self.await_copy(primary, replica)
        with replicas[target].connect() as connection:
            connection.call("READONLY")
            for key in keys:
                self.assertEqual(connection.call("GET", key), key.encode())
        # And so have the files.
        target.kill()
        target.start()
        wait_until(lambda: target.call("DBSIZE") == before, 20, "the target has its keys again")

    def test_a_primary_with_slots_or_keys_copies_nobody(self):
        first, second, third = self.nodes_up(3)
        run([self.settings.cli_binary, "create", first.address, second.address])
        self.cluster.slotmesh("add-node", third.address)
        ids = [node.node_id() for node in (first, second, third)]
        with self.assertRaisesRegex(RespError, "the node must be empty and without assigned"):
            first.call("CLUSTER", "REPLICATE", ids[1])
        with self.assertRaisesRegex(RespError, "Can't replicate myself"):
            third.call("CLUSTER", "REPLICATE", ids[2])
        with self.assertRaisesRegex(RespError, "Unknown node"):
            third.call("CLUSTER", "REPLICATE", "0" * 40)
        with self.assertRaisesRegex(RespError, "REPLICAOF not allowed in cluster mode"):
            third.call("REPLICAOF", "127.0.0.1", first.port)
        # That it has joined the first one knows before it does.
        wait_until(lambda: third.call("CLUSTER", "REPLICATE", ids[0]) == "OK", 10, "it has joined")
        self.await_copy(first, third)
        self.assertEqual(third.call("CLUSTER", "REPLICATE", ids[0]), "OK")
        # To another primary, whose data replaces the first one's.
        second.call("SET", next(key_in(8192, 16383)), "v")
        self.assertEqual(third.call("CLUSTER", "REPLICATE", ids[1]), "OK")
        self.await_copy(second, third)

    def test_a_replica_that_is_reset_begins_with_nothing(self):
        options = {"appendonly": "yes", "appendfsync": "always"}
        first, replica = self.nodes_up(2, options)
        self.cluster.form(replicas=1)
        self.write_copied(first, 50)
        self.await_copy(first, replica)
        self.assertEqual(replica.call("CLUSTER", "RESET"), "OK")
        self.assertEqual(replica.call("DBSIZE"), 0)
        replica.kill()
        replica.start()
        self.assertEqual(replica.call("DBSIZE"), 0)
        # And it may copy again.
        replica.call("CLUSTER", "MEET", "127.0.0.1", first.port)
        wait_until(lambda: first.node_id() in replica.call("CLUSTER", "NODES").decode(), 10, "met")
        self.assertEqual(replica.call("CLUSTER", "REPLICATE", first.node_id()), "OK")
        self.await_copy(first, replica)
        self.assertEqual(replica.call("DBSIZE"), 50)

    def test_redis_cli_creates_and_checks_a_cluster_with_replicas(self):
        nodes = self.nodes_up(6)
        made = self.cluster.redis_cli("--cluster", "create", *[node.address for node in nodes],
                                      "--cluster-replicas", "1", "--cluster-yes")
        self.assertIn("All 16384 slots covered", made)
        primaries, replicas = self.roles(nodes)
        self.assertEqual((len(primaries), len(replicas)), (3, 3))
        for primary, replica in replicas.items():
            self.await_copy(primary, replica)

    def write_copied(self, primary, count):
        """Writes `count` keys of its slots and returns them, once its replica has them."""
        first, last = next((part[0], part[1]) for part in primary.call("CLUSTER", "SLOTS")
                           if part[2][1] == primary.port)
        keys = [key for key, _ in zip(key_in(first, last), range(count))]
        with primary.connect() as connection:
            for key in keys:
                connection.call("SET", key, key)
            self.assertEqual(connection.call("WAIT", "1", "5000"), 1)
        return keys

    def test_a_replica_takes_over_when_its_primary_is_killed(self):
        nodes = self.with_replicas(options={"cluster-node-timeout": "1000"})
        primaries, replicas = self.roles(nodes)
        primary = primaries[0]
        replica = replicas[primary]
        keys = self.write_copied(primary, 200)
        primary.kill()
        begin = time.monotonic()

        def takes_writes():
            return replica.call("SET", keys[0], "again") == "OK"
        wait_until(takes_writes, 20, "the replica takes writes")
        self.assertLess(time.monotonic() - begin, 8)
        with replica.connect() as connection:
            for key in keys[1:]:
                self.assertEqual(connection.call("GET", key), key.encode())
        alive = [node for node in nodes if node is not primary]
        wait_until(lambda: all(node.cluster_info()["cluster_state"] == "ok" for node in alive), 20,
                   "the cluster is whole again")
        # The old one comes back as a replica, with the new one's data.
        primary.start()
        wait_until(lambda: primary.info("replication")["role"] == "slave", 20, "it is a replica")
        self.await_copy(replica, primary)
        self.cluster.wait_healthy()
        with primary.connect() as connection:
            connection.call("READONLY")
            self.assertEqual(connection.call("GET", keys[0]), b"again")

    def test_a_primary_that_comes_back_empty_does_not_empty_its_replica(self):
        nodes = self.with_replicas(options={"cluster-node-timeout": "1000"})
        primaries, replicas = self.roles(nodes)
        primary = primaries[0]
        replica = replicas[primary]
        keys = self.write_copied(primary, 50)
        primary.kill()
        primary.start()  # At once, and without files: save is "".
        wait_until(lambda: replica.call("SET", keys[0], "again") == "OK", 20, "it took over")
        self.assertEqual(replica.call("DBSIZE"), len(keys))
        self.await_copy(replica, primary)
        self.assertEqual(primary.call("DBSIZE"), len(keys))

    def test_a_manual_failover_loses_nothing(self):
        nodes = self.with_replicas()
        primaries, replicas = self.roles(nodes)
        primary = primaries[0]
        replica = replicas[primary]
        first, last = next((part[0], part[1]) for part in primary.call("CLUSTER", "SLOTS")
                           if part[2][1] == primary.port)
        key = next(key_in(first, last))
        self.await_copy(primary, replica)
        with self.assertRaisesRegex(RespError, "You should send CLUSTER FAILOVER to a replica"):
            primary.call("CLUSTER", "FAILOVER")
        acknowledged = 0
        slowest = 0.0
        with primary.connect() as connection:
            for _ in range(500):
                acknowledged = connection.call("INCR", key)
            self.assertEqual(replica.call("CLUSTER", "FAILOVER"), "OK")
            while True:
                begin = time.monotonic()
                reply = connection.try_call("INCR", key)
                slowest = max(slowest, time.monotonic() - begin)
                if isinstance(reply, RespError):
                    break
                acknowledged = reply
        self.assertEqual(str(reply), f"MOVED {hash_slot(key)} {replica.address}")
        wait_until(lambda: replica.call("GET", key) == str(acknowledged).encode(), 5,
                   "all that was acknowledged is there")
        self.assertEqual(replica.call("INCR", key), acknowledged + 1)
        self.assertLess(slowest, 2)
        print(f"  the longest pause: {slowest * 1000:.0f} ms")
        self.await_copy(replica, primary)
        # And back, by force.
        self.assertEqual(primary.call("CLUSTER", "FAILOVER", "FORCE"), "OK")
        wait_until(lambda: primary.call("INCR", key) == acknowledged + 2, 20, "it leads again")

    def test_a_replica_comes_back_and_goes_on(self):
        nodes = self.with_replicas(primaries=1)
        primaries, replicas = self.roles(nodes)
        primary, replica = primaries[0], replicas[primaries[0]]
        with primary.connect() as connection:
            for i in range(200):
                connection.call("SET", f"key:{i}", i)
            replica.kill()
            for i in range(200):
                connection.call("SET", f"key:{i}", i + 1)
        replica.start()
        self.await_copy(primary, replica)
        with replica.connect() as connection:
            connection.call("READONLY")
            # It hears of the majority within a moment.
            wait_until(lambda: connection.try_call("GET", "key:7") == b"8", 5, "it serves reads")


if __name__ == "__main__":
    unittest.main()
