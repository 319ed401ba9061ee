"""write-safety synced: what was acknowledged survives kills, and pipelines stay fast."""

import time
import unittest

from harness.node import Node
from harness.resp import RespError
from harness.suite import slotmesh_only
from harness.synced_shard import SERVES_SECONDS, SyncedShardTest
from harness.waits import wait_until

ROUNDS = 3


@slotmesh_only("synced writes")
class SyncedTest(SyncedShardTest):
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
