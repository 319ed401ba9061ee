"""Files: what is saved comes back, Redis reads our files and we read Redis's."""

import base64
import dataclasses
import json
import os
import random
import shutil
import signal
import unittest

from harness.node import Node
from harness.resp import RespError
from harness.settings import ROOT
from harness.slots import hash_slot
from harness.suite import ClusterTest, E2eTest
from harness.waits import wait_until

LIBRARY = "#!lua name=kept\nredis.register_function('one', function() return 1 end)"
SHARED = os.path.join(os.path.dirname(ROOT), "shared", "data", "rdb")


def fill(connection):
    """Keys of all types, in small and large encodings."""
    chance = random.Random(1)
    commands = []
    for i in range(600):
        commands += [
            ("SET", f"string:{i}", "x" * i),
            ("SET", f"number:{i}", i * 1_000_003),
            ("SET", f"expires:{i}", chance.randbytes(30), "EX", 1000 + i),
            ("RPUSH", f"list:{i % 5}", chance.randbytes(20), i),
            ("SADD", f"set:{i % 5}", f"member {i}"),
            ("SADD", f"numbers:{i % 3}", i),
            ("SADD", "small set", i % 9, "a"),
            ("HSET", f"hash:{i % 5}", f"field {i}", chance.randbytes(i % 70)),
            ("HSET", "small hash", f"field {i % 9}", i),
            ("ZADD", f"zset:{i % 5}", chance.random(), f"member {i}"),
            ("ZADD", "small zset", i, f"member {i % 9}"),
            ("XADD", f"stream:{i % 2}", f"{i + 1}-1", "field", i),
            ("PFADD", "hll", i),
        ]
    commands += [
        ("FUNCTION", "LOAD", "REPLACE", LIBRARY),
        ("RPUSH", "long element", "y" * 20000),
        ("XGROUP", "CREATE", "stream:0", "group", "0"),
        ("XREADGROUP", "GROUP", "group", "me", "COUNT", "7", "STREAMS", "stream:0", ">"),
        ("XDEL", "stream:0", "3-1"),
        ("SELECT", "9"),
        ("SET", "elsewhere", "1"),
        ("SELECT", "0"),
    ]
    for reply in connection.pipeline(commands):
        assert not isinstance(reply, RespError), reply


class FilesTest(E2eTest):
    """Servers that stand alone, of both kinds, and the digest of their data."""

    directives = {}

    def node(self, folder, options=None, kind=None):
        settings = self.settings if kind is None else dataclasses.replace(self.settings, kind=kind)
        options = {"enable-debug-command": "yes", **self.directives, **(options or {})}
        node = Node(settings, self.path(folder), options, cluster=False)
        os.makedirs(node.folder, exist_ok=True)
        self.addCleanup(node.release)
        return node

    def digest(self, node):
        wait_until(lambda: node.info("persistence")["loading"] == "0", 20, "loaded")
        return node.call("DEBUG", "DIGEST")


