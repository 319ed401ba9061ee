"""What scripts cost those who do not run them, and how long many libraries take to load."""

import multiprocessing
import os
import time

from benchmark.latency import percentiles, probe
from benchmark.measure import one_by_one
from harness.resp import Connection

_LIBRARIES = 1000
_FUNCTIONS = 3  # Of a library.
_KEYS = 100000
_PROBE_SECONDS = 10.0
_SCRIPT_SECONDS = 0.0008
_SCRIPTS_PER_SECOND = 100
_SPIN = "local sum = 0 for i = 1, tonumber(ARGV[1]) do sum = sum + i % 7 * 3 end return sum"


def _library(number):
    functions = "\n".join(
        f"redis.register_function('f{number}_{i}', function(keys, args)"
        f" return redis.call('GET', keys[1]) end)"
        for i in range(_FUNCTIONS)
    )
    return f"#!lua name=lib{number}\n{functions}\n"


def _load_seconds(connection):
    begin = time.monotonic()
    for number in range(_LIBRARIES):
        connection.call("FUNCTION", "LOAD", _library(number))
    return time.monotonic() - begin


def _rounds_of_a_script(connection):
    """How often the script's loop is to run, so that it takes _SCRIPT_SECONDS."""
    rounds = 100000
    times = []
    for _ in range(9):
        begin = time.perf_counter()
        connection.call("EVAL", _SPIN, "0", str(rounds))
        times.append(time.perf_counter() - begin)
    return int(rounds * _SCRIPT_SECONDS / sorted(times)[len(times) // 2])


def _run_scripts(port, rounds, core):
    os.sched_setaffinity(0, {core})
    with Connection(port, timeout=60) as connection:
        due = time.monotonic()
        while True:
            connection.call("EVAL", _SPIN, "0", str(rounds))
            due += 1 / _SCRIPTS_PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def _probe_for(port, seconds):
    end = time.monotonic() + seconds
    return percentiles(probe(port, _KEYS, lambda: time.monotonic() < end))


def _measure(server, core):
    server.start()
    server.fill(("SET", f"key:{i:012d}", "xxxxxxxx") for i in range(_KEYS))
    with Connection(server.port, timeout=60) as connection:
        row = {"libraries_s": _load_seconds(connection)}
        rounds = _rounds_of_a_script(connection)
    row["alone"] = _probe_for(server.port, _PROBE_SECONDS)
    scripts = multiprocessing.Process(
        target=_run_scripts, args=(server.port, rounds, core), daemon=True
    )
    scripts.start()
    row["beside scripts"] = _probe_for(server.port, _PROBE_SECONDS)
    scripts.terminate()
    scripts.join()
    server.stop()
    return row


def run(options, servers):
    """{server name: row}"""
    core = int(options.client_core)
    os.sched_setaffinity(0, {core})
    return one_by_one(servers, lambda server: _measure(server, core))


def text(results):
    """A line per server and figure."""
    lines = ["", f"round trips in microseconds, alone and beside {_SCRIPTS_PER_SECOND} scripts of"
             f" {_SCRIPT_SECONDS * 1000:.1f} ms a second; seconds to load {_LIBRARIES} libraries"]
    for name, row in results.items():
        lines.append(f"{name:10}{'libraries':16}{row['libraries_s']:>9.3f} s")
        for phase in ("alone", "beside scripts"):
            numbers = "".join(f"  p{p:g} {us:.0f}" for p, us in row[phase].items())
            lines.append(f"{name:10}{phase:16}{numbers}")
    return "\n".join(lines)
