"""Users and their rules with a real process: files, restarts, clients that log in by name."""

import os
import unittest

import redis

from harness.node import Node
from harness.resp import RespError
from harness.suite import E2eTest, slotmesh_only
from harness.waits import wait_until


class UsersTest(E2eTest):
    def setUp(self):
        super().setUp()
        self.node = Node(self.settings, self.folder, {}, cluster=False)
        self.addCleanup(self.node.release)

    def start(self, **options):
        for name, value in options.items():
            self.node.options[name.replace("_", "-")] = value
        self.node.start()

    def client(self, name, password):
        """redis-py, logged in by HELLO or AUTH as it does it."""
        client = redis.Redis(port=self.node.port, username=name, password=password)
        self.addCleanup(client.close)
        return client

    def users_file(self, text):
        os.makedirs(self.node.folder, exist_ok=True)
        path = os.path.join(self.node.folder, "users.acl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @slotmesh_only("Redis 7.0 does not count what it refuses")
    def test_a_client_logs_in_by_name_and_may_do_what_its_rules_say(self):
        self.start()
        rules = ("on", ">secret", "~orders:*", "+@read", "+set", "+acl|whoami")
        self.node.call("ACL", "SETUSER", "alice", *rules)
        alice = self.client("alice", "secret")
        self.assertEqual(alice.acl_whoami(), "alice")
        alice.set("orders:1", "x")
        self.assertEqual(alice.get("orders:1"), b"x")
        with self.assertRaises(redis.exceptions.NoPermissionError):
            alice.get("other")
        with self.assertRaises(redis.exceptions.NoPermissionError):
            alice.delete("orders:1")
        with self.assertRaisesRegex(redis.exceptions.ResponseError, "WRONGPASS"):
            self.client("alice", "wrong").ping()
        denied = self.node.info("stats")
        self.assertEqual(denied["acl_access_denied_auth"], "1")
        self.assertEqual(denied["acl_access_denied_key"], "1")
        line = self.node.call("CLIENT", "LIST").decode()
        self.assertIn(" user=alice ", line)

    def test_connections_of_removed_users_are_closed(self):
        self.start()
        self.node.call("ACL", "SETUSER", "bob", "on", "nopass", "+@all", "~*", "&*")
        with self.node.connect() as bob, self.node.connect() as other:
            bob.call("AUTH", "bob", "any")
            self.assertEqual(self.node.call("ACL", "DELUSER", "bob"), 1)
            with self.assertRaises((OSError, EOFError)):
                bob.call("PING")
            self.assertEqual(other.call("PING"), "PONG")

    def test_requirepass_is_the_default_users_password(self):
        self.start(requirepass="pw")
        with self.node.connect() as connection:
            self.assertTrue(str(connection.try_call("GET", "a")).startswith("NOAUTH"))
            self.assertEqual(connection.call("AUTH", "default", "pw"), "OK")
            self.assertIsNone(connection.call("GET", "a"))

    def test_the_file_is_written_and_read_whole(self):
        path = self.users_file("user default on nopass ~* &* +@all\n")
        self.start(aclfile=path)
        self.node.call("ACL", "SETUSER", "eve", "on", ">x", "~a*", "+get", "(+set ~b*)")
        self.assertEqual(self.node.call("ACL", "SAVE"), "OK")
        before = self.node.call("ACL", "LIST")
        self.node.stop()
        self.node.start()
        self.assertEqual(self.node.call("ACL", "LIST"), before)
        with open(path, "a", encoding="utf-8") as file:
            file.write("user mallory on +nosuch\nuser eve off\n")
        with self.node.connect() as connection:
            error = connection.try_call("ACL", "LOAD")
        self.assertIsInstance(error, RespError)
        self.assertIn(":3: Error in applying operation '+nosuch'", str(error))
        self.assertIn("Duplicate user 'eve' found on line 4", str(error))
        self.assertEqual(self.node.call("ACL", "LIST"), before)

    def test_a_wrong_file_keeps_the_server_from_starting(self):
        path = self.users_file("user default on nopass ~* &* +@all\nuser a on +nosuch\n")
        with self.assertRaises(AssertionError):
            self.start(aclfile=path)

    @slotmesh_only("Redis 7.0 writes rules in another order")
    def test_config_rewrite_keeps_users(self):
        os.makedirs(self.node.folder, exist_ok=True)
        config = os.path.join(self.node.folder, "server.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("# first\nuser alice on nopass ~a +get\ntimeout 0\n")
        words = self.node.command()
        self.node.command = lambda: [words[0], config] + words[1:]
        self.start()
        self.node.call("ACL", "SETUSER", "alice", "+set")
        self.node.call("ACL", "SETUSER", "carol", "on", ">pw", "&news")
        before = self.node.call("ACL", "LIST")
        self.assertEqual(self.node.call("CONFIG", "REWRITE"), "OK")
        with open(config, encoding="utf-8") as file:
            self.assertEqual(file.read().count("\nuser "), 3)
        self.node.stop()
        self.node.start()
        self.assertEqual(self.node.call("ACL", "LIST"), before)

    def test_subscribers_go_when_their_channels_are_taken_away(self):
        self.start()
        self.node.call("ACL", "SETUSER", "dan", "on", "nopass", "+subscribe", "&a", "&b")
        with self.node.connect() as dan:
            dan.call("AUTH", "dan", "any")
            dan.send("SUBSCRIBE", "a")
            dan.read()
            self.node.call("ACL", "SETUSER", "dan", "resetchannels", "&b")
            wait_until(lambda: b"user=dan" not in self.node.call("CLIENT", "LIST"), 5, "dan goes")


if __name__ == "__main__":
    unittest.main()
