"""Cluster clients that nobody here wrote: they discover, write, read and live through a reshard."""

import unittest

from harness.clients import LIBRARIES, Traffic, basics
from harness.slots import hash_slot
from harness.suite import ClusterTest, cases, expand_cases
from harness.waits import wait_until

KEYS = 10000  # As in clients/traffic.*


@expand_cases
class ClientTest(ClusterTest):
    @cases(*LIBRARIES)
    def test_basics(self, library):
        """Each library starts at another node and finds the rest from there."""
        self.flush()
        start = self.cluster.nodes[LIBRARIES.index(library) % len(self.cluster.nodes)]
        report = basics(library, start.port)
        self.assertEqual((report["written"], report["right"]), (KEYS, KEYS))
        expected = [reply for i in range(100) for reply in ("OK", str(i))]
        self.assertEqual([str(reply) for reply in report["pipeline"]], expected)
        self.assertEqual(report["multi"], ["OK", 2, "2"])
        self.assertIn("CROSSSLOT Keys in request don't hash to the same slot", report["crossSlot"])
        self.check_where_the_keys_are()

    def check_where_the_keys_are(self):
        """Each node holds the keys of its slots, by our own CRC16, and no others."""
        owners = self.cluster.owners()
        expected = {node.port: 0 for node in self.cluster.nodes}
        names = [f"key:{i}" for i in range(KEYS)]
        names += [f"{{pipe}}{i}" for i in range(100)] + ["{multi}a"]
        for name in names:
            expected[owners[hash_slot(name)]] += 1
        counts = {node.port: node.call("DBSIZE") for node in self.cluster.nodes}
        self.assertEqual(counts, expected)
        slot = hash_slot("key:77")
        owner = self.cluster.node_of(owners[slot])
        in_slot = [name for name in names if hash_slot(name) == slot]
        self.assertEqual(owner.call("CLUSTER", "COUNTKEYSINSLOT", slot), len(in_slot))
        keys = owner.call("CLUSTER", "GETKEYSINSLOT", slot, 100)
        self.assertEqual(sorted(key.decode() for key in keys), sorted(in_slot))

    @cases(*LIBRARIES)
    def test_survives_a_reshard(self, library):
        self.flush()
        traffic = Traffic(library, self.cluster.nodes[0].port)
        self.addCleanup(traffic.kill)
        first, second, _ = self.cluster.nodes
        wait_until(lambda: first.call("DBSIZE") > 10, 20, "the client has written")
        self.cluster.reshard(first, second, 1000)
        self.cluster.reshard(second, first, 1000)
        report = traffic.stop()
        self.assertEqual((report["errors"], report["wrong"]), ([], []))
        self.assertGreater(report["writes"], 500)
        self.assertGreater(report["reads"], 500)


if __name__ == "__main__":
    unittest.main()
