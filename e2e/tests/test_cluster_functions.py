"""Function libraries of a cluster: loaded anywhere, there everywhere, whatever dies meanwhile."""

import json
import os
import threading
import time

from harness.node import Node
from harness.resp import RespError
from harness.suite import ClusterTest, E2eTest, FreshClusterTest, slotmesh_only
from harness.waits import wait_until
from test_command_line import attempt

SPREAD_SECONDS = 10


def library(name, answer, function=None):
    """A library of one function (by default of the library's name) that replies `answer`."""
    call = f"redis.register_function('{function or name}', function() return '{answer}' end)"
    return f"#!lua name={name}\n{call}"


def answers(node, function):
    """What the function replies on this node, None if it does not have it."""
    with node.connect() as connection:
        reply = connection.try_call("FCALL", function, 0)
    if isinstance(reply, RespError):
        assert "Function not found" in str(reply), reply
        return None
    return reply.decode()


def names(node):
    return sorted(dict(zip(row[::2], row[1::2]))[b"library_name"].decode()
                  for row in node.call("FUNCTION", "LIST"))


def error(node, *words):
    with node.connect() as connection:
        reply = connection.try_call(*words)
    assert isinstance(reply, RespError), (words, reply)
    return str(reply)


def wait_answer(nodes, function, answer, seconds=SPREAD_SECONDS):
    def agreed():
        return all(answers(node, function) == answer for node in nodes)

    wait_until(agreed, seconds, f"{function} replies {answer!r} on {nodes}")


