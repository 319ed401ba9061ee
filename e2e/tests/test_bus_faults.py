"""DEBUG's faults of the bus: packets dropped, connections killed."""

import time
import unittest

from harness.resp import RespError
from harness.suite import ClusterTest, slotmesh_only
from harness.waits import wait_until

PUBLISHED = 4  # The number that the usual bus gives to published messages.


@slotmesh_only("DEBUG is allowed in its configuration alone")
class BusFaultsTest(ClusterTest):
    options = {"enable-debug-command": "yes"}

    def subscribed(self, node):
        connection = node.connect()
        self.addCleanup(connection.close)
        connection.call("SUBSCRIBE", "news")
        return connection

    def arrives(self, publisher, subscriber, text):
        publisher.call("PUBLISH", "news", text)
        subscriber.settimeout(0.3)
        try:
            return subscriber.read()[-1] == text.encode()
        except (TimeoutError, OSError):
            return False

    def test_dropped_messages_do_not_arrive(self):
        here, there, _ = self.cluster.nodes
        subscriber = self.subscribed(there)
        wait_until(lambda: self.arrives(here, subscriber, "first"), 10, "a message arrives")
        there.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", PUBLISHED)
        try:
            for _ in range(3):
                self.assertFalse(self.arrives(here, subscriber, "dropped"))
            there.call("DEBUG", "CLOSE-CLUSTER-LINK-ON-PACKET-DROP", 1)
            self.assertFalse(self.arrives(here, subscriber, "dropped with the connection"))
        finally:
            there.call("DEBUG", "CLOSE-CLUSTER-LINK-ON-PACKET-DROP", 0)
            there.call("DEBUG", "DROP-CLUSTER-PACKET-FILTER", -1)
        wait_until(lambda: self.arrives(here, subscriber, "last"), 10, "a message arrives again")

    def test_killed_links_are_made_again(self):
        here, there, _ = self.cluster.nodes
        subscriber = self.subscribed(there)
        other = there.call("CLUSTER", "MYID").decode()
        for way in ("TO", "FROM", "ALL"):
            self.assertEqual(here.call("DEBUG", "CLUSTERLINK", "KILL", way, other), "OK")
            wait_until(lambda: self.arrives(here, subscriber, way), 10, "a message arrives")
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            self.assertIn(b"cluster_state:ok", here.call("CLUSTER", "INFO"))
            time.sleep(0.1)
        with here.connect() as connection:
            for words in (("ALL", "0" * 40), ("ALL", "nobody"), ("SIDEWAYS", other)):
                reply = connection.try_call("DEBUG", "CLUSTERLINK", "KILL", *words)
                self.assertIsInstance(reply, RespError, words)


if __name__ == "__main__":
    unittest.main()
