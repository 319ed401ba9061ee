"""write-safety synced: what was acknowledged survives kills, and pipelines stay fast."""

import threading
import time
import unittest

from harness.cluster import Cluster
from harness.node import Node
from harness.resp import RespError
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until

SERVES_SECONDS = 30
WRITERS = 6
ROUNDS = 3


class Writer(threading.Thread):
    """Writes its own keys one after the other, in pipelines of random-ish length, at whichever node
    takes them, and remembers what was acknowledged. Stops with stop()."""

    def __init__(self, number, nodes):
        super().__init__(daemon=True)
        self.number = number
        self.nodes = nodes
        self.acknowledged = {}
        self.written = 0
        self.refused = {}
        self.ending = threading.Event()

    def run(self):
        at = 0
        while not self.ending.is_set():
            try:
                with self.nodes[at % len(self.nodes)].connect(timeout=3) as connection:
                    self.write_to(connection)
            except (OSError, ValueError):
                pass
            at += 1
            time.sleep(0.02)

    def write_to(self, connection):
        while not self.ending.is_set():
            batch = []
            for _ in range(1 + self.written % 7):
                self.written += 1
                batch.append((f"{{w}}:{self.number}:{self.written % 500}", str(self.written)))
            for key, _ in batch:
                # Whether it comes to pass is not known until it is acknowledged.
                self.acknowledged.setdefault(key, []).append(None)
            replies = connection.pipeline([("SET", key, value) for key, value in batch])
            for (key, value), reply in zip(batch, replies):
                if isinstance(reply, RespError):
                    self.refused[reply.code] = self.refused.get(reply.code, 0) + 1
                    return
                self.acknowledged[key] = [int(value)]

    def stop(self):
        self.ending.set()
        self.join(10)


