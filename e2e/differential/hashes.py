"""Generators of the hash commands that Redis 7.0 has; see commands.py."""


def _pairs(v):
    return [word for _ in range(v.random.randint(1, 3)) for word in (v.member(), v.string())]


def _random_field(v):
    count = v.maybe(0.7, v.word(b"0", b"x", b"1000", b"-3"))
    return [v.key(), *count, *(v.maybe(0.4, b"WITHVALUES") if count else [])]


def _scan(v):
    return [v.key(), b"0", b"COUNT", b"1000", *v.maybe(0.3, b"MATCH", v.pattern())]


COMMANDS = {
    b"HSET": (8, lambda v: [v.key(), *_pairs(v)]),
    b"HMSET": (2, lambda v: [v.key(), *_pairs(v)]),
    b"HSETNX": (3, lambda v: [v.key(), v.member(), v.string()]),
    b"HGET": (3, lambda v: [v.key(), v.member()]),
    b"HMGET": (3, lambda v: [v.key(), *v.some(v.member, 1, 3)]),
    b"HDEL": (3, lambda v: [v.key(), *v.some(v.member, 1, 3)]),
    b"HLEN": (2, lambda v: [v.key()]),
    b"HSTRLEN": (2, lambda v: [v.key(), v.member()]),
    b"HEXISTS": (2, lambda v: [v.key(), v.member()]),
    b"HKEYS": (2, lambda v: [v.key()]),
    b"HVALS": (2, lambda v: [v.key()]),
    b"HGETALL": (3, lambda v: [v.key()]),
    b"HINCRBY": (4, lambda v: [v.key(), v.member(), v.integer()]),
    b"HINCRBYFLOAT": (3, lambda v: [v.key(), v.member(), v.floating()]),
    b"HRANDFIELD": (2, _random_field),
    b"HSCAN": (2, _scan),
}
