"""The `slotmesh` command line as a user meets it: forms, shows, reshards, complains helpfully."""

import json
import os
import subprocess
import unittest

from harness.node import Node
from harness.ports import lease_port
from harness.process import die_with_parent
from harness.resp import Connection, RespError
from harness.suite import ClusterTest, E2eTest, FreshClusterTest, slotmesh_only
from harness.waits import wait_until


def attempt(*words, timeout=120, environment=None):
    """(exit code, output with errors) of a program that may fail."""
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
        env=environment,
        preexec_fn=die_with_parent,
    )
    return done.returncode, done.stdout


@slotmesh_only("its command line")
class ShowTest(ClusterTest):
    def test_each_view_works_for_people_and_for_scripts(self):
        for command in ("status", "nodes", "slots"):
            text = self.cluster.slotmesh(command)
            for node in self.cluster.nodes:
                self.assertIn(str(node.port), text, command)
            json.loads(self.cluster.slotmesh(command, "-o", "json"))
        self.assertIn("nothing wrong", self.cluster.slotmesh("check"))
        json.loads(self.cluster.slotmesh("check", "-o", "json"))

    def test_any_member_can_be_asked(self):
        views = [
            json.loads(self.cluster.slotmesh("slots", "-o", "json", node=node))
            for node in self.cluster.nodes
        ]
        self.assertEqual(views.count(views[0]), 3)

    def test_rebalance_evens_out_after_a_reshard(self):
        first, second, _ = self.cluster.nodes
        self.cluster.reshard(first, second, 2000)
        plan = self.cluster.slotmesh("rebalance", "--dry-run")
        self.assertEqual(len(self.cluster.slots_of(first)), 5461 - 2000, plan)
        self.cluster.slotmesh("rebalance")
        self.cluster.wait_healthy()
        sizes = [len(self.cluster.slots_of(node)) for node in self.cluster.nodes]
        self.assertLessEqual(max(sizes) - min(sizes), 500, sizes)

    def test_errors_say_what_to_do_and_have_exit_codes(self):
        cli = self.settings.cli_binary
        lease = lease_port()
        self.addCleanup(lease.release)
        code, text = attempt(cli, "status", "--node", f"127.0.0.1:{lease.port}")
        self.assertNotEqual(code, 0)
        self.assertIn(str(lease.port), text)
        address = self.cluster.nodes[0].address
        code, text = attempt(
            cli, "reshard", "--node", address, "--to", "0" * 40, "--slots", 10, "--yes"
        )
        self.assertNotEqual(code, 0)
        self.assertIn("0" * 40, text)
        code, text = attempt(cli, "no-such-command")
        self.assertNotEqual(code, 0)
        code, text = attempt(cli, "--help")
        self.assertEqual(code, 0)
        for command in ("dev", "create", "status", "reshard", "rebalance", "watch"):
            self.assertIn(command, text)


@slotmesh_only("its command line")
class MembershipTest(FreshClusterTest):
    def test_a_node_is_added_filled_emptied_and_removed(self):
        node = Node(self.settings, self.folder)
        self.addCleanup(node.release)
        node.start()
        self.cluster.slotmesh("add-node", node.address)
        members = self.cluster.nodes + [node]
        self.cluster.wait_healthy(nodes=members)
        self.cluster.nodes.append(node)
        self.cluster.reshard(self.cluster.nodes[0], node, 500)
        self.assertEqual(len(self.cluster.slots_of(node)), 500)
        self.cluster.reshard(node, self.cluster.nodes[0], 500)
        self.cluster.slotmesh("remove-node", node.node_id())
        rest = self.cluster.nodes[:3]

        def gone():
            known = [n.cluster_info()["cluster_known_nodes"] for n in rest]
            return known == ["3", "3", "3"]

        wait_until(gone, 30, "the others know three nodes")


