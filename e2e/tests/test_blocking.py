"""Many clients that wait for keys, with timeouts of milliseconds, and some that just go away."""

import random
import threading
import time
import unittest

from harness.node import Node
from harness.suite import E2eTest
from harness.waits import wait_until

CLIENTS = 12
SECONDS = 4
COMMANDS = (
    ("BLPOP", "{l}1", "0.02"),
    ("BRPOP", "{l}2", "{l}3", "0.001"),
    ("BLMOVE", "{l}1", "{l}2", "LEFT", "RIGHT", "0.01"),
    ("BRPOPLPUSH", "{l}2", "{l}1", "0.001"),
    ("BLMPOP", "0.003", "2", "{l}1", "{l}2", "LEFT"),
    ("BZPOPMIN", "z", "0.005"),
    ("XREAD", "BLOCK", "5", "STREAMS", "x", "$"),
    ("LPUSH", "{l}1", "a", "b"),
    ("RPUSH", "{l}2", "c"),
    ("ZADD", "z", "1", "a"),
    ("XADD", "x", "MAXLEN", "5", "*", "f", "v"),
    ("DEL", "{l}1"),
    ("RENAME", "{l}2", "{l}1"),
)


class BlockingTest(E2eTest):
    def setUp(self):
        self.node = Node(self.settings, self.folder, {}, cluster=False)
        self.addCleanup(self.node.release)
        self.node.start()

    def test_every_wait_ends(self):
        until = time.monotonic() + SECONDS
        answered, problems = [0] * CLIENTS, []

        def work(number):
            chance = random.Random(number)
            while time.monotonic() < until:
                with self.node.connect(timeout=5) as connection:
                    for _ in range(chance.randint(1, 20)):
                        command = chance.choice(COMMANDS)
                        connection.send(*command)
                        if chance.random() < 0.05:
                            break
                        try:
                            connection.read()
                        except (OSError, ValueError) as error:
                            problems.append((command, repr(error)))
                            return
                        answered[number] += 1

        workers = [threading.Thread(target=work, args=(i,)) for i in range(CLIENTS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(problems, [])
        self.assertGreater(min(answered), 20)
        self.assertEqual(self.node.info("clients")["blocked_clients"], "0")

    def blocked(self, count):
        def reached():
            return self.node.info("clients")["blocked_clients"] == str(count)

        wait_until(reached, 5, f"{count} blocked clients")

    def test_who_has_gone_waits_no_more(self):
        # With a reset, as a process that is killed with replies unread leaves them.
        connection = self.node.connect()
        connection.send("BLPOP", "nothing", "0")
        self.blocked(1)
        connection.reset()
        self.blocked(0)
        # With another request on its way.
        connection = self.node.connect()
        connection.send("BLPOP", "nothing", "0")
        self.blocked(1)
        connection.send("PING")
        time.sleep(0.05)
        connection.close()
        self.blocked(0)


if __name__ == "__main__":
    unittest.main()