@slotmesh_only("synced writes")
class SyncedTest(E2eTest):
    def shard(self, size, voters=0, options=None):
        """A primary with all slots, its replicas, and nodes that only vote."""
        options = {
            "cluster-node-timeout": "1000",
            "repl-diskless-sync-delay": "0",
            "write-safety": "synced",
            **(options or {}),
        }
        self.cluster = Cluster(self.settings, self.path(self._testMethodName), size + voters,
                               options)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        nodes = self.cluster.nodes
        first = nodes[0]
        first.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        for node in nodes[1:]:
            node.call("CLUSTER", "MEET", "127.0.0.1", first.port)
        self.cluster.wait_healthy()
        for node in nodes[1:size]:
            wait_until(lambda node=node: node.call("CLUSTER", "REPLICATE", first.node_id()) == "OK",
                       10, "it is a replica")
        self.await_service(first)
        return nodes[:size]

    def takes_writes(self, node):
        try:
            with node.connect(timeout=2) as connection:
                return connection.call("SET", "{w}:probe", "1") == "OK"
        except (OSError, RespError):
            return False

    def await_service(self, *nodes):
        """The one of the nodes that takes writes."""

        def find():
            return next((node for node in nodes if self.takes_writes(node)), None)

        return wait_until(find, SERVES_SECONDS, "a primary takes synced writes")

    def in_sync(self, node):
        return int(node.info("replication").get("in_sync_copies", "0"))

    def load(self, nodes):
        writers = [Writer(number, nodes) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
            self.addCleanup(writer.stop)
        return writers

    def check(self, writers, primary):
        """Nothing that was acknowledged is missing or older than what was acknowledged last."""
        lost = []
        count = 0
        with primary.connect() as connection:
            for writer in writers:
                writer.stop()
                for key, states in writer.acknowledged.items():
                    known = [state for state in states if state is not None]
                    if not known:
                        continue
                    count += 1
                    value = connection.call("GET", key)
                    if value is None or int(value) < known[-1]:
                        lost.append((key, known[-1], value))
        self.assertEqual(lost, [])
        self.assertGreater(count, 100)
        return sum(writer.written for writer in writers)

    def run_with_kills(self, nodes, rounds=ROUNDS, copies=2):
        writers = self.load(nodes)
        primary = nodes[0]
        for _ in range(rounds):
            time.sleep(1)
            primary.kill()
            others = [node for node in nodes if node is not primary]
            begin = time.monotonic()
            follower = self.await_service(*others)
            print(f"  took over after {time.monotonic() - begin:.2f} s")
            primary.start()
            primary = follower
            wait_until(lambda primary=primary: self.in_sync(primary) >= copies, SERVES_SECONDS,
                       "the copies are in sync again")
        written = self.check(writers, primary)
        print(f"  {written} writes sent, none lost that was acknowledged")

    def test_killed_primaries_of_three_lose_nothing(self):
        nodes = self.shard(3)
        wait_until(lambda: self.in_sync(nodes[0]) == 3, SERVES_SECONDS, "all are in sync")
        self.run_with_kills(nodes, copies=3)

    def test_one_replica_and_a_voter_go_on_with_min_in_sync_1(self):
        nodes = self.shard(2, voters=1, options={"min-in-sync": "1"})
        wait_until(lambda: self.in_sync(nodes[0]) == 2, SERVES_SECONDS, "both are in sync")
        self.run_with_kills(nodes, copies=2)

    def test_below_min_in_sync_writes_are_refused_and_come_back(self):
        primary, replica = self.shard(2, voters=1)
        replica.kill()

        def refusal():
            try:
                with primary.connect(timeout=5) as connection:
                    reply = connection.try_call("SET", "{w}:x", "1")
                    return isinstance(reply, RespError) and reply.code == "NOREPLICAS"
            except OSError:
                return False

        wait_until(refusal, SERVES_SECONDS, "writes are refused")
        with primary.connect() as connection:
            self.assertEqual(connection.call("CLIENT", "WRITE-SAFETY", "async"), "OK")
            self.assertEqual(connection.call("SET", "{w}:x", "2"), "OK")
            self.assertEqual(connection.call("CLIENT", "WRITE-SAFETY", "synced"), "OK")
            with self.assertRaisesRegex(RespError, "^NOREPLICAS"):
                connection.call("SET", "{w}:x", "3")
            with self.assertRaisesRegex(RespError, "NOREPLICAS"):
                connection.call("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "{w}:x")
            self.assertEqual(connection.call("GET", "{w}:x"), b"2")
        replica.start()
        self.await_service(primary)

    def test_a_reply_waits_for_a_replica_that_does_not_answer(self):
        primary, replica, _ = self.shard(3)
        wait_until(lambda: self.in_sync(primary) == 3, SERVES_SECONDS, "all are in sync")
        replica.process.pause()
        self.addCleanup(replica.process.resume)
        with primary.connect(timeout=20) as synced, primary.connect() as free:
            begin = time.monotonic()
            free.call("CLIENT", "WRITE-SAFETY", "async")
            synced.send("SET", "{w}:held", "1")
            wait_until(lambda: free.call("GET", "{w}:held") == b"1", 5, "it is written")
            self.assertLess(time.monotonic() - begin, 0.5)
            self.assertEqual(synced.read(), "OK")
            # It had to be taken out of the set first.
            self.assertGreater(time.monotonic() - begin, 0.8)
        self.assertEqual(self.in_sync(primary), 2)
        replica.process.resume()
        wait_until(lambda: self.in_sync(primary) == 3, SERVES_SECONDS, "it is back")

    def test_pipelines_wait_together(self):
        nodes = self.shard(3)
        wait_until(lambda: self.in_sync(nodes[0]) == 3, SERVES_SECONDS, "all are in sync")
        with nodes[0].connect(timeout=30) as connection:
            begin = time.monotonic()
            for _ in range(20):
                replies = connection.pipeline([("INCR", "{w}:n")] * 500)
                self.assertTrue(all(isinstance(reply, int) for reply in replies))
            piped = time.monotonic() - begin
            begin = time.monotonic()
            for _ in range(200):
                connection.call("INCR", "{w}:n")
            single = (time.monotonic() - begin) / 200
            self.assertEqual(connection.call("GET", "{w}:n"), b"10200")
        print(f"  synced: {10000 / piped:.0f} writes/s in pipelines, {single * 1000:.2f} ms alone")
        self.assertLess(piped, 5)
        self.assertLess(single, 0.05)

    def test_a_manual_failover_under_synced_load_pauses_shortly_and_loses_nothing(self):
        nodes = self.shard(3)
        wait_until(lambda: self.in_sync(nodes[0]) == 3, SERVES_SECONDS, "all are in sync")
        writers = self.load(nodes)
        time.sleep(0.5)
        nodes[1].call("CLUSTER", "FAILOVER")
        primary = self.await_service(nodes[1])
        time.sleep(0.5)
        self.check(writers, primary)

    def test_outside_of_clusters_it_is_refused(self):
        node = Node(self.settings, self.path(self._testMethodName), cluster=False)
        self.addCleanup(node.release)
        node.start()
        with self.assertRaisesRegex(RespError, "needs cluster mode"):
            node.call("CLIENT", "WRITE-SAFETY", "synced")


if __name__ == "__main__":
    unittest.main()
