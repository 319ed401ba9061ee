"""Debian's redis-cli as a cluster's operator: check, create, add-node."""

import unittest

from harness.process import run
from harness.slots import SLOT_COUNT
from harness.suite import ClusterTest


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


if __name__ == "__main__":
    unittest.main()
