"""While the files are loaded: clients are served as far as that goes without the data."""

import os
import signal
import unittest
import urllib.error
import urllib.request

from harness.resp import RespError
from harness.waits import wait_until
from tests.test_rdb import FilesTest

KEYS = 20_000
SLOWLY = {"key-load-delay": "200", "loading-process-events-interval-bytes": "1024"}


class LoadingTest(FilesTest):
    directives = {"appendfsync": "always"}

    def filled(self, folder, options=None):
        """A node that has data in its files; stopped."""
        node = self.node(folder, options)
        node.start()
        node.call("DEBUG", "POPULATE", KEYS, "key", 30)
        node.call("BGREWRITEAOF" if node.options["appendonly"] == "yes" else "SAVE")
        self.wait_rewritten(node)
        node.stop()
        return node

    def wait_rewritten(self, node):
        def rewritten():
            info = node.info("persistence")
            return info["aof_rewrite_in_progress"] == info["aof_rewrite_scheduled"] == "0"

        wait_until(rewritten, 20, "rewritten")

    def start_slowly(self, node):
        node.options.update(SLOWLY)
        node.start(loaded=False)

    def check_refusals(self, node):
        with node.connect() as connection:
            for words in (
                ("PING",),
                ("GET", "key:1"),
                ("SET", "key:1", "x"),
                ("DBSIZE",),
                ("FLUSHALL",),
                ("EVAL", "return 1", "0"),
                ("DEBUG", "RELOAD"),
                ("DEBUG", "POPULATE", "10"),
                ("BGSAVE",),
                ("CONFIG", "SET", "dir", "/tmp"),
            ):
                with self.subTest(words), self.assertRaisesRegex(RespError, "^LOADING "):
                    connection.call(*words)
            connection.call("MULTI")
            with self.assertRaisesRegex(RespError, "^LOADING "):
                connection.call("SET", "key:1", "x")
            with self.assertRaisesRegex(RespError, "^EXECABORT "):
                connection.call("EXEC")

    def check_service(self, node):
        info = node.info("persistence")
        self.assertEqual(info["loading"], "1")
        self.assertGreater(int(info["loading_total_bytes"]), KEYS * 30)
        self.assertLess(int(info["loading_loaded_bytes"]), int(info["loading_total_bytes"]))
        for name in ("start_time", "loaded_perc", "eta_seconds", "rdb_used_mem"):
            self.assertIn(f"loading_{name}", info)
        with node.connect() as connection:
            self.assertIn(b"cmd=client", connection.call("CLIENT", "LIST"))
            self.assertEqual(connection.call("CONFIG", "GET", "port")[0], b"port")
            self.assertEqual(connection.call("SUBSCRIBE", "news")[2], 1)

    def finish(self, node):
        node.call("CONFIG", "SET", "key-load-delay", "0")
        wait_until(lambda: node.info("persistence")["loading"] == "0", 20, "loaded")

    def test_an_rdb_file_loads_while_clients_are_told_so(self):
        node = self.filled("rdb")
        self.start_slowly(node)
        self.check_refusals(node)
        self.check_service(node)
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"http://{node.metrics_address}/healthz")
        self.assertEqual(raised.exception.code, 503)
        self.finish(node)
        self.assertEqual(node.call("PING"), "PONG")
        self.assertEqual(node.call("DBSIZE"), KEYS)
        with urllib.request.urlopen(f"http://{node.metrics_address}/healthz") as page:
            self.assertEqual(page.status, 200)

    def test_an_append_only_file_loads_in_the_same_way(self):
        node = self.filled("aof", {"appendonly": "yes"})
        self.start_slowly(node)
        self.check_refusals(node)
        self.check_service(node)
        self.finish(node)
        self.assertEqual(node.call("DBSIZE"), KEYS)
        node.call("SET", "after", "1")
        node.kill()
        node.start()
        self.assertEqual(node.call("DBSIZE"), KEYS + 1)

    def test_nothing_is_evicted_meanwhile(self):
        node = self.filled("evict")
        node.options.update({"maxmemory": "1mb", "maxmemory-policy": "allkeys-lru"})
        self.start_slowly(node)
        node.call("CLIENT", "ID")
        node.call("CONFIG", "SET", "maxmemory", "900kb")
        self.assertEqual(node.info("stats")["evicted_keys"], "0")
        node.call("CONFIG", "SET", "maxmemory", "0")
        self.finish(node)
        self.assertEqual(node.call("DBSIZE"), KEYS)

    def test_a_stop_leaves_the_file_as_it_is(self):
        node = self.filled("stop")
        node.options["save"] = "3600 1"
        for way in ("SIGTERM", "SHUTDOWN"):
            with self.subTest(way):
                self.start_slowly(node)
                if way == "SIGTERM":
                    os.kill(node.process.pid, signal.SIGTERM)
                else:
                    with self.assertRaises(OSError):
                        node.call("SHUTDOWN", "SAVE")
                wait_until(lambda: not node.is_running(), 10, "gone")
                self.assertEqual(node.process.exit_code(), 0)
        node.options["key-load-delay"] = "0"
        node.start()
        self.assertEqual(node.call("DBSIZE"), KEYS)

    def test_the_append_only_file_turned_on_meanwhile_has_everything(self):
        node = self.filled("on")
        self.start_slowly(node)
        self.assertEqual(node.call("CONFIG", "SET", "appendonly", "yes"), "OK")
        self.finish(node)
        self.wait_rewritten(node)
        node.call("SET", "after", "1")
        node.kill()
        node.options.update({"appendonly": "yes", "key-load-delay": "0"})
        node.start()
        self.assertEqual(node.call("DBSIZE"), KEYS + 1)


if __name__ == "__main__":
    unittest.main()
