"""Replication of one kind by the same kind: a full copy, the stream, and what a cut costs."""

import random
import statistics
import time

from benchmark import measure
from benchmark.persistence import text  # noqa: F401 (one form for both)
from benchmark.persistence import write_keys
from harness.node import fields
from harness.resp import Connection
from harness.waits import wait_until

_COPY_SECONDS = 600
_CUT_SECONDS = 5
_NOWHERE = ("127.0.0.1", "1")


def _info(server, section):
    with Connection(server.port, timeout=60) as connection:
        return fields(connection.call("INFO", section))


def _follow(replica, host, port):
    with Connection(replica.port, timeout=60) as connection:
        connection.call("REPLICAOF", host, port)


def _is_up(replica):
    return _info(replica, "replication").get("master_link_status") == "up"


def _same_offset(primary, replica):
    both = [_info(server, "replication")["master_repl_offset"] for server in (primary, replica)]
    return both[0] == both[1]


def _copy(primary, replica):
    """Seconds until the replica has everything."""
    begin = time.monotonic()
    _follow(replica, "127.0.0.1", primary.port)
    wait_until(lambda: _is_up(replica), _COPY_SECONDS, "the copy is complete", pause=0.02)
    return time.monotonic() - begin


def _cut(primary, replica, options):
    """Writes go on while the replica is away: full copies that it needs afterwards."""
    before = int(_info(primary, "stats")["sync_full"])
    _follow(replica, *_NOWHERE)
    end = time.monotonic() + _CUT_SECONDS
    while time.monotonic() < end:
        measure.run_once(primary, "set", 1, 20000, options)
    _follow(replica, "127.0.0.1", primary.port)
    wait_until(lambda: _is_up(replica), _COPY_SECONDS, "the replica is back")
    wait_until(lambda: _same_offset(primary, replica), _COPY_SECONDS, "it has caught up")
    return int(_info(primary, "stats")["sync_full"]) - before


def run(options, kinds):
    """{what: {name: number}}. `kinds`: name -> (primary, replica), not yet started."""
    noise = random.Random(7).randbytes(1 << 20)
    results = {}

    def note(what, name, number):
        results.setdefault(what, {})[name] = number
        print(f"  {name}: {what}: {number:.3f}", flush=True)

    for name, (primary, replica) in kinds.items():
        times = []
        for _ in range(options.rounds):
            primary.start()
            primary.configure({"repl-diskless-sync-delay": "0", "repl-backlog-size": "100mb"})
            write_keys(primary.port, range(options.keys), noise)
            replica.start()
            times.append(_copy(primary, replica))
            if len(times) == options.rounds:
                alone = _cpu_with(primary, replica, options)
                note("us of CPU per SET at pipeline 16, one replica", name, alone)
                note("full copies after a cut of 5 s", name, _cut(primary, replica, options))
            replica.stop()
            primary.stop()
        note("seconds of a full copy", name, statistics.median(times))
    return results


def _cpu_with(primary, replica, options):
    requests = max(200000, options.keys // 4)
    cells = [measure.run_once(primary, "set", 16, requests, options) for _ in range(3)]
    wait_until(lambda: _same_offset(primary, replica), _COPY_SECONDS, "the replica has caught up")
    return statistics.median(cell["cpu_us"] for cell in cells)
