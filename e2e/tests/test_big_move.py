"""A big value moves with its slot: neither end stands still for it, and it arrives as it was."""

import os
import threading
import time
import unittest
from contextlib import ExitStack

from harness.cluster import Cluster
from harness.slots import hash_slot
from harness.suite import ClusterTest, E2eTest, slotmesh_only
from harness.waits import wait_until

FIELDS = int(os.environ.get("SLOTMESH_E2E_BIG_FIELDS", "2000000"))
PAIRS_PER_COMMAND = 500
KEY = "{big}hash"
# With this many fields, encoding the value at once takes about 0.3 s, and loading it 0.8 s.
LONGEST_SECONDS = 0.1


class Probe:
    """Asks a node for nothing, again and again: how long did it stand still at most?"""

    def __init__(self, node):
        self.longest = 0.0
        self._node = node
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with self._node.connect(timeout=60) as connection:
            while not self._over.is_set():
                begin = time.monotonic()
                connection.call("PING")
                self.longest = max(self.longest, time.monotonic() - begin)
                time.sleep(0.002)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._over.set()
        self._thread.join(60)


class Writer(Probe):
    """Changes the value while it moves, and follows it."""

    def __init__(self, cluster):
        super().__init__(None)
        self.cluster = cluster
        self.written = 0

    def _run(self):
        node = None
        while not self._over.is_set():
            if node is None:
                port = self.cluster.owners()[hash_slot(KEY)]
                node = self.cluster.node_of(port).connect(timeout=60)
            begin = time.monotonic()
            reply = node.try_call("HSET", KEY, f"late:{self.written}", self.written)
            self.longest = max(self.longest, time.monotonic() - begin)
            if reply == 1:
                self.written += 1
                time.sleep(0.005)
            else:
                node.close()
                node = None
        if node is not None:
            node.close()


def fill(node, fields):
    with node.connect(timeout=120) as connection:
        commands = []
        for start in range(0, fields, PAIRS_PER_COMMAND):
            numbers = range(start, min(start + PAIRS_PER_COMMAND, fields))
            pairs = [word for i in numbers for word in (f"field:{i:08}", f"value:{i:010}")]
            commands.append(("HSET", KEY, *pairs))
            if len(commands) == 100:
                connection.pipeline(commands)
                commands = []
        connection.pipeline(commands)
        assert connection.call("HLEN", KEY) == fields


def move(cluster, source, target, other):
    """Moves the value's slot; how long it takes until a third node knows."""
    slot = hash_slot(KEY)
    words = ("SLOTSRANGE", slot, slot, "NODE", target.node_id())
    begin = time.monotonic()
    assert source.call("CLUSTER", "MIGRATESLOTS", *words) == "OK"
    wait_until(lambda: cluster.owners(other)[slot] == target.port, 120, "it has moved")
    return time.monotonic() - begin


def digest(node):
    with node.connect(timeout=60) as connection:
        connection.call("READONLY")
        return connection.call("DEBUG", "DIGEST-VALUE", KEY)


