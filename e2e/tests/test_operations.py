"""What operators do to single nodes, while clients go on."""

import json
import unittest

from harness.clients import Traffic
from harness.cluster import Cluster
from harness.node import Node
from harness.process import run
from harness.resp import RespError
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until

OPTIONS = {"repl-diskless-sync-delay": "0"}


@slotmesh_only("its command line")
class OperationsTest(E2eTest):
    def cluster_of(self, primaries):
        """Each primary with one replica."""
        cluster = Cluster(self.settings, self.path(self._testMethodName), 2 * primaries, OPTIONS)
        self.addCleanup(cluster.close)
        cluster.start()
        cluster.form(replicas=1)
        return cluster

    def fresh_node(self, cluster):
        node = Node(self.settings, self.path(self._testMethodName), OPTIONS)
        self.addCleanup(node.release)
        node.start()
        cluster.nodes.append(node)
        return node

    def members(self, cluster, node=None):
        text = cluster.slotmesh("nodes", "-o", "json", node=node)
        return {f"{row['host']}:{row['port']}": row for row in json.loads(text)["nodes"]}

    def by_role(self, cluster, role):
        rows = self.members(cluster)
        return [node for node in cluster.nodes if rows[node.address]["role"] == role]

    def traffic(self, library, cluster):
        traffic = Traffic(library, cluster.nodes[0].port)
        self.addCleanup(traffic.kill)
        wait_until(lambda: sum(node.call("DBSIZE") for node in cluster.nodes) > 20, 20,
                   "the client has written")
        return traffic

    def assert_well(self, traffic):
        report = traffic.stop()
        self.assertEqual((report["errors"], report["wrong"]), ([], []), traffic.library)
        self.assertGreater(report["writes"], 100)

    def test_clients_do_not_notice_a_rolling_restart(self):
        cluster = self.cluster_of(3)
        boots = {node.port: node.info("server")["run_id"] for node in cluster.nodes}
        traffics = [self.traffic(library, cluster) for library in ("ioredis", "redis_py")]
        text = cluster.slotmesh("rolling-restart")
        self.assertIn("All 6 nodes were restarted", text)
        for node in cluster.nodes:
            self.assertNotEqual(node.info("server")["run_id"], boots[node.port])
        cluster.wait_healthy()
        for traffic in traffics:
            self.assert_well(traffic)
        self.assertEqual(len(self.by_role(cluster, "replica")), 3)

    def test_a_command_of_the_user_restarts_the_nodes(self):
        cluster = self.cluster_of(1)
        said = self.path("restarted")
        # What it does is the user's affair; here it fails.
        command = f"echo {{host}}:{{port}} {{id}} >> {said}; false"
        with self.assertRaisesRegex(AssertionError, "the command failed"):
            cluster.slotmesh("rolling-restart", "--command", command)
        replica = self.by_role(cluster, "replica")[0]
        with open(said, encoding="utf-8") as lines:
            self.assertEqual(lines.read(), f"{replica.address} {replica.node_id()}\n")

    def test_a_replica_takes_over_without_a_lost_write(self):
        cluster = self.cluster_of(3)
        traffic = self.traffic("ioredis", cluster)
        replicas = self.by_role(cluster, "replica")
        for replica in replicas:
            cluster.slotmesh("failover", replica.address)
        self.assertEqual(self.by_role(cluster, "primary"), replicas)
        # A primary makes way for its replica.
        cluster.slotmesh("failover", replicas[0].address)
        self.assertNotIn(replicas[0], self.by_role(cluster, "primary"))
        cluster.wait_healthy()
        self.assert_well(traffic)

    def test_a_node_is_replaced_with_its_data(self):
        cluster = self.cluster_of(3)
        traffic = self.traffic("redis_py", cluster)
        old = next(node for node in self.by_role(cluster, "primary") if node != cluster.nodes[0])
        slots = cluster.slots_of(old)
        node = self.fresh_node(cluster)
        cluster.slotmesh("replace-node", old.address, node.address)
        cluster.nodes.remove(old)
        cluster.wait_healthy()
        self.assertEqual(cluster.slots_of(node), slots)
        self.assertNotIn(old.address, self.members(cluster))
        old.stop()
        self.assert_well(traffic)

    def test_a_primary_is_drained_and_removed_and_its_replica_stays(self):
        cluster = self.cluster_of(3)
        traffic = self.traffic("ioredis", cluster)
        first, second = self.by_role(cluster, "primary")[1:]
        cluster.slotmesh("drain", first.address)
        self.assertEqual(cluster.slots_of(first), [])
        for node in (first, second):
            cluster.slotmesh("remove-node", node.address)
            cluster.nodes.remove(node)
        self.assertEqual(len(self.members(cluster)), 4)
        self.assertEqual(len(self.by_role(cluster, "replica")), 3)
        cluster.wait_healthy()
        self.assert_well(traffic)

    def test_a_replica_is_added_to_a_shard(self):
        cluster = self.cluster_of(1)
        primary = self.by_role(cluster, "primary")[0]
        primary.call("SET", "k", "v")
        node = self.fresh_node(cluster)
        cluster.slotmesh("add-node", node.address, "--replica-of", primary.address)
        self.assertEqual(node.info("replication")["master_port"], str(primary.port))
        self.assertEqual(node.call("DBSIZE"), 1)

    def test_survivors_decide_alone_when_the_majority_is_lost(self):
        options = {**OPTIONS, "cluster-node-timeout": "1000"}
        cluster = Cluster(self.settings, self.path(self._testMethodName), 6, options)
        self.addCleanup(cluster.close)
        cluster.start()
        cluster.form(replicas=1)
        rows = self.members(cluster)
        voters = [node for node in cluster.nodes if rows[node.address]["voter"]]
        shards = {node: rows[node.address]["shard"] for node in cluster.nodes}
        keys = [f"k{i}" for i in range(200)]
        # Three of five voters, of which no two are of one shard.
        lost = [next(v for v in voters if shards[v] == shard) for shard in set(shards.values())]
        with self.assertRaisesRegex(AssertionError, "the cluster can decide"):
            cluster.slotmesh("recover-quorum", "--yes")
        for node in lost:
            node.kill()
        rest = [node for node in cluster.nodes if node not in lost]
        wait_until(lambda: all(node.cluster_info()["cluster_state"] == "fail" for node in rest),
                   30, "nobody decides")
        text = cluster.slotmesh("recover-quorum", "--yes", node=rest[0])
        self.assertIn("decides", text)
        ports = {node.port for node in rest}
        wait_until(lambda: set(cluster.owners(rest[0]).values()) <= ports, 30, "replicas take over")
        cluster.wait_healthy(nodes=rest)
        for key in keys:
            self.assertIn("OK", run(["redis-cli", "-c", "-p", rest[0].port, "SET", key, "v"]))
        for node in lost:
            cluster.slotmesh("remove-node", rows[node.address]["id"], node=rest[0])

    def test_two_nodes_and_an_arbiter_lose_nothing(self):
        options = {**OPTIONS, "cluster-node-timeout": "1000", "write-safety": "synced",
                   "min-in-sync": "1"}
        cluster = Cluster(self.settings, self.path(self._testMethodName), 2, options)
        arbiter = Node(self.settings, self.path(self._testMethodName),
                       {"cluster-node-timeout": "1000", "arbiter": "yes"})
        cluster.nodes.append(arbiter)
        self.addCleanup(cluster.close)
        cluster.start()
        cluster.form(replicas=1)
        self.assertEqual(self.members(cluster)[arbiter.address]["role"], "arbiter")
        primary, replica = (self.by_role(cluster, role)[0] for role in ("primary", "replica"))
        with self.assertRaisesRegex(RespError, "is an arbiter"):
            arbiter.call("CLUSTER", "REPLICATE", primary.node_id())
        wait_until(lambda: primary.info("replication").get("in_sync_copies") == "2", 20,
                   "the replica is in sync")
        for i in range(500):
            primary.call("SET", f"k{i}", "v")
        primary.kill()

        def takes_writes():
            try:
                return replica.call("SET", "after", "v") == "OK"
            except RespError:
                return False

        wait_until(takes_writes, 20, "the replica takes over with the arbiter's vote")
        self.assertEqual(replica.call("DBSIZE"), 501)


if __name__ == "__main__":
    unittest.main()
