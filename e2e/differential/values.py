"""Random arguments: few keys, so that commands meet; values at which servers go wrong."""

KEYS = [b"a", b"b", b"c", b"{t}1", b"{t}2", b"n", b"long-key-" + b"k" * 60, b"", b"bin\x00\xff\r\n"]
_INTEGERS = [
    b"0", b"1", b"-1", b"2", b"10", b"100", b"-100", b"255", b"511", b"65536", b"2147483647",
    b"2147483648", b"4294967295", b"4294967296", b"9223372036854775807", b"-9223372036854775808",
    b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616", b"1e3", b"+1", b"01",
    b" 1", b"1 ", b"-0", b"", b"abc", b"3.0", b"0x10", b"999999999999999999999999",
]
_SMALL = [b"0", b"1", b"2", b"3", b"5", b"7", b"-1", b"-2", b"-3", b"-7", b"12", b"100"]
_FLOATS = [
    b"0", b"1.5", b"-1.5", b"3.0e3", b"1e-10", b"0.1", b"inf", b"-inf", b"nan", b"1e400", b"abc",
    b"1.7976931348623157e308", b"3.14159265358979323846", b"  1", b"5.", b".5",
    b"10000000000000000",
]
_STRINGS = [
    b"", b"v", b"hello", b"Hello World", b"10", b"-5", b"3.25", b"9223372036854775807", b"\x00\x01",
    b"\r\n", b"12345678901234567890", b"ohmytext", b"mynewtext", b"x" * 44, b"x" * 45, b"y" * 300,
    b"\xff\xfe\x80", b"012", b"with space", b"999999999999999999",
]
_SECONDS = [
    b"100", b"1000", b"5000", b"0", b"-1", b"9223372036854775807", b"abc", b"", b"99999999999",
]
_MILLISECONDS = [b"100000", b"5000000", b"0", b"-1", b"9223372036854775807", b"x"]
# Far enough that no run reaches them, and in the past.
_UNIX_SECONDS = [b"4102444800", b"4102444801", b"1", b"0", b"-5", b"9223372036854775807", b"x"]
_UNIX_MS = [b"4102444800000", b"4102444800123", b"1000", b"0", b"-5", b"9223372036854775807", b"x"]
_PATTERNS = [
    b"*", b"?", b"a*", b"[abc]", b"[^a]", b"[a-c]*", b"\\*", b"{t}*", b"*1", b"", b"[", b"nope",
]
_MEMBERS = [
    b"1", b"2", b"3", b"-5", b"300", b"70000", b"5000000000", b"a", b"b", b"f", b"", b"x" * 70,
    b"bin\x00\xff", b"01",
]
_DATABASES = [b"0", b"1", b"0", b"0", b"15", b"16", b"-1", b"x", b"9999999999"]


class Values:
    """Draws arguments from one random.Random."""

    def __init__(self, random):
        self.random = random

    def key(self):
        return self.random.choice(KEYS)

    def integer(self):
        return self.random.choice(_INTEGERS)

    def small(self):
        """Mostly an index or an offset that makes sense."""
        return self.random.choice(_SMALL if self.random.random() < 0.85 else _INTEGERS)

    def offset(self):
        """For SETRANGE, bounded: a huge one would only allocate memory on both sides."""
        return self.random.choice([b"0", b"1", b"5", b"64", b"300", b"-1", b"abc", b"536870912"])

    def floating(self):
        return self.random.choice(_FLOATS)

    def string(self):
        return self.random.choice(_STRINGS)

    def seconds(self):
        return self.random.choice(_SECONDS)

    def milliseconds(self):
        return self.random.choice(_MILLISECONDS)

    def unix_seconds(self):
        return self.random.choice(_UNIX_SECONDS)

    def unix_ms(self):
        return self.random.choice(_UNIX_MS)

    def member(self):
        """Of a set or hash: few, so that they meet."""
        return self.random.choice(_MEMBERS)

    def pattern(self):
        return self.random.choice(_PATTERNS)

    def database(self):
        return self.random.choice(_DATABASES)

    def word(self, *words):
        """One of the words, now and then in another case."""
        word = self.random.choice(words)
        return word.lower() if self.random.random() < 0.2 else word

    def some(self, make, low, high):
        """Between low and high values of make()."""
        return [make() for _ in range(self.random.randint(low, high))]

    def maybe(self, chance, *values):
        """The values with this chance, else nothing."""
        return list(values) if self.random.random() < chance else []
