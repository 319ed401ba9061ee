"""What the Python clients do: the basics, and traffic that checks itself; as traffic.js, threaded.

A library is an object with connect(port), set, get, pipeline, multi, cross_slot, close; each thread
has a client of its own.
"""

import json
import sys
import threading
import time

KEYS = 10000
TRAFFIC_KEYS = 500
_NOTES_MAX = 20


def print_row(value):
    print(json.dumps(value), flush=True)


def basics(library, port):
    """Writes and reads KEYS keys, then pipelines, a transaction and a request over two slots."""
    client = library.connect(port)
    report = {"written": 0, "right": 0}
    for i in range(KEYS):
        report["written"] += library.set(client, f"key:{i}", f"value {i}") == "OK"
    for i in range(KEYS):
        report["right"] += library.get(client, f"key:{i}") == f"value {i}"
    report["pipeline"] = library.pipeline(client, "{pipe}", 100)
    report["multi"] = library.multi(client, "{multi}")
    report["crossSlot"] = library.cross_slot(client)
    library.close(client)
    print_row(report)


class Ledger:
    """Versions tried and acknowledged per key; a read must give one between them (traffic.js).

    One writer and one reader thread: list items are replaced whole, so no lock is needed.
    """

    def __init__(self, prefix):
        self.prefix = prefix
        self.acked = [0] * TRAFFIC_KEYS
        self.tried = [0] * TRAFFIC_KEYS
        self.stop = False
        self.report = {"writes": 0, "reads": 0, "errors": [], "wrong": [], "slowestMs": 0}

    def note(self, name, text):
        if len(self.report[name]) < _NOTES_MAX:
            self.report[name].append(text)

    def timed(self, work, *arguments):
        start = time.monotonic()
        result = work(*arguments)
        slowest = max(self.report["slowestMs"], (time.monotonic() - start) * 1000)
        self.report["slowestMs"] = slowest
        return result

    def write(self, library, client, i):
        version = self.tried[i] = self.tried[i] + 1
        key = f"{self.prefix}{i}"
        try:
            reply = self.timed(library.set, client, key, f"{key} {version}")
            if reply != "OK":
                self.note("errors", f"SET gave {reply!r}")
            self.acked[i] = version
            self.report["writes"] += 1
        except Exception as error:  # pylint: disable=broad-except
            self.note("errors", f"SET: {error!r}")

    def read(self, library, client, i):
        low = self.acked[i]
        key = f"{self.prefix}{i}"
        try:
            value = self.timed(library.get, client, key)
        except Exception as error:  # pylint: disable=broad-except
            self.note("errors", f"GET: {error!r}")
            return
        self.report["reads"] += 1
        if value is None and low == 0:
            return
        name, _, version = str(value).partition(" ")
        right = name == key and version.isdigit() and low <= int(version) <= self.tried[i]
        if not right:
            self.note("wrong", f"{key}: {value!r}, not {low}..{self.tried[i]}")


def traffic(library, port, prefix):
    """A writer and a reader until a line arrives on standard input."""
    ledger = Ledger(prefix)

    def loop(step, stride):
        client = library.connect(port)
        i = 0
        while not ledger.stop:
            step(library, client, i)
            i = (i + stride) % TRAFFIC_KEYS
        library.close(client)

    threads = [
        threading.Thread(target=loop, args=(ledger.write, 1), daemon=True),
        threading.Thread(target=loop, args=(ledger.read, 7), daemon=True),
    ]
    for thread in threads:
        thread.start()
    print_row({"event": "running"})
    sys.stdin.readline()
    ledger.stop = True
    for thread in threads:
        thread.join(30)
    client = library.connect(port)
    for i in range(TRAFFIC_KEYS):
        ledger.read(library, client, i)
    library.close(client)
    print_row(ledger.report)


def main(library):
    scenario, port, *rest = sys.argv[1:]
    {"basics": basics, "traffic": traffic}[scenario](library, int(port), *rest)
