"""Under which addresses and names nodes show themselves, and what follows when those change."""

import json
import socket
import threading
import unittest

from harness.node import Node
from harness.process import run
from harness.resp import Connection, RespError
from harness.slots import SLOT_COUNT
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until


class HostNode(Node):
    """A node that listens at another address of this machine than 127.0.0.1."""

    def __init__(self, settings, folder, host, options=None):
        super().__init__(settings, folder, options)
        self.move_to(host)

    def move_to(self, host):
        self.host = host
        self.options.update({"bind": host, "cluster-bind": host})

    def connect(self, timeout=10.0, protocol=2):
        return Connection(self.port, host=self.host, timeout=timeout, protocol=protocol)


class Forwarder:
    """Takes connections at a port of its own and passes them on: a NAT."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.taken = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.taken += 1
            for ends in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    @staticmethod
    def _pass_on(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def lines_of(node):
    """id -> its line of CLUSTER NODES, in words."""
    lines = node.call("CLUSTER", "NODES").decode().splitlines()
    return {line.split()[0]: line.split() for line in lines}


@slotmesh_only("announcements")
class AnnounceTest(E2eTest):
    def start(self, nodes):
        for node in nodes:
            self.addCleanup(node.release)
            node.start()
        return nodes

    def form(self, nodes, address_of):
        """Primaries with equal shares of the slots; `address_of` gives what MEET is told."""
        share = SLOT_COUNT // len(nodes) + 1
        for i, node in enumerate(nodes):
            last = min((i + 1) * share, SLOT_COUNT) - 1
            node.call("CLUSTER", "ADDSLOTSRANGE", i * share, last)
            if i > 0:
                node.call("CLUSTER", "MEET", *address_of(nodes[0]))
        self.wait_ok(nodes)

    def wait_ok(self, nodes, seconds=60):
        def well():
            infos = [node.cluster_info() for node in nodes]
            return all(info["cluster_state"] == "ok" and
                       info["cluster_known_nodes"] == str(len(nodes)) for info in infos)

        wait_until(well, seconds, "all nodes say that the cluster is ok")

    def voters(self, node):
        words = [self.settings.cli_binary, "nodes", "--node", f"{node.host}:{node.port}"]
        rows = json.loads(run([*words, "-o", "json"]))["nodes"]
        return sum(row["voter"] for row in rows)

    def three(self):
        nodes = self.start([Node(self.settings, self.path(self._testMethodName))
                            for _ in range(3)])
        self.form(nodes, lambda node: ("127.0.0.1", node.port))
        return nodes

    def test_all_nodes_show_at_once_what_one_announces_anew(self):
        nodes = self.three()
        node, other = nodes[0], nodes[1]
        name = node.node_id()
        other.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
        node.call("CONFIG", "SET", "cluster-announce-hostname", "one.example",
                  "cluster-announce-ip", "127.0.0.9", "cluster-announce-client-ipv4", "192.0.2.1",
                  "cluster-replica-no-failover", "yes")
        self.assertIn("one.example", lines_of(node)[name][1])
        wait_until(lambda: lines_of(other)[name][1] ==
                   f"192.0.2.1:{node.port}@{node.port + 10000},one.example", 5,
                   "another node shows it")
        self.assertIn("nofailover", lines_of(other)[name][2])
        with self.assertRaisesRegex(RespError, f"MOVED 0 one.example:{node.port}"):
            other.call("SET", "{06S}", "v")
        node.call("CONFIG", "SET", "cluster-announce-hostname", "", "cluster-announce-ip", "",
                  "cluster-announce-client-ipv4", "", "cluster-replica-no-failover", "no")
        wait_until(lambda: lines_of(other)[name][1:3] ==
                   [f"127.0.0.1:{node.port}@{node.port + 10000}", "master"], 5,
                   "another node shows that it is gone")
        self.wait_ok(nodes)

    def test_a_node_comes_back_at_another_address(self):
        folder = self.path(self._testMethodName)
        kept = {"appendonly": "yes"}
        nodes = self.start([HostNode(self.settings, folder, f"127.0.0.{i}", kept)
                            for i in (2, 3, 4)])
        self.form(nodes, lambda node: (node.host, node.port))
        moved = nodes[0]
        name = moved.node_id()
        self.assertTrue(lines_of(nodes[1])[name][1].startswith("127.0.0.2:"))
        moved.stop()
        moved.move_to("127.0.0.5")
        moved.start()
        wait_until(lambda: lines_of(nodes[1])[name][1].startswith("127.0.0.5:"), 30,
                   "the others know the new address")
        self.wait_ok(nodes)
        self.assertEqual(moved.call("SET", "{06S}", "v"), "OK")

    def test_nodes_that_have_all_moved_find_each_other_by_meet(self):
        folder = self.path(self._testMethodName)
        kept = {"appendonly": "yes"}
        nodes = self.start([HostNode(self.settings, folder, f"127.0.0.{i}", kept)
                            for i in (2, 3, 4)])
        self.form(nodes, lambda node: (node.host, node.port))
        names = set(lines_of(nodes[0]))
        wait_until(lambda: self.voters(nodes[0]) == 3, 30, "there are three voters")
        for node in nodes:
            node.stop()
        for i, node in enumerate(nodes):
            node.move_to(f"127.0.0.{12 + i}")
            node.start()
        for node in nodes[1:]:
            node.call("CLUSTER", "MEET", nodes[0].host, nodes[0].port)
        self.wait_ok(nodes)
        self.assertEqual(set(lines_of(nodes[2])), names)
        name = nodes[2].node_id()
        wait_until(lambda: lines_of(nodes[1])[name][1].startswith("127.0.0.14:"), 10,
                   "the others know the new address")

    def test_replicas_follow_and_take_over_at_addresses_of_their_own(self):
        folder = self.path(self._testMethodName)
        nodes = self.start([HostNode(self.settings, folder, f"127.0.0.{i}") for i in (2, 3, 4)])
        primary, replica, _ = nodes
        primary.call("CLUSTER", "ADDSLOTSRANGE", 0, SLOT_COUNT - 1)
        for node in nodes[1:]:
            node.call("CLUSTER", "MEET", primary.host, primary.port)
        self.wait_ok(nodes)
        replica.call("CLUSTER", "REPLICATE", primary.node_id())
        primary.call("SET", "k", "v")
        self.take_over(replica)

    def take_over(self, replica):
        wait_until(lambda: replica.info("replication").get("master_link_status") == "up", 30,
                   "the replica has its primary's data")
        wait_until(lambda: replica.call("DBSIZE") == 1, 10, "the key has come")
        replica.call("CLUSTER", "FAILOVER")
        wait_until(lambda: replica.info("replication")["role"] == "master", 20,
                   "the replica has taken over")
        self.assertEqual(replica.call("GET", "k"), b"v")

    def test_ipv6(self):
        folder = self.path(self._testMethodName)
        nodes = self.start([HostNode(self.settings, folder, "::1") for _ in range(3)])
        self.form(nodes, lambda node: (node.host, node.port))
        self.assertTrue(lines_of(nodes[1])[nodes[0].node_id()][1].startswith("::1:"))
        with self.assertRaisesRegex(RespError, f"MOVED 0 ::1:{nodes[0].port}"):
            nodes[1].call("SET", "{06S}", "v")

    def test_announced_ports_are_those_that_others_use(self):
        nodes = [Node(self.settings, self.path(self._testMethodName)) for _ in range(3)]
        doors = {}
        for node in nodes:
            doors[node] = [Forwarder(node.port), Forwarder(node.port + 10000)]
            for door in doors[node]:
                self.addCleanup(door.close)
            node.options["cluster-announce-port"] = doors[node][0].port
            node.options["cluster-announce-bus-port"] = doors[node][1].port
        self.start(nodes)
        primary, replica, _ = nodes
        primary.call("CLUSTER", "ADDSLOTSRANGE", 0, SLOT_COUNT - 1)
        for node in nodes[1:]:
            node.call("CLUSTER", "MEET", "127.0.0.1", *[door.port for door in doors[primary]])
        self.wait_ok(nodes)
        replica.call("CLUSTER", "REPLICATE", primary.node_id())
        primary.call("SET", "k", "v")
        self.take_over(replica)
        client, bus = doors[primary]
        self.assertGreater(client.taken, 0)
        self.assertGreater(bus.taken, 0)
        with self.assertRaisesRegex(RespError, rf"MOVED \d+ 127.0.0.1:{doors[replica][0].port}"):
            primary.call("SET", "k", "w")


if __name__ == "__main__":
    unittest.main()
