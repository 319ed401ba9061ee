"""What is measured: commands for redis-benchmark, and the data that they find.

A data set is a generator of commands, given the number of keys; __rand_int__ in a command becomes a
random number of 12 digits below that number.
"""

import dataclasses
import hashlib

_VALUE = "xxxxxxxx"
_FIELDS = 10
_SHORT_RANGE = 600
_WHOLE = 1000
_STREAMS = 1000
_RANDOM = "__rand_int__"


@dataclasses.dataclass(frozen=True)
class Workload:
    command: list
    data: str  # Of DATA.
    spread: int = 1  # There are keys / spread of what the random number names.


def _strings(keys):
    return (("SET", f"key:{i:012d}", _VALUE) for i in range(keys))


def _counters(keys):
    return (("SET", f"cnt:{i:012d}", "0") for i in range(keys))


def _hashes(keys):
    for i in range(keys // _FIELDS):
        pairs = [word for field in range(_FIELDS) for word in (f"field:{field}", _VALUE)]
        yield ("HSET", f"hash:{i:012d}", *pairs)


def _collections(keys):
    for i in range(keys // _FIELDS):
        yield ("RPUSH", f"list:{i:012d}", _VALUE)
        yield ("SADD", f"set:{i:012d}", "a")
        yield ("ZADD", f"zset:{i:012d}", "1", "a")


def _streams(keys):
    return (("XADD", f"stream:{i:012d}", "*", "field", _VALUE) for i in range(_STREAMS))


def _big_zset(keys):
    return (("ZADD", "big zset", i, f"m:{i:012d}") for i in range(keys))


def _ranges(keys):
    yield ("RPUSH", "600 elements", *(f"e:{i:06d}" for i in range(_SHORT_RANGE)))
    yield ("SADD", "1000 members", *(f"m:{i:06d}" for i in range(_WHOLE)))
    yield (
        "HSET",
        "1000 fields",
        *(word for i in range(_WHOLE) for word in (f"f:{i:06d}", _VALUE)),
    )


_GET = "return redis.call('GET', KEYS[1])"
_LOOP = "local sum = 0 for i = 1, 10000 do sum = sum + i % 7 * 3 end return sum"
_LIBRARY = f"""#!lua name=measured
redis.register_function('get', function(KEYS, ARGV) {_GET} end)
redis.register_function('loop', function(KEYS, ARGV) {_LOOP} end)
"""


def _scripts(keys):
    yield ("FUNCTION", "LOAD", "REPLACE", _LIBRARY)
    for script in (_GET, _LOOP):
        yield ("SCRIPT", "LOAD", script)
    yield from _strings(keys)


def _sha1(script):
    return hashlib.sha1(script.encode()).hexdigest()


DATA = {
    "strings": _strings,
    "counters": _counters,
    "hashes": _hashes,
    "collections": _collections,
    "streams": _streams,
    "big zset": _big_zset,
    "ranges": _ranges,
    "scripts": _scripts,
}

_STRING = f"key:{_RANDOM}"

WORKLOADS = {
    "get": Workload(["GET", _STRING], "strings"),
    "set": Workload(["SET", _STRING, _VALUE], "strings"),
    "incr": Workload(["INCR", f"cnt:{_RANDOM}"], "counters"),
    "mget": Workload(["MGET"] + [_STRING] * 10, "strings"),
    "hset": Workload(["HSET", f"hash:{_RANDOM}", "field:5", _VALUE], "hashes", _FIELDS),
    "lpush": Workload(["LPUSH", f"list:{_RANDOM}", _VALUE], "collections", _FIELDS),
    "sadd": Workload(["SADD", f"set:{_RANDOM}", "a"], "collections", _FIELDS),
    "zadd": Workload(["ZADD", f"zset:{_RANDOM}", "1", "a"], "collections", _FIELDS),
    "xadd": Workload(
        ["XADD", f"stream:{_RANDOM}", "MAXLEN", "~", "1000", "*", "field", _VALUE], "streams", 1000
    ),
    "zadd1m": Workload(["ZADD", "big zset", _RANDOM, f"m:{_RANDOM}"], "big zset"),
    "zrank1m": Workload(["ZRANK", "big zset", f"m:{_RANDOM}"], "big zset"),
    "zrange1m": Workload(
        ["ZRANGEBYSCORE", "big zset", _RANDOM, "+inf", "LIMIT", "0", "10"], "big zset"
    ),
    "lrange600": Workload(["LRANGE", "600 elements", "0", "-1"], "ranges"),
    "smembers1000": Workload(["SMEMBERS", "1000 members"], "ranges"),
    "hgetall1000": Workload(["HGETALL", "1000 fields"], "ranges"),
    "fcall": Workload(["FCALL", "get", "1", _STRING], "scripts"),
    "evalsha": Workload(["EVALSHA", _sha1(_GET), "1", _STRING], "scripts"),
    "fcall_loop": Workload(["FCALL", "loop", "0"], "scripts"),
    "evalsha_loop": Workload(["EVALSHA", _sha1(_LOOP), "0"], "scripts"),
}


@dataclasses.dataclass(frozen=True)
class MemoryCase:
    what: str
    commands: object  # From the number of units to commands.
    per: int = 1  # keys / per units are made; bytes are per unit.


def _in_one(command, words):
    """Commands that put `count` members of 16 bytes into one key, a thousand at a time."""

    def commands(count):
        for start in range(0, count, 1000):
            members = (words(i) for i in range(start, min(count, start + 1000)))
            yield (command, "one", *(word for member in members for word in member))

    return commands


def _small_hashes(value):
    """Ten fields each; `value` makes 8 bytes of a number."""

    def commands(count):
        for i in range(count):
            pairs = [w for n in range(_FIELDS) for w in (f"f{n}", value(i * _FIELDS + n))]
            yield ("HSET", f"h:{i:014d}", *pairs)

    return commands


MEMORY = (
    MemoryCase("16-byte key, 8-byte value", _strings),
    MemoryCase(
        "16-byte key, 32-byte value, expiry",
        lambda count: (("SET", f"key:{i:012d}", "x" * 32, "EX", 100000) for i in range(count)),
    ),
    MemoryCase("hash of 10 words of 8 bytes", _small_hashes(lambda n: f"v{n:07d}"), _FIELDS),
    MemoryCase("hash of 10 numbers of 8 digits", _small_hashes(lambda n: 10**7 + n), _FIELDS),
    MemoryCase("member of one zset", _in_one("ZADD", lambda i: (i, f"m:{i:012d}"))),
    MemoryCase("member of one set", _in_one("SADD", lambda i: (f"m:{i:012d}",))),
    MemoryCase("field of one hash", _in_one("HSET", lambda i: (f"f:{i:012d}", f"v{i:015d}"))),
    MemoryCase("element of one list", _in_one("RPUSH", lambda i: (f"e:{i:012d}",))),
)
