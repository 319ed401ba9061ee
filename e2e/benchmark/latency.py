"""How long single commands take while much else happens: a table grows, many keys expire at once.

A probe sends one command after the other on its own connection and takes the time of each round
trip; meanwhile another process fills the database, or time removes it. The same probe on an idle
server tells what the machine itself adds. The server's own figures are the times of execution of
the probed commands, without the loop around them.
"""

import multiprocessing
import os
import time

from benchmark.measure import one_by_one
from harness.node import fields
from harness.resp import Connection

_FIRST_KEYS = 1000000
_BATCH = 200
_IDLE_SECONDS = 5.0
_EXPIRY_SECONDS_MAX = 120.0
_PERCENTILES = (50.0, 99.0, 99.9, 100.0)


def _key(number):
    return b"key:%012d" % number


def _set(number, expiry_ms):
    key = _key(number)
    if expiry_ms is None:
        return b"*3\r\n$3\r\nSET\r\n$16\r\n%s\r\n$8\r\nxxxxxxxx\r\n" % key
    return b"*5\r\n$3\r\nSET\r\n$16\r\n%s\r\n$8\r\nxxxxxxxx\r\n$4\r\nPXAT\r\n$13\r\n%013d\r\n" % (
        key,
        expiry_ms,
    )


def _fill(port, first, last, expiry_ms, core):
    """Sets keys [first, last) in batches, each answered before the next."""
    os.sched_setaffinity(0, {core})
    connection = Connection(port, timeout=120)
    for start in range(first, last, _BATCH):
        end = min(last, start + _BATCH)
        connection.send_raw(b"".join(_set(i, expiry_ms) for i in range(start, end)))
        for _ in range(start, end):
            if connection.read() != "OK":
                raise AssertionError("SET was refused")
    connection.close()


def probe(port, keys, more):
    """Round trips in microseconds, of GET and SET in turns, while more() says so."""
    times = []
    with Connection(port, timeout=120) as connection:
        number = 0
        while more():
            number += 1
            name = "key:%012d" % (number * 7919 % keys)
            begin = time.perf_counter()
            if number % 2 == 0:
                connection.call("GET", name)
            else:
                connection.call("SET", "probe:%d" % (number % 1000), "x")
            times.append((time.perf_counter() - begin) * 1e6)
    return times


def percentiles(times):
    """{percentile: microseconds}; 100 is the longest."""
    ordered = sorted(times)
    result = {}
    for percent in _PERCENTILES:
        place = min(len(ordered) - 1, int(len(ordered) * percent / 100))
        result[percent] = ordered[place]
    return result


class _Phase:
    """One row of the report: resets the server's figures, probes, reads them."""

    def __init__(self, server, name, keys):
        self._server = server
        self._name = name
        self._keys = keys

    def run(self, more):
        with Connection(self._server.port, timeout=120) as connection:
            connection.call("CONFIG", "RESETSTAT")
            times = probe(self._server.port, self._keys, more)
            stats = fields(connection.call("INFO", "latencystats"))
        row = {"phase": self._name, "round_trips": len(times), "round_trip_us": percentiles(times)}
        for command in ("get", "set"):
            text = stats.get(f"latency_percentiles_usec_{command}")
            if text is not None:
                row[f"{command}_us"] = text if isinstance(text, str) else str(text)
        return row


def _loaded(server, name, keys, first, last, expiry_ms, core):
    """Probes while keys [first, last) are set."""
    filler = multiprocessing.Process(
        target=_fill, args=(server.port, first, last, expiry_ms, core), daemon=True
    )
    filler.start()
    row = _Phase(server, name, keys).run(filler.is_alive)
    filler.join()
    if filler.exitcode != 0:
        raise AssertionError("filling failed")
    return row


def _expiring(server, name, count, moment_ms):
    """Probes from just before the keys expire until all have gone."""
    time.sleep(max(0.0, moment_ms / 1000 - time.time() - 0.5))
    begin = time.monotonic()
    control = Connection(server.port, timeout=120)
    state = {"next": begin, "left": count}

    def more():
        now = time.monotonic()
        if now >= state["next"]:
            state["next"] = now + 0.25
            state["left"] = control.call("DBSIZE")
        return state["left"] > 2000 and now - begin < _EXPIRY_SECONDS_MAX

    row = _Phase(server, name, count).run(more)
    row["seconds"] = time.monotonic() - begin
    control.close()
    return row


def measure(server, options):
    """The rows of the report for one server."""
    os.sched_setaffinity(0, {int(options.client_core)})
    core = int(options.client_core)
    rows = []
    server.start()
    with Connection(server.port) as connection:
        connection.call("CONFIG", "SET", "latency-tracking-info-percentiles", "50 99 99.9 100")
    _fill(server.port, 0, _FIRST_KEYS, None, core)
    end = time.monotonic() + _IDLE_SECONDS
    rows.append(_Phase(server, "idle", _FIRST_KEYS).run(lambda: time.monotonic() < end))
    name = f"1M to {options.grow // 1000000}M keys"
    rows.append(_loaded(server, name, _FIRST_KEYS, _FIRST_KEYS, options.grow, None, core))
    server.stop()

    server.start()
    with Connection(server.port) as connection:
        connection.call("CONFIG", "SET", "latency-tracking-info-percentiles", "50 99 99.9 100")
    # Long enough to set them all.
    moment_ms = int((time.time() + 30 + options.expire / 50000) * 1000)
    _fill(server.port, 0, options.expire, moment_ms, core)
    name = f"{options.expire / 1e6:.0f}M keys expire"
    rows.append(_expiring(server, name, options.expire, moment_ms))
    server.stop()
    return rows


def run(options, servers):
    """{server name: rows}"""
    return one_by_one(servers, lambda server: measure(server, options))


def text(results):
    """A table of round trips, then what the servers say of execution."""
    lines = ["", "round trips in microseconds"]
    head = "".join(f"{'max' if p == 100 else f'p{p:g}':>10}" for p in _PERCENTILES)
    lines.append(f"{'server':10}{'phase':20}{'count':>9}{head}")
    for name, rows in results.items():
        for row in rows:
            numbers = "".join(f"{row['round_trip_us'][p]:>10.0f}" for p in _PERCENTILES)
            lines.append(f"{name:10}{row['phase']:20}{row['round_trips']:>9}{numbers}")
    lines += ["", "execution in microseconds, as the server says"]
    for name, rows in results.items():
        for row in rows:
            for command in ("get", "set"):
                if f"{command}_us" in row:
                    line = f"{name:10}{row['phase']:20}{command:5}{row[f'{command}_us']}"
                    lines.append(line)
            if "seconds" in row:
                lines.append(f"{name:10}{row['phase']:20}all gone after {row['seconds']:.1f} s")
    return "\n".join(lines)
