"""kill -9 of a party while slots move: one owner for every slot, no acknowledged write lost."""

import threading
import unittest

from harness import metrics
from harness.raw_traffic import RawTraffic
from harness.slots import SLOT_COUNT
from harness.suite import FreshClusterTest, cases, expand_cases, slotmesh_only
from harness.waits import wait_until
from test_move import migrations, preload

# Where in a move the kill falls, in milliseconds after it was asked for; a move of this size takes
# some hundred, so these fall before, in the middle of and after its commit.
DELAYS_MS = (0, 30, 100, 300)
MOVED_SLOTS = 2000
MOVE_ENDS_SECONDS = 60


@slotmesh_only("atomic moves")
@expand_cases
class KillTest(FreshClusterTest):
    options = {"cluster-require-full-coverage": "no"}

    @cases(*DELAYS_MS)
    def test_kill_source(self, delay_ms):
        self.run_with_kill(lambda: self.cluster.nodes[0], delay_ms)

    @cases(*DELAYS_MS)
    def test_kill_target(self, delay_ms):
        self.run_with_kill(lambda: self.cluster.nodes[1], delay_ms)

    @cases(*DELAYS_MS)
    def test_kill_ledger_leader(self, delay_ms):
        self.run_with_kill(self.leader, delay_ms)

    def leader(self):
        """The node that says of itself that it leads the ledger."""

        def find():
            for node in self.cluster.nodes:
                page = metrics.fetch(node.metrics_address)
                if metrics.total(page, "slotmesh_ledger_leader") == 1:
                    return node
            return None

        return wait_until(find, 10, "a node leads the ledger")

    def run_with_kill(self, choose, delay_ms):
        source, target, _ = self.cluster.nodes
        preload(self.cluster, per_slot=5, value_bytes=200)
        raw = RawTraffic(self.cluster, tolerate_outages=True).start()
        self.addCleanup(raw.stop)
        wait_until(lambda: raw.acknowledged() > 2 * len(raw.keys), 30, "traffic flows")
        victim = choose()
        slots = self.cluster.slots_of(source)[:MOVED_SLOTS]
        words = ("SLOTSRANGE", slots[0], slots[-1], "NODE", target.node_id())
        self.assertEqual(source.call("CLUSTER", "MIGRATESLOTS", *words), "OK")
        killer = threading.Timer(delay_ms / 1000, victim.kill)
        killer.start()
        killer.join()
        survivors = [node for node in self.cluster.nodes if node is not victim]
        self.check_one_owner(survivors, raw)
        # Back with an empty memory: it may not serve what it has lost, and nothing else changes.
        victim.start()
        self.check_one_owner(survivors, raw)

    def check_one_owner(self, survivors, raw):
        """Once the move is over: every slot has an owner, survivors agree, no write is lost."""
        wait_until(lambda: self.move_is_over(survivors), MOVE_ENDS_SECONDS, "the move is over")
        owners = self.cluster.wait_agreed(survivors)
        self.assertEqual(len(owners), SLOT_COUNT)
        raw.stop()
        self.assertEqual(raw.errors, [])
        checked = raw.check_all(owners, {node.port for node in survivors})
        self.assertGreater(checked, 0)
        self.assertEqual((raw.errors, raw.wrong), ([], []))

    def move_is_over(self, survivors):
        ended = ("success", "failed", "cancelled")
        rows = [row for node in survivors for row in migrations(node)]
        return all(row["state"] in ended for row in rows)


if __name__ == "__main__":
    unittest.main()
