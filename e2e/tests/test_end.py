"""The end of a node: in order, with replicas that are behind, and by a fault."""

import os
import signal
import time

from harness.suite import slotmesh_only
from harness.waits import wait_until
from tests.test_rdb import FilesTest

# More than sockets hold between two processes.
BEHIND_BYTES = 24 << 20


def log_of(node):
    with open(node.process.log_path, encoding="utf-8", errors="replace") as log:
        return log.read()


def exited(node):
    return node.process.exit_code() is not None


class EndTest(FilesTest):
    def pair(self, options=None):
        primary = self.node("primary", options)
        primary.start()
        replica = self.node("replica", {"replicaof": f"127.0.0.1 {primary.port}"})
        replica.start()
        wait_until(lambda: "state=online" in primary.info("replication").get("slave0", ""), 30,
                   "the replica has its copy")
        return primary, replica

    def leave_behind(self, primary, replica):
        """Stops the replica, writes more than is on its way, then a last key."""
        os.kill(replica.process.pid, signal.SIGSTOP)
        self.addCleanup(self.let_go_on, replica)
        with primary.connect() as connection:
            for i in range(BEHIND_BYTES >> 20):
                connection.call("SET", f"key:{i}", "x" * (1 << 20))
            connection.call("SET", "last", "1")

    def let_go_on(self, node):
        if node.is_running():
            os.kill(node.process.pid, signal.SIGCONT)

    def test_a_replica_that_is_behind_gets_everything_before_the_end(self):
        primary, replica = self.pair()
        self.leave_behind(primary, replica)
        os.kill(primary.process.pid, signal.SIGTERM)
        wait_until(lambda: int(primary.info("server").get("shutdown_in_milliseconds", 0)) > 0, 10,
                   "the end is announced")
        self.assertTrue(primary.is_running())
        self.let_go_on(replica)
        wait_until(lambda: exited(primary), 20, "the primary has ended")
        self.assertEqual(replica.call("GET", "last"), b"1")

    @slotmesh_only("the log's words")
    def test_the_wait_ends_and_the_replica_is_named(self):
        primary, replica = self.pair({"shutdown-timeout": 1})
        self.leave_behind(primary, replica)
        begin = time.monotonic()
        os.kill(primary.process.pid, signal.SIGTERM)
        wait_until(lambda: exited(primary), 20, "the primary has ended")
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertIn("Lagging replica 127.0.0.1:", log_of(primary))
        self.assertIn("0 of 1 replicas are in sync when shutting down.", log_of(primary))

    def test_an_aborted_end_lets_writes_go_on(self):
        primary, replica = self.pair()
        self.leave_behind(primary, replica)
        with primary.connect() as waiting, primary.connect() as writing:
            waiting.send("SHUTDOWN")
            wait_until(lambda: "shutdown_in_milliseconds" in primary.info("server"), 10,
                       "the end is announced")
            writing.send("SET", "held", "1")
            self.assertEqual(primary.call("SHUTDOWN", "ABORT"), "OK")
            self.assertIn("Errors trying to SHUTDOWN", str(waiting.read()))
            self.assertEqual(writing.read(), "OK")
        self.assertTrue(primary.is_running())

    def test_a_second_interrupt_ends_it_while_it_saves(self):
        node = self.node("slow", {"save": "900 1", "rdb-key-save-delay": 100_000})
        node.start()
        for i in range(100):
            node.call("SET", f"key:{i}", "1")
        os.kill(node.process.pid, signal.SIGINT)
        wait_until(lambda: any(name.startswith("temp-") for name in os.listdir(node.folder)), 5,
                   "it saves")
        os.kill(node.process.pid, signal.SIGINT)
        wait_until(lambda: exited(node), 3, "it has ended")
        self.assertEqual(node.process.exit_code(), 1)
        self.assertFalse([name for name in os.listdir(node.folder) if name.startswith("temp-")])


@slotmesh_only("its own words")
class CrashTest(FilesTest):
    def crash(self, options):
        node = self.node("crash", options)
        node.start()
        try:
            node.call("DEBUG", "SEGFAULT")
        except (OSError, EOFError):
            pass
        wait_until(lambda: exited(node), 10, "it is dead")
        self.assertEqual(node.process.exit_code(), -signal.SIGSEGV)
        return node

    def test_a_crash_says_where_and_what_for(self):
        node = self.crash({"hide-user-data-from-log": "no"})
        said = log_of(node)
        self.assertIn("crashed by signal: 11", said)
        self.assertIn("Dispatcher", said.split("STACK TRACE")[1])
        command = said.split("CURRENT COMMAND")[1]
        self.assertIn("addr=127.0.0.1:", command)
        self.assertRegex(command, r"argv\[1\]: 8 bytes: SEGFAULT")
        # What tools look for.
        self.assertIn("BUG REPORT START: Cut & paste starting from here ===", said)
        self.assertIn("BUG REPORT END. Make sure to include from START to END. ===", said)
        # A frame of a library, as a module's would be.
        self.assertRegex(said.split("STACK TRACE")[1], r"/libc\.so\.6\+0x")

    def test_a_crash_report_in_a_log_file_hides_the_users_data(self):
        node = self.crash({"logfile": "node.log"})
        with open(f"{node.folder}/node.log", encoding="utf-8") as log:
            said = log.read()
        self.assertIn("argv[0]: 5 bytes: DEBUG", said)
        self.assertNotIn("SEGFAULT", said)

    def test_without_crash_log_nothing_is_said(self):
        self.assertNotIn("crashed by", log_of(self.crash({"crash-log-enabled": "no"})))

    def test_an_alarm_says_where_it_is_and_goes_on(self):
        node = self.node("alarm")
        node.start()
        os.kill(node.process.pid, signal.SIGALRM)
        wait_until(lambda: "STACK TRACE DONE" in log_of(node), 5, "the stack is in the log")
        self.assertIn("Received SIGALRM", log_of(node))
        self.assertEqual(node.call("PING"), "PONG")
        self.assertIn("Node3Run", log_of(node))
