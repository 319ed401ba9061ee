"""The same random commands to redis-server 7.0.15 and to slotmesh-node: equal replies."""

import dataclasses
import os
import unittest

from differential.driver import Driver, connect_both
from harness.node import Node
from harness.suite import E2eTest, cases, expand_cases

# With both protocols 200,000 commands. A run of one's own:
# SLOTMESH_SEED=7 SLOTMESH_COMMANDS=500000 e2e/run --filter differential
# SLOTMESH_KEEP_GOING=1 reports the first difference of each command instead of the very first one.
COMMANDS = int(os.environ.get("SLOTMESH_COMMANDS", "100000"))
SEED = int(os.environ.get("SLOTMESH_SEED", "1"))
KEEP_GOING = "SLOTMESH_KEEP_GOING" in os.environ


@expand_cases
class DifferentialTest(E2eTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        redis = dataclasses.replace(cls.settings, kind="redis")
        options = {"enable-debug-command": "yes", "slowlog-log-slower-than": "-1"}
        cls.peer = Node(redis, cls.folder, options, cluster=False)
        cls.ours = Node(cls.settings, cls.folder, options, cluster=False)
        for node in (cls.peer, cls.ours):
            cls.addClassCleanup(node.release)
            node.start()

    @cases(2, 3)
    def test_random_commands_resp(self, protocol):
        peer, ours = connect_both(self.peer, self.ours, protocol)
        with peer, ours:
            driver = Driver(peer, ours, protocol, SEED * 10 + protocol, KEEP_GOING)
            driver.run(COMMANDS)
            self.assertEqual("\n".join(driver.differences.values()), "")
            self.assertGreaterEqual(len(driver.history), COMMANDS)
            errors = sum(reply[:1] == b"-" for _, reply in driver.history)
            self.assertLess(errors, 0.6 * len(driver.history), "the generator mostly makes errors")

    def test_scan_gives_every_key_that_stays(self):
        """Orders differ, so what counts is the set over a whole scan."""
        names = [f"scan:{i}".encode() for i in range(3000)]
        for node in (self.peer, self.ours):
            with node.connect() as connection:
                connection.call("FLUSHALL")
                connection.pipeline([("SET", name, "v") for name in names])
                self.assertEqual(self.scan(connection), sorted(names))
                self.assertEqual(
                    self.scan(connection, "MATCH", "scan:1??"),
                    sorted(n for n in names if len(n) == 8 and n[5:6] == b"1"),
                )

    def scan(self, connection, *options):
        found, cursor = set(), b"0"
        while True:
            cursor, keys = connection.call("SCAN", cursor, *options, "COUNT", 100)
            found.update(keys)
            if cursor == b"0":
                return sorted(found)

    def test_malformed_requests_get_the_same_error_and_a_close(self):
        for request in (
            b"*1\r\n$x\r\n", b"*x\r\n", b"*1\r\n+PING\r\n", b"*1\r\n$-5\r\n",
            b"*1\r\n$536870913\r\n", b"*-1\r\nPING\r\n", b"*0\r\nPING\r\n", b'"unbalanced\r\n',
            b"SET a \"b\"c\r\n", b"\r\n\r\nPING\r\n", b"PING\r\n", b"+PING\r\n",
        ):
            replies = [self.raw(node, request) for node in (self.peer, self.ours)]
            self.assertEqual(replies[0], replies[1], request[:40])

    def raw(self, node, request):
        """All bytes that come back until the server closes or has answered the PING after it."""
        with node.connect(timeout=5) as connection:
            received = []
            try:
                connection.send_raw(request)
                connection.send_raw(b"*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n")
                while True:
                    received.append(connection.read_raw())
                    if received[-1] == b"$3\r\nend\r\n":
                        break
            except (OSError, ValueError) as error:
                # Reset or closed: which one depends on what was still unread.
                received.append(b"closed" if isinstance(error, ConnectionError) else repr(error))
            return received


if __name__ == "__main__":
    unittest.main()
