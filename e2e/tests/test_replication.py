"""Replication: Redis follows us, we follow Redis and each other, and nobody loses the thread."""

import random
import threading
import time
import unittest

from harness.resp import RespError
from harness.waits import wait_until
from tests.test_rdb import FilesTest, fill

SYNC_SECONDS = 20
KINDS = [("slotmesh", "redis"), ("redis", "slotmesh"), ("slotmesh", "slotmesh")]
# Until what churn() lets expire is gone: a key that goes between two looks is in one history only.
SOON_EXPIRED_SECONDS = 0.6


def churn(connection, seed, count):
    """Writes of all kinds whose effects a copy must repeat exactly, in two databases."""
    chance = random.Random(seed)
    key = lambda kind: f"{kind}:{chance.randrange(30)}"
    member = lambda: f"m{chance.randrange(100)}"
    writes = [
        lambda: ("SET", key("s"), chance.randrange(1000)),
        lambda: ("SET", key("e"), "x", "PX", chance.randrange(1, 400)),
        lambda: ("INCRBYFLOAT", key("f"), "0.1"),
        lambda: ("APPEND", key("a"), "yz"),
        lambda: ("EXPIRE", key("s"), chance.choice([0, 100, 1000])),
        lambda: ("RPUSH", key("l"), member(), member()),
        lambda: ("LPOP", key("l")),
        lambda: ("SADD", key("set"), member(), member()),
        lambda: ("SPOP", key("set")),
        lambda: ("ZADD", key("z"), chance.random(), member()),
        lambda: ("ZPOPMIN", key("z")),
        lambda: ("HSET", key("h"), member(), chance.randrange(10)),
        lambda: ("HINCRBYFLOAT", key("h"), "f", "1.5"),
        lambda: ("XADD", key("x"), "MAXLEN", "~", "50", "*", "f", member()),
        lambda: ("PFADD", key("p"), member()),
        lambda: ("DEL", key("s"), key("z")),
        lambda: ("EVAL", "redis.call('SET', KEYS[1], redis.call('TIME')[2]) "
                         "return redis.call('INCR', KEYS[1])", 1, key("lua")),
        lambda: ("SELECT", chance.choice([0, 3])),
    ]
    for _ in range(count // 20):
        batch = [chance.choice(writes)() for _ in range(17)]
        batch += [("MULTI",), ("SADD", key("set"), member()), ("SPOP", key("set")), ("EXEC",)]
        for reply in connection.pipeline(batch):
            assert not isinstance(reply, RespError), reply
    connection.call("SELECT", "0")


class ReplicationTest(FilesTest):
    def pair(self, first, second, **options):
        directives = {"repl-diskless-sync-delay": "0",
                      **{name.replace("_", "-"): value for name, value in options.items()}}
        nodes = [self.node(str(i), directives, kind=kind) for i, kind in enumerate((first, second))]
        for node in nodes:
            node.start()
        return nodes

    def follow(self, replica, primary):
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        self.await_link(replica)

    def await_link(self, replica):
        wait_until(lambda: replica.info("replication").get("master_link_status") == "up",
                   SYNC_SECONDS, f"{replica} is connected")

    def await_same(self, primary, replica):
        """Equal offsets, then equal data."""
        def caught_up():
            ours = primary.info("replication")["master_repl_offset"]
            return replica.info("replication")["master_repl_offset"] == ours
        wait_until(caught_up, SYNC_SECONDS, f"{replica} has all of {primary}")
        # What has expired but is not removed yet counts in a digest.
        wait_until(lambda: self.digest(primary) == self.digest(replica), SYNC_SECONDS,
                   f"{replica} holds what {primary} holds")

    def syncs(self, node):
        stats = node.info("stats")
        return int(stats["sync_full"]), int(stats["sync_partial_ok"])

    def test_a_copy_and_then_the_stream(self):
        for first, second in KINDS:
            for diskless in ("yes", "no"):
                with self.subTest(primary=first, replica=second, diskless=diskless):
                    primary, replica = self.pair(first, second, repl_diskless_sync=diskless)
                    with primary.connect() as connection:
                        fill(connection)
                        writer = threading.Thread(target=self.write_apart, args=(primary, 1, 4000))
                        writer.start()
                        self.follow(replica, primary)
                        writer.join()
                        churn(connection, 2, 2000)
                    self.await_same(primary, replica)
                    self.assertEqual(len(replica.call("FUNCTION", "LIST")), 1)
                    self.assertEqual(self.syncs(primary), (1, 0))
                    for node in (replica, primary):
                        node.release()

    def write_apart(self, node, seed, count):
        with node.connect() as connection:
            churn(connection, seed, count)

    def test_what_was_missed_is_sent_after_a_cut(self):
        for first, second in KINDS:
            with self.subTest(primary=first, replica=second):
                primary, replica = self.pair(first, second)
                self.follow(replica, primary)
                with primary.connect() as connection:
                    for seed in range(5):
                        churn(connection, seed, 200)
                        self.assertEqual(connection.call("CLIENT", "KILL", "TYPE", "replica"), 1)
                        churn(connection, seed + 100, 200)
                        self.await_link(replica)
                self.await_same(primary, replica)
                self.assertEqual(self.syncs(primary)[0], 1)
                for node in (replica, primary):
                    node.release()

    def test_roles_change_hands_without_a_new_copy(self):
        for first, second in KINDS:
            with self.subTest(primary=first, replica=second):
                # A ping between the last look and the change would be one that the other lacks.
                nodes = self.pair(first, second, repl_ping_replica_period=3600)
                self.follow(nodes[1], nodes[0])
                for turn in range(4):
                    primary, replica = nodes[turn % 2], nodes[1 - turn % 2]
                    with primary.connect() as connection:
                        churn(connection, turn, 400)
                    time.sleep(SOON_EXPIRED_SECONDS)
                    self.await_same(primary, replica)
                    replica.call("REPLICAOF", "NO", "ONE")
                    self.follow(primary, replica)
                self.assertEqual([self.syncs(node)[0] for node in nodes], [1, 0])
                for node in nodes:
                    node.release()

    def test_a_chain_has_one_stream(self):
        head, middle = self.pair("redis", "slotmesh")
        with head.connect() as connection:
            churn(connection, 1, 500)
            self.follow(middle, head)
            tails = [self.node(f"tail {kind}", {}, kind=kind) for kind in ("slotmesh", "redis")]
            for tail in tails:
                tail.start()
                self.follow(tail, middle)
            churn(connection, 2, 1000)
        for tail in tails:
            self.await_same(head, tail)
            self.assertEqual(tail.info("replication")["master_replid"],
                             head.info("replication")["master_replid"])

    def test_a_replica_goes_on_after_its_own_restart(self):
        primary, replica = self.pair("slotmesh", "slotmesh", repl_timeout=60)
        self.follow(replica, primary)
        with primary.connect() as connection:
            churn(connection, 1, 500)
            self.await_same(primary, replica)
            replica.call("SAVE")
            replica.stop()
            churn(connection, 2, 500)
        replica.options["replicaof"] = f"127.0.0.1 {primary.port}"
        replica.start()
        self.await_link(replica)
        self.await_same(primary, replica)
        self.assertEqual(self.syncs(primary), (1, 1))

    def test_replicas_go_on_after_their_primarys_restart(self):
        primary, replica = self.pair("slotmesh", "slotmesh")
        self.follow(replica, primary)
        with primary.connect() as connection:
            churn(connection, 1, 500)
        time.sleep(SOON_EXPIRED_SECONDS)
        self.await_same(primary, replica)
        primary.call("SAVE")
        primary.stop()
        primary.start()
        self.await_link(replica)
        with primary.connect() as connection:
            churn(connection, 2, 500)
        self.await_same(primary, replica)
        self.assertEqual(self.syncs(primary), (0, 1))

    def test_a_replica_reads_and_refuses_writes(self):
        primary, replica = self.pair("slotmesh", "slotmesh")
        primary.call("SET", "k", "v")
        self.follow(replica, primary)
        self.assertEqual(replica.call("GET", "k"), b"v")
        with self.assertRaisesRegex(RespError, "^READONLY You can't write against a read only"):
            replica.call("SET", "k", "w")
        with self.assertRaisesRegex(RespError, "READONLY"):
            replica.call("EVAL", "return redis.call('SET', KEYS[1], 1)", 1, "k")
        self.assertEqual(replica.call("ROLE")[:4],
                         [b"slave", b"127.0.0.1", primary.port, b"connected"])
        self.assertEqual(primary.call("ROLE")[2][0][:2], [b"127.0.0.1", str(replica.port).encode()])
        replica.call("CONFIG", "SET", "replica-serve-stale-data", "no")
        primary.kill()
        wait_until(lambda: replica.info("replication")["master_link_status"] == "down",
                   SYNC_SECONDS, "the replica sees that its primary has gone")
        with self.assertRaisesRegex(RespError, "^MASTERDOWN"):
            replica.call("GET", "k")

    def test_a_replica_that_is_paused_takes_the_stream_up_later(self):
        primary, replica = self.pair("slotmesh", "slotmesh")
        self.follow(replica, primary)
        primary.call("SET", "before", "1")
        self.await_same(primary, replica)
        replica.call("CLIENT", "PAUSE", "100000", "WRITE")
        before = replica.info("replication")["slave_repl_offset"]
        primary.call("SET", "after", "1")

        def all_read():
            read = replica.info("replication")["slave_read_repl_offset"]
            return read == primary.info("replication")["master_repl_offset"]

        wait_until(all_read, SYNC_SECONDS, "the replica has read all")
        self.assertEqual(replica.info("replication")["slave_repl_offset"], before)
        self.assertEqual(replica.call("DBSIZE"), 1)
        replica.call("CLIENT", "UNPAUSE")
        self.await_same(primary, replica)

    def test_a_replica_connects_from_the_address_that_it_is_told(self):
        primary, replica = self.pair("slotmesh", "slotmesh")
        replica.call("CONFIG", "SET", "bind-source-addr", "127.0.0.2")
        self.follow(replica, primary)
        self.assertIn("ip=127.0.0.2,", primary.info("replication")["slave0"])

    def test_keys_expire_at_the_primarys_word(self):
        primary, replica = self.pair("slotmesh", "slotmesh")
        self.follow(replica, primary)
        with primary.connect() as connection:
            connection.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            connection.call("SET", "soon", "x", "PX", "50")
            connection.call("HSET", "hash", "f", "1", "g", "2")
            connection.call("HPEXPIRE", "hash", "50", "FIELDS", "1", "f")
            connection.call("WAIT", "1", "1000")
            wait_until(lambda: replica.call("GET", "soon") is None, 5, "it is hidden")
            wait_until(lambda: replica.call("HGET", "hash", "f") is None, 5, "the field, too")
            self.assertEqual(replica.call("DBSIZE"), 2)
            connection.call("DEBUG", "SET-ACTIVE-EXPIRE", "1")
        wait_until(lambda: replica.call("DBSIZE") == 1, 5, "it is removed there, too")
        self.await_same(primary, replica)

    def test_who_writes_can_wait_for_replicas(self):
        primary, replica = self.pair("slotmesh", "slotmesh", appendonly="yes")
        self.follow(replica, primary)
        with primary.connect() as connection:
            connection.call("SET", "k", "1")
            self.assertEqual(connection.call("WAIT", "1", "5000"), 1)
            connection.call("SET", "k", "2")
            self.assertEqual(connection.call("WAITAOF", "1", "1", "10000"), [1, 1])
            self.assertEqual(connection.call("WAIT", "2", "100"), 1)
            connection.call("CONFIG", "SET", "min-replicas-to-write", "2")
            with self.assertRaisesRegex(RespError, "^NOREPLICAS Not enough good replicas"):
                connection.call("SET", "k", "3")
            connection.call("CONFIG", "SET", "min-replicas-to-write", "1")
            connection.call("SET", "k", "3")
        with self.assertRaisesRegex(RespError, "WAIT cannot be used with replica instances"):
            replica.call("WAIT", "1", "0")

    def test_a_replica_says_what_its_files_have_of_its_primarys_stream(self):
        first, replica = self.pair("slotmesh", "slotmesh", appendonly="yes")
        second = self.node("2", {"repl-diskless-sync-delay": "0"})
        second.start()
        self.follow(replica, first)
        with first.connect() as connection:
            connection.call("SET", "k", "x" * 100_000)
            self.assertEqual(connection.call("WAITAOF", "1", "1", "10000"), [1, 1])
        # From now on only a new copy of the data is on disk, with the base that it begins with.
        replica.call("CONFIG", "SET", "appendfsync", "no")
        with second.connect() as connection:
            connection.call("SET", "k", "1")
            self.follow(replica, second)
            self.assertEqual(connection.call("WAITAOF", "0", "1", "10000"), [0, 1])
            # The first primary's offset, which was greater, does not stand for this write.
            connection.call("SET", "k", "2")
            self.assertEqual(connection.call("WAIT", "1", "5000"), 1)
            self.assertEqual(connection.call("WAITAOF", "0", "1", "1500"), [0, 0])

    def test_a_big_copy_arrives_however_fast_the_replica_takes_it(self):
        primary, replica = self.pair("slotmesh", "slotmesh", rdbcompression="no")
        primary.call("DEBUG", "POPULATE", "1000", "key", "50000")
        for diskless in ("yes", "no") * 8:
            with self.subTest(diskless=diskless):
                primary.call("CONFIG", "SET", "repl-diskless-sync", diskless)
                primary.call("DEBUG", "CHANGE-REPL-ID")
                self.follow(replica, primary)
                self.assertEqual(replica.call("DBSIZE"), 1000)
                replica.call("REPLICAOF", "NO", "ONE")

    def test_a_replica_waits_as_long_as_its_copy_is_made(self):
        primary, replica = self.pair("slotmesh", "slotmesh")
        for i in range(5):
            primary.call("SET", f"k{i}", i)
        primary.call("CONFIG", "SET", "rdb-key-save-delay", "10000000")
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.info("replication")["master_sync_in_progress"] == "1", 10,
                   "the copy is on its way")
        self.assertEqual(primary.info("persistence")["rdb_bgsave_in_progress"], "1")
        self.assertIn("state=wait_bgsave", primary.info("replication")["slave0"])
        primary.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        self.await_link(replica)

    def test_a_slow_replica_is_let_go(self):
        primary = self.node("primary", {"client-output-buffer-limit": "replica 1mb 0 0",
                                        "repl-backlog-size": "16kb"})
        primary.start()
        with primary.connect() as stuck, primary.connect() as writer:
            stuck.send("PSYNC", "?", "-1")
            wait_until(lambda: primary.info("replication")["connected_slaves"] == "1", 5, "asked")
            for _ in range(40):
                writer.call("SET", "k", "x" * 500_000)
            wait_until(lambda: primary.info("replication")["connected_slaves"] == "0",
                       SYNC_SECONDS, "the replica is closed")
        histlen = int(primary.info("replication")["repl_backlog_histlen"])
        self.assertLess(histlen, 2_000_000)


if __name__ == "__main__":
    unittest.main()