class RdbTest(FilesTest):
    def test_redis_reads_our_file_and_we_read_its(self):
        ours, redis = self.node("a"), self.node("a", kind="redis")
        ours.start()
        with ours.connect() as connection:
            fill(connection)
            self.assertEqual(connection.call("SAVE"), "OK")
        digest = self.digest(ours)
        shutil.copy(f"{ours.folder}/dump.rdb", redis.folder)
        redis.start()
        self.assertEqual(self.digest(redis), digest)
        redis.call("DEBUG", "RELOAD")
        back = self.node("b")
        shutil.copy(f"{redis.folder}/dump.rdb", back.folder)
        back.start()
        self.assertEqual(self.digest(back), digest)
        self.assertEqual(back.call("DEBUG", "RELOAD"), "OK")
        self.assertEqual(self.digest(back), digest)
    def test_libraries_are_reloaded_with_the_data(self):
        node = self.node("libraries", {"appendonly": "yes"})
        node.start()
        library = "#!lua name={0}\nserver.register_function('{0}', function() return 1 end)"
        node.call("FUNCTION", "LOAD", library.format("first"))
        self.assertEqual(node.call("DEBUG", "RELOAD"), "OK")
        node.call("FUNCTION", "LOAD", library.format("second"))
        with self.assertRaisesRegex(RespError, "Error trying to load the RDB"):
            node.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH")
        self.assertEqual(node.call("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"), "OK")
        self.assertEqual(len(node.call("FUNCTION", "LIST")), 2)
        self.assertEqual(node.call("DEBUG", "LOADAOF"), "OK")
        self.assertEqual(len(node.call("FUNCTION", "LIST")), 2)
        self.assertEqual(node.call("DEBUG", "RELOAD", "NOSAVE"), "OK")
        self.assertEqual(len(node.call("FUNCTION", "LIST")), 1)

    def test_what_was_saved_survives_kill_9(self):
        node = self.node("kill")
        node.start()
        with node.connect() as connection:
            fill(connection)
        digest = self.digest(node)
        self.assertEqual(node.call("BGSAVE"), "Background saving started")
        wait_until(lambda: node.info("persistence")["rdb_bgsave_in_progress"] == "0", 20, "saved")
        self.assertEqual(node.info("persistence")["rdb_last_bgsave_status"], "ok")
        node.call("SET", "after the save", "1")
        node.kill()
        node.start()
        self.assertEqual(self.digest(node), digest)
        self.assertEqual(node.call("FCALL", "one", 0), 1)

    def test_a_stop_saves_if_there_are_save_points(self):
        node = self.node("stop", {"save": "3600 1"})
        node.start()
        node.call("SET", "a", "1")
        node.process.stop()
        self.assertEqual(node.process.exit_code(), 0)
        node.start()
        self.assertEqual(node.call("GET", "a"), b"1")
        node.call("FLUSHALL")
        node.kill()
        node.start()
        self.assertEqual(node.call("DBSIZE"), 0, "the file brought back what was flushed")

    def test_a_save_point_saves_by_itself(self):
        node = self.node("points", {"save": "1 5"})
        node.start()
        for i in range(5):
            node.call("SET", i, i)
        wait_until(lambda: os.path.exists(f"{node.folder}/dump.rdb"), 20, "the file")
        wait_until(
            lambda: node.info("persistence")["rdb_changes_since_last_save"] == "0", 20, "no changes"
        )

    def test_a_damaged_file_is_reported_and_left_alone(self):
        node = self.node("damage")
        node.start()
        with node.connect() as connection:
            fill(connection)
            connection.call("SAVE")
        node.stop()
        path = f"{node.folder}/dump.rdb"
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
            file.seek(0)
            damaged = file.read()
        with self.assertRaises(Exception):
            node.start()
        with open(path, "rb") as file:
            self.assertEqual(file.read(), damaged)
        with open(f"{node.folder}/log", encoding="utf-8", errors="replace") as log:
            self.assertRegex(log.read(), r"Fatal error loading the DB: dump.rdb: .*at byte \d+ of")

    def test_where_the_file_cannot_be_written_writes_stop(self):
        node = self.node("misconf", {"save": "3600 1"})
        node.start()
        node.call("SET", "a", "1")
        os.mkdir(f"{node.folder}/temp-{node.process.pid}.rdb")
        with self.assertRaises(RespError):
            node.call("BGSAVE")
        with self.assertRaisesRegex(RespError, "^MISCONF "):
            node.call("SET", "a", "2")
        self.assertEqual(node.call("GET", "a"), b"1")
        os.kill(node.process.pid, signal.SIGTERM)
        wait_until(lambda: "can't exit" in self.log_of(node), 10, "a refusal to stop")
        os.rmdir(f"{node.folder}/temp-{node.process.pid}.rdb")
        self.assertEqual(node.call("SAVE"), "OK")
        self.assertEqual(node.call("SET", "a", "2"), "OK")

    def log_of(self, node):
        with open(f"{node.folder}/log", encoding="utf-8", errors="replace") as log:
            return log.read()

    @unittest.skipUnless(os.path.isdir(SHARED), "no shared files beside this checkout")
    def test_a_file_of_redis_7_0_has_what_is_expected_of_it(self):
        node = self.node("redis70")
        shutil.copy(f"{SHARED}/redis70.rdb", f"{node.folder}/dump.rdb")
        node.start()
        with open(f"{SHARED}/redis70.expected.json", encoding="utf-8") as file:
            databases = json.load(file)["databases"]
        with node.connect() as connection:
            for number, keys in databases.items():
                connection.call("SELECT", number)
                for key, expected in keys.items():
                    with self.subTest(key):
                        self.check_key(connection, key, expected)

    def check_key(self, connection, key, expected):
        kind, value = expected["type"], expected.get("value")
        self.assertEqual(connection.call("TYPE", key), kind)
        self.assertEqual(connection.call("PEXPIRETIME", key), expected["pexpiretime"])
        if kind not in ("list", "set"):  # Small ones have a smaller form since Redis 7.2.
            encoding = connection.call("OBJECT", "ENCODING", key)
            self.assertEqual(encoding, expected["encoding"].encode())
        if "pfcount" in expected:
            self.assertEqual(connection.call("PFCOUNT", key), expected["pfcount"])
        elif kind == "string":
            self.assertEqual(connection.call("GET", key), as_bytes(value))
        elif kind == "list":
            self.assertEqual(connection.call("LRANGE", key, 0, -1), as_bytes(value))
        elif kind == "set":
            self.assertEqual(sorted(connection.call("SMEMBERS", key)), sorted(as_bytes(value)))
        elif kind == "hash":
            self.assertEqual(
                sorted(pairs(connection.call("HGETALL", key))), sorted(map(tuple, as_bytes(value)))
            )
        elif kind == "zset":
            found = connection.call("ZRANGE", key, 0, -1, "WITHSCORES")
            self.assertEqual(found[::2], as_bytes(value[::2]))
            self.assertEqual([*map(float, found[1::2])], [*map(float, value[1::2])])
        elif kind == "stream":
            self.assertEqual(connection.call("XRANGE", key, "-", "+"), as_bytes(value))
            for name in ("consumers", "pending", "last-delivered-id"):
                found = [dict(pairs(group)) for group in connection.call("XINFO", "GROUPS", key)]
                self.assertEqual(
                    [group[name.encode()] for group in found],
                    [as_bytes(group[name]) for group in expected["groups"]],
                )


