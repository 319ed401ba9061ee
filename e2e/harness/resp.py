"""A small RESP2/RESP3 client: the harness's own hands, and the differential test's eyes.

Values: simple strings are str, bulk strings bytes, errors RespError, null None, maps dict, sets and
arrays list, doubles float, big numbers int. One connection belongs to one thread.
"""

import socket
import struct


class RespError(Exception):
    """An error reply; str() is its text."""

    @property
    def code(self):
        return str(self).split(" ", 1)[0]


class Push(list):
    """An out-of-band message of RESP3."""


def encode(arguments):
    """One command as a multibulk request."""
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        if not isinstance(argument, bytes):
            argument = str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(argument), argument))
    return b"".join(parts)


class Connection:
    """A connection to one server."""

    def __init__(self, port, host="127.0.0.1", timeout=10.0, protocol=2):
        self.address = (host, port)
        self._socket = socket.create_connection(self.address, timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._at = 0
        if protocol == 3:
            self.call("HELLO", "3")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self._socket.close()

    def reset(self):
        """Closes without a farewell, as a process that dies with replies unread."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def settimeout(self, seconds):
        self._socket.settimeout(seconds)

    def send(self, *arguments):
        self._socket.sendall(encode(arguments))

    def send_raw(self, data):
        self._socket.sendall(data)

    def call(self, *arguments):
        """The reply; an error reply is raised."""
        self.send(*arguments)
        reply = self.read()
        if isinstance(reply, RespError):
            raise reply
        return reply

    def try_call(self, *arguments):
        """The reply, which may be a RespError."""
        self.send(*arguments)
        return self.read()

    def pipeline(self, commands):
        """The replies to all commands, errors among them."""
        self._socket.sendall(b"".join(encode(command) for command in commands))
        return [self.read() for _ in commands]

    def read(self):
        """The next reply as a value."""
        return parse(self.read_raw())

    def read_raw(self):
        """The next reply as its bytes."""
        start = self._at
        self._skip()
        data = self._buffer[start : self._at]
        if self._at > 1 << 16:
            self._buffer = self._buffer[self._at :]
            self._at = 0
        return data

    def _more(self):
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError(f"{self.address} closed the connection")
        self._buffer += data

    def _line(self):
        while True:
            end = self._buffer.find(b"\r\n", self._at)
            if end >= 0:
                line = self._buffer[self._at : end]
                self._at = end + 2
                return line
            self._more()

    def _skip(self):
        line = self._line()
        kind = line[:1]
        if kind in b"$=!":
            length = int(line[1:])
            if length >= 0:
                while len(self._buffer) < self._at + length + 2:
                    self._more()
                self._at += length + 2
        elif kind in b"*~>":
            for _ in range(int(line[1:])):
                self._skip()
        elif kind == b"%":
            for _ in range(2 * int(line[1:])):
                self._skip()
        elif kind == b"|":
            for _ in range(2 * int(line[1:]) + 1):
                self._skip()
        elif kind not in (b"+", b"-", b":", b"_", b"#", b",", b"("):
            raise ValueError(f"not a reply: {line[:60]!r}")


def parse(data):
    """The value of one whole reply."""
    return _parse(data, 0)[0]


_CONSTANTS = {b"_": None, b"#t": True, b"#f": False}


def _parse(data, at):
    end = data.index(b"\r\n", at)
    kind, rest, at = data[at : at + 1], data[at + 1 : end], end + 2
    if kind == b"+":
        return rest.decode("utf-8", "replace"), at
    if kind == b"-":
        return RespError(rest.decode("utf-8", "replace")), at
    if kind in (b":", b"("):
        return int(rest), at
    if kind == b",":
        return float(rest), at
    if kind + rest in _CONSTANTS:
        return _CONSTANTS[kind + rest], at
    length = int(rest)
    if length < 0:
        return None, at
    if kind in (b"$", b"=", b"!"):
        text = data[at : at + length]
        at += length + 2
        if kind == b"!":
            return RespError(text.decode("utf-8", "replace")), at
        return (text[4:] if kind == b"=" else text), at
    if kind == b"|":
        for _ in range(2 * length):
            _, at = _parse(data, at)
        return _parse(data, at)
    items = []
    for _ in range(2 * length if kind == b"%" else length):
        item, at = _parse(data, at)
        items.append(item)
    if kind == b"%":
        return {_key(items[i]): items[i + 1] for i in range(0, len(items), 2)}, at
    return (Push(items) if kind == b">" else items), at


def _key(value):
    return repr(value) if isinstance(value, (list, dict)) else value
