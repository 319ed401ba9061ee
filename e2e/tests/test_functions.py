"""Scripts and functions as programs use them: a job queue, a rate limiter, a lock; on a cluster."""

import json
import os
import subprocess
import threading
import time
import unittest

from harness.node import fields
from harness.process import die_with_parent
from harness.resp import RespError
from harness.settings import E2E
from harness.slots import hash_slot
from harness.suite import ClusterTest, slotmesh_only

JOBS = 60
LIMITER = """
-- So many calls a window; the reply is how many are left, -1 for none.
local calls = redis.call('INCR', KEYS[1])
if calls == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
local left = tonumber(ARGV[1]) - calls
return left < 0 and -1 or left
"""
LOCKS = """#!lua name=locks
local function acquire(keys, args)
  return redis.call('SET', keys[1], args[1], 'NX', 'PX', args[2]) and 1 or 0
end
local function release(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then return 0 end
  return redis.call('DEL', keys[1])
end
redis.register_function('acquire', acquire)
redis.register_function('release', release)
redis.register_function{
  function_name='holder', callback=function(keys) return redis.call('GET', keys[1]) end,
  flags={'no-writes'}}
"""


class FunctionTest(ClusterTest):
    def owner(self, key):
        return self.cluster.node_of(self.cluster.owners()[hash_slot(key)])

    def other(self, key):
        owner = self.owner(key)
        return next(node for node in self.cluster.nodes if node is not owner)

    def error(self, node, *words):
        with node.connect() as connection:
            reply = connection.try_call(*words)
        self.assertIsInstance(reply, RespError, words)
        return str(reply)

    def test_job_queue(self):
        """The npm package bullmq: its scripts use cmsgpack, lists, sorted sets and streams."""
        self.flush()
        script = os.path.join(E2E, "clients", "bullmq_client.js")
        done = subprocess.run(
            ["node", script, str(self.cluster.nodes[0].port), str(JOBS)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=die_with_parent,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(report["right"], report["added"])
        self.assertEqual(report["left"], 0)
        self.assertEqual(report["completed"], 2 * JOBS + 4)
        for name, runs in report["runs"].items():
            fails_once = name.startswith("job") and int(name[3:]) % 4 == 3
            self.assertEqual(runs, 2 if fails_once else 1, name)

    def test_rate_limiter_is_exact_under_contention(self):
        node = self.owner("limit")
        sha = node.call("SCRIPT", "LOAD", LIMITER).decode()
        allowed, limit = [], 50

        def work():
            with node.connect() as connection:
                for _ in range(20):
                    connection.send("EVALSHA", sha, 1, "limit", limit, 60000)
                    allowed.append(connection.read() >= 0)

        node.call("DEL", "limit")
        workers = [threading.Thread(target=work) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual((len(allowed), allowed.count(True)), (160, limit))

    def test_lock_has_one_holder(self):
        for node in self.cluster.nodes:
            node.call("FUNCTION", "LOAD", "REPLACE", LOCKS)
        node = self.owner("lock")
        held, most, done = [], [], []

        def work(name):
            with node.connect() as connection:
                for _ in range(10):
                    while True:
                        connection.send("FCALL", "acquire", 1, "lock", name, 10000)
                        if connection.read() == 1:
                            break
                    held.append(name)
                    most.append(len(held))
                    held.remove(name)
                    connection.send("FCALL", "release", 1, "lock", name)
                    done.append(connection.read())

        workers = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(5)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual((max(most), done), (1, [1] * 50))
        node.call("FCALL", "acquire", 1, "lock", "me", 10000)
        self.assertEqual(node.call("FCALL", "release", 1, "lock", "you"), 0)
        self.assertEqual(node.call("FCALL_RO", "holder", 1, "lock"), b"me")

    def test_declared_keys_are_routed(self):
        away = self.other("k")
        script = "return redis.call('GET', KEYS[1])"
        self.assertIn("MOVED", self.error(away, "EVAL", script, 1, "k"))
        self.assertIn("CROSSSLOT", self.error(away, "EVAL", script, 2, "k", "other"))

    @slotmesh_only("texts of newer servers")
    def test_undeclared_keys_are_judged_one_by_one(self):
        here, away = self.owner("k"), self.other("k")
        local = "ERR Script attempted to access a non local key in a cluster node"
        self.assertIn(local, self.error(away, "EVAL", "redis.call('GET', 'k')", 0))
        mixed = "Command 'mget' in script attempted to access keys that don't hash to the same slot"
        self.assertIn(mixed, self.error(here, "EVAL", "redis.call('MGET', 'k', 'l')", 0))
        same = next(f"s{i}" for i in range(1000) if self.owner(f"s{i}") is here)
        both = f"redis.call('SET', 'k', 1) redis.call('SET', '{same}', 2) return 1"
        self.assertEqual(here.call("EVAL", both, 0), 1)
        declared = "ERR Script attempted to access keys that do not hash to the same slot"
        self.assertIn(declared, self.error(here, "EVAL", "#!lua\n" + both, 0))
        cross = "#!lua flags=allow-cross-slot-keys\n"
        self.assertEqual(here.call("EVAL", cross + both, 0), 1)
        no_cluster = "ERR Can not run script on cluster, 'no-cluster' flag is set."
        self.assertIn(no_cluster, self.error(here, "EVAL", "#!lua flags=no-cluster\nreturn 1", 0))

    @slotmesh_only("evicts scripts")
    def test_resetstat_forgets_evicted_scripts(self):
        with self.cluster.nodes[0].connect() as connection:

            def evicted():
                return int(fields(connection.call("INFO", "stats"))["evicted_scripts"])

            connection.pipeline([("EVAL", f"return {i}", 0) for i in range(501)])
            self.assertGreater(evicted(), 0)
            connection.call("CONFIG", "RESETSTAT")
            self.assertEqual(evicted(), 0)

    @slotmesh_only("the settings of its own nodes")
    def test_busy_script_is_killed_and_others_hear_of_it(self):
        node = self.cluster.nodes[1]
        node.call("CONFIG", "SET", "busy-reply-threshold", 50)
        outcome = []

        def run():
            with node.connect(timeout=30) as connection:
                outcome.append(str(connection.try_call("EVAL", "while true do end", 0)))

        script = threading.Thread(target=run)
        script.start()
        deadline = time.monotonic() + 10
        with node.connect() as connection:
            busy = False
            while not busy and time.monotonic() < deadline:
                busy = "BUSY" in str(connection.try_call("PING"))
            self.assertTrue(busy)
            self.assertEqual(connection.call("SCRIPT", "KILL"), "OK")
        script.join()
        self.assertIn("killed by user with SCRIPT KILL", outcome[0])
        node.call("PING")


if __name__ == "__main__":
    unittest.main()
