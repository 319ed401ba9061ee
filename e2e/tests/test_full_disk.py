"""A disk that is full: writes stop, nothing that was acknowledged is lost, service resumes."""

import os
import subprocess
import unittest

from harness.resp import RespError
from harness.waits import wait_until
from tests.test_rdb import FilesTest

SIZE = 4 << 20


class FullDiskTest(FilesTest):
    def small_disk(self, folder, options):
        """A node whose folder is a file system of SIZE bytes."""
        node = self.node(folder, options)
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", node.folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            why = done.stderr.strip()
            raise unittest.SkipTest(f"mounting a small tmpfs is not permitted: {why}")
        self.addCleanup(subprocess.run, ["umount", "-l", node.folder], check=False)
        self.addCleanup(node.stop)
        return node

    def fill_disk(self, node, leave=0):
        """A file that leaves `leave` bytes free."""
        path = f"{node.folder}/ballast"
        about = os.statvfs(node.folder)
        room = about.f_bavail * about.f_frsize - leave
        with open(path, "wb") as file:
            file.write(b"x" * room)
        return path

    def write_until_refused(self, node):
        """Numbers that were acknowledged before the first refusal."""
        acknowledged = 0
        with node.connect() as connection:
            for i in range(100_000):
                try:
                    connection.call("SET", f"key:{i}", "v" * 1000)
                except (RespError, OSError) as error:
                    self.check_refusal(error)
                    return acknowledged
                acknowledged = i + 1
        raise AssertionError("a disk of 4 MB takes 100 MB")

    def check_refusal(self, error):
        if isinstance(error, RespError):
            self.assertTrue(str(error).startswith("MISCONF "), error)

    def check_resumes(self, node, acknowledged, ballast):
        with self.assertRaisesRegex(RespError, "^MISCONF "):
            node.call("SET", "another", "1")
        self.assertEqual(node.call("GET", "key:0"), b"v" * 1000)
        os.remove(ballast)

        def resumed():
            try:
                return node.call("SET", "another", "1") == "OK"
            except RespError:
                return False

        wait_until(resumed, 15, "writes are taken again")
        node.kill()
        node.start()
        self.assertEqual(node.call("GET", "another"), b"1")
        for i in range(acknowledged):
            self.assertEqual(node.call("GET", f"key:{i}"), b"v" * 1000, i)

    def test_appendfsync_always(self):
        node = self.small_disk("always", {"appendonly": "yes", "appendfsync": "always"})
        node.start()
        ballast = self.fill_disk(node, leave=200_000)
        acknowledged = self.write_until_refused(node)
        self.assertGreater(acknowledged, 50)
        self.check_resumes(node, acknowledged, ballast)

    def test_appendfsync_everysec(self):
        node = self.small_disk("everysec", {"appendonly": "yes", "appendfsync": "everysec"})
        node.start()
        ballast = self.fill_disk(node, leave=200_000)
        # Acknowledged before the write: what the disk refuses is kept until there is room.
        acknowledged = self.write_until_refused(node)
        self.assertGreater(acknowledged, 50)
        self.assertEqual(node.info("persistence")["aof_last_write_status"], "err")
        os.remove(ballast)
        wait_until(
            lambda: node.info("persistence")["aof_last_write_status"] == "ok", 15, "written"
        )
        node.call("SET", "another", "1")
        node.stop()
        node.start()
        self.assertEqual(node.call("DBSIZE"), acknowledged + 1)

    def test_a_snapshot_that_does_not_fit(self):
        node = self.small_disk("rdb", {"save": "3600 1000000"})
        node.start()
        with node.connect() as connection:
            connection.pipeline([("SET", f"key:{i}", os.urandom(500)) for i in range(2000)])
            connection.call("SAVE")
        old = os.path.getsize(f"{node.folder}/dump.rdb")
        ballast = self.fill_disk(node, leave=old // 2)
        node.call("BGSAVE")
        wait_until(
            lambda: node.info("persistence")["rdb_last_bgsave_status"] == "err", 15, "failed"
        )
        with self.assertRaisesRegex(RespError, "^MISCONF "):
            node.call("SET", "another", "1")
        with self.assertRaises(RespError):
            node.call("SAVE")
        self.assertEqual(os.path.getsize(f"{node.folder}/dump.rdb"), old, "the old file is whole")
        os.remove(ballast)
        node.call("BGSAVE")
        wait_until(lambda: node.info("persistence")["rdb_last_bgsave_status"] == "ok", 15, "saved")
        self.assertEqual(node.call("SET", "another", "1"), "OK")

    def test_a_rewrite_that_does_not_fit_leaves_what_there_is(self):
        node = self.small_disk("rewrite", {"appendonly": "yes", "appendfsync": "always"})
        node.start()
        with node.connect() as connection:
            connection.pipeline([("SET", f"key:{i}", os.urandom(500)) for i in range(2000)])
        ballast = self.fill_disk(node, leave=300_000)
        node.call("BGREWRITEAOF")
        wait_until(
            lambda: node.info("persistence")["aof_last_bgrewrite_status"] == "err", 15, "failed"
        )
        self.assertEqual(node.call("SET", "another", "1"), "OK")
        node.kill()
        node.start()
        self.assertEqual(node.call("DBSIZE"), 2001)
        os.remove(ballast)
        node.call("BGREWRITEAOF")
        wait_until(
            lambda: node.info("persistence")["aof_last_bgrewrite_status"] == "ok"
            and node.info("persistence")["aof_rewrite_in_progress"] == "0",
            15,
            "rewritten",
        )
        node.kill()
        node.start()
        self.assertEqual(node.call("DBSIZE"), 2001)


if __name__ == "__main__":
    unittest.main()
