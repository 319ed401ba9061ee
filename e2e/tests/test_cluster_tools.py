"""Debian's redis-cli as a cluster's operator: check, create, add-node."""

import unittest

from harness.process import run
from harness.resp import RespError
from harness.slots import SLOT_COUNT
from harness.suite import ClusterTest, FreshClusterTest
from harness.waits import wait_until


class CheckTest(ClusterTest):
    def test_redis_cli_check_says_that_all_slots_are_covered(self):
        for node in self.cluster.nodes:
            text = run(["redis-cli", "--cluster", "check", node.address])
            self.assertIn(f"[OK] All {SLOT_COUNT} slots covered.", text)
            self.assertIn("[OK] All nodes agree about slots configuration.", text)
            self.assertNotIn("[ERR]", text)
            self.assertNotIn("[WARNING]", text)

    def test_redis_cli_info_counts_the_keys(self):
        self.flush()
        words = ["redis-cli", "-c", "-p", self.cluster.nodes[0].port]
        run(words, stdin="".join(f"SET key:{i} {i}\n" for i in range(300)))
        text = run(["redis-cli", "--cluster", "info", self.cluster.nodes[1].address])
        self.assertIn("[OK] 300 keys in 3 primaries." if "primaries" in text else
                      "[OK] 300 keys in 3 masters.", text)

    def test_redis_cli_call_reaches_every_node(self):
        text = run(["redis-cli", "--cluster", "call", self.cluster.nodes[0].address, "ping"])
        self.assertEqual(text.count("PONG"), 3)


class CreateTest(ClusterTest):
    formed = False

    def test_redis_cli_create_forms_three_fresh_nodes(self):
        addresses = [node.address for node in self.cluster.nodes]
        text = run(["redis-cli", "--cluster", "create", *addresses, "--cluster-yes"])
        self.assertIn(f"[OK] All {SLOT_COUNT} slots covered.", text)
        self.cluster.wait_healthy()
        sizes = sorted(len(self.cluster.slots_of(node)) for node in self.cluster.nodes)
        self.assertEqual(sizes, [5461, 5461, 5462])
        self.cluster.nodes[0].call("CLUSTER", "MYID")


class LeaveTest(FreshClusterTest):
    """A node leaves its cluster: told by the others, or by its own reset; and comes back."""

    def known_nodes(self, node):
        return int(node.cluster_info()["cluster_known_nodes"])

    def wait_known(self, node, count):
        wait_until(lambda: self.known_nodes(node) == count, 30, f"{node} knows {count} nodes")

    def meet(self, node, other):
        node.call("CLUSTER", "MEET", "127.0.0.1", other.port)

    def test_redis_cli_del_node_leaves_a_node_by_itself(self):
        first, second, third = self.cluster.nodes
        self.cluster.reshard(third, first, len(self.cluster.slots_of(third)))
        run(["redis-cli", "--cluster", "del-node", first.address, third.node_id()])
        for node, count in ((first, 2), (second, 2), (third, 1)):
            self.wait_known(node, count)
        if self.settings.kind == "redis":
            return  # There the others do not know it again for a minute.
        self.meet(third, second)
        for node in self.cluster.nodes:
            self.wait_known(node, 3)
        self.cluster.wait_healthy()

    def test_reset_is_refused_with_keys_and_leaves_without(self):
        first, _, third = self.cluster.nodes
        slot = self.cluster.slots_of(third)[0]
        keys = (f"k{i}" for i in range(10**6))
        key = next(key for key in keys if third.call("CLUSTER", "KEYSLOT", key) == slot)
        third.call("SET", key, "v")
        text = "CLUSTER RESET can't be called with master nodes containing keys"
        with self.assertRaisesRegex(RespError, text):
            third.call("CLUSTER", "RESET")
        third.call("FLUSHALL")
        before = third.node_id()
        self.assertEqual(third.call("CLUSTER", "RESET"), "OK")
        self.assertEqual(third.node_id(), before)
        self.wait_known(third, 1)
        self.assertEqual(self.cluster.owners(third), {})
        self.meet(third, first)
        self.wait_known(third, 3)
        self.assertEqual(third.call("CLUSTER", "RESET", "HARD"), "OK")
        self.assertNotEqual(third.node_id(), before)
        self.wait_known(third, 1)
        for node in (first, third):
            self.assertEqual(node.call("PING"), "PONG")
        self.meet(first, third)
        wait_until(lambda: self.known_nodes(third) >= 3, 30, "third is back")


if __name__ == "__main__":
    unittest.main()
