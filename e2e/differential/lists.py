"""Generators of the list commands; see commands.py."""


def _pop(v):
    return [v.key(), *v.maybe(0.4, v.small())]


def _mpop(v):
    keys = v.some(v.key, 1, 3)
    count = str(len(keys)).encode() if v.random.random() < 0.9 else v.small()
    return [count, *keys, v.word(b"LEFT", b"RIGHT"), *v.maybe(0.4, b"COUNT", v.small())]


def _lpos(v):
    options = [[], [b"RANK", v.small()], [b"COUNT", v.small()], [b"MAXLEN", v.small()],
               [b"RANK", v.small(), b"COUNT", v.small()], [b"BAD"]]
    return [v.key(), v.string(), *v.random.choice(options)]


def _lmove(v):
    side = lambda: v.word(b"LEFT", b"RIGHT", b"LEFT", b"RIGHT", b"BAD")
    return [v.key(), v.key(), side(), side()]


def _sort(v):
    """Without `BY nosort`: the order of a set's table is nobody's contract."""
    options = v.maybe(0.5, b"ALPHA")
    options += v.maybe(0.4, v.word(b"ASC", b"DESC"))
    options += v.maybe(0.3, b"LIMIT", v.small(), v.small())
    options += v.maybe(0.2, b"BY", v.random.choice([b"{t}*", b"*", b"long-key-*", b"*->f"]))
    options += v.maybe(0.3, b"GET", v.random.choice([b"#", b"{t}*", b"*", b"*->f", b"fixed"]))
    return [v.key(), *options]


def _timeout(v):
    """Seldom one that is waited for, and then shortly."""
    return v.word(b"-1", b"x", b"nan", b"", b"0.001")


COMMANDS = {
    b"LPUSH": (5, lambda v: [v.key(), *v.some(v.string, 1, 4)]),
    b"RPUSH": (5, lambda v: [v.key(), *v.some(v.string, 1, 4)]),
    b"LPUSHX": (2, lambda v: [v.key(), *v.some(v.string, 1, 2)]),
    b"RPUSHX": (2, lambda v: [v.key(), *v.some(v.string, 1, 2)]),
    b"LPOP": (3, _pop),
    b"RPOP": (3, _pop),
    b"LLEN": (2, lambda v: [v.key()]),
    b"LINDEX": (3, lambda v: [v.key(), v.small()]),
    b"LSET": (3, lambda v: [v.key(), v.small(), v.string()]),
    b"LRANGE": (5, lambda v: [v.key(), v.small(), v.small()]),
    b"LTRIM": (2, lambda v: [v.key(), v.small(), v.small()]),
    b"LREM": (3, lambda v: [v.key(), v.small(), v.string()]),
    b"LINSERT": (3, lambda v: [v.key(), v.word(b"BEFORE", b"AFTER", b"BAD"), v.string(),
                               v.string()]),
    b"LPOS": (4, _lpos),
    b"LMOVE": (4, _lmove),
    b"RPOPLPUSH": (2, lambda v: [v.key(), v.key()]),
    b"LMPOP": (3, _mpop),
    b"SORT": (3, lambda v: v.random.choice(
        [_sort(v), _sort(v), [v.key(), b"ALPHA", *v.maybe(0.5, b"DESC"), b"STORE", v.key()]])),
    b"SORT_RO": (2, _sort),
    b"BLPOP": (0.3, lambda v: [*v.some(v.key, 1, 3), _timeout(v)]),
    b"BRPOP": (0.3, lambda v: [*v.some(v.key, 1, 3), _timeout(v)]),
    b"BLMOVE": (0.3, lambda v: [*_lmove(v), _timeout(v)]),
    b"BRPOPLPUSH": (0.3, lambda v: [v.key(), v.key(), _timeout(v)]),
    b"BLMPOP": (0.3, lambda v: [_timeout(v), *_mpop(v)]),
}
