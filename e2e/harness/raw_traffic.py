"""Traffic that sees every reply as it is: which redirects a cluster shows, and what writes survive.

Writers and readers route by themselves. Each key's value is "<key> <version>"; a read must give a
version between the last one acknowledged before it and the last one tried after it. A write whose
connection broke may or may not have happened: it is tried, not acknowledged.
"""

import collections
import threading
import time

from harness.resp import Connection, RespError
from harness.slots import hash_slot

_KEYS = 2000
_NOTES_MAX = 20
_REDIRECTS_MAX = 50
_RETRY_PAUSE = 0.02


class RawTraffic:
    """`writers` and `readers` threads over keys of those names, from start() to stop()."""

    def __init__(self, cluster, names=None, writers=4, readers=2, tolerate_outages=False):
        self.keys = names or [f"raw:{i}" for i in range(_KEYS)]
        self.slots = [hash_slot(key) for key in self.keys]
        self.acked = [0] * len(self.keys)
        self.tried = [0] * len(self.keys)
        self.redirects = collections.Counter()  # By code: MOVED, ASK, ...
        self.errors = []  # Replies that a client should never have seen.
        self.wrong = []  # Reads that gave a wrong value.
        self.outages = 0  # Broken connections and CLUSTERDOWN, where they are tolerated.
        self.latencies = []  # Of writes, in seconds, redirects included.
        self._tolerate = tolerate_outages
        self._ports = [node.port for node in cluster.nodes]
        self._owners = dict(cluster.owners())
        self._stop = threading.Event()
        self._writers = writers
        self._threads = [
            threading.Thread(target=self._write_loop, args=(i,), daemon=True)
            for i in range(writers)
        ] + [threading.Thread(target=self._read_loop, daemon=True) for _ in range(readers)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        """Ends all threads. Safe to call twice."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(30)
        return self

    def acknowledged(self):
        return sum(self.acked)

    def latency(self, share):
        """The quantile `share` of the writes' latencies, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0

    def check_all(self, owners, alive):
        """Reads every key whose owner's port is in `alive`; how many there were. Fills `wrong`."""
        links = Links(self)
        checked = 0
        self._owners.update(owners)
        for i, slot in enumerate(self.slots):
            if owners.get(slot) in alive:
                self._read(links, i)
                checked += 1
        links.close()
        return checked

    def note(self, notes, text):
        if len(notes) < _NOTES_MAX:
            notes.append(text)

    def _write_loop(self, first):
        links = Links(self)
        while not self._stop.is_set():
            for i in range(first, len(self.keys), self._writers):
                if self._stop.is_set():
                    break
                self._write(links, i)
        links.close()

    def _read_loop(self):
        links = Links(self)
        i = 0
        while not self._stop.is_set():
            self._read(links, i)
            i = (i + 7) % len(self.keys)
        links.close()

    def _write(self, links, i):
        version = self.tried[i] = self.tried[i] + 1
        start = time.monotonic()
        reply = self._routed(links, i, "SET", self.keys[i], f"{self.keys[i]} {version}")
        if reply == "OK":
            self.acked[i] = version
            self.latencies.append(time.monotonic() - start)
        elif reply is not _OUTAGE:
            self.note(self.errors, f"SET {self.keys[i]}: {reply!r}")

    def _read(self, links, i):
        low = self.acked[i]
        reply = self._routed(links, i, "GET", self.keys[i])
        if reply is _OUTAGE or (reply is None and low == 0):
            return
        if isinstance(reply, RespError):
            self.note(self.errors, f"GET {self.keys[i]}: {reply}")
            return
        name, _, version = (reply or b"").decode().partition(" ")
        right = name == self.keys[i] and version.isdigit() and low <= int(version) <= self.tried[i]
        if not right:
            self.note(self.wrong, f"{self.keys[i]}: {reply!r}, not {low}..{self.tried[i]}")

    def _routed(self, links, i, *command):
        """The reply after redirects were followed; _OUTAGE if there was none."""
        slot = self.slots[i]
        port, asking = self._owners.get(slot), False
        for _ in range(_REDIRECTS_MAX):
            try:
                reply = links.call(port, asking, command)
            except OSError as error:
                # Whoever is asked next knows the owner.
                after = self._ports.index(port) + 1
                self._owners[slot] = self._ports[after % len(self._ports)]
                return self._outage(f"{command[0]}: {error!r}")
            if not isinstance(reply, RespError):
                return reply
            if reply.code not in ("MOVED", "ASK", "TRYAGAIN"):
                if reply.code == "CLUSTERDOWN" and self._tolerate:
                    return self._outage(str(reply))
                return reply
            self.redirects[reply.code] += 1
            asking = reply.code == "ASK"
            if reply.code != "TRYAGAIN":
                port = int(str(reply).rsplit(":", 1)[1])
            if reply.code == "MOVED":
                self._owners[slot] = port
        return RespError(f"REDIRECTS {_REDIRECTS_MAX} of them")

    def _outage(self, text):
        if not self._tolerate:
            self.note(self.errors, text)
        self.outages += 1
        self._stop.wait(_RETRY_PAUSE)
        return _OUTAGE


_OUTAGE = object()


class Links:
    """One thread's connections by port."""

    def __init__(self, traffic):
        self._traffic = traffic
        self._by_port = {}

    def call(self, port, asking, command):
        """The reply, which may be a RespError. A connection that fails is dropped."""
        try:
            link = self._by_port.get(port)
            if link is None:
                link = self._by_port[port] = Connection(port, timeout=8)
            if asking:
                link.call("ASKING")
            return link.try_call(*command)
        except OSError:
            link = self._by_port.pop(port, None)
            if link is not None:
                link.close()
            raise

    def close(self):
        for link in self._by_port.values():
            link.close()
