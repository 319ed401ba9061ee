"""Slots moved key by key: redis-cli's reshard, rebalance, fix, import, add-node and del-node."""

import os
import time
import unittest

from harness import metrics
from harness.node import Node
from harness.process import run
from harness.raw_traffic import RawTraffic
from harness.resp import RespError
from harness.settings import from_environment
from harness.slots import SLOT_COUNT, hash_slot, tag_of_each_slot
from harness.suite import ClusterTest, E2eTest, FreshClusterTest, slotmesh_only
from harness.waits import wait_until

KEYS_PER_SLOT = 12  # More than redis-cli takes at a time.


def cluster_tool(*words, timeout=240, stdin=None):
    command = ["redis-cli", "--cluster", *words, "--cluster-yes"]
    return run(command, timeout=timeout, stdin=stdin)


class KeyByKey:
    """What the classes below share: data, and a look at the whole cluster."""

    def fill(self, slots_per_node, value="v"):
        """Keys in the first slots of each node; the keys by their names."""
        tags = tag_of_each_slot()
        written = {}
        for node in self.cluster.nodes:
            commands = []
            for slot in self.cluster.slots_of(node)[:slots_per_node]:
                for i in range(KEYS_PER_SLOT):
                    key = f"{{{tags[slot]}}}:{i}"
                    written[key] = f"{value}:{slot}:{i}"
                    commands.append(("SET", key, written[key]))
            with node.connect(timeout=60) as connection:
                replies = connection.pipeline(commands)
            self.assertEqual([reply for reply in replies if reply != "OK"], [])
        return written

    def check_keys(self, written):
        """Every key is where its slot is, and nowhere else."""
        owners = self.cluster.owners()
        by_port = {}
        for key in written:
            by_port.setdefault(owners[hash_slot(key)], []).append(key)
        for port, keys in by_port.items():
            with self.cluster.node_of(port).connect(timeout=60) as connection:
                values = connection.pipeline([("GET", key) for key in keys])
            got = dict(zip(keys, values))
            wrong = {k: v for k, v in got.items() if v != written[k].encode()}
            self.assertEqual(wrong, {})

    def count_keys(self):
        return sum(node.call("DBSIZE") for node in self.cluster.nodes)

    def check_tool(self):
        for node in self.cluster.nodes:
            text = cluster_tool("check", node.address)
            self.assertIn(f"[OK] All {SLOT_COUNT} slots covered.", text)
            self.assertNotIn("[ERR]", text)
            self.assertNotIn("[WARNING]", text)


class ReshardTest(KeyByKey, ClusterTest):
    measures = True  # How long it takes under load.

    def test_reshard_under_writes_loses_nothing(self):
        written = self.fill(100)
        first, second, third = self.cluster.nodes
        tags = tag_of_each_slot()
        moving = [self.cluster.slots_of(node)[:100] for node in self.cluster.nodes]
        names = [f"{{{tags[slot]}}}:raw:{i}" for i in range(10) for some in moving for slot in some]
        raw = RawTraffic(self.cluster, names=names).start()
        self.addCleanup(raw.stop)
        wait_until(lambda: raw.acknowledged() > 3000, 30, "the writers are at work")
        for source, target in ((first, second), (second, third), (third, first)):
            before = len(self.cluster.slots_of(target))
            words = ("--cluster-from", source.node_id(), "--cluster-to", target.node_id())
            cluster_tool("reshard", first.address, *words, "--cluster-slots", 100)
            self.cluster.wait_healthy()
            self.assertEqual(len(self.cluster.slots_of(target)), before + 100)
        raw.stop()
        self.assertEqual((raw.errors, raw.wrong), ([], []))
        alive = {node.port for node in self.cluster.nodes}
        self.assertEqual(raw.check_all(self.cluster.owners(), alive), len(raw.keys))
        self.assertEqual(raw.wrong, [])
        self.assertGreater(raw.redirects["ASK"], 0)
        self.assertGreater(raw.redirects["MOVED"], 0)
        self.check_keys(written)
        existing = sum(1 for acked in raw.acked if acked > 0)
        self.assertEqual(self.count_keys(), len(written) + existing)
        self.check_tool()


def held_lease(node):
    return metrics.total(metrics.fetch(node.metrics_address), "slotmesh_cluster_lease_held") == 1


