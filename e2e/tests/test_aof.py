"""The append-only file: what was acknowledged is there after kill -9, however it was cut."""

import os
import random
import shutil
import subprocess
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
        writes = 0
        for round_number in range(ROUNDS):
            writers, _ = self.kill_in_the_middle(node, round_number)
            for i, acknowledged in enumerate(writers.acknowledged):
                self.assertGreaterEqual(int(node.call("GET", f"counter:{i}") or 0), acknowledged)
                self.assertGreaterEqual(node.call("LLEN", f"list:{i}"), acknowledged)
                writes += 2 * acknowledged
            node.call("FLUSHALL")
        self.assertGreater(writes, 0)
        print(f"  {ROUNDS} rounds: of {writes} acknowledged writes none was lost")

    def test_everysec_loses_two_seconds_at_most(self):
        node = self.node("everysec", {"appendfsync": "everysec"})
        node.start()
        writes = lost = 0
        oldest = 0.0
        for round_number in range(ROUNDS):
            writers, killed = self.kill_in_the_middle(node, round_number)
            for i, times in enumerate(writers.times):
                found = int(node.call("GET", f"counter:{i}") or 0)
                ages = [killed - when for when, value in times if value > found]
                writes += len(times)
                lost += len(ages)
                oldest = max(oldest, max(ages, default=0.0))
            self.assertLessEqual(oldest, 2)
            node.call("FLUSHALL")
        self.assertGreater(writes, 0)
        print(f"  {ROUNDS} rounds: of {writes} acknowledged writes {lost} were lost, the oldest "
              f"{oldest:.2f} s before the kill")

    def test_redis_reads_our_files_and_we_read_its(self):
        ours, redis = self.node("a"), self.node("a", kind="redis")
        digest = self.leave_files(ours)
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

    def leave_files(self, node):
        """Runs `node` until it has a base and what came after; returns the digest of its data."""
        node.start()
        with node.connect() as connection:
            fill(connection)
            connection.call("BGREWRITEAOF")
            self.wait_rewritten(node)
            fill_more(connection)
        digest = self.digest(node)
        node.stop()
        return digest

    def wait_rewritten(self, node):
        def rewritten():
            info = node.info("persistence")
            return info["aof_rewrite_in_progress"] == info["aof_rewrite_scheduled"] == "0"

        wait_until(rewritten, 20, "rewritten")
        self.assertEqual(node.info("persistence")["aof_last_bgrewrite_status"], "ok")

    def test_a_base_of_commands_is_read_by_both(self):
        ours, redis = self.node("a", {"aof-use-rdb-preamble": "no"}), self.node("a", kind="redis")
        digest = self.leave_files(ours)
        with open(f"{ours.folder}/appendonlydir/appendonly.aof.2.base.aof", "rb") as base:
            self.assertRegex(base.read(200), rb"^\*3\r\n\$8\r\nFUNCTION\r\n\$4\r\nLOAD\r\n")
        ours.start()
        self.assertEqual(self.digest(ours), digest)
        ours.stop()
        shutil.copytree(f"{ours.folder}/appendonlydir", f"{redis.folder}/appendonlydir")
        redis.start()
        self.assertEqual(self.digest(redis), digest)
        self.assertEqual(redis.call("FCALL", "one", 0), 1)

    def test_a_file_goes_back_to_a_time(self):
        node = self.node("time", {"aof-timestamp-enabled": "yes"})
        node.start()
        node.call("SET", "early", "1")
        early = int(node.call("TIME")[0])
        wait_until(lambda: int(node.call("TIME")[0]) > early + 1, 5, "time")
        node.call("FLUSHALL")
        node.call("SET", "late", "1")
        node.stop()
        manifest = f"{node.folder}/appendonlydir/appendonly.aof.manifest"
        said = self.check_aof("--truncate-to-timestamp", early, manifest)
        name = "appendonly.aof.1.incr.aof"
        self.assertIn(f"Successfully truncated AOF {name} to timestamp {early}", said)
        self.assertIn("is valid", self.check_aof(manifest))
        node.start()
        self.assertEqual(node.call("KEYS", "*"), [b"early"])

    def check_aof(self, *words, code=0):
        done = subprocess.run(
            [self.settings.cli_binary, "check-aof", *map(str, words)],
            input="y\n",
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def test_a_changed_byte_is_found_wherever_it_is(self):
        node = self.node("flip", {"appendfsync": "no"})
        node.start()
        with node.connect() as connection:
            connection.pipeline([("SET", f"key:{i}", "x" * 50) for i in range(3000)])
        node.stop()
        path = f"{node.folder}/appendonlydir/appendonly.aof.1.incr.aof"
        with open(path, "rb") as file:
            good = file.read()
        self.assertGreater(good.count(b"#SUM:"), 1)
        value = good.index(b"xxx", len(good) // 2)
        number = good.index(b"$50", len(good) // 2)
        zeroed = len(good) // 4096 // 2 * 4096
        for what, at, with_ in (
            ("a value", value, b"y"),
            ("a length, which seems to reach beyond the end", number, b"$9999999"),
            ("a block", zeroed, b"\0" * 512),
            ("the last value", good.rindex(b"xxx"), b"y"),
        ):
            with self.subTest(what):
                with open(path, "wb") as file:
                    file.write(good[:at] + with_ + good[at + len(with_) :])
                self.assertIn("is not valid", self.check_aof(path, code=1))
                with self.assertRaises(Exception):
                    node.start()
                with open(f"{node.folder}/log", encoding="utf-8", errors="replace") as log:
                    self.assertRegex(log.read(), r"incr.aof: .*\(at byte \d+\). Exiting")
                os.truncate(f"{node.folder}/log", 0)
                self.check_aof("--fix", path)
                node.start()
                self.assertLess(node.call("DBSIZE"), 3000)
                values = {node.call("GET", key) for key in node.call("KEYS", "*")}
                self.assertLessEqual(values, {b"x" * 50})
                node.stop()

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

    def test_a_rewrite_waits_until_the_rdb_file_is_there(self):
        node = self.node("waits", {"rdb-key-save-delay": 10_000_000})
        node.start()
        wait_until(lambda: node.info("persistence")["aof_rewrite_in_progress"] == "0", 20, "begun")
        node.call("SET", "key", "1")
        node.call("BGSAVE")
        self.assertIn("scheduled", node.call("BGREWRITEAOF"))
        about = node.info("persistence")
        self.assertEqual(about["aof_rewrite_scheduled"], "1")
        self.assertEqual(about["aof_rewrite_in_progress"], "0")
        node.call("CONFIG", "SET", "rdb-key-save-delay", "0")

        def rewritten():
            about = node.info("persistence")
            return (about["rdb_bgsave_in_progress"], about["aof_rewrites"]) == ("0", "1")

        wait_until(rewritten, 5, "the rewrite came after it")

    def test_a_torn_tail_is_cut_off_and_a_hole_is_refused(self):
        node = self.node("torn")
        node.start()
        for i in range(100):
            node.call("SET", i, i)
        node.stop()
        path = f"{node.folder}/appendonlydir/appendonly.aof.1.incr.aof"
        tear(path, 5)
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

    def test_the_single_file_of_old_is_taken_over_also_after_half_of_that(self):
        command = b"*3\r\n$3\r\nSET\r\n$3\r\nold\r\n$1\r\n1\r\n"
        for number, manifest in enumerate((None, b"file appendonly.aof seq 1 type b\n")):
            with self.subTest(manifest):
                node = self.node(f"old{number}")
                with open(f"{node.folder}/appendonly.aof", "wb") as file:
                    file.write(command)
                if manifest is not None:
                    os.mkdir(f"{node.folder}/appendonlydir")
                    path = f"{node.folder}/appendonlydir/appendonly.aof.manifest"
                    with open(path, "wb") as file:
                        file.write(manifest)
                node.start()
                self.assertEqual(node.call("GET", "old"), b"1")
                self.assertFalse(os.path.exists(f"{node.folder}/appendonly.aof"))
                self.assertTrue(os.path.exists(f"{node.folder}/appendonlydir/appendonly.aof"))

    def test_half_a_transaction_has_no_effect(self):
        node = self.node("multi")
        node.start()
        with node.connect() as connection:
            connection.pipeline([("SET", "a", 1), ("MULTI",), ("SET", "a", 2), ("SET", "b", 2)])
            connection.call("EXEC")
        node.stop()
        path = f"{node.folder}/appendonlydir/appendonly.aof.1.incr.aof"
        tear(path, 3)
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


def tear(path, size):
    """Cuts so many bytes off the last command."""
    with open(path, "rb") as file:
        os.truncate(path, file.read().rindex(b"#SUM:") - size)


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
