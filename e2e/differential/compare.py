"""Whether two replies are the same: byte by byte, but for the exceptions of exceptions.txt."""

import fnmatch
import os

from harness.resp import RespError, parse

_RULES = ("ignore", "close", "sorted", "kind", "unless-error", "wording", "skip")
_SECONDS_APART = 3
_MILLISECONDS_APART = 3000


class Exceptions:
    """The lines of exceptions.txt; the first that matches a command decides."""

    def __init__(self, text):
        self._lines = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            rule_and_pattern, _, reason = line.partition("  #")
            rule, _, pattern = rule_and_pattern.strip().partition(" ")
            if rule not in _RULES or not pattern or not reason.strip():
                raise ValueError(f"exceptions.txt:{number}: want RULE PATTERN  # reason")
            self._lines.append((rule, pattern))

    @classmethod
    def load(cls):
        path = os.path.join(os.path.dirname(os.path.realpath(__file__)), "exceptions.txt")
        with open(path, encoding="utf-8") as file:
            return cls(file.read())

    def rule(self, command):
        """The rule for a command (list of bytes), None if its replies must be equal."""
        text = b" ".join(command).decode("latin-1").upper()
        for rule, pattern in self._lines:
            if fnmatch.fnmatchcase(text, pattern.upper()):
                return rule
        return None


def same(rule, left, right):
    """Whether the raw replies agree under `rule` (None: byte by byte)."""
    if left == right or rule == "ignore":
        return True
    if rule == "unless-error":
        return b"-" in (left[:1], right[:1])
    if rule is None or left[:1] != right[:1]:
        return False
    if rule == "wording":
        return left[:1] == b"-" and left.split(b" ")[0] == right.split(b" ")[0]
    if rule == "kind":
        return left[:1] != b"-"
    a, b = parse(left), parse(right)
    if isinstance(a, RespError) or isinstance(b, RespError):
        return False
    if rule == "sorted":
        return a == b if isinstance(a, dict) else sorted(a) == sorted(b)
    return _close(a, b)


def _close(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_close(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    if not isinstance(a, int) or not isinstance(b, int) or min(a, b) < 0:
        return a == b
    both_large = min(a, b) > _MILLISECONDS_APART
    return abs(a - b) <= (_MILLISECONDS_APART if both_large else _SECONDS_APART)


def same_transaction(commands, exceptions, left, right):
    """EXEC: each queued command's own rule decides about its part of the reply."""
    rules = [exceptions.rule(command) for command in commands]
    if left == right:
        return True
    if not any(rules) or left[:1] != b"*" or right[:1] != b"*":
        return False
    parts = split_array(left), split_array(right)
    if len(parts[0]) != len(parts[1]) or len(parts[0]) != len(commands):
        return False
    return all(same(rule, a, b) for rule, a, b in zip(rules, *parts))


def split_array(data):
    """The raw elements of an array of flat replies or arrays."""
    parts = []
    at = data.index(b"\r\n") + 2
    while at < len(data):
        end = _end(data, at)
        parts.append(data[at:end])
        at = end
    return parts


def _end(data, at):
    line_end = data.index(b"\r\n", at)
    kind, rest = data[at : at + 1], data[at + 1 : line_end]
    at = line_end + 2
    if kind in (b"$", b"=", b"!"):
        return at if int(rest) < 0 else at + int(rest) + 2
    if kind in (b"*", b"~", b">", b"%"):
        for _ in range(int(rest) * (2 if kind == b"%" else 1)):
            at = _end(data, at)
    return at
