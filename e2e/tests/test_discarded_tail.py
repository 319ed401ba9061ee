"""A primary that comes back and finds another in its place says what it gives up (SAFETY 15)."""

import os
import time
import unittest

from harness import metrics
from harness.cluster import Cluster
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until

WRITES = 250


@slotmesh_only("reports of discarded data")
class DiscardedTailTest(E2eTest):
    def test_what_the_successor_does_not_have_is_counted(self):
        self.cluster = Cluster(self.settings, self.path("tail"), 3, {
            "cluster-node-timeout": "1000",
            "repl-diskless-sync-delay": "0",
        })
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        old, new, third = self.cluster.nodes
        old.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        for node in (new, third):
            node.call("CLUSTER", "MEET", "127.0.0.1", old.port)
        self.cluster.wait_healthy()
        wait_until(lambda: new.call("CLUSTER", "REPLICATE", old.node_id()) == "OK", 10,
                   "it is a replica")
        wait_until(lambda: old.info("replication").get("in_sync_copies") == "2", 20, "in sync")
        with old.connect() as connection:
            # Its replica hears nothing of these: the link goes first, and the process stops before
            # it is back.
            connection.pipeline([("CLIENT", "KILL", "TYPE", "replica")]
                                + [("SET", f"key:{i}", "v" * 50) for i in range(WRITES)])
            old.process.pause()
        self.addCleanup(old.process.resume)
        wait_until(lambda: self.leads(new), 20, "the replica took over")
        self.assertEqual(new.call("DBSIZE"), 0)
        self.assertEqual(new.call("SET", "after", "1"), "OK")
        old.process.resume()
        wait_until(lambda: old.info("replication").get("master_link_status") == "up", 20,
                   "the old primary has the new one's data")
        about = old.info("replication")
        self.assertEqual(about["discarded_tails"], "1")
        self.assertEqual(int(about["discarded_tail_commands"]), WRITES)
        self.assertGreater(int(about["discarded_tail_bytes"]), WRITES * 50)
        page = metrics.fetch(old.metrics_address)
        self.assertEqual(metrics.total(page, "slotmesh_replication_discarded_commands_total"),
                         WRITES)
        self.assertEqual(metrics.total(page, "slotmesh_replication_discarded_bytes_total"),
                         int(about["discarded_tail_bytes"]))
        with open(os.path.join(old.folder, "log"), encoding="utf-8") as log:
            self.assertIn("Discarding what only this node has", log.read())
        self.assertEqual(old.call("DBSIZE"), 1)
        # Nothing is reported by who gives nothing up.
        self.assertEqual(new.info("replication")["discarded_tails"], "0")

    def leads(self, node):
        if node.info("replication")["role"] != "master":
            return False
        time.sleep(0.05)
        return node.cluster_info()["cluster_state"] == "ok"


if __name__ == "__main__":
    unittest.main()
