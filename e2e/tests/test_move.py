"""Slots move back and forth while every client library writes and reads."""

import unittest

from harness import metrics
from harness.clients import LIBRARIES, Traffic
from harness.raw_traffic import RawTraffic
from harness.resp import RespError
from harness.slots import tag_of_each_slot
from harness.suite import ClusterTest, slotmesh_only
from harness.waits import wait_until

SLOTS = 5000
ROUND_TRIPS = 10
PRELOADED_PER_SLOT = 5
FENCE_HISTOGRAM = "slotmesh_migration_fence_duration_seconds"
FENCE_SECONDS = 0.05


def preload(cluster, per_slot=PRELOADED_PER_SLOT, value_bytes=32):
    """Some keys in every slot, so that moves carry data."""
    tags = tag_of_each_slot()
    for node in cluster.nodes:
        commands = [
            ("SET", f"{{{tags[slot]}}}:{i}", "x" * value_bytes)
            for slot in cluster.slots_of(node)
            for i in range(per_slot)
        ]
        with node.connect(timeout=60) as connection:
            for start in range(0, len(commands), 1000):
                replies = connection.pipeline(commands[start : start + 1000])
                assert all(reply == "OK" for reply in replies), replies[:3]


class MoveTest(ClusterTest):
    measures = True  # How long writes wait.

    def test_moving_5000_slots_back_and_forth_ten_times_loses_nothing(self):
        """Redis's tools move a slot key by key and show ASK: there a small run proves the test."""
        is_slotmesh = self.settings.kind == "slotmesh"
        slots, trips = (SLOTS, ROUND_TRIPS) if is_slotmesh else (300, 1)
        preload(self.cluster)
        first, second, third = self.cluster.nodes
        raw = RawTraffic(self.cluster).start()
        self.addCleanup(raw.stop)
        clients = [Traffic(library, third.port) for library in LIBRARIES]
        for client in clients:
            self.addCleanup(client.kill)
        before = len(self.cluster.slots_of(first))
        for _ in range(trips):
            self.cluster.reshard(first, second, slots)
            self.assertEqual(len(self.cluster.slots_of(first)), before - slots)
            self.cluster.reshard(second, first, slots)
        reports = {client.library: client.stop() for client in clients}
        raw.stop()
        for library, report in reports.items():
            self.assertEqual((report["errors"], report["wrong"]), ([], []), library)
            self.assertGreater(report["writes"], 100, library)
            self.assertGreater(report["reads"], 100, library)
        alive = {node.port for node in self.cluster.nodes}
        self.assertEqual(raw.check_all(self.cluster.owners(), alive), len(raw.keys))
        self.assertEqual((raw.errors, raw.wrong), ([], []))
        self.assertGreater(raw.acknowledged(), 1000)
        self.assertGreater(raw.redirects["MOVED"], 0)
        if is_slotmesh:
            self.assertEqual(set(raw.redirects), {"MOVED"})
            self.check_fences()
        self.check_preloaded()

    def check_fences(self):
        pages = [metrics.fetch(node.metrics_address) for node in self.cluster.nodes]
        count, share = metrics.share_at_most(pages, FENCE_HISTOGRAM, FENCE_SECONDS)
        self.assertGreaterEqual(count, 2 * ROUND_TRIPS)
        self.assertGreaterEqual(share, 0.99, f"of {count} fences at most {FENCE_SECONDS} s")

    def check_preloaded(self):
        expected = 16384 * PRELOADED_PER_SLOT
        extra = sum(len(node.call("KEYS", "traffic-*")) for node in self.cluster.nodes)
        extra += sum(len(node.call("KEYS", "raw:*")) for node in self.cluster.nodes)
        self.assertEqual(sum(n.call("DBSIZE") for n in self.cluster.nodes), expected + extra)


def migrations(node):
    """GETSLOTMIGRATIONS as a list of dicts of text."""
    rows = node.call("CLUSTER", "GETSLOTMIGRATIONS")
    return [
        {row[i].decode(): _text(row[i + 1]) for i in range(0, len(row), 2)} for row in rows
    ]


def _text(value):
    return value.decode() if isinstance(value, bytes) else value


@slotmesh_only("CLUSTER MIGRATESLOTS")
class MigrateSlotsTest(ClusterTest):
    def setUp(self):
        self.source, self.target, _ = self.cluster.nodes
        self.first, self.last = self.a_range()

    def a_range(self):
        """The first run of 200 slots that the source owns."""
        slots = self.cluster.slots_of(self.source)
        start = next(s for s in slots if s + 199 in slots)
        return start, start + 199

    def migrate(self, first=None, last=None, target=None):
        words = ("SLOTSRANGE", first or self.first, last or self.last)
        target_id = (target or self.target).node_id()
        return self.source.call("CLUSTER", "MIGRATESLOTS", *words, "NODE", target_id)

    def test_migrateslots_moves_a_range(self):
        self.assertEqual(self.migrate(), "OK")
        moved = range(self.first, self.last + 1)

        def done():
            owners = self.cluster.owners(self.source)
            return all(owners[slot] == self.target.port for slot in moved)

        wait_until(done, 30, "the target owns the range")
        self.cluster.wait_healthy()
        newest = migrations(self.source)[0]
        self.assertEqual(newest["state"], "success")
        self.assertEqual(newest["slot_ranges"], f"{self.first}-{self.last}")

    def test_bad_requests_are_refused(self):
        other = self.cluster.slots_of(self.target)[0]
        with self.assertRaises(RespError):
            self.migrate(other, other)
        with self.assertRaises(RespError):
            self.source.call(
                "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", self.first, self.last, "NODE", "f" * 40
            )
        with self.assertRaises(RespError):
            self.source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", 5, 16384, "NODE", "f" * 40)
        self.cluster.wait_healthy()

    def test_flushall_and_cancel_leave_the_slots_with_the_source(self):
        """Big enough values that the move is still under way when it is stopped."""
        tags = tag_of_each_slot()
        for stop in (("FLUSHALL",), ("CLUSTER", "CANCELSLOTMIGRATIONS")):
            with self.source.connect(timeout=60) as connection:
                for slot in range(self.first, self.last + 1):
                    pairs = [("SET", f"{{{tags[slot]}}}{i}", "x" * 100000) for i in range(5)]
                    connection.pipeline(pairs)
                begin = ("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", self.first, self.last)
                replies = connection.pipeline([begin + ("NODE", self.target.node_id()), stop])
            self.assertEqual(replies[0], "OK")
            wait_until(self.is_over, 30, "the migration has ended")
            owners = self.cluster.owners(self.source)
            self.assertEqual(owners[self.first], self.source.port, stop)
            self.assertNotIn("success", migrations(self.source)[-1]["state"])
            if stop == ("FLUSHALL",):
                self.assertEqual(self.source.call("DBSIZE"), 0)
            self.flush()

    def is_over(self):
        ended = ("success", "failed", "cancelled")
        return all(row["state"] in ended for row in migrations(self.source))


if __name__ == "__main__":
    unittest.main()
