"""Generators of the stream commands, as in commands.py.

Ids are explicit and idle times far apart, so that both servers agree whatever their clocks say.
"""

_IDS = (b"0", b"1", b"1-1", b"1-2", b"2", b"2-0", b"3-1", b"3-2", b"5", b"5-5", b"7-0",
        b"8-18446744073709551615", b"10", b"11-3", b"12", b"15-1", b"20-20", b"0-1")
_ODD_IDS = (b"0-0", b"-", b"+", b"$", b">", b"*", b"x", b"", b"1-x", b"1--1",
            b"18446744073709551615", b"18446744073709551616", b"1-2-3", b"-1", b"01-02", b" 1",
            b"1\x00", b"-1-1")


def _id(v):
    return v.random.choice(_IDS if v.random.random() < 0.9 else _ODD_IDS)


def _new_id(v):
    """Mostly above what is there."""
    draw = v.random.random()
    if draw < 0.45:
        return b"%d-*" % v.random.randint(1, 30)
    if draw < 0.8:
        return b"%d-%d" % (v.random.randint(1, 60), v.random.randint(0, 5))
    if draw < 0.98:
        return v.random.choice(_IDS)
    return v.random.choice([word for word in _ODD_IDS if word != b"*"])


def _end(v):
    """An end of an interval."""
    draw = v.random.random()
    if draw < 0.4:
        return v.word(b"-", b"+")
    return (b"(" if draw < 0.6 else b"") + _id(v)


def _field(v):
    return v.word(b"f", b"g", b"1", b"field") if v.random.random() < 0.8 else v.string()


def _pairs(v):
    draw = v.random.random()
    if draw < 0.6:
        return [b"f", v.string()]
    words = [word for _ in range(v.random.randint(1, 4)) for word in (_field(v), v.string())]
    return words[1:] if draw > 0.98 else words


def _group(v):
    return v.word(b"g1", b"g2", b"g1", b"no") if v.random.random() < 0.97 else b"bin\x00\r\n"


def _consumer(v):
    return v.word(b"alice", b"bob", b"carol")


def _count(v):
    return v.maybe(0.5, b"COUNT", v.small())


def _trim(v):
    by = v.word(b"MAXLEN", b"MINID", b"maxlen")
    threshold = v.small() if by.upper() == b"MAXLEN" else _id(v)
    words = [by, *v.maybe(0.6, v.word(b"=", b"~")), threshold]
    return words + v.maybe(0.15, b"LIMIT", v.small())


def _add(v):
    words = [v.key(), *v.maybe(0.1, b"NOMKSTREAM"), *(_trim(v) if v.random.random() < 0.2 else [])]
    return [*words, _new_id(v), *_pairs(v)]


def _range(v):
    ends = [b"-", b"+"] if v.random.random() < 0.3 else [_end(v), _end(v)]
    return [v.key(), *ends, *_count(v)]


def _reverse(v):
    ends = [b"+", b"-"] if v.random.random() < 0.3 else [_end(v), _end(v)]
    return [v.key(), *ends, *_count(v)]


def _streams(v, other):
    count = v.random.randint(1, 2)
    ids = [other if v.random.random() < 0.5 else _id(v) for _ in range(count)]
    # `+` is newer than Redis 7.0.
    ids = [word if word != b"+" else b"0" for word in ids]
    return [b"STREAMS", *v.some(v.key, count, count), *ids]


def _read(v):
    return [*_count(v), *v.maybe(0.03, v.word(b"NOACK", b"BAD")), *_streams(v, b"0")]


def _read_group(v):
    group = [b"GROUP", _group(v), _consumer(v)] if v.random.random() < 0.97 else []
    return [*group, *_count(v), *v.maybe(0.2, b"NOACK"), *_streams(v, b">")]