class ToolsTest(KeyByKey, FreshClusterTest):
    def join(self):
        """A fourth node, taken in by redis-cli."""
        node = Node(self.settings, os.path.join(self.folder, "fourth"))
        self.addCleanup(node.release)
        node.start()
        cluster_tool("add-node", node.address, self.cluster.nodes[0].address)
        self.cluster.nodes.append(node)
        self.cluster.wait_healthy()
        # It takes writes, those of MIGRATE too, from its first lease on.
        wait_until(lambda: held_lease(node), 30, f"{node} has a lease")
        return node

    def test_add_node_rebalance_and_del_node(self):
        written = self.fill(30)
        first = self.cluster.nodes[0]
        fourth = self.join()
        weight = ("--cluster-weight", f"{fourth.node_id()}=0.1")
        cluster_tool("rebalance", first.address, "--cluster-use-empty-masters", *weight)
        self.cluster.wait_healthy()
        *others, last = [len(self.cluster.slots_of(node)) for node in self.cluster.nodes]
        self.assertEqual(sum(others) + last, SLOT_COUNT)
        self.assertLess(max(others) - min(others), SLOT_COUNT // 50)
        self.assertGreater(last, SLOT_COUNT // 40)
        self.check_keys(written)
        self.assertEqual(self.count_keys(), len(written))
        self.check_tool()
        words = ("--cluster-from", fourth.node_id(), "--cluster-to", first.node_id())
        count = len(self.cluster.slots_of(fourth))
        cluster_tool("reshard", first.address, *words, "--cluster-slots", count)
        self.assertEqual(self.cluster.slots_of(fourth), [])
        cluster_tool("del-node", first.address, fourth.node_id())
        self.cluster.nodes.pop()
        self.cluster.wait_healthy()
        self.check_keys(written)

    def test_fix_ends_a_move_that_was_broken_off(self):
        written = self.fill(3)
        first, second, third = self.cluster.nodes
        half, opened, empty = self.cluster.slots_of(first)[:3]
        for slot in (half, opened, empty):
            second.call("CLUSTER", "SETSLOT", slot, "IMPORTING", first.node_id())
            first.call("CLUSTER", "SETSLOT", slot, "MIGRATING", second.node_id())
        for slot, count in ((half, 5), (empty, KEYS_PER_SLOT)):
            keys = first.call("CLUSTER", "GETKEYSINSLOT", slot, count)
            words = ("127.0.0.1", second.port, "", 0, 5000, "KEYS", *keys)
            self.assertEqual(first.call("MIGRATE", *words), "OK")
        first.call("CLUSTER", "SETSLOT", opened, "STABLE")
        text = cluster_tool("fix", third.address)
        self.assertIn("Fixing open slot", text)
        self.cluster.wait_healthy()
        self.check_keys(written)
        self.assertEqual(self.count_keys(), len(written))
        self.check_tool()

    def test_fix_gives_uncovered_slots_an_owner(self):
        written = self.fill(2)
        first, second, third = self.cluster.nodes
        with_keys, without = self.cluster.slots_of(second)[0], self.cluster.slots_of(second)[9]
        told = self.cluster.nodes if self.settings.kind == "redis" else [second]
        for node in told:  # In Redis each node has to let go by itself.
            node.call("CLUSTER", "DELSLOTS", with_keys, without)
        for node in (first, third):
            owned = (with_keys, without)
            wait_until(
                lambda node=node: not set(owned) & set(self.cluster.owners(node)), 20, "unowned"
            )
        # --cluster-yes does not answer this.
        cluster_tool("fix", first.address, stdin="yes\nyes\n")
        self.cluster.wait_healthy()
        self.assertEqual(self.cluster.owners()[with_keys], second.port)
        self.check_keys(written)
        self.check_tool()

    def test_import_takes_the_keys_of_a_single_node(self):
        single = Node(self.settings, os.path.join(self.folder, "single"), cluster=False)
        self.addCleanup(single.release)
        single.start()
        with single.connect() as connection:
            connection.pipeline([("SET", f"k{i}", f"v{i}") for i in range(500)])
            connection.call("RPUSH", "list", *range(1000))
            connection.call("PEXPIRE", "k7", 3_600_000)
        words = ("import", self.cluster.nodes[0].address, "--cluster-from", single.address)
        cluster_tool(*words, "--cluster-copy")
        self.assertEqual(self.count_keys(), 501)
        self.assertEqual(single.call("DBSIZE"), 501)
        owner = self.cluster.node_of(self.cluster.owners()[hash_slot("k7")])
        self.assertGreater(owner.call("PTTL", "k7"), 3_000_000)
        cluster_tool(*words, "--cluster-replace")
        self.assertEqual(self.count_keys(), 501)
        self.assertEqual(single.call("DBSIZE"), 0)
        self.check_keys({f"k{i}": f"v{i}" for i in range(500)})

    @slotmesh_only("the ledger remembers open slots")
    def test_open_slots_outlive_a_restart(self):
        first = self.cluster.nodes[0]
        fourth = self.join()
        slot = self.cluster.slots_of(first)[0]
        fourth.call("CLUSTER", "SETSLOT", slot, "IMPORTING", first.node_id())
        fourth.kill()
        fourth.start()
        mark = f"[{slot}-<-{first.node_id()}]".encode()
        wait_until(lambda: mark in fourth.call("CLUSTER", "NODES"), 30, "the slot is open again")


class MigrateTest(E2eTest):
    """MIGRATE between single nodes, also from and to Debian's redis-server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        other = type(cls.settings)("redis", "", "", cls.settings.logs)
        debug = {"enable-debug-command": "yes"}
        cls.here = Node(cls.settings, os.path.join(cls.folder, "here"), debug, False)
        cls.there = Node(cls.settings, os.path.join(cls.folder, "there"), debug, False)
        locked = {"requirepass": "pw"}
        cls.locked = Node(cls.settings, os.path.join(cls.folder, "locked"), locked, False)
        cls.redis = Node(other, os.path.join(cls.folder, "redis"), cluster=False)
        for node in (cls.here, cls.there, cls.locked, cls.redis):
            cls.addClassCleanup(node.release)
            node.start()

    def setUp(self):
        for node in (self.here, self.there, self.redis):
            node.call("FLUSHALL")

    def test_every_type_goes_and_comes_back(self):
        for other in (self.there, self.redis):
            with self.here.connect() as connection:
                connection.call("SET", "s", "x" * 100_000)
                connection.call("RPUSH", "l", *range(2000))
                connection.call("SADD", "set", *range(1000), "word")
                connection.call("HSET", "h", *range(2000))
                connection.call("ZADD", "z", *range(2000))
                connection.call("XADD", "x", "*", "field", "value")
                keys = ("s", "l", "set", "h", "z", "x")
                digest = connection.call("DEBUG", "DIGEST") if other is self.there else None
                self.assertEqual(self.migrate(self.here, other, *keys), "OK")
                self.assertEqual(connection.call("DBSIZE"), 0)
            self.assertEqual(other.call("DBSIZE"), 6)
            if digest is not None:
                self.assertEqual(other.call("DEBUG", "DIGEST"), digest)
            self.assertEqual(self.migrate(other, self.here, *keys), "OK")
            self.assertEqual(self.here.call("STRLEN", "s"), 100_000)
            self.assertEqual(self.here.call("LLEN", "l"), 2000)
            self.here.call("FLUSHALL")

    def migrate(self, source, target, *keys, options=(), database=0, timeout=5000):
        words = ("127.0.0.1", target.port, "", database, timeout, *options, "KEYS", *keys)
        return source.call("MIGRATE", *words)

    def test_password(self):
        self.here.call("SET", "k", "v")
        with self.assertRaisesRegex(RespError, "ERR Target instance replied with error: NOAUTH"):
            self.migrate(self.here, self.locked, "k")
        with self.assertRaisesRegex(RespError, "error: WRONGPASS"):
            self.migrate(self.here, self.locked, "k", options=("AUTH", "no"))
        self.assertEqual(self.here.call("EXISTS", "k"), 1)
        options = ("AUTH2", "default", "pw")
        self.assertEqual(self.migrate(self.here, self.locked, "k", options=options), "OK")
        self.assertEqual(self.here.call("EXISTS", "k"), 0)

    def test_database_and_expiry(self):
        self.here.call("SET", "k", "v", "PX", 100_000)
        self.assertEqual(self.migrate(self.here, self.there, "k", database=9), "OK")
        with self.there.connect() as connection:
            self.assertEqual(connection.call("EXISTS", "k"), 0)
            connection.call("SELECT", 9)
            self.assertLess(90_000, connection.call("PTTL", "k"))

    def test_a_target_that_hangs_is_an_io_error_and_others_are_served_meanwhile(self):
        self.here.call("SET", "k", "v")
        self.here.call("SET", "other", "v")
        with self.there.connect() as sleeper, self.here.connect() as mover:
            sleeper.send("DEBUG", "SLEEP", "2")
            time.sleep(0.2)
            start = time.monotonic()
            mover.send("MIGRATE", "127.0.0.1", self.there.port, "k", 0, 700)
            if self.settings.kind == "slotmesh":
                self.assertEqual(self.here.call("APPEND", "other", "w"), 2)
                self.assertEqual(self.here.call("GET", "k"), b"v")
                self.assertLess(time.monotonic() - start, 0.6)
            reply = mover.read()
            self.assertIsInstance(reply, RespError)
            self.assertEqual(reply.code, "IOERR")
            self.assertLess(time.monotonic() - start, 1.8)
            self.assertEqual(self.here.call("GET", "k"), b"v")
            sleeper.read()

    def test_nobody_at_the_target(self):
        self.here.call("SET", "k", "v")
        with self.assertRaisesRegex(RespError, "IOERR error or timeout writing to target instance"):
            self.here.call("MIGRATE", "127.0.0.1", 1, "k", 0, 1000)
        self.assertEqual(self.here.call("MIGRATE", "127.0.0.1", 1, "none", 0, 1000), "NOKEY")


class DatabasesTest(KeyByKey, ClusterTest):
    """Several databases in a cluster, as Valkey 9 has them."""

    options = {"cluster-databases": 4}

    @classmethod
    def setUpClass(cls):
        if from_environment().kind != "slotmesh":
            raise unittest.SkipTest("Redis has one database in a cluster")
        super().setUpClass()

    def test_slots_move_with_all_their_databases(self):
        tags = tag_of_each_slot()
        first, second, _ = self.cluster.nodes
        slots = self.cluster.slots_of(first)[:20]
        for database in range(4):
            with first.connect() as connection:
                connection.call("SELECT", database)
                for slot in slots:
                    connection.call("SET", f"{{{tags[slot]}}}", f"{database}:{slot}")
        with first.connect() as connection:
            with self.assertRaisesRegex(RespError, "DB index is out of range"):
                connection.call("SELECT", 4)
            with self.assertRaisesRegex(RespError, "not allowed in cluster mode"):
                connection.call("SWAPDB", 0, 1)
        with self.assertRaisesRegex(RespError, "while I still hold keys"):
            first.call("CLUSTER", "SETSLOT", slots[0], "NODE", second.node_id())
        words = ("SLOTSRANGE", slots[0], slots[-1], "NODE", second.node_id())
        self.assertEqual(first.call("CLUSTER", "MIGRATESLOTS", *words), "OK")
        wait_until(
            lambda: self.cluster.owners(first)[slots[0]] == second.port, 30, "the slots have moved"
        )
        self.cluster.wait_healthy()
        self.assertEqual(first.info("keyspace"), {})
        keyspace = second.info("keyspace")
        self.assertEqual(sorted(keyspace), ["db0", "db1", "db2", "db3"])
        for database in range(4):
            with second.connect() as connection:
                connection.call("SELECT", database)
                self.assertEqual(connection.call("DBSIZE"), len(slots))
                self.assertEqual(connection.call("CLUSTER", "COUNTKEYSINSLOT", slots[0]), 1)
                for slot in slots:
                    value = connection.call("GET", f"{{{tags[slot]}}}")
                    self.assertEqual(value, f"{database}:{slot}".encode())

    def test_move_and_copy_reach_other_databases(self):
        node = self.cluster.nodes[0]
        key = f"{{{tag_of_each_slot()[self.cluster.slots_of(node)[30]]}}}"
        with node.connect() as connection:
            connection.call("SET", key, "v")
            self.assertEqual(connection.call("COPY", key, key, "DB", 3), 1)
            self.assertEqual(connection.call("MOVE", key, 2), 1)
            self.assertEqual(connection.call("EXISTS", key), 0)
            for database in (2, 3):
                connection.call("SELECT", database)
                self.assertEqual(connection.call("GET", key), b"v")
                connection.call("DEL", key)


if __name__ == "__main__":
    unittest.main()
