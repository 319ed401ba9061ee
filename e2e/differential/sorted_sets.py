"""Generators for sorted sets, places and HyperLogLogs; the form is that of commands.py."""

# Few keys and members, so that commands meet; `a` holds other values, too.
_KEYS = [b"z1", b"z2", b"z3", b"a"]
# All its members have the same score, so that ranges of names make sense.
_LEX_KEY = b"zl"
_MEMBERS = [b"m1", b"m2", b"m3", b"m4", b"m5", b"", b"10", b"-7", b"1.5", b"x" * 70, b"\x00\xff"]
_SCORES = [
    b"0", b"1", b"2", b"3", b"-1", b"1.5", b"-2.25", b"0.1", b"1e10", b"3.0e3", b"inf", b"-inf",
    b"+inf", b"1e-10", b"123456789012345678", b"1e308",
]
_BAD_SCORES = [b"nan", b"abc", b"", b"1e400", b" 1", b"0x10", b"(1"]
_ENDS = [b"-inf", b"+inf", b"(1", b"(-2.25", b"(inf", b"0", b"2", b"1.5", b"(0.1", b"-1"]
_LEX_ENDS = [b"-", b"+", b"[m1", b"(m1", b"[m3", b"(m4", b"[", b"(", b"[10", b"(z"]
# Each place mostly has its own position, so that no two distances are equal.
_PLACES = {
    b"p1": (b"13.361389", b"38.115556"), b"p2": (b"15.087269", b"37.502669"),
    b"p3": (b"0", b"0"), b"p4": (b"179.9", b"10"), b"p5": (b"-179.9", b"10.5"),
    b"p6": (b"2.35", b"48.85"), b"p7": (b"-122.4", b"37.7"), b"p8": (b"10", b"84"),
    b"p9": (b"11", b"-84"),
}
_BAD_POSITIONS = [(b"181", b"0"), (b"0", b"86"), (b"x", b"0"), (b"0", b"nan"), (b"inf", b"0")]


def _key(v):
    return v.key() if v.random.random() < 0.02 else v.random.choice(_KEYS)


def _member(v):
    return v.random.choice(_MEMBERS)


def _score(v):
    return v.random.choice(_BAD_SCORES if v.random.random() < 0.04 else _SCORES)


def _end(v):
    return v.random.choice(_BAD_SCORES if v.random.random() < 0.05 else _ENDS)


def _lex_end(v):
    if v.random.random() < 0.05:
        return v.word(b"x", b"", b"-x", b"+1")
    return v.random.choice(_LEX_ENDS)


