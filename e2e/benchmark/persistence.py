"""Files: time to save and to load, memory while saving under writes, CPU of the append-only file.

Both servers do the same, one at a time, pinned to one core. Keys have 16 bytes, values 100 that do
not compress. Time to save in the background is that of an otherwise idle server; for memory, a
client overwrites keys as fast as it can while the server saves, and the peak is of the server with
all its children, shared pages counted once, over what it was before. Latency is that of GET and
SET, one at a time, beside a client that overwrites 100,000 keys a second.
"""

import multiprocessing
import os
import random
import re
import statistics
import time

from benchmark import measure
from benchmark.latency import percentiles, probe
from harness.resp import Connection

_BATCH = 500
_VALUE = 100
_SET = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:%012d\r\n$100\r\n%b\r\n"
_POLL_SECONDS = 0.02
_PACED_RATE = 100000
_PROBE_SECONDS = 8.0
_AOF = {"appendonly": "yes", "appendfsync": "everysec", "auto-aof-rewrite-percentage": "0"}


def _value(noise, number):
    begin = number * 7919 % (len(noise) - _VALUE)
    return noise[begin : begin + _VALUE]


def write_keys(port, keys, noise):
    with Connection(port, timeout=300) as connection:
        batch = []
        for i in keys:
            batch.append(_SET % (i, _value(noise, i)))
            if len(batch) == _BATCH:
                _send(connection, batch)
                batch = []
        _send(connection, batch)


def _send(connection, batch):
    connection.send_raw(b"".join(batch))
    for _ in batch:
        if connection.read() != "OK":
            raise AssertionError("SET was refused")


def _overwrite(port, keys, noise, done):
    chance = random.Random(1)
    while not done.is_set():
        write_keys(port, [chance.randrange(keys) for _ in range(4 * _BATCH)], noise)


def _info(server, section):
    with Connection(server.port, timeout=300) as connection:
        return measure.fields(connection.call("INFO", section))


def _saved(server):
    return _info(server, "persistence")["rdb_bgsave_in_progress"] == "0"


def _save(server):
    """Seconds of SAVE, and of BGSAVE on the idle server."""
    with Connection(server.port, timeout=600) as connection:
        begin = time.monotonic()
        connection.call("SAVE")
        save = time.monotonic() - begin
        begin = time.monotonic()
        connection.call("BGSAVE")
    while not _saved(server):
        time.sleep(_POLL_SECONDS)
    return save, time.monotonic() - begin


def _memory_of(pid):
    """Proportional set size of a process and its children, in bytes."""
    pids = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            pids += [int(word) for word in file.read().split()]
    except OSError:
        pass
    total = 0
    for one in pids:
        try:
            with open(f"/proc/{one}/smaps_rollup", encoding="ascii") as file:
                total += int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1)) * 1024
        except (OSError, AttributeError):
            pass
    return total


def _peak_while_saving(server, keys, noise):
    """Peak memory over what it was before."""
    before = _memory_of(server.pid)
    done = multiprocessing.Event()
    writer = multiprocessing.Process(target=_overwrite, args=(server.port, keys, noise, done))
    writer.start()
    time.sleep(0.5)
    before = max(before, _memory_of(server.pid))
    with Connection(server.port, timeout=600) as connection:
        connection.call("BGSAVE")
    peak = before
    while not _saved(server):
        peak = max(peak, _memory_of(server.pid))
        time.sleep(_POLL_SECONDS)
    done.set()
    writer.join()
    return peak / before


def _paced(port, keys, noise, done):
    """Overwrites _PACED_RATE keys a second."""
    chance = random.Random(2)
    due = time.monotonic()
    while not done.is_set():
        write_keys(port, [chance.randrange(keys) for _ in range(_BATCH)], noise)
        due += _BATCH / _PACED_RATE
        time.sleep(max(0.0, due - time.monotonic()))


def _latency(server, keys, noise):
    """p99.9 of round trips in milliseconds: without a save, and during one."""
    done = multiprocessing.Event()
    writer = multiprocessing.Process(target=_paced, args=(server.port, keys, noise, done))
    writer.start()
    end = time.monotonic() + _PROBE_SECONDS
    without = probe(server.port, keys, lambda: time.monotonic() < end)
    with Connection(server.port, timeout=600) as connection:
        connection.call("BGSAVE")

    looked = {"at": 0.0, "saving": True}

    def saving():
        now = time.monotonic()
        if now > looked["at"] + 0.25:
            looked.update(at=now, saving=not _saved(server))
        return looked["saving"]

    during = probe(server.port, keys, saving)
    done.set()
    writer.join()
    return [percentiles(times)[99.9] / 1000 for times in (without, during)]


def _load(server):
    """Seconds that loading the file took, by the server's log; it is started anew."""
    server.restart()
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        found = re.findall(r"DB loaded from disk: ([\d.]+) seconds", server.log())
        if found:
            return float(found[-1])
        time.sleep(_POLL_SECONDS)
    raise AssertionError(f"{server.name} did not load its file")


def _aof_cpu(server, options):
    server.start()
    server.configure(_AOF)
    requests = max(200000, options.keys // 2)
    cells = [measure.run_once(server, "set", 16, requests, options) for _ in range(options.rounds)]
    server.configure({"appendonly": "no"})
    plain = [measure.run_once(server, "set", 16, requests, options) for _ in range(options.rounds)]
    server.stop()
    return [statistics.median(cell["cpu_us"] for cell in some) for some in (cells, plain)]


def run(options, servers):
    """{what: {server name: number}}"""
    noise = random.Random(7).randbytes(1 << 20)
    results = {}

    def note(what, server, number):
        results.setdefault(what, {})[server.name] = number
        print(f"  {server.name}: {what}: {number:.3f}", flush=True)

    for server in servers:
        aof, plain = _aof_cpu(server, options)
        note("us of CPU per SET at pipeline 16, AOF everysec", server, aof)
        note("us of CPU per SET at pipeline 16, without", server, plain)
        server.start()
        write_keys(server.port, range(options.keys), noise)
        save, background = _save(server)
        note("seconds of SAVE", server, save)
        note("seconds of BGSAVE", server, background)
        note("peak memory while saving under writes, over before", server,
             _peak_while_saving(server, options.keys, noise))
        without, during = _latency(server, options.keys, noise)
        note("p99.9 of GET and SET at half load, ms", server, without)
        note("the same while saving", server, during)
        note("seconds to load", server, min(_load(server), _load(server)))
        note("bytes of the file, millions", server, server.file_bytes("dump.rdb") / 1e6)
        server.stop()
    return results


def text(results):
    lines = ["%-55s %10s %10s %7s" % ("", "slotmesh", "peer", "ratio")]
    for what, cell in results.items():
        ours, peer = cell["slotmesh"], cell.get("peer")
        if peer is None:
            lines.append("%-55s %10.3f" % (what, ours))
        else:
            ratio = "%7.2f" % (ours / peer) if peer else "      -"
            lines.append("%-55s %10.3f %10.3f %s" % (what, ours, peer, ratio))
    return "\n".join(lines)
