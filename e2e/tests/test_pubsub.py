"""Publishing in a cluster: messages go to the nodes that have subscribers, and to no others."""

import time
import unittest

from harness.resp import RespError
from harness.suite import ClusterTest, slotmesh_only
from harness.waits import wait_until

QUIET_SECONDS = 0.3


def as_text(value):
    if isinstance(value, list):
        return [as_text(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def read_until(connection, wanted, seconds=10):
    """Reads messages until `wanted` comes; the others that came."""
    others = []
    connection.settimeout(seconds)
    while True:
        message = as_text(connection.read())
        if message == wanted:
            return others
        others.append(message)


class PubSubTest(ClusterTest):
    def subscriber(self, node, verb, *names):
        connection = node.connect()
        self.addCleanup(connection.close)
        connection.send(verb, *names)
        for _ in names:
            self.assertEqual(as_text(connection.read())[0], verb.lower())
        return connection

    def publish_until_read(self, publish, connection, wanted):
        """What a node has heard of another's subscribers may be a moment old."""

        def arrives():
            publish()
            connection.settimeout(0.2)
            try:
                return as_text(connection.read()) == wanted
            except (TimeoutError, OSError):
                return False

        wait_until(arrives, 10, f"{wanted} to arrive")

    def test_a_message_reaches_channels_and_patterns_on_every_node(self):
        first, second, third = self.cluster.nodes
        channel = self.subscriber(first, "SUBSCRIBE", "news")
        pattern = self.subscriber(second, "PSUBSCRIBE", "n*s")
        self.publish_until_read(
            lambda: third.call("PUBLISH", "news", "hello"), channel, ["message", "news", "hello"]
        )
        third.call("PUBLISH", "news", "last")
        read_until(channel, ["message", "news", "last"])
        read_until(pattern, ["pmessage", "n*s", "news", "last"])

    def test_a_thousand_messages_come_in_order(self):
        first, second, _ = self.cluster.nodes
        channel = self.subscriber(first, "SUBSCRIBE", "order")
        self.publish_until_read(
            lambda: second.call("PUBLISH", "order", "begin"), channel, ["message", "order", "begin"]
        )
        with second.connect() as publisher:
            publisher.pipeline([("PUBLISH", "order", str(i)) for i in range(1000)])
        channel.settimeout(10)
        got = []
        while len(got) < 1000:
            message = as_text(channel.read())[2]
            if message != "begin":
                got.append(message)
        self.assertEqual(got, [str(i) for i in range(1000)])

    @slotmesh_only("others send every message to every node")
    def test_nodes_without_subscribers_get_no_messages(self):
        first, second, third = self.cluster.nodes
        channel = self.subscriber(first, "SUBSCRIBE", "few")
        self.publish_until_read(
            lambda: second.call("PUBLISH", "few", "begin"), channel, ["message", "few", "begin"]
        )

        def received(node):
            return int(node.cluster_info()["cluster_stats_messages_publish_received"])

        time.sleep(QUIET_SECONDS)
        before = received(first), received(third)
        for _ in range(100):
            second.call("PUBLISH", "few", "x")
        for _ in range(100):
            read_until(channel, ["message", "few", "x"])
        after = received(first), received(third)
        self.assertEqual((after[0] - before[0], after[1] - before[1]), (100, 0))

    def test_shard_channels_are_where_their_slot_is(self):
        name = "orders"
        slot = self.cluster.nodes[0].call("CLUSTER", "KEYSLOT", name)
        owner = next(n for n in self.cluster.nodes if slot in self.cluster.slots_of(n))
        other = next(n for n in self.cluster.nodes if n is not owner)
        for command in (("SSUBSCRIBE", name), ("SPUBLISH", name, "x")):
            with self.assertRaisesRegex(RespError, f"^MOVED {slot} "):
                other.call(*command)
        with self.assertRaisesRegex(RespError, "^CROSSSLOT "):
            owner.call("SSUBSCRIBE", name, "another")
        channel = self.subscriber(owner, "SSUBSCRIBE", name)
        self.assertEqual(owner.call("SPUBLISH", name, "hello"), 1)
        self.assertEqual(as_text(channel.read()), ["smessage", name, "hello"])

    @slotmesh_only("the move is asked for in its own way")
    def test_a_slot_that_moves_away_ends_subscriptions_to_its_channels(self):
        first, second, _ = self.cluster.nodes
        slot = min(self.cluster.slots_of(first))
        name = next(
            f"c{i}" for i in range(100000) if first.call("CLUSTER", "KEYSLOT", f"c{i}") == slot
        )
        channel = self.subscriber(first, "SSUBSCRIBE", name)
        words = ("SLOTSRANGE", slot, slot, "NODE", second.node_id())
        self.assertEqual(first.call("CLUSTER", "MIGRATESLOTS", *words), "OK")
        channel.settimeout(30)
        self.assertEqual(as_text(channel.read()), ["sunsubscribe", name, 0])
        self.assertEqual(first.call("PUBSUB", "SHARDCHANNELS"), [])


if __name__ == "__main__":
    unittest.main()
