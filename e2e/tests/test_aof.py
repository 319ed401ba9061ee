"""The append-only file: what was acknowledged is there after kill -9, however it was cut."""

import os
import random
import shutil
import threading
import time
import unittest

from harness.resp import RespError
from harness.waits import wait_until
from tests.test_rdb import FilesTest, fill

# SLOTMESH_AOF_ROUNDS=200 is the full count.
ROUNDS = int(os.environ.get("SLOTMESH_AOF_ROUNDS", "5"))


class Writers:
    """Connections that count up keys of their own and remember what was acknowledged."""

    def __init__(self, node, count=4):
        self.acknowledged = [0] * count
        self.times = [[] for _ in range(count)]  # When which value was.
        self._node = node
        self._threads = [threading.Thread(target=self._work, args=(i,)) for i in range(count)]
        for thread in self._threads:
            thread.start()

    def _work(self, number):
        try:
            with self._node.connect(timeout=5) as connection:
                while True:
                    value = connection.call("INCR", f"counter:{number}")
                    connection.call("RPUSH", f"list:{number}", value)
                    self.acknowledged[number] = value
                    self.times[number].append((time.monotonic(), value))
        except (OSError, ValueError):
            pass

    def join(self):
        for thread in self._threads:
            thread.join()


class AofTest(FilesTest):
    directives = {"appendonly": "yes"}

    def kill_in_the_middle(self, node, round_number):
        writers = Writers(node)
        if round_number % 2:
            node.call("BGREWRITEAOF")
        time.sleep(random.Random(round_number).uniform(0.05, 0.3))
        killed = time.monotonic()
        node.kill()
        writers.join()
        node.start()
        return writers, killed

    def test_always_loses_nothing_that_was_acknowledged(self):
        node = self.node("always", {"appendfsync": "always"})
        node.start()
        for round_number in range(ROUNDS):
            writers, _ = self.kill_in_the_middle(node, round_number)
            for i, acknowledged in enumerate(writers.acknowledged):
                self.assertGreaterEqual(int(node.call("GET", f"counter:{i}")), acknowledged)
                self.assertGreaterEqual(node.call("LLEN", f"list:{i}"), acknowledged)
            node.call("FLUSHALL")

    def test_everysec_loses_two_seconds_at_most(self):
        node = self.node("everysec", {"appendfsync": "everysec"})
        node.start()
        for round_number in range(ROUNDS):
            writers, killed = self.kill_in_the_middle(node, round_number)
            for i, times in enumerate(writers.times):
                old = [value for when, value in times if when < killed - 2]
                found = int(node.call("GET", f"counter:{i}") or 0)
                self.assertGreaterEqual(found, max(old, default=0))
            node.call("FLUSHALL")

    def test_redis_reads_our_files_and_we_read_its(self):
        ours, redis = self.node("a"), self.node("a", kind="redis")
        ours.start()
        with ours.connect() as connection:
            fill(connection)
            connection.call("BGREWRITEAOF")
            self.wait_rewritten(ours)
            fill_more(connection)
        digest = self.digest(ours)
        ours.stop()
        shutil.copytree(f"{ours.folder}/appendonlydir", f"{redis.folder}/appendonlydir")
        redis.start()
        self.assertEqual(self.digest(redis), digest)
        with redis.connect() as connection:
            fill_more(connection)
        digest = self.digest(redis)
        redis.stop()
        back = self.node("b")
        shutil.copytree(f"{redis.folder}/appendonlydir", f"{back.folder}/appendonlydir")
        back.start()
        self.assertEqual(self.digest(back), digest)
        self.assertEqual(back.call("FCALL", "one", 0), 1)
        self.assertEqual(back.call("DEBUG", "LOADAOF"), "OK")
        self.assertEqual(self.digest(back), digest)

    def wait_rewritten(self, node):
        def rewritten():
            info = node.info("persistence")
            return info["aof_rewrite_in_progress"] == info["aof_rewrite_scheduled"] == "0"

        wait_until(rewritten, 20, "rewritten")
        self.assertEqual(node.info("persistence")["aof_last_bgrewrite_status"], "ok")

    def test_turned_on_while_it_runs_it_has_everything(self):
        node = self.node("later", {"appendonly": "no"})
        node.start()
        with node.connect() as connection:
            fill(connection)
            self.assertEqual(connection.call("CONFIG", "SET", "appendonly", "yes"), "OK")
            self.wait_rewritten(node)
            fill_more(connection)
        digest = self.digest(node)
        node.kill()
        node.options["appendonly"] = "yes"
        node.start()
        self.assertEqual(self.digest(node), digest)

    def test_a_torn_tail_is_cut_off_and_a_hole_is_refused(self):
        node = self.node("torn")
        node.start()
        for i in range(100):
            node.call("SET", i, i)
        node.stop()
        path = f"{node.folder}/appendonlydir/appendonly.aof.1.incr.aof"
        os.truncate(path, os.path.getsize(path) - 5)
        node.start()
        self.assertEqual(node.call("DBSIZE"), 99)
        node.call("SET", "after", "1")
        node.stop()
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            file.write(b"\0" * 10)
        with self.assertRaises(Exception):
            node.start()
        with open(f"{node.folder}/log", encoding="utf-8", errors="replace") as log:
            self.assertRegex(log.read(), r"appendonly.aof.1.incr.aof: .*at byte \d+")

    def test_what_a_broken_attempt_left_does_not_come_back(self):
        node = self.node("leftover")
        os.mkdir(f"{node.folder}/appendonlydir")
        leftover = b"*3\r\n$3\r\nSET\r\n$5\r\nstale\r\n$1\r\n1\r\n"
        with open(f"{node.folder}/appendonlydir/appendonly.aof.1.incr.aof", "wb") as file:
            file.write(leftover)
        node.start()
        node.call("SET", "fresh", "1")
        node.stop()
        node.start()
        self.assertEqual(node.call("KEYS", "*"), [b"fresh"])

    def test_half_a_transaction_has_no_effect(self):
        node = self.node("multi")
        node.start()
        with node.connect() as connection:
            connection.pipeline([("SET", "a", 1), ("MULTI",), ("SET", "a", 2), ("SET", "b", 2)])
            connection.call("EXEC")
        node.stop()
        path = f"{node.folder}/appendonlydir/appendonly.aof.1.incr.aof"
        os.truncate(path, os.path.getsize(path) - 3)
        node.start()
        self.assertEqual(node.call("GET", "a"), b"1")
        self.assertEqual(node.call("EXISTS", "b"), 0)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no full device")
    def test_a_full_disk_stops_writes_until_there_is_room(self):
        node = self.node("full", {"appendonly": "no"})
        os.mkdir(f"{node.folder}/appendonlydir")
        for number in (1, 2):
            name = f"appendonly.aof.{number}.incr.aof"
            os.symlink("/dev/full", f"{node.folder}/appendonlydir/{name}")
        node.start()
        node.call("SET", "a", "1")
        node.call("CONFIG", "SET", "appendonly", "yes")

        def refused():
            try:
                return node.call("SET", "a", "2") and False
            except RespError as error:
                return str(error).startswith("MISCONF Errors writing to the AOF file: No space")

        wait_until(refused, 10, "a refusal")
        self.assertEqual(node.info("persistence")["aof_last_write_status"], "err")
        self.assertEqual(node.call("CONFIG", "SET", "appendonly", "no"), "OK")
        self.assertEqual(node.call("SET", "a", "3"), "OK")


def fill_more(connection):
    commands = [("SELECT", "2")]
    for i in range(50):
        commands += [
            ("SET", f"more:{i}", i, "PX", 10_000_000),
            ("INCRBYFLOAT", "float", "0.1"),
            ("SPOP", "more set"),
            ("SADD", "more set", i, i + 1),
            ("XADD", "more stream", "*", "f", i),
            ("LMOVE", "more list", "other list", "LEFT", "RIGHT"),
            ("RPUSH", "more list", i),
        ]
    commands += [("MULTI",), ("SET", "in", "a"), ("SELECT", "3"), ("SET", "in", "b"), ("EXEC",)]
    commands.append(("SELECT", "0"))
    for reply in connection.pipeline(commands):
        assert not isinstance(reply, RespError), reply


if __name__ == "__main__":
    unittest.main()
