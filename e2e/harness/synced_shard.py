"""A shard whose writes are synced, clients that write to it, and what must be left of that."""

import threading
import time

from harness.cluster import Cluster
from harness.resp import RespError
from harness.suite import E2eTest
from harness.waits import wait_until

SERVES_SECONDS = 30
WRITERS = 6


class Writer(threading.Thread):
    """Writes its own keys one after the other, in pipelines of random-ish length, at whichever node
    takes them, and remembers what was acknowledged. Stops with stop()."""

    def __init__(self, number, nodes):
        super().__init__(daemon=True)
        self.number = number
        self.nodes = nodes
        self.acknowledged = {}
        self.written = 0
        self.refused = {}
        self.ending = threading.Event()

    def run(self):
        at = 0
        while not self.ending.is_set():
            try:
                with self.nodes[at % len(self.nodes)].connect(timeout=3) as connection:
                    self.write_to(connection)
            except (OSError, ValueError):
                pass
            at += 1
            time.sleep(0.02)

    def write_to(self, connection):
        while not self.ending.is_set():
            batch = []
            for _ in range(1 + self.written % 7):
                self.written += 1
                batch.append((f"{{w}}:{self.number}:{self.written % 500}", str(self.written)))
            for key, _ in batch:
                # Whether it comes to pass is not known until it is acknowledged.
                self.acknowledged.setdefault(key, []).append(None)
            replies = connection.pipeline([("SET", key, value) for key, value in batch])
            for (key, value), reply in zip(batch, replies):
                if isinstance(reply, RespError):
                    self.refused[reply.code] = self.refused.get(reply.code, 0) + 1
                    return
                self.acknowledged[key] = [int(value)]

    def stop(self):
        self.ending.set()
        self.join(10)


class SyncedShardTest(E2eTest):
    """A primary with all slots and its replicas, as shard() makes them."""

    def shard(self, size, voters=0, options=None):
        """A primary with all slots, its replicas, and nodes that only vote."""
        options = {
            "cluster-node-timeout": "1000",
            "repl-diskless-sync-delay": "0",
            "write-safety": "synced",
            **(options or {}),
        }
        self.cluster = Cluster(self.settings, self.path(self._testMethodName), size + voters,
                               options)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        nodes = self.cluster.nodes
        first = nodes[0]
        first.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        for node in nodes[1:]:
            node.call("CLUSTER", "MEET", "127.0.0.1", first.port)
        self.cluster.wait_healthy()
        for node in nodes[1:size]:
            wait_until(lambda node=node: node.call("CLUSTER", "REPLICATE", first.node_id()) == "OK",
                       10, "it is a replica")
        self.await_service(first)
        return nodes[:size]

    def takes_writes(self, node):
        try:
            with node.connect(timeout=2) as connection:
                return connection.call("SET", "{w}:probe", "1") == "OK"
        except (OSError, RespError):
            return False

    def await_service(self, *nodes):
        """The one of the nodes that takes writes."""

        def find():
            return next((node for node in nodes if self.takes_writes(node)), None)

        return wait_until(find, SERVES_SECONDS, "a primary takes synced writes")

    def in_sync(self, node):
        return int(node.info("replication").get("in_sync_copies", "0"))

    def load(self, nodes):
        writers = [Writer(number, nodes) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
            self.addCleanup(writer.stop)
        return writers

    def check(self, writers, primary):
        """Nothing that was acknowledged is missing or older than what was acknowledged last."""
        lost = []
        count = 0
        with primary.connect() as connection:
            for writer in writers:
                writer.stop()
                for key, states in writer.acknowledged.items():
                    known = [state for state in states if state is not None]
                    if not known:
                        continue
                    count += 1
                    value = connection.call("GET", key)
                    if value is None or int(value) < known[-1]:
                        lost.append((key, known[-1], value))
        self.assertEqual(lost, [])
        self.assertGreater(count, 100)
        return sum(writer.written for writer in writers)