def _xgroup(v):
    kind = v.random.random()
    key, group = v.key(), _group(v)
    if kind < 0.5:
        options = [*v.maybe(0.7, b"MKSTREAM"), *v.maybe(0.2, b"ENTRIESREAD", v.small())]
        return [b"CREATE", key, group, v.word(b"$", b"0", b"0", _id(v)), *options]
    if kind < 0.65:
        return [b"SETID", key, group, v.word(b"$", b"0", _id(v)),
                *v.maybe(0.4, b"ENTRIESREAD", v.small()), *v.maybe(0.03, b"MKSTREAM")]
    if kind < 0.72:
        return [b"DESTROY", key, group]
    if kind < 0.85:
        return [b"CREATECONSUMER", key, group, _consumer(v)]
    if kind < 0.95:
        return [b"DELCONSUMER", key, group, _consumer(v)]
    return v.random.choice([[b"BAD", key], [b"CREATE", key], [b"CREATE", key, group, b"0", b"BAD"],
                            [b"DESTROY", key, group, b"x"], [b"SETID", key, group]])


def _pending(v):
    if v.random.random() < 0.4:
        return [v.key(), _group(v)]
    # An idle time of one day: none is that old.
    idle = v.maybe(0.2, b"IDLE", v.word(b"0", b"86400000", b"x", b"-1"))
    words = [v.key(), _group(v), *idle, _end(v), _end(v), v.small(), *v.maybe(0.4, _consumer(v))]
    return words[:-1] if v.random.random() < 0.05 else words


def _idle(v):
    return v.word(b"0", b"0", b"0", b"86400000", b"-1", b"x")


def _claim(v):
    options = [*v.maybe(0.15, b"RETRYCOUNT", v.small()), *v.maybe(0.3, b"FORCE"),
               *v.maybe(0.4, b"JUSTID"), *v.maybe(0.2, b"LASTID", _id(v)),
               *v.maybe(0.1, b"IDLE", v.word(b"0", b"-5", b"x")),
               *v.maybe(0.1, b"TIME", v.word(b"-5", b"9223372036854775807", b"x")),
               *v.maybe(0.03, b"BAD")]
    ids = [_id(v) for _ in range(v.random.randint(1, 5))]
    return [v.key(), _group(v), _consumer(v), _idle(v), *ids, *options]


def _auto_claim(v):
    count = v.maybe(0.4, b"COUNT", v.word(b"1", b"2", b"5", b"0", b"-1", b"x"))
    return [v.key(), _group(v), _consumer(v), _idle(v), _end(v), *count, *v.maybe(0.4, b"JUSTID")]


def _set_id(v):
    return [v.key(), _id(v), *v.maybe(0.4, b"ENTRIESADDED", v.small()),
            *v.maybe(0.3, b"MAXDELETEDID", _id(v)), *v.maybe(0.03, b"BAD")]


def _info(v):
    kind = v.random.random()
    if kind < 0.4:
        return [b"STREAM", v.key()]
    if kind < 0.7:
        return [b"GROUPS", v.key()]
    if kind < 0.8:
        return [b"CONSUMERS", v.key(), _group(v)]
    return v.random.choice([[b"STREAM", v.key(), b"BAD"], [b"STREAM", v.key(), b"FULL", b"COUNT"],
                            [b"STREAM", v.key(), b"FULL", b"COUNT", b"x"], [b"BAD"], [b"STREAM"],
                            [b"STREAM", v.key(), b"FULL"]])


COMMANDS = {
    b"XADD": (24, _add),
    b"XLEN": (3, lambda v: [v.key()]),
    b"XRANGE": (5, _range),
    b"XREVRANGE": (5, _reverse),
    b"XREAD": (4, _read),
    b"XREADGROUP": (10, _read_group),
    b"XGROUP": (10, _xgroup),
    b"XACK": (4, lambda v: [v.key(), _group(v), *(_id(v) for _ in range(v.random.randint(1, 4)))]),
    b"XPENDING": (6, _pending),
    b"XCLAIM": (6, _claim),
    b"XAUTOCLAIM": (4, _auto_claim),
    b"XDEL": (4, lambda v: [v.key(), *(_id(v) for _ in range(v.random.randint(1, 3)))]),
    b"XTRIM": (4, lambda v: [v.key(), *_trim(v)]),
    b"XSETID": (2, _set_id),
    b"XINFO": (6, _info),
}
