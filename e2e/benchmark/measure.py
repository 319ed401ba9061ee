"""Runs the measurements: servers in turns on one core, redis-benchmark on the other."""

import itertools
import os
import re
import shutil

from benchmark.workloads import DATA, MEMORY, WORKLOADS
from harness.node import fields
from harness.ports import lease_port
from harness.process import Process
from harness.process import run as run_program
from harness.resp import Connection, RespError

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_FILL_BATCH = 2000
# Requests of the first, calibrating run; the others are as long as --seconds asks for.
_CALIBRATION = 50000


def _read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


class Server:
    """One of the two programs, pinned to a core, with an empty database at each start()."""

    def __init__(self, name, binary, core, folder):
        self.name = name
        self._lease = lease_port()
        self.port = self._lease.port
        self._folder = os.path.join(folder, name)
        command = ["taskset", "-c", core, binary, "--port", self.port, "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", self._folder]
        self._process = Process(command, self._folder)

    def start(self):
        self._process.start()
        self._process.wait_ready(self._answers, 20, f"{self.name} answers")

    def _answers(self):
        with Connection(self.port, timeout=2) as connection:
            return connection.call("PING") == "PONG"

    def stop(self):
        self._process.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self):
        """With the files that it has."""
        self._process.kill()
        os.truncate(self._process.log_path, 0)
        self._process.start()

    def configure(self, directives):
        with Connection(self.port, timeout=60) as connection:
            for name, value in directives.items():
                connection.call("CONFIG", "SET", name, value)

    @property
    def pid(self):
        return self._process.pid

    def log(self):
        return self._process.log()

    def file_bytes(self, name):
        return os.path.getsize(os.path.join(self._folder, name))

    def pause(self):
        """Off the core while the other one is measured."""
        self._process.pause()

    def resume(self):
        self._process.resume()

    def release(self):
        if self._process.is_running():
            self._process.resume()
            self._process.stop()
        self._lease.release()

    def cpu_seconds(self):
        """User and system time of all its threads so far, to the nanosecond where possible."""
        tasks = f"/proc/{self._process.pid}/task"
        try:
            texts = [_read(f"{tasks}/{task}/schedstat") for task in os.listdir(tasks)]
            return sum(int(text.split()[0]) for text in texts) / 1e9
        except OSError:
            numbers = _read(f"/proc/{self._process.pid}/stat").rsplit(")", 1)[1].split()
            return (int(numbers[11]) + int(numbers[12])) / _TICKS_PER_SECOND

    def resident_bytes(self):
        pages = int(_read(f"/proc/{self._process.pid}/statm").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def used_memory(self):
        with Connection(self.port) as connection:
            return int(fields(connection.call("INFO", "memory"))["used_memory"])

    def fill(self, commands):
        with Connection(self.port, timeout=120) as connection:
            while batch := list(itertools.islice(commands, _FILL_BATCH)):
                for reply in connection.pipeline(batch):
                    if isinstance(reply, RespError):
                        raise reply


def run_once(server, test, pipeline, requests, options):
    """One run of redis-benchmark: {"cpu_us", "rps", "seconds"}."""
    before = server.cpu_seconds()
    words = ["taskset", "-c", options.client_core, "redis-benchmark", "-p", server.port, "-q"]
    workload = WORKLOADS[test]
    words += ["-n", requests, "-P", pipeline, "-c", options.clients]
    words += ["-r", max(1, options.keys // workload.spread)]
    text = run_program(words + workload.command, timeout=600)
    cpu = server.cpu_seconds() - before
    rates = re.findall(r"([\d.]+) requests per second", text)
    if not rates or "ERR" in text or "Error" in text:
        raise AssertionError(f"{server.name}: redis-benchmark said {text[-500:]}")
    rate = float(rates[-1])
    return {"cpu_us": cpu / requests * 1e6, "rps": rate, "seconds": requests / max(rate, 1)}


def measure_speed(options, servers):
    """{(test, pipeline): {server name: [measurement of each round]}}"""
    tests = options.tests.split(",")
    pipelines = [int(word) for word in options.pipelines.split(",")]
    results = {}
    for server in servers:
        server.start()
        for data in sorted({WORKLOADS[test].data for test in tests}):
            server.fill(DATA[data](options.keys))
        server.pause()
    for test in tests:
        for pipeline in pipelines:
            cell = results[(test, pipeline)] = {server.name: [] for server in servers}
            requests = _calibrated(options, servers, test, pipeline)
            for number in range(options.rounds):
                for server in servers if number % 2 == 0 else reversed(servers):
                    cell[server.name].append(_alone(server, test, pipeline, requests, options))
            print(f"measured {test} at pipeline {pipeline}", flush=True)
    for server in servers:
        server.resume()
        server.stop()
    return results


def _alone(server, test, pipeline, requests, options):
    server.resume()
    try:
        return run_once(server, test, pipeline, requests, options)
    finally:
        server.pause()


def _calibrated(options, servers, test, pipeline):
    """The number of requests that takes the slower server about --seconds; the same for both."""
    first = max(_CALIBRATION, options.clients * pipeline * 4)
    slowest = min(_alone(s, test, pipeline, first, options)["rps"] for s in servers)
    return max(first, int(slowest * options.seconds))


def measure_memory(options, servers):
    """{what: {server name: (bytes by used_memory, by resident memory)}}"""
    results = {}
    for case in MEMORY:
        count = options.keys // case.per
        results[case.what] = {}
        for server in servers:
            server.start()
            used, resident = server.used_memory(), server.resident_bytes()
            server.fill(iter(case.commands(count)))
            grown = server.used_memory() - used, server.resident_bytes() - resident
            results[case.what][server.name] = tuple(number / count for number in grown)
            server.stop()
        print(f"measured {case.what}", flush=True)
    return results


def servers(options, binaries, folder):
    """One of each program, not yet started."""
    return [Server(n, b, options.server_core, folder) for n, b in binaries.items()]


def pairs(options, binaries, folder):
    """Of each program two, each on a core of its own: {name: (primary, replica)}."""
    cores = (options.server_core, options.client_core)
    return {name: tuple(Server(f"{name}-{core}", binary, core, folder) for core in cores)
            for name, binary in binaries.items()}


def one_by_one(both, measure):
    """{server name: measure(server)}; each is released when it has been measured."""
    results = {}
    for server in both:
        try:
            results[server.name] = measure(server)
        finally:
            server.release()
    return results


def run(options, binaries, folder):
    """All that the options ask for: {"speed": ..., "memory": ...}."""
    both = servers(options, binaries, folder)
    try:
        memory = {} if options.no_memory else measure_memory(options, both)
        return {"speed": measure_speed(options, both), "memory": memory}
    finally:
        for server in both:
            server.release()
