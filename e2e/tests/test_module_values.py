"""Values of modules' own types: they are saved, replicated and moved as any others."""

import os

from harness.node import Node
from harness.resp import RespError
from harness.settings import ROOT
from harness.slots import hash_slot
from harness.suite import ClusterTest, E2eTest
from harness.waits import wait_until

VALUES = os.path.join(ROOT, "bazel-bin", "modules", "testing", "values.so")


class ModuleValuesTest(E2eTest):
    """The module "values": numbers with notes, and a total that stands besides the keys."""

    def node(self, folder, options=None, module=VALUES):
        options = {"enable-debug-command": "yes", **(options or {})}
        if module:
            options["loadmodule"] = module
        node = Node(self.settings, self.path(folder), options, cluster=False)
        os.makedirs(node.folder, exist_ok=True)
        self.addCleanup(node.release)
        return node

    def fill(self, node):
        with node.connect() as connection:
            for i in range(200):
                self.assertEqual(connection.call("values.set", f"v:{i}", i, f"note {i}"), "OK")
            connection.call("PEXPIRE", "v:0", 1000000)
        return node.call("DEBUG", "DIGEST")

    def check(self, node, digest):
        wait_until(lambda: node.info("persistence")["loading"] == "0", 20, "loaded")
        self.assertEqual(node.call("values.get", "v:7"), [7, b"note 7"])
        self.assertEqual(node.call("DEBUG", "DIGEST"), digest)

    def test_an_rdb_file_brings_values_and_what_stands_besides_them(self):
        node = self.node("rdb")
        node.start()
        digest = self.fill(node)
        self.assertEqual(node.call("DEBUG", "RELOAD"), "OK")
        self.check(node, digest)
        self.assertEqual(node.call("BGSAVE"), "Background saving started")
        wait_until(lambda: node.info("persistence")["rdb_bgsave_in_progress"] == "0", 20, "saved")
        node.kill()
        node.start()
        self.check(node, digest)
        self.assertEqual(node.call("values.counts")[2], sum(range(200)))

    def test_a_rewritten_file_of_commands_brings_them(self):
        node = self.node("aof", {"appendonly": "yes", "aof-use-rdb-preamble": "no"})
        node.start()
        digest = self.fill(node)
        node.call("BGREWRITEAOF")
        wait_until(
            lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0", 20, "rewritten"
        )
        node.call("values.set", "last", 1, "behind the rewrite")
        folder = os.path.join(node.folder, "appendonlydir")
        base = next(name for name in os.listdir(folder) if ".base." in name)
        with open(os.path.join(folder, base), "rb") as file:
            self.assertIn(b"values.set", file.read(), "the module's own commands")
        node.kill()
        node.start()
        self.assertEqual(node.call("values.get", "last"), [1, b"behind the rewrite"])
        node.call("DEL", "last")
        self.check(node, digest)

    def test_a_file_with_values_of_an_absent_module_is_refused(self):
        node = self.node("absent")
        node.start()
        self.fill(node)
        node.call("SAVE")
        node.stop()
        del node.options["loadmodule"]
        with self.assertRaises(Exception):
            node.start()
        log = node.process.log()
        self.assertIn("test-valu" if self.settings.kind == "slotmesh" else "module", log)

    def test_a_replica_gets_them_by_copy_and_by_stream(self):
        primary, replica = self.node("primary"), self.node("replica")
        primary.start()
        self.fill(primary)
        replica.start()
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(
            lambda: replica.info("replication").get("master_link_status") == "up", 20, "link"
        )
        primary.call("values.set", "streamed", 5, "five")
        wait_until(lambda: replica.call("values.get", "streamed") == [5, b"five"], 20, "streamed")
        self.check(replica, primary.call("DEBUG", "DIGEST"))


class MovedValuesTest(ClusterTest):
    options = {"loadmodule": VALUES, "enable-debug-command": "yes"}

    def test_values_move_with_their_slots(self):
        first, second = self.cluster.nodes[:2]
        slots = set(self.cluster.slots_of(first))
        keys = [key for key in (f"v:{i}" for i in range(20000)) if hash_slot(key) in slots]
        with first.connect() as connection:
            for i, key in enumerate(keys):
                self.assertEqual(connection.call("values.set", key, i, key), "OK")
        self.cluster.reshard(first, second, 300)
        theirs = set(self.cluster.slots_of(second))
        moved = [(i, key) for i, key in enumerate(keys) if hash_slot(key) in theirs]
        self.assertGreater(len(moved), 100)
        with second.connect() as connection:
            for i, key in moved:
                self.assertEqual(connection.call("values.get", key), [i, key.encode()])
        with first.connect() as connection:
            self.assertIsInstance(connection.try_call("values.get", moved[0][1]), RespError)
