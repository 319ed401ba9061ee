"""An engine that is at one thing for long: its shard changes hands if that takes too long, and not
for a command or a script that is merely slow."""

import threading
import time
import unittest

from harness.resp import RespError
from harness.suite import slotmesh_only
from harness.synced_shard import SERVES_SECONDS, SyncedShardTest
from harness.waits import wait_until

TIMEOUT_SECONDS = 0.5
BUSY_SECONDS = 1.5
SILENCE_SECONDS = 5 * TIMEOUT_SECONDS


@slotmesh_only("failover by leases")
class HungEngineTest(SyncedShardTest):
    def formed(self):
        nodes = self.shard(3, options={"cluster-node-timeout": str(int(TIMEOUT_SECONDS * 1000)),
                                       "busy-reply-threshold": str(int(BUSY_SECONDS * 1000)),
                                       "enable-debug-command": "yes"})
        wait_until(lambda: self.in_sync(nodes[0]) == 3, SERVES_SECONDS, "all are in sync")
        return nodes

    def keep_busy(self, node, *command):
        """Runs the command on a connection of its own; the thread ends with it."""

        def run():
            with node.connect(timeout=60) as connection:
                try:
                    connection.call(*command)
                except RespError:
                    pass

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 60)
        return thread

    def test_a_replica_takes_over_from_an_engine_that_hangs(self):
        nodes = self.formed()
        writers = self.load(nodes)
        time.sleep(0.5)
        began = time.monotonic()
        hung = self.keep_busy(nodes[0], "DEBUG", "SLEEP", "8")
        follower = self.await_service(*nodes[1:])
        taken = time.monotonic() - began
        self.assertTrue(hung.is_alive())
        self.assertGreater(taken, SILENCE_SECONDS)
        hung.join()
        wait_until(lambda: self.in_sync(follower) == 3, SERVES_SECONDS, "all are in sync again")
        self.check(writers, follower)
        self.assertIn("The engine goes on", nodes[0].process.log())
        print(f"  taken over after {taken:.1f} s")

    def test_what_is_merely_slow_keeps_its_shard(self):
        nodes = self.formed()
        self.keep_busy(nodes[0], "DEBUG", "SLEEP", str(3 * TIMEOUT_SECONDS)).join()
        # A script lets the node see to others from time to time.
        script = f"local t = os.clock() repeat until os.clock() - t > {2 * SILENCE_SECONDS}"
        self.keep_busy(nodes[0], "EVAL", script, "0").join()
        self.assertEqual(nodes[0].call("ROLE")[0], b"master")
        self.assertNotIn("The engine has been", nodes[0].process.log())


if __name__ == "__main__":
    unittest.main()