class RdbClusterTest(ClusterTest):
    options = {"save": "3600 1000000"}

    def test_a_member_that_was_killed_goes_on_with_what_it_saved(self):
        node = self.cluster.nodes[0]
        own = set(self.cluster.slots_of(node))
        key = next(f"k{i}" for i in range(10**6) if hash_slot(f"k{i}") in own)
        node.call("SET", key, "kept")
        node.call("SAVE")
        node.kill()
        node.start()
        self.cluster.wait_healthy()
        self.assertEqual(node.call("GET", key), b"kept")

    def test_a_member_that_loads_takes_part_but_owns_nothing_yet(self):
        node, other = self.cluster.nodes[:2]
        own = set(self.cluster.slots_of(node))
        keys = [f"l{i}" for i in range(30000) if hash_slot(f"l{i}") in own]
        with node.connect() as connection:
            connection.pipeline([("SET", key, "x" * 100) for key in keys])
            connection.call("SAVE")
        node.kill()
        slowly = {"key-load-delay": "300", "loading-process-events-interval-bytes": "1024"}
        node.options.update(slowly)
        node.start(loaded=False)
        for name in slowly:
            del node.options[name]
        wait_until(lambda: node.cluster_info()["cluster_known_nodes"] == "3", 10, "gossip")
        with node.connect() as connection:
            with self.assertRaisesRegex(RespError, "^(CLUSTERDOWN|LOADING) "):
                connection.call("GET", keys[0])
            with self.assertRaisesRegex(RespError, "^(CLUSTERDOWN|LOADING) "):
                connection.call("SET", keys[0], "new")
            shards = str(connection.call("CLUSTER", "SHARDS"))
            self.assertIn("loading", shards)
            self.assertEqual(node.info("persistence")["loading"], "1")
            connection.call("CONFIG", "SET", "key-load-delay", "0")
        self.cluster.wait_healthy()
        self.assertEqual(node.call("GET", keys[0]), b"x" * 100)
        self.assertIn("loading:0", node.call("INFO", "persistence").decode())
        self.assertNotIn("loading", str(other.call("CLUSTER", "SHARDS")))


def as_bytes(value):
    """Of the JSON file: text, binary in base64, and lists of these."""
    if isinstance(value, list):
        return [as_bytes(part) for part in value]
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return value.encode() if isinstance(value, str) else value


def pairs(flat):
    return list(zip(flat[::2], flat[1::2]))


if __name__ == "__main__":
    unittest.main()
