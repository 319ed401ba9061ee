"""A primary that is stopped (SIGSTOP) for less and for more than the node timeout, under synced
writes: none that was acknowledged is lost. What waits for a replica is bounded."""

import os
import threading
import time
import unittest

from harness.resp import RespError
from harness.suite import cases, expand_cases, slotmesh_only
from harness.synced_shard import SERVES_SECONDS, SyncedShardTest
from harness.waits import wait_until

TIMEOUT_SECONDS = 0.5
# Each; a night's run asks for more.
ROUNDS = int(os.environ.get("SLOTMESH_E2E_ROUNDS", "2"))
VALUE_BYTES = 10_000
READS = 4000
HELD_BYTES_MAX = 8 << 20  # Of 40 MB: 1 MB that is held, and what one turn puts out.


@slotmesh_only("synced writes")
@expand_cases
class PauseTest(SyncedShardTest):
    @cases(5, 15, 50)
    def test_primaries_stopped_for_tenths_of_node_timeouts(self, tenths):
        timeouts = tenths / 10
        nodes = self.shard(3, options={"cluster-node-timeout": str(int(TIMEOUT_SECONDS * 1000))})
        wait_until(lambda: self.in_sync(nodes[0]) == 3, SERVES_SECONDS, "all are in sync")
        writers = self.load(nodes)
        primary = nodes[0]
        changed = 0
        for _ in range(ROUNDS):
            time.sleep(0.5)
            primary.process.pause()
            time.sleep(timeouts * TIMEOUT_SECONDS)
            primary.process.resume()
            follower = self.await_service(primary, *[node for node in nodes if node is not primary])
            changed += follower is not primary
            primary = follower
            wait_until(lambda primary=primary: self.in_sync(primary) == 3, SERVES_SECONDS,
                       "all are in sync again")
        sent = self.check(writers, primary)
        known = sum(state[-1] is not None for writer in writers
                    for state in writer.acknowledged.values())
        print(f"  {timeouts} timeouts, {ROUNDS} rounds: {changed} changes of the primary, {sent} "
              f"writes sent, {known} keys acknowledged last, 0 lost")

    def test_what_waits_for_a_replica_is_bounded(self):
        """A client that reads on and on while nothing may be acknowledged fills no memory."""
        primary, replica, _ = self.shard(3, options={"cluster-node-timeout": "5000"})
        wait_until(lambda: self.in_sync(primary) == 3, SERVES_SECONDS, "all are in sync")
        primary.call("SET", "{w}:big", "v" * VALUE_BYTES)
        replica.process.pause()
        self.addCleanup(replica.process.resume)
        with primary.connect(timeout=60) as synced, primary.connect() as free:
            free.call("CLIENT", "WRITE-SAFETY", "async")
            name = "held"
            synced.send("CLIENT", "SETNAME", name)
            synced.send("SET", "{w}:x", "1")
            sender = threading.Thread(target=self.ask, args=(synced,), daemon=True)
            sender.start()
            most = 0
            end = time.monotonic() + 2
            while time.monotonic() < end:
                line = next(line for line in free.call("CLIENT", "LIST").decode().splitlines()
                            if f" name={name} " in line)
                fields = dict(word.split("=", 1) for word in line.split())
                most = max(most, int(fields["omem"]) + int(fields["qbuf"]))
            self.assertGreater(most, 1 << 20)
            self.assertLess(most, HELD_BYTES_MAX)
            replica.process.resume()
            replies = [synced.read() for _ in range(2 + READS)]
            sender.join(30)
        self.assertEqual(replies[:2], ["OK", "OK"])
        self.assertEqual(set(replies[2:]), {b"v" * VALUE_BYTES})
        print(f"  at most {most >> 10} kB were held for one client")

    def ask(self, connection):
        for _ in range(READS):
            connection.send("GET", "{w}:big")


@slotmesh_only("synced writes")
class DataLossTest(SyncedShardTest):
    def test_only_a_word_that_says_so_promotes_who_is_not_in_sync(self):
        primary, second, third = self.shard(3, voters=2, options={"min-in-sync": "1"})
        wait_until(lambda: self.in_sync(primary) == 3, SERVES_SECONDS, "all are in sync")
        primary.call("SET", "{w}:old", "1")
        third.process.pause()
        self.addCleanup(third.process.resume)
        # It leaves the set first.
        self.assertEqual(primary.call("SET", "{w}:new", "1"), "OK")
        self.assertEqual(self.in_sync(primary), 2)
        primary.kill()
        second.kill()
        third.process.resume()
        wait_until(lambda: third.cluster_info()["cluster_state"] == "fail", SERVES_SECONDS,
                   "nobody serves")
        time.sleep(3)
        with third.connect(timeout=20) as connection:
            for way in ("FORCE", "TAKEOVER"):
                with self.assertRaisesRegex(RespError, "ACCEPT-DATA-LOSS"):
                    connection.call("CLUSTER", "FAILOVER", way)
            with self.assertRaises(RespError):
                connection.call("CLUSTER", "FAILOVER", "FORCE", "PLEASE")
            self.assertFalse(self.takes_writes(third))
            self.assertEqual(connection.call("CLUSTER", "FAILOVER", "FORCE", "ACCEPT-DATA-LOSS"),
                             "OK")
        self.await_service(third)
        # What was acknowledged since is there only if it was on its way when the primary died.
        self.assertEqual(third.call("GET", "{w}:old"), b"1")


if __name__ == "__main__":
    unittest.main()