@slotmesh_only("libraries of the cluster")
class ClusterFunctionsTest(ClusterTest):
    def setUp(self):
        self.cluster.nodes[0].call("FUNCTION", "FLUSH")
        wait_until(lambda: not any(names(n) for n in self.cluster.nodes), 10, "all are gone")

    def test_load_on_one_node_call_on_all(self):
        first, second, third = self.cluster.nodes
        self.assertEqual(second.call("FUNCTION", "LOAD", library("greet", "hello")), b"greet")
        # There at once where it was loaded, soon everywhere.
        self.assertEqual(answers(second, "greet"), "hello")
        wait_answer(self.cluster.nodes, "greet", "hello")
        third.call("FUNCTION", "LOAD", "REPLACE", library("greet", "good day"))
        wait_answer(self.cluster.nodes, "greet", "good day")
        self.assertEqual(first.call("FUNCTION", "DELETE", "greet"), "OK")
        wait_answer(self.cluster.nodes, "greet", None)

    def test_errors_are_the_usual_ones_and_change_nothing(self):
        first, second, _ = self.cluster.nodes
        first.call("FUNCTION", "LOAD", library("one", "1"))
        wait_answer(self.cluster.nodes, "one", "1")
        self.assertIn("Library 'one' already exists",
                      error(second, "FUNCTION", "LOAD", library("one", "2")))
        self.assertIn("Function ONE already exists",
                      error(second, "FUNCTION", "LOAD", library("two", "2", "ONE")))
        self.assertIn("Error compiling function",
                      error(second, "FUNCTION", "LOAD", "#!lua name=bad\nnonsense("))
        self.assertIn("Library not found", error(second, "FUNCTION", "DELETE", "none"))
        with second.connect() as connection:
            connection.call("MULTI")
            connection.call("FUNCTION", "FLUSH")
            replies = connection.call("EXEC")
        self.assertIn("not allowed inside a transaction", str(replies[0]))
        self.assertEqual([names(node) for node in self.cluster.nodes], [["one"]] * 3)

    def test_dump_and_restore(self):
        first, second, third = self.cluster.nodes
        for name in ("x", "y"):
            first.call("FUNCTION", "LOAD", library(name, name))
        payload = first.call("FUNCTION", "DUMP")
        wait_answer(self.cluster.nodes, "y", "y")
        self.assertIn("already exists", error(second, "FUNCTION", "RESTORE", payload))
        second.call("FUNCTION", "LOAD", library("z", "z"))
        third_sees_z = lambda: "z" in names(third)  # noqa: E731
        wait_until(third_sees_z, 10, "z is everywhere")
        self.assertEqual(third.call("FUNCTION", "RESTORE", payload, "FLUSH"), "OK")
        self.assertEqual(names(third), ["x", "y"])
        wait_until(lambda: names(first) == ["x", "y"], 10, "z is gone")

    def test_concurrent_loads_converge(self):
        done, refused = [], []

        def work(node, number):
            with node.connect(timeout=60) as connection:
                for i in range(20):
                    connection.call("FUNCTION", "LOAD", "REPLACE", library("race", f"{number}-{i}"))
                    done.append(1)
                    text = library(f"only{i}", str(number))
                    reply = connection.try_call("FUNCTION", "LOAD", text)
                    if isinstance(reply, RespError):
                        refused.append(str(reply))

        workers = [threading.Thread(target=work, args=(node, number))
                   for number, node in enumerate(self.cluster.nodes) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(len(done), 120)
        # Of six loads of each name one was first.
        self.assertEqual(len(refused), 100)
        self.assertEqual({text.split("'")[2] for text in refused}, {" already exists"})

        def same():
            lists = [node.call("FUNCTION", "LIST", "WITHCODE") for node in self.cluster.nodes]
            return all(sorted(map(str, each)) == sorted(map(str, lists[0])) for each in lists)

        wait_until(same, SPREAD_SECONDS, "all nodes have the same libraries")
        self.assertEqual(len(names(self.cluster.nodes[0])), 21)

    def test_large_libraries(self):
        first, second, third = self.cluster.nodes
        filler = "\n--" + "x" * 1000
        text = library("large", "yes") + filler * 1040
        self.assertLess(len(text), 1 << 20)
        with first.connect(timeout=30) as connection:
            self.assertEqual(connection.call("FUNCTION", "LOAD", text), b"large")
        wait_answer((second, third), "large", "yes")
        too_large = error(first, "FUNCTION", "LOAD", library("larger", "no") + filler * 1100)
        self.assertIn("Library 'larger' is too large for a cluster's", too_large)
        self.assertIn("at most 1048576", too_large)
        self.assertEqual(names(first), ["large"])

    def test_a_busy_function_is_not_taken_away(self):
        first, second, _ = self.cluster.nodes
        first.call("CONFIG", "SET", "busy-reply-threshold", 50)
        text = ("#!lua name=slow\nredis.register_function('slow', function()\n"
                "  local n = 0 for i = 1, 50000000 do n = n + i % 7 end return 'done' end)")
        first.call("FUNCTION", "LOAD", text)
        wait_answer((second,), "slow", "done", seconds=30)
        outcome = []

        def run():
            with first.connect(timeout=60) as connection:
                outcome.append(connection.try_call("FCALL", "slow", 0))

        caller = threading.Thread(target=run)
        caller.start()
        time.sleep(0.2)
        second.call("FUNCTION", "DELETE", "slow")
        caller.join()
        self.assertEqual(outcome, [b"done"])
        wait_answer((first,), "slow", None)
        first.call("CONFIG", "SET", "busy-reply-threshold", 5000)

    def test_command_line(self):
        slotmesh = self.cluster.slotmesh
        path = self.path("lib.lua")
        with open(path, "w", encoding="utf-8") as file:
            file.write(library("cli", "one"))
        cli, address = self.settings.cli_binary, self.cluster.nodes[1].address
        self.assertIn("'cli'", slotmesh("functions", "load", path))
        wait_answer(self.cluster.nodes, "cli", "one")
        code, text = attempt(cli, "functions", "load", path, "--node", address)
        self.assertEqual((code, "already exists" in text), (1, True), text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(library("cli", "two"))
        slotmesh("functions", "load", path, "--replace")
        wait_answer(self.cluster.nodes, "cli", "two")
        listed = json.loads(slotmesh("functions", "list", "-o", "json"))["libraries"]
        self.assertEqual([each["name"] for each in listed], ["cli"])
        self.assertEqual(listed[0]["here"], listed[0]["digest"])
        self.assertIn("no drift: 3 nodes have the cluster's 1 library",
                      slotmesh("functions", "diff"))
        slotmesh("functions", "delete", "cli")
        wait_answer(self.cluster.nodes, "cli", None)
        code, text = attempt(cli, "functions", "delete", "cli", "--node", address)
        self.assertEqual((code, "not found" in text), (2, True), text)
        self.assertIn("no libraries", slotmesh("functions", "list"))


@slotmesh_only("libraries of the cluster")
class ClusterFunctionsFaultTest(FreshClusterTest):
    def test_a_node_that_was_down_has_it_when_it_is_back(self):
        first, second, third = self.cluster.nodes
        first.call("FUNCTION", "LOAD", library("before", "1"))
        wait_answer((third,), "before", "1")
        third.kill()
        first.call("FUNCTION", "DELETE", "before")
        first.call("FUNCTION", "LOAD", library("after", "2"))
        wait_answer((second,), "after", "2")
        third.start()
        wait_until(lambda: names(third) == ["after"], 30, "it has caught up")

    def test_who_loaded_it_dies_at_once(self):
        first, second, third = self.cluster.nodes
        for round_number in range(3):
            third.call("FUNCTION", "LOAD", "REPLACE", library("dying", str(round_number)))
            third.kill()
            wait_answer((first, second), "dying", str(round_number))
            third.start()
            wait_answer((third,), "dying", str(round_number), seconds=30)

    def test_without_a_majority_nothing_changes(self):
        first, second, third = self.cluster.nodes
        first.call("FUNCTION", "LOAD", library("kept", "1"))
        wait_answer(self.cluster.nodes, "kept", "1")
        second.kill()
        third.kill()
        with first.connect(timeout=30) as connection:
            for words in (("LOAD", library("new", "2")), ("DELETE", "kept"), ("FLUSH",)):
                reply = connection.try_call("FUNCTION", *words)
                self.assertIsInstance(reply, RespError, words)
                self.assertTrue(str(reply).startswith("CLUSTERDOWN The function lib"), reply)
        self.assertEqual(names(first), ["kept"])
        second.start()
        third.start()

        def decides():
            with first.connect(timeout=30) as connection:
                reply = connection.try_call("FUNCTION", "LOAD", "REPLACE", library("later", "3"))
            return reply == b"later"

        wait_until(decides, 60, "the cluster decides again")
        wait_answer(self.cluster.nodes, "later", "3", seconds=30)
        self.assertEqual([names(node) for node in self.cluster.nodes], [["kept", "later"]] * 3)

    def test_a_node_that_joins_gets_it(self):
        first = self.cluster.nodes[0]
        first.call("FUNCTION", "LOAD", library("old", "1"))
        fresh = Node(self.settings, self.folder)
        self.addCleanup(fresh.release)
        fresh.start()
        self.assertEqual(names(fresh), [])
        self.cluster.slotmesh("add-node", fresh.address)
        wait_answer((fresh,), "old", "1")
        # What it loads is everybody's.
        fresh.call("FUNCTION", "LOAD", library("new", "2"))
        wait_answer(self.cluster.nodes, "new", "2")

    def test_redis_cli_brings_the_functions_to_a_new_node_itself(self):
        first = self.cluster.nodes[0]
        first.call("FUNCTION", "LOAD", library("old", "1"))
        wait_answer(self.cluster.nodes, "old", "1")
        fresh = Node(self.settings, self.folder)
        self.addCleanup(fresh.release)
        fresh.start()
        self.cluster.redis_cli("--cluster", "add-node", fresh.address, first.address)
        wait_until(lambda: fresh.cluster_info()["cluster_known_nodes"] == "4", 30, "it joined")
        wait_answer((fresh, *self.cluster.nodes), "old", "1")


@slotmesh_only("libraries of the cluster")
class ClusterFunctionFilesTest(FreshClusterTest):
    options = {"appendonly": "yes"}

    def test_the_ledger_decides_over_files(self):
        first, second, third = self.cluster.nodes
        first.call("FUNCTION", "LOAD", library("a", "1"))
        first.call("FUNCTION", "LOAD", library("b", "1"))
        wait_answer(self.cluster.nodes, "b", "1")
        third.call("SAVE")
        third.kill()
        first.call("FUNCTION", "DELETE", "a")
        first.call("FUNCTION", "LOAD", "REPLACE", library("b", "2"))
        third.start()
        wait_until(lambda: names(third) == ["b"] and answers(third, "b") == "2", 30, "drift ended")
        text = self.cluster.slotmesh("functions", "diff")
        self.assertIn("no drift", text)


@slotmesh_only("libraries of the cluster")
class LoneNodeTest(E2eTest):
    def test_a_file_with_libraries_is_moved_in(self):
        alone = Node(self.settings, self.folder, cluster=False)
        self.addCleanup(alone.release)
        alone.start()
        alone.call("FUNCTION", "LOAD", library("mine", "1"))
        alone.call("SAVE")
        alone.stop()
        fresh = Node(self.settings, self.folder)
        self.addCleanup(fresh.release)
        os.makedirs(fresh.folder, exist_ok=True)
        os.rename(os.path.join(alone.folder, "dump.rdb"), os.path.join(fresh.folder, "dump.rdb"))
        fresh.start()
        wait_answer((fresh,), "mine", "1")
        listed = attempt(self.settings.cli_binary, "functions", "list", "-o", "json", "--node",
                         fresh.address)[1]
        self.assertGreater(json.loads(listed)["libraries"][0]["version"], 0)


@slotmesh_only("libraries of the cluster")
class OwnFunctionsTest(ClusterTest):
    options = {"cluster-functions": "no"}

    def test_each_node_has_its_own(self):
        first, second, third = self.cluster.nodes
        first.call("FUNCTION", "LOAD", library("own", "1"))
        second.call("FUNCTION", "LOAD", library("own", "2"))
        self.assertEqual([answers(node, "own") for node in self.cluster.nodes], ["1", "2", None])
        cli = self.settings.cli_binary
        code, text = attempt(cli, "functions", "delete", "own", "--node", first.address)
        self.assertEqual((code, "cluster-functions no" in text), (1, True), text)
        code, text = attempt(cli, "functions", "diff", "--node", third.address)
        self.assertEqual(code, 1, text)
        self.assertIn("decides alone", text)