@slotmesh_only("values that move in parts")
class BigMoveTest(ClusterTest):
    measures = True  # How long nodes stand still.
    options = {"enable-debug-command": "yes"}

    def setUp(self):
        self.flush()
        port = self.cluster.owners()[hash_slot(KEY)]
        self.source = self.cluster.node_of(port)
        self.target, self.other = (node for node in self.cluster.nodes if node is not self.source)
        fill(self.source, FIELDS)

    def move(self):
        return move(self.cluster, self.source, self.target, self.other)

    def check(self, what, probes, seconds):
        """The third node, which has no part in it, shows what the machine's own noise is."""
        source, target, noise = (probe.longest for probe in probes)
        print(f"  {what}: {FIELDS} fields in {seconds:.1f} s; the source stood still for "
              f"{source * 1000:.0f} ms at most, the target for {target * 1000:.0f}, a third node "
              f"for {noise * 1000:.0f}")
        self.assertLess(source, LONGEST_SECONDS + 2 * noise)
        self.assertLess(target, LONGEST_SECONDS + 2 * noise)

    def probes(self):
        return Probe(self.source), Probe(self.target), Probe(self.other)

    def test_neither_end_stands_still_for_a_big_hash(self):
        before = digest(self.source)
        with (probes := self.probes())[0], probes[1], probes[2]:
            seconds = self.move()
            time.sleep(0.5)
        self.check("at rest", probes, seconds)
        self.assertEqual(digest(self.target), before)
        self.assertEqual(self.source.call("DBSIZE"), 0)

    def test_nor_while_its_fields_expire(self):
        with self.source.connect(timeout=60) as connection:
            # Soon, and for as long as the move takes.
            connection.pipeline([("HPEXPIRE", KEY, 400 + i, "FIELDS", 1, f"field:{i:08}")
                                 for i in range(3000)])
        with (probes := self.probes())[0], probes[1], probes[2]:
            seconds = self.move()
            wait_until(lambda: self.target.call("HLEN", KEY) == FIELDS - 3000, 30, "all are gone")
        self.check("with fields that expire", probes, seconds)

    def test_nor_while_it_is_written_to(self):
        with (probes := self.probes())[0], probes[1], probes[2], Writer(self.cluster) as writer:
            time.sleep(0.2)
            seconds = self.move()
            time.sleep(0.5)
        self.check("written to", probes, seconds)
        print(f"  a write waited for {writer.longest * 1000:.0f} ms at most, of {writer.written}")
        self.assertGreater(writer.written, 0)
        with self.target.connect(timeout=60) as connection:
            self.assertEqual(connection.call("HLEN", KEY), FIELDS + writer.written)
            late = [f"late:{i}" for i in range(writer.written)]
            self.assertEqual(connection.call("HMGET", KEY, *late),
                             [str(i).encode() for i in range(writer.written)])
            last = (f"field:{FIELDS - 1:08}", f"value:{FIELDS - 1:010}".encode())
            self.assertEqual(connection.call("HGET", KEY, last[0]), last[1])


@slotmesh_only("values that move in parts")
class BigMoveToCopiesTest(E2eTest):
    """The target has a file, which wants to be rewritten all the time, and a replica: both are to
    have the value before the move commits, and the replica stages it as the target does."""

    measures = True

    def setUp(self):
        self.cluster = Cluster(self.settings, self.path(self._testMethodName), 6, {
            "appendonly": "yes",
            "auto-aof-rewrite-min-size": "1mb",
            "repl-diskless-sync-delay": "0",
            "enable-debug-command": "yes",
        })
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.cluster.form(replicas=1)

    def replica_of(self, primary):
        def has_it(node):
            info = node.info("replication")
            return info["role"] == "slave" and int(info["master_port"]) == primary.port

        return next(node for node in self.cluster.nodes if has_it(node))

    def test_it_commits_and_no_replica_stands_still(self):
        owners = self.cluster.owners()
        source = self.cluster.node_of(owners[hash_slot(KEY)])
        ports = sorted(set(owners.values()) - {source.port})
        target, other = (self.cluster.node_of(port) for port in ports)
        fill(source, FIELDS)
        before = digest(source)
        copies = [self.replica_of(node) for node in (source, target, other)]
        wait_until(lambda: digest(copies[0]) == before, 60, "the source's replica has it")
        with ExitStack() as stack:
            nodes = (source, target, *copies)
            probes = [stack.enter_context(Probe(node)) for node in nodes]
            seconds = move(self.cluster, source, target, other)
            time.sleep(1)
        longest = [probe.longest for probe in probes]
        names = ("source", "target", "source's replica", "target's replica", "third node")
        text = ", ".join(f"{name} {gap * 1000:.0f}" for name, gap in zip(names, longest))
        print(f"  with copies: {FIELDS} fields in {seconds:.1f} s; stood still for ms: {text}")
        for name, gap in zip(names[:-1], longest):
            self.assertLess(gap, LONGEST_SECONDS + 2 * longest[-1], name)
        wait_until(lambda: digest(copies[1]) == before, 30, "the target's replica has it")
        self.assertEqual(digest(target), before)
        self.assertEqual([source.call("DBSIZE"), copies[0].call("DBSIZE")], [0, 0])


if __name__ == "__main__":
    unittest.main()
