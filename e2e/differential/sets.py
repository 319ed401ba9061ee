"""Generators of the set commands; see commands.py."""


def _inter_card(v):
    keys = v.some(v.key, 1, 3)
    count = str(len(keys)).encode() if v.random.random() < 0.9 else v.small()
    return [count, *keys, *v.maybe(0.4, b"LIMIT", v.small())]


def _members(v):
    return [v.key(), *v.some(v.member, 1, 4)]


def _store(v):
    return [v.key(), *v.some(v.key, 1, 3)]


def _scan(v):
    return [v.key(), b"0", b"COUNT", b"1000", *v.maybe(0.3, b"MATCH", v.pattern())]


COMMANDS = {
    b"SADD": (8, _members),
    b"SREM": (4, _members),
    b"SISMEMBER": (2, lambda v: [v.key(), v.member()]),
    b"SMISMEMBER": (2, _members),
    b"SCARD": (2, lambda v: [v.key()]),
    b"SMEMBERS": (3, lambda v: [v.key()]),
    b"SMOVE": (3, lambda v: [v.key(), v.key(), v.member()]),
    b"SPOP": (1, lambda v: [v.key(), v.word(b"0", b"-1", b"x", b"1000")]),
    b"SRANDMEMBER": (2, lambda v: [v.key(), *v.maybe(0.7, v.word(b"0", b"x", b"1000", b"-3"))]),
    b"SINTER": (2, lambda v: v.some(v.key, 1, 3)),
    b"SUNION": (2, lambda v: v.some(v.key, 1, 3)),
    b"SDIFF": (2, lambda v: v.some(v.key, 1, 3)),
    b"SINTERSTORE": (2, _store),
    b"SUNIONSTORE": (2, _store),
    b"SDIFFSTORE": (2, _store),
    b"SINTERCARD": (2, _inter_card),
    b"SSCAN": (2, _scan),
}
