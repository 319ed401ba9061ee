"""A real Prometheus scrapes every node and answers queries with the right numbers."""

import json
import unittest
import urllib.parse
import urllib.request

from harness import metrics
from harness.ports import lease_port
from harness.process import Process, run
from harness.suite import ClusterTest, slotmesh_only
from harness.waits import wait_until

KEYS = 1000
SCRAPE_SECONDS = 60
CONFIGURATION = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: slotmesh
    static_configs:
      - targets: [{targets}]
"""


class Prometheus:
    """Debian's prometheus with an empty data base, scraping `targets` (host:port)."""

    def __init__(self, folder, targets):
        self._lease = lease_port()
        self.port = self._lease.port
        words = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
        words.append(f"--web.listen-address=127.0.0.1:{self.port}")
        self._process = Process(words, folder, "prometheus.log")
        names = ", ".join(f"'{target}'" for target in targets)
        with open(f"{folder}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(targets=names))

    def start(self):
        self._process.start()
        self._process.wait_ready(self._ready, 30, "prometheus is ready")

    def _ready(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as reply:
            return reply.status == 200

    def query(self, expression):
        """[(labels, number)] of an instant query."""
        address = f"http://127.0.0.1:{self.port}/api/v1/query?"
        address += urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(address, timeout=10) as reply:
            rows = json.load(reply)["data"]["result"]
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def number(self, expression):
        """The only number of an instant query, None if it has none."""
        rows = self.query(expression)
        return rows[0][1] if len(rows) == 1 else None

    def release(self):
        self._process.stop()
        self._lease.release()


@slotmesh_only("metrics")
class MetricsTest(ClusterTest):
    def test_prometheus_answers_with_the_right_numbers(self):
        self.flush()
        words = ["redis-cli", "-c", "-p", self.cluster.nodes[0].port]
        run(words, stdin="".join(f"SET key:{i} {i}\n" for i in range(KEYS)))
        addresses = [node.metrics_address for node in self.cluster.nodes]
        prometheus = Prometheus(self.folder, addresses)
        self.addCleanup(prometheus.release)
        prometheus.start()
        wait_until(lambda: prometheus.number("sum(up)") == 3, SCRAPE_SECONDS, "all nodes are up")
        self.expect(prometheus, "sum(slotmesh_keys)", KEYS)
        self.expect(prometheus, "sum(slotmesh_cluster_slots_owned)", 16384)
        self.expect(prometheus, "min(slotmesh_cluster_ok)", 1)
        for node in self.cluster.nodes:
            query = f'sum(slotmesh_keys{{instance="{node.metrics_address}"}})'
            self.expect(prometheus, query, node.call("DBSIZE"))
        sets = prometheus.number('sum(slotmesh_command_duration_seconds_count{command="set"})')
        self.assertGreaterEqual(sets, KEYS)

    def expect(self, prometheus, query, number):
        def right():
            return prometheus.number(query) == number

        seen = f"{query} is {number}"
        wait_until(right, SCRAPE_SECONDS, seen)

    def test_promtool_finds_nothing_to_improve(self):
        for node in self.cluster.nodes:
            text = metrics.fetch(node.metrics_address)
            self.assertEqual(run(["promtool", "check", "metrics"], stdin=text).strip(), "")

    def test_the_pages_hold_what_operators_ask_for(self):
        """A sample of each promised group; units are in the names."""
        text = metrics.fetch(self.cluster.nodes[0].metrics_address)
        names = {name for name, _, _ in metrics.samples(text)}
        for part in (
            "command", "connect", "memory", "key", "expired", "slots", "bus", "ledger", "migrat",
        ):
            self.assertTrue(any(part in name for name in names), part)
        self.assertTrue(all(name.startswith(("slotmesh_", "process_")) for name in names), names)


if __name__ == "__main__":
    unittest.main()
