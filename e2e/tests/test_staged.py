"""The target of a slot move dies in the instant of the commit: its files and its replica have what
moved (SAFETY 20), every key once in the cluster."""

import threading
import time
import unittest

from harness.cluster import Cluster
from harness.resp import RespError
from harness.slots import SLOT_COUNT, hash_slot, tag_of_each_slot
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until
from test_move import migrations

MOVED_SLOTS = 1000
MOVES_MAX = 5
KEYS_PER_SLOT = 4
ROUNDS = 4
# From the request on. A move of this size takes some hundred.
PAUSES_MS = (20, 60, 120, 200)


@slotmesh_only("atomic moves")
class StagedTest(E2eTest):
    def form(self, replicas):
        self.cluster = Cluster(self.settings, self.path(self._testMethodName), 3 * (1 + replicas), {
            "appendonly": "yes",
            "appendfsync": "always",
            "cluster-node-timeout": "1500",
            "repl-diskless-sync-delay": "0",
        })
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.form(replicas=replicas)
        ports = set(self.cluster.owners().values())
        self.primaries = [node for node in self.cluster.nodes if node.port in ports]

    def fill(self):
        tags = tag_of_each_slot()
        written = {}
        for node in self.primaries:
            commands = []
            for slot in self.cluster.slots_of(node)[:MOVED_SLOTS]:
                for i in range(KEYS_PER_SLOT):
                    key = f"{{{tags[slot]}}}:{i}"
                    written[key] = f"{slot}:{i}:" + "v" * 100
                    commands.append(("SET", key, written[key]))
            with node.connect(timeout=60) as connection:
                self.assertEqual(set(connection.pipeline(commands)), {"OK"})
        return written

    def move(self, source, target):
        slots = self.cluster.slots_of(source)[:MOVED_SLOTS]
        words = ("SLOTSRANGE", slots[0], slots[-1], "NODE", target.node_id())
        self.assertEqual(source.call("CLUSTER", "MIGRATESLOTS", *words), "OK")
        return slots[0]

    def commit(self, source, target, witness):
        """Moves, and comes back at the moment of the commit. Gives a slot that has moved. A move
        that begins right after a restart may be called off; then another one is begun."""
        for _ in range(MOVES_MAX):
            slot = self.move(source, target)
            over = False
            while True:
                if self.cluster.owners(witness)[slot] == target.port:
                    return slot
                if over:
                    break
                over = self.is_over(source)
        raise AssertionError(f"{MOVES_MAX} moves were called off")

    def read(self, port, keys):
        """The keys' values; nothing while they are not all served (no ledger leader yet)."""
        with self.cluster.node_of(port).connect(timeout=60) as connection:
            values = connection.pipeline([("GET", key) for key in keys])
        return None if any(isinstance(value, RespError) for value in values) else values

    def check(self, written, nodes):
        """Every key at its slot's owner with its value, and nowhere else."""
        self.cluster.wait_healthy(nodes=nodes)
        owners = self.cluster.owners(nodes[0])
        self.assertEqual(len(owners), SLOT_COUNT)
        by_port = {}
        for key in written:
            by_port.setdefault(owners[hash_slot(key)], []).append(key)
        for port, keys in by_port.items():
            values = wait_until(lambda port=port, keys=keys: self.read(port, keys), 30, "it serves")
            wrong = {k: v for k, v in zip(keys, values) if v != written[k].encode()}
            self.assertEqual(len(wrong), 0, list(wrong.items())[:3])
        total = sum(self.cluster.node_of(port).call("DBSIZE") for port in by_port)
        self.assertEqual(total, len(written))

    def test_files_of_a_target_that_is_killed_right_after_the_commit_have_the_data(self):
        self.form(replicas=0)
        written = self.fill()
        first, second, third = self.primaries
        for _ in range(ROUNDS):
            for source, target in ((first, second), (second, first)):
                self.commit(source, target, third)
                target.kill()
                target.start()
                self.check(written, self.cluster.nodes)

    def test_files_of_a_target_that_does_not_hear_of_the_commit_have_the_data(self):
        """It is stopped somewhere in the move, and never goes on."""
        self.form(replicas=0)
        written = self.fill()
        source, target, _ = self.primaries
        committed = 0
        for pause_ms in PAUSES_MS:
            slot = self.move(source, target)
            timer = threading.Timer(pause_ms / 1000, target.process.pause)
            timer.start()
            timer.join()
            time.sleep(0.2)
            target.kill()
            target.start()
            wait_until(lambda: self.is_over(source), 60, "the move is over")
            self.check(written, self.cluster.nodes)
            committed += self.cluster.owners(source)[slot] == target.port
        print(f"  {committed} of {len(PAUSES_MS)} moves were committed")

    def is_over(self, source):
        return all(row["state"] in ("success", "failed", "cancelled") for row in migrations(source))

    def test_the_replica_of_a_target_that_is_killed_right_after_the_commit_has_the_data(self):
        self.form(replicas=1)
        written = self.fill()
        source, target, third = self.primaries
        slot = self.commit(source, target, third)
        target.kill()
        others = [node for node in self.cluster.nodes if node is not target]
        wait_until(lambda: self.cluster.owners(third)[slot] not in (target.port, source.port), 30,
                   "its replica took over")
        self.check(written, others)


if __name__ == "__main__":
    unittest.main()