@slotmesh_only("its command line")
class DevTest(E2eTest):
    def test_dev_up_twice_and_down(self):
        """Free ports stand in for 7000: three in a row that nobody else has."""
        first = next(
            lease for lease in (lease_port() for _ in range(100)) if self.is_free_after(lease)
        )
        folder = self.path("dev")
        cli = self.settings.cli_binary
        path = os.path.dirname(os.path.realpath(self.settings.node_binary))
        environment = dict(os.environ, PATH=f"{path}:{os.environ['PATH']}")
        up = (cli, "dev", "up", "--port", first.port, "--dir", folder)
        self.addCleanup(attempt, cli, "dev", "down", "--dir", folder)
        for _ in range(2):
            code, text = attempt(*up, environment=environment)
            self.assertEqual(code, 0, text)
            with Connection(first.port) as connection:
                info = connection.call("CLUSTER", "INFO").decode()
                self.assertIn("cluster_state:ok", info)
                self.assertIn("cluster_known_nodes:3", info)
        code, text = attempt(cli, "dev", "down", "--dir", folder)
        self.assertEqual(code, 0, text)
        for port in range(first.port, first.port + 3):
            with self.assertRaises(OSError):
                Connection(port, timeout=2)

    def is_free_after(self, lease):
        """Whether the two ports after this one are free at the moment."""
        for port in (lease.port + 1, lease.port + 2):
            try:
                Connection(port, timeout=1).close()
                return False
            except OSError:
                continue
        return True


@slotmesh_only("its configuration")
class StartTest(E2eTest):
    def test_a_plain_node_is_no_cluster(self):
        node = Node(self.settings, self.folder, cluster=False)
        self.addCleanup(node.release)
        node.start()
        self.assertEqual(node.call("SET", "a", "1"), "OK")
        self.assertEqual(node.call("MGET", "a", "b"), [b"1", None])
        self.assertEqual(node.info("cluster")["cluster_enabled"], "0")

    def test_a_bad_configuration_names_file_and_line(self):
        path = self.path("bad.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write("# a comment\nmaxmemory ten\n")
        code, text = attempt(self.settings.node_binary, path, timeout=20)
        self.assertNotEqual(code, 0)
        self.assertIn("maxmemory", text)
        self.assertIn("2", text)

    def with_renames(self, *lines):
        path = self.path("renames.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"rename-command {line}\n" for line in lines)
        options = {"include": path, "appendonly": "yes", "enable-debug-command": "yes"}
        node = Node(self.settings, self.folder, options, cluster=False)
        os.makedirs(node.folder)
        return node

    def test_renamed_commands_answer_to_their_new_names_alone(self):
        node = self.with_renames('SET put', 'APPEND ""', 'CONFIG conf', 'GET set')
        self.addCleanup(node.release)
        node.start()
        self.assertEqual(node.call("PUT", "a", "1"), "OK")
        self.assertEqual(node.call("set", "a"), b"1")
        self.assertEqual(node.call("conf", "get", "port"), [b"port", str(node.port).encode()])
        for gone in (("APPEND", "a", "b"), ("CONFIG", "GET", "port"), ("GET", "a")):
            with self.assertRaisesRegex(RespError, "unknown command"):
                node.call(*gone)
        # Descriptions keep the name of old.
        self.assertEqual(node.call("COMMAND", "INFO", "put")[0][0], b"set")
        self.assertEqual(node.call("COMMAND", "INFO", "append"), [None])
        self.assertIn("cmdstat_set", node.info("commandstats"))
        # So do files: they can be read without the names.
        self.assertEqual(node.call("DEBUG", "LOADAOF"), "OK")
        self.assertEqual(node.call("set", "a"), b"1")
        node.stop()
        del node.options["include"]
        node.start()
        self.assertEqual(node.call("GET", "a"), b"1")

    def test_impossible_names_are_refused_at_the_start(self):
        for line, reason in (
            ("nothing something", "No such command in rename-command"),
            ("GET SET", "Target command name already exists"),
        ):
            node = self.with_renames(line)
            self.addCleanup(node.release)
            code, text = attempt(*node.command(), timeout=20)
            self.assertNotEqual(code, 0)
            self.assertIn("FATAL CONFIG FILE ERROR", text)
            self.assertIn(reason, text)

    def test_a_bus_beyond_loopback_needs_a_secret(self):
        lease = lease_port()
        self.addCleanup(lease.release)
        words = ["--port", lease.port, "--cluster-enabled", "yes", "--dir", self.folder]
        words += ["--bind", "0.0.0.0", "--cluster-bind", "0.0.0.0"]
        code, text = attempt(self.settings.node_binary, *words, timeout=20)
        self.assertNotEqual(code, 0)
        self.assertIn("cluster-secret", text)


@slotmesh_only("files that survive")
class RestartTest(FreshClusterTest):
    def test_a_cluster_that_stopped_forms_itself_again(self):
        """Ownership is in the ledger's files, so nobody has to form it twice."""
        before = self.cluster.owners()
        for node in self.cluster.nodes:
            self.assertEqual(node.stop(), 0)
        for node in self.cluster.nodes:
            node.start()
        self.assertEqual(self.cluster.wait_agreed(self.cluster.nodes), before)


if __name__ == "__main__":
    unittest.main()
