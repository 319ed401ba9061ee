"""Sends one random sequence to both servers, in batches, and finds the first reply that differs."""

import json
import random

from differential.commands import Generator
from differential.compare import Exceptions, same, same_transaction
from differential.values import KEYS, Values
from harness.resp import encode

_BATCH = 50
_HISTORY = 12
_CONTAINERS = (
    b"CLIENT", b"COMMAND", b"CONFIG", b"OBJECT", b"SLOWLOG", b"LATENCY", b"DEBUG", b"XGROUP",
    b"XINFO",
)


class Difference(AssertionError):
    """Two replies that should agree; the message has the seed and what led to it."""


class Driver:
    """Compares `ours` with `peer` (both harness.resp.Connection with the same protocol)."""

    def __init__(self, peer, ours, protocol, seed, keep_going=False):
        self._peer = peer
        self._ours = ours
        self._protocol = protocol
        self._seed = seed
        self._generator = Generator(Values(random.Random(seed)))
        self._exceptions = Exceptions.load()
        self._queued = None  # Commands of an open MULTI.
        self._in_transaction = False  # By what has been generated.
        self._keep_going = keep_going
        self.differences = {}  # With keep_going: the first report per command and subcommand.
        self.history = []

    def run(self, count):
        """Compares `count` commands; raises Difference at the first that differs."""
        for start in range(0, count, _BATCH):
            commands = [self._next() for _ in range(min(_BATCH, count - start))]
            self.run_batch([c for command in commands for c in self._expanded(command)])

    def _next(self):
        while True:
            command = self._generator.next()
            if self._exceptions.rule(command) != "skip" and self._is_comparable(command):
                return command

    def _is_comparable(self, command):
        """MULTI and WATCH in a transaction: Redis 7.0 goes on, Valkey and we give it up."""
        name, alone = command[0].upper(), len(command) == 1
        if self._in_transaction and name in (b"MULTI", b"WATCH"):
            return False
        if alone and name in (b"MULTI", b"EXEC", b"DISCARD", b"RESET"):
            self._in_transaction = name == b"MULTI"
        return True

    def _expanded(self, command):
        """RESET goes back to RESP2: the protocol is asked for again."""
        yield command
        if command[0].upper() == b"RESET" and self._protocol == 3:
            yield [b"HELLO", b"3"]

    def run_batch(self, commands):
        data = b"".join(encode(command) for command in commands)
        self._peer.send_raw(data)
        self._ours.send_raw(data)
        differed = False
        for command in commands:
            replies = self._read(self._peer, command), self._read(self._ours, command)
            self.history.append((command, replies[0]))
            if not self._agree(command, *replies):
                differed = True
                self._differ(command, *replies)
        if differed:
            self._start_over()

    def _differ(self, command, theirs, ours):
        report = self._report(command, theirs, ours)
        if not self._keep_going:
            raise Difference(report)
        words = b" ".join(command[:2] if command[0].upper() in _CONTAINERS else command[:1])
        self.differences.setdefault(words.upper(), report)

    def _start_over(self):
        """The same empty state on both sides, so that one difference does not breed others."""
        again = [[b"RESET"], [b"FLUSHALL"]] + ([[b"HELLO", b"3"]] if self._protocol == 3 else [])
        for connection in (self._peer, self._ours):
            connection.pipeline(again)
        self._queued = None
        self._in_transaction = False

    def _read(self, connection, command):
        try:
            return connection.read_raw()
        except (OSError, ValueError) as error:
            raise Difference(self._report(command, b"?", repr(error).encode())) from error

    def _agree(self, command, theirs, ours):
        name = command[0].upper()
        if name == b"HELLO" and theirs[:1] in (b"*", b"%"):
            return theirs[:1] == ours[:1]  # Version and identity.
        if name == b"EXEC":
            queued, self._queued = self._queued or [], None
            return same_transaction(queued, self._exceptions, theirs, ours)
        if theirs == b"+QUEUED\r\n":
            self._queued = (self._queued or []) + [command]
            return ours == theirs
        if name in (b"MULTI", b"DISCARD", b"RESET") and theirs[:1] == b"+":
            self._queued = None
        return same(self._exceptions.rule(command), theirs, ours)

    def _report(self, command, theirs, ours):
        where = f"seed {self._seed}, RESP{self._protocol}, command {len(self.history)}"
        lines = [f"{where}: {show(command)}"]
        lines += [f"  redis:    {theirs[:400]!r}", f"  slotmesh: {ours[:400]!r}", "before that:"]
        for earlier, reply in self._related(command)[-_HISTORY:]:
            lines.append(f"  {show(earlier)[:120]} -> {reply[:80]!r}")
        return "\n".join(lines)


    def _related(self, command):
        """What was sent before about the same keys; without keys, everything."""
        keys = set(command[1:]) & set(KEYS)
        earlier = self.history[:-1]
        return [entry for entry in earlier if keys & set(entry[0][1:])] if keys else earlier


def show(command):
    """A command as redis-cli would take it."""
    return " ".join(
        word.decode("latin-1") if word.isalnum() else json.dumps(repr(word)[2:-1])
        for word in command
    ).replace("\\\\", "\\")


def connect_both(peer, ours, protocol):
    """A connection to each, with nothing in the databases."""
    connections = peer.connect(protocol=protocol), ours.connect(protocol=protocol)
    for connection in connections:
        connection.call("FLUSHALL")
    return connections
