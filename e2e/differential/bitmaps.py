"""Generators of the bitmap commands, as in commands.py."""


def _bit(v):
    return v.word(b"0", b"1", b"1", b"0", b"2", b"x")


def _range(v):
    """Both ends: a start alone is newer than Redis 7.0."""
    if v.random.random() < 0.3:
        return []
    return [v.small(), v.small(), *v.maybe(0.5, v.word(b"BIT", b"BYTE", b"bit", b"WORD"))]


def _bit_offset(v):
    return v.word(b"0", b"1", b"7", b"8", b"63", b"100", b"1000", b"-1", b"4294967296", b"x")


def _bitop(v):
    operation = v.word(b"AND", b"OR", b"XOR", b"NOT", b"not", b"NAND")
    sources = v.some(v.key, 1, 1 if operation.upper() == b"NOT" else 4)
    return [operation, v.key(), *sources]


def _encoding(v):
    return v.word(b"u1", b"i8", b"u8", b"i16", b"u63", b"i64", b"i5", b"u13", b"u64", b"i0", b"x")


def _field_offset(v):
    return v.word(b"0", b"3", b"8", b"100", b"#0", b"#1", b"#10", b"-1", b"#-1", b"x")


def _get(v):
    return [b"GET", _encoding(v), _field_offset(v)]


def _operation(v):
    kind = v.random.random()
    if kind < 0.3:
        return _get(v)
    if kind < 0.5:
        return [b"OVERFLOW", v.word(b"WRAP", b"SAT", b"FAIL", b"sat", b"NEVER")]
    name = v.word(b"SET", b"INCRBY", b"incrby", b"SET", b"BAD")
    return [name, _encoding(v), _field_offset(v), v.integer()]


def _operations(make):
    def generate(v):
        return [v.key(), *(word for _ in range(v.random.randint(0, 4)) for word in make(v))]

    return generate


COMMANDS = {
    b"SETBIT": (5, lambda v: [v.key(), _bit_offset(v), _bit(v)]),
    b"GETBIT": (4, lambda v: [v.key(), _bit_offset(v)]),
    b"BITCOUNT": (4, lambda v: [v.key(), *_range(v)]),
    b"BITPOS": (4, lambda v: [v.key(), _bit(v), *_range(v)]),
    b"BITOP": (4, _bitop),
    b"BITFIELD": (5, _operations(_operation)),
    b"BITFIELD_RO": (3, _operations(_get)),
}