def _zadd(v):
    options = []
    if v.random.random() < 0.4:
        options = v.some(lambda: v.word(b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR", b"CH"), 1, 2)
    count = v.random.choice([1, 1, 2, 3, 8])
    return [_key(v), *options, *[word for _ in range(count) for word in (_score(v), _member(v))]]


def _same_scores(v):
    return [_LEX_KEY, *[word for _ in range(3) for word in (b"0", _member(v))]]


def _limit(v, odds=0.3):
    return v.maybe(odds, b"LIMIT", v.small(), v.small())


def _zrange(v):
    kind = v.random.random()
    if kind < 0.4:
        words = [_key(v), v.small(), v.small(), *v.maybe(0.05, b"LIMIT", v.small(), v.small())]
    elif kind < 0.7:
        words = [_key(v), _end(v), _end(v), v.word(b"BYSCORE"), *_limit(v)]
    else:
        words = [_LEX_KEY, _lex_end(v), _lex_end(v), v.word(b"BYLEX"), *_limit(v)]
    return words + v.maybe(0.4, v.word(b"REV")) + v.maybe(0.4, v.word(b"WITHSCORES"))


def _zrangestore(v):
    return [_key(v), *[word for word in _zrange(v) if word.upper() != b"WITHSCORES"]]


def _by_score(v):
    return [_key(v), _end(v), _end(v), *v.maybe(0.3, v.word(b"WITHSCORES")), *_limit(v)]


def _by_lex(v):
    return [_LEX_KEY, _lex_end(v), _lex_end(v), *_limit(v)]


def _sources(v):
    count = v.random.randint(1, 3)
    keys = [_key(v) for _ in range(count)]
    if v.random.random() < 0.05:
        return [v.word(b"0", b"-1", b"x", b"9"), *keys], count
    return [str(count).encode(), *keys], count


def _combine(v):
    words, count = _sources(v)
    if v.random.random() < 0.4:
        words += [v.word(b"WEIGHTS"), *[_score(v) for _ in range(count)]]
    return words + v.maybe(0.4, v.word(b"AGGREGATE"), v.word(b"SUM", b"MIN", b"MAX", b"BAD"))


def _combine_replied(v):
    return _combine(v) + v.maybe(0.5, v.word(b"WITHSCORES"))


def _zintercard(v):
    return _sources(v)[0] + v.maybe(0.5, v.word(b"LIMIT"), v.small())


def _zdiff(v):
    return _sources(v)[0] + v.maybe(0.5, v.word(b"WITHSCORES"))


def _zmpop(v):
    return [*_sources(v)[0], v.word(b"MIN", b"MAX"), *v.maybe(0.4, v.word(b"COUNT"), v.small())]


def _timeout(v):
    return v.random.choice([b"0.01", b"0.001", b"-1", b"x", b""])


def _zrandmember(v):
    """Only requests whose answer does not depend on chance."""
    return v.random.choice([
        [_key(v), b"0"], [_key(v), b"1000"], [_key(v), b"1000", b"WITHSCORES"],
        [_key(v), b"x"], [_key(v), b"1", b"BAD"], [_key(v), v.integer(), b"WITHSCORES", b"x"],
        [b"none"], [b"none", b"5"], [_key(v), b"-9223372036854775808"],
        [_key(v), b"4611686018427387904", b"WITHSCORES"],
    ])


def _zscan(v):
    return [_key(v), v.word(b"0", b"0", b"x"),
            *v.maybe(0.3, v.word(b"MATCH"), v.word(b"m*", b"*", b"nope")),
            *v.maybe(0.3, v.word(b"COUNT"), v.word(b"1000", b"0", b"x"))]


def _pair(v):
    if v.random.random() < 0.05:
        return v.random.choice(_BAD_POSITIONS)
    return _PLACES[_place(v)]


def _place(v):
    return v.random.choice(list(_PLACES))


def _unit(v):
    return v.word(b"m", b"km", b"ft", b"mi") if v.random.random() < 0.95 else b"cm"


def _length(v):
    return v.random.choice([b"0", b"1000", b"200", b"5000", b"1e7", b"3.5", b"-1", b"x", b"100000"])


def _geo_key(v):
    return v.random.choice([b"g1", b"g2", b"g1", b"z9"])


def _geoadd(v):
    options = v.maybe(0.3, v.word(b"NX", b"XX", b"CH"))
    places = [_place(v) for _ in range(3)]
    words = [word for place in places for word in (*_PLACES[place], place)]
    if v.random.random() < 0.1:
        words = [*v.random.choice(_BAD_POSITIONS), b"p1"]
    return [_geo_key(v), *options, *words]


def _with(v):
    return [
        *v.maybe(0.3, v.word(b"WITHDIST")), *v.maybe(0.2, v.word(b"WITHHASH")),
        *v.maybe(0.2, v.word(b"WITHCOORD")), *v.maybe(0.3, v.word(b"COUNT"), v.small()),
        *v.maybe(0.1, v.word(b"ANY")),
    ]


def _georadius(v):
    return [_geo_key(v), *_pair(v), _length(v), _unit(v), v.word(b"ASC", b"DESC"), *_with(v)]


def _georadius_bymember(v):
    return [_geo_key(v), _place(v), _length(v), _unit(v), v.word(b"ASC", b"DESC"), *_with(v)]


def _store(v):
    return v.maybe(0.6, v.word(b"STORE", b"STOREDIST"), v.random.choice([b"g2", b"g3"]))


def _area(v):
    center = v.random.choice(
        [[v.word(b"FROMMEMBER"), _place(v)], [v.word(b"FROMLONLAT"), *_pair(v)]]
    )
    shape = v.random.choice([
        [v.word(b"BYRADIUS"), _length(v), _unit(v)],
        [v.word(b"BYBOX"), _length(v), _length(v), _unit(v)],
    ])
    words = center + shape + [v.word(b"ASC", b"DESC")]
    return words if v.random.random() < 0.95 else words[len(center):]


def _geosearchstore(v):
    return [v.random.choice([b"g2", b"g3"]), _geo_key(v), *_area(v),
            *v.maybe(0.3, v.word(b"COUNT"), v.small()), *v.maybe(0.3, v.word(b"STOREDIST"))]


def _range_of_ranks(v):
    return [_key(v), v.small(), v.small()]


def _hll(v):
    return v.random.choice([b"h1", b"h2", b"h3"] if v.random.random() < 0.97 else [b"a", b"z1"])


def _elements(v):
    start = v.random.randrange(5000)
    count = v.random.choice([1, 3, 300])
    return [_hll(v), *[b"e%d" % n for n in range(start, start + count)]]


COMMANDS = {
    b"ZADD": (30, lambda v: _same_scores(v) if v.random.random() < 0.2 else _zadd(v)),
    b"ZINCRBY": (5, lambda v: [_key(v), _score(v), _member(v)]),
    b"ZREM": (4, lambda v: [_key(v), *v.some(lambda: _member(v), 1, 3)]),
    b"ZCARD": (3, lambda v: [_key(v)]),
    b"ZSCORE": (4, lambda v: [_key(v), _member(v)]),
    b"ZMSCORE": (3, lambda v: [_key(v), *v.some(lambda: _member(v), 1, 3)]),
    b"ZRANK": (4, lambda v: [_key(v), _member(v)]),
    b"ZREVRANK": (4, lambda v: [_key(v), _member(v)]),
    b"ZCOUNT": (4, lambda v: [_key(v), _end(v), _end(v)]),
    b"ZLEXCOUNT": (4, lambda v: [_LEX_KEY, _lex_end(v), _lex_end(v)]),
    b"ZRANGE": (10, _zrange),
    b"ZRANGESTORE": (5, _zrangestore),
    b"ZREVRANGE": (4, lambda v: _range_of_ranks(v) + v.maybe(0.4, v.word(b"WITHSCORES"))),
    b"ZRANGEBYSCORE": (6, _by_score),
    b"ZREVRANGEBYSCORE": (6, _by_score),
    b"ZRANGEBYLEX": (5, _by_lex),
    b"ZREVRANGEBYLEX": (5, _by_lex),
    b"ZREMRANGEBYRANK": (2, _range_of_ranks),
    b"ZREMRANGEBYSCORE": (2, lambda v: [_key(v), _end(v), _end(v)]),
    b"ZREMRANGEBYLEX": (2, lambda v: [_LEX_KEY, _lex_end(v), _lex_end(v)]),
    b"ZPOPMIN": (3, lambda v: [_key(v), *v.maybe(0.5, v.small())]),
    b"ZPOPMAX": (3, lambda v: [_key(v), *v.maybe(0.5, v.small())]),
    b"ZMPOP": (3, _zmpop),
    b"BZPOPMIN": (1, lambda v: [_key(v), _key(v), _timeout(v)]),
    b"BZPOPMAX": (1, lambda v: [_key(v), _timeout(v)]),
    b"BZMPOP": (1, lambda v: [_timeout(v), *_zmpop(v)]),
    b"ZRANDMEMBER": (3, _zrandmember),
    b"ZSCAN": (3, _zscan),
    b"ZUNION": (4, _combine_replied),
    b"ZINTER": (4, _combine_replied),
    b"ZDIFF": (4, _zdiff),
    b"ZUNIONSTORE": (4, lambda v: [_key(v), *_combine(v)]),
    b"ZINTERSTORE": (4, lambda v: [_key(v), *_combine(v)]),
    b"ZDIFFSTORE": (4, lambda v: [_key(v), *_sources(v)[0]]),
    b"ZINTERCARD": (3, _zintercard),
    # Places.
    b"GEOADD": (8, _geoadd),
    b"GEODIST": (3, lambda v: [_geo_key(v), _place(v), _place(v), *v.maybe(0.5, _unit(v))]),
    b"GEOHASH": (3, lambda v: [_geo_key(v), *v.some(lambda: _place(v), 1, 3)]),
    b"GEOPOS": (3, lambda v: [_geo_key(v), *v.some(lambda: _place(v), 1, 3)]),
    b"GEORADIUS": (4, lambda v: _georadius(v) + _store(v)),
    b"GEORADIUSBYMEMBER": (4, lambda v: _georadius_bymember(v) + _store(v)),
    b"GEORADIUS_RO": (3, _georadius),
    b"GEORADIUSBYMEMBER_RO": (3, _georadius_bymember),
    b"GEOSEARCH": (6, lambda v: [_geo_key(v), *_area(v), *_with(v)]),
    b"GEOSEARCHSTORE": (4, _geosearchstore),
    # HyperLogLogs.
    b"PFADD": (6, _elements),
    b"PFCOUNT": (5, lambda v: v.some(lambda: _hll(v), 1, 3)),
    b"PFMERGE": (2, lambda v: v.some(lambda: _hll(v), 1, 3)),
    b"PFDEBUG": (
        2, lambda v: [v.word(b"GETREG", b"ENCODING", b"DECODE", b"TODENSE", b"BAD"), _hll(v)]
    ),
}
