#!/usr/bin/python3
"""The harness's own arithmetic and protocol: what all end-to-end tests trust."""

import socket
import threading
import unittest

from harness.resp import Connection, Push, RespError, encode, parse
from harness.slots import crc16, hash_slot, tag_of_each_slot
from harness.waits import Timeout, wait_until


class Slots(unittest.TestCase):
    def test_known_answers(self):
        self.assertEqual(crc16(b"123456789"), 0x31C3)
        self.assertEqual(hash_slot("foo"), 12182)
        self.assertEqual(hash_slot("{foo}bar"), 12182)
        self.assertEqual(hash_slot("foo{}{foo}"), crc16(b"foo{}{foo}") % 16384)
        self.assertEqual(hash_slot("a{{foo}}"), crc16(b"{foo") % 16384)

    def test_every_slot_has_a_tag(self):
        tags = tag_of_each_slot()
        self.assertTrue(all(hash_slot(f"{{{tag}}}x") == slot for slot, tag in enumerate(tags)))


class Protocol(unittest.TestCase):
    def test_values(self):
        for data, value in (
            (b"+OK\r\n", "OK"),
            (b":-3\r\n", -3),
            (b"$3\r\na\r\n\r\n", b"a\r\n"),
            (b"$-1\r\n", None),
            (b"*-1\r\n", None),
            (b"*2\r\n:1\r\n*1\r\n+a\r\n", [1, ["a"]]),
            (b"%1\r\n+a\r\n:1\r\n", {"a": 1}),
            (b"~1\r\n#t\r\n", [True]),
            (b",1.5\r\n", 1.5),
            (b"=5\r\ntxt:a\r\n", b"a"),
            (b"_\r\n", None),
            (b"(123456789012345678901\r\n", 123456789012345678901),
        ):
            self.assertEqual(parse(data), value)
        self.assertIsInstance(parse(b">1\r\n+a\r\n"), Push)
        error = parse(b"-MOVED 1 a:2\r\n")
        self.assertIsInstance(error, RespError)
        self.assertEqual((error.code, str(error)), ("MOVED", "MOVED 1 a:2"))

    def test_replies_are_split_right_however_they_arrive(self):
        nested = b"*2\r\n$-1\r\n%1\r\n+a\r\n~0\r\n"
        replies = [b"$5\r\nab\r\nc\r\n", nested, b"-ERR x\r\n", b":1\r\n"]
        data = b"".join(replies)
        with socket.create_server(("127.0.0.1", 0)) as server:

            def serve():
                peer, _ = server.accept()
                with peer:
                    peer.recv(100)
                    for byte in data:
                        peer.send(bytes([byte]))

            thread = threading.Thread(target=serve)
            thread.start()
            with Connection(server.getsockname()[1]) as connection:
                connection.send("PING")
                self.assertEqual([connection.read_raw() for _ in replies], replies)
                with self.assertRaises(ConnectionError):
                    connection.read()
            thread.join()

    def test_requests(self):
        self.assertEqual(encode(["a", b"\0", 12]), b"*3\r\n$1\r\na\r\n$1\r\n\0\r\n$2\r\n12\r\n")


class Waits(unittest.TestCase):
    def test_a_timeout_says_what_was_missing(self):
        with self.assertRaisesRegex(Timeout, "the moon.*division"):
            wait_until(lambda: 1 / 0, 0.05, "the moon is full")


if __name__ == "__main__":
    unittest.main()
