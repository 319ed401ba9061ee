"""A generator per command: what a client might send, mostly right and sometimes wrong.

COMMANDS maps a name to (weight, function of Values giving the arguments after the name).
"""

from differential import bitmaps, hashes, lists, sets, sorted_sets, streams

SET_OPTIONS = (b"NX", b"XX", b"GET", b"KEEPTTL")


def _expiry(v):
    """An option of SET and GETEX that sets the time to live, exact ones only."""
    return v.random.choice(
        [
            [b"EX", v.seconds()],
            [b"PX", v.milliseconds()],
            [b"EXAT", v.unix_seconds()],
            [b"PXAT", v.unix_ms()],
        ]
    )


def _set(v):
    options = []
    if v.random.random() < 0.4:
        options = v.some(lambda: v.word(*SET_OPTIONS), 1, 2)
    if v.random.random() < 0.3:
        options += _expiry(v)
    return [v.key(), v.string(), *options]


def _getex(v):
    options = v.random.choice([[], [b"PERSIST"], _expiry(v), _expiry(v) + [b"PERSIST"], [b"BAD"]])
    return [v.key(), *options]


def _pairs(v):
    return [value for _ in range(v.random.randint(1, 3)) for value in (v.key(), v.string())]


def _lcs(v):
    options = v.random.choice(
        [[], [b"LEN"], [b"IDX"], [b"IDX", b"WITHMATCHLEN"], [b"IDX", b"MINMATCHLEN", v.small()],
         [b"LEN", b"IDX"], [b"BAD"]]
    )
    return [v.key(), v.key(), *options]


def _expire(when):
    def generate(v):
        return [v.key(), getattr(v, when)(), *v.maybe(0.3, v.word(b"NX", b"XX", b"GT", b"LT"))]

    return generate


def _copy(v):
    return [v.key(), v.key(), *v.maybe(0.2, b"DB", v.database()), *v.maybe(0.4, b"REPLACE")]


def _object(v):
    return v.random.choice(
        [[b"ENCODING", v.key()], [b"REFCOUNT", b"n"], [b"FREQ", v.key()], [b"BAD", v.key()],
         [b"HELP"]]
    )


def _hello(v):
    """Never a change of protocol that the comparison does not know of: the driver asks for that."""
    return v.random.choice(
        [[b"4"], [b"x"], [b"3", b"AUTH", b"u"], [b"2", b"SETNAME", b"a b"], [b"-1"]]
    )


def _client(v):
    return v.random.choice(
        [[b"GETNAME"], [b"SETNAME", v.word(b"n1", b"")], [b"SETNAME", b"with space"], [b"BAD"],
         [b"REPLY", b"ON"], [b"REPLY", b"WHAT"], [b"NO-EVICT", b"ON"], [b"NO-EVICT", b"maybe"],
         [b"GETREDIR"], [b"UNPAUSE"], [b"PAUSE", b"x"], [b"KILL", b"1.2.3.4:5"],
         [b"KILL", b"ID", b"999999"], [b"TRACKING", b"OFF"], [b"CACHING", b"YES"], [b"ID", b"x"]]
    )


def _config(v):
    return v.random.choice(
        [[b"GET", b"maxmemory"], [b"GET", b"maxmemory-policy"], [b"GET", b"timeout"],
         [b"GET", b"nope"],
         [b"GET", b"hz", b"databases"], [b"GET"], [b"GET", b"max*memory-p*"],
         [b"SET", b"timeout", b"0"], [b"SET", b"timeout", b"-5"], [b"SET", b"hz", b"x"],
         [b"SET", b"nope", b"1"], [b"SET", b"hz"], [b"SET", b"maxmemory-policy", b"bad"],
         [b"SET", b"timeout", b"0", b"timeout", b"0"], [b"SET", b"port", b"x"], [b"BAD"],
         [b"SET", b"databases", b"3"], [b"SET", b"latency-tracking", b"maybe"],
         [b"SET", b"zset-max-listpack-entries", v.word(b"0", b"3", b"128")],
         [b"RESETSTAT", b"x"]]
    )


def _command(v):
    """Without GETKEYS: which commands there are and how many words it takes differ by version; its
    own tests compare it with the reference's metadata."""
    return v.random.choice(
        [[b"BAD"], [b"INFO", b"nope"], [b"DOCS", b"nope"], [b"LIST", b"FILTERBY", b"BAD"],
         [b"LIST", b"FILTERBY", b"MODULE", b"x"]]
    )


def _scan(v):
    """Only requests whose answer does not depend on the order of a table."""
    return v.random.choice(
        [[b"x"], [b"0", b"COUNT", b"0"], [b"0", b"COUNT", b"x"], [b"0", b"BAD"], [b"0", b"MATCH"],
         [b"0", b"MATCH", b"nope-*", b"COUNT", b"10000"],
         [b"0", b"TYPE", b"nope", b"COUNT", b"10000"],
         [b"99999999999999999999999"], []]
    )


def _slowlog(v):
    return v.random.choice([[b"LEN"], [b"RESET"], [b"GET", b"-5"], [b"GET", b"x"], [b"BAD"]])


def _latency(v):
    return v.random.choice([[b"LATEST"], [b"RESET"], [b"HISTORY", b"nope"], [b"BAD"], [b"HISTORY"]])


def _debug(v):
    return v.random.choice([[b"SLEEP", b"0"], [b"BAD"], [b"OBJECT", b"no-such-key"]])


COMMANDS = {
    # Strings.
    b"SET": (12, _set),
    b"GET": (10, lambda v: [v.key()]),
    b"GETSET": (2, lambda v: [v.key(), v.string()]),
    b"GETDEL": (2, lambda v: [v.key()]),
    b"GETEX": (4, _getex),
    b"SETNX": (2, lambda v: [v.key(), v.string()]),
    b"SETEX": (2, lambda v: [v.key(), v.seconds(), v.string()]),
    b"PSETEX": (2, lambda v: [v.key(), v.milliseconds(), v.string()]),
    b"MGET": (3, lambda v: v.some(v.key, 1, 4)),
    b"MSET": (3, _pairs),
    b"MSETNX": (2, _pairs),
    b"APPEND": (4, lambda v: [v.key(), v.string()]),
    b"STRLEN": (3, lambda v: [v.key()]),
    b"INCR": (5, lambda v: [v.key()]),
    b"DECR": (3, lambda v: [v.key()]),
    b"INCRBY": (5, lambda v: [v.key(), v.integer()]),
    b"DECRBY": (4, lambda v: [v.key(), v.integer()]),
    b"INCRBYFLOAT": (6, lambda v: [v.key(), v.floating()]),
    b"GETRANGE": (5, lambda v: [v.key(), v.small(), v.small()]),
    b"SUBSTR": (2, lambda v: [v.key(), v.small(), v.small()]),
    b"SETRANGE": (4, lambda v: [v.key(), v.offset(), v.string()]),
    b"LCS": (3, _lcs),
    **bitmaps.COMMANDS,
    **hashes.COMMANDS,
    **lists.COMMANDS,
    **sets.COMMANDS,
    **streams.COMMANDS,
    # Generic.
    b"DEL": (4, lambda v: v.some(v.key, 1, 3)),
    b"UNLINK": (2, lambda v: v.some(v.key, 1, 3)),
    b"EXISTS": (3, lambda v: v.some(v.key, 1, 4)),
    b"TYPE": (3, lambda v: [v.key()]),
    b"TOUCH": (2, lambda v: v.some(v.key, 1, 3)),
    b"KEYS": (3, lambda v: [v.pattern()]),
    b"SCAN": (2, _scan),
    b"RENAME": (3, lambda v: [v.key(), v.key()]),
    b"RENAMENX": (2, lambda v: [v.key(), v.key()]),
    b"EXPIRE": (3, _expire("seconds")),
    b"PEXPIRE": (3, _expire("milliseconds")),
    b"EXPIREAT": (4, _expire("unix_seconds")),
    b"PEXPIREAT": (4, _expire("unix_ms")),
    b"TTL": (4, lambda v: [v.key()]),
    b"PTTL": (2, lambda v: [v.key()]),
    b"EXPIRETIME": (4, lambda v: [v.key()]),
    b"PEXPIRETIME": (4, lambda v: [v.key()]),
    b"PERSIST": (3, lambda v: [v.key()]),
    b"COPY": (4, _copy),
    b"OBJECT": (4, _object),
    b"DBSIZE": (2, lambda v: []),
    b"RANDOMKEY": (1, lambda v: []),
    # Connection.
    b"PING": (2, lambda v: v.maybe(0.5, v.string())),
    b"ECHO": (2, lambda v: [v.string()]),
    b"SELECT": (2, lambda v: [v.database()]),
    b"HELLO": (1, _hello),
    b"AUTH": (1, lambda v: v.some(v.string, 1, 2)),
    b"CLIENT": (3, _client),
    b"RESET": (0.3, lambda v: []),
    # Transactions.
    b"MULTI": (3, lambda v: []),
    b"EXEC": (4, lambda v: []),
    b"DISCARD": (1, lambda v: []),
    b"WATCH": (2, lambda v: v.some(v.key, 1, 2)),
    b"UNWATCH": (1, lambda v: []),
    # Server.
    b"CONFIG": (3, _config),
    b"COMMAND": (3, _command),
    b"FLUSHDB": (0.3, lambda v: v.maybe(0.5, v.word(b"ASYNC", b"SYNC", b"BAD"))),
    b"FLUSHALL": (0.3, lambda v: v.maybe(0.5, v.word(b"ASYNC", b"SYNC", b"BAD"))),
    b"TIME": (0.3, lambda v: []),
    b"SLOWLOG": (1, _slowlog),
    b"LATENCY": (1, _latency),
    b"DEBUG": (1, _debug),
    b"MEMORY": (1, lambda v: v.random.choice([[b"USAGE", v.key()], [b"BAD"], [b"USAGE"]])),
    b"INFO": (0.5, lambda v: [v.word(b"nope", b"server", b"keyspace")]),
    b"SHUTDOWN": (0.3, lambda v: [v.word(b"BAD", b"ABORT")]),
    b"NOSUCHCOMMAND": (1, lambda v: v.some(v.string, 0, 3)),
    b"QUIT-IS-NOT-THIS": (0.3, lambda v: v.some(v.string, 0, 20)),
    **sorted_sets.COMMANDS,
}


# A missing argument would end the server, or pop what only chance decides.
_NEVER_SHORTER = (b"SHUTDOWN", b"SPOP")
# Another argument would be a timeout that is waited for.
_NEVER_LONGER = (b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BZPOPMIN", b"BZPOPMAX")


class Generator:
    """An endless sequence of commands, the same for the same random.Random."""

    def __init__(self, values, wrong_arity=0.04):
        self._values = values
        self._names = list(COMMANDS)
        self._weights = [COMMANDS[name][0] for name in self._names]
        self._wrong_arity = wrong_arity

    def next(self):
        """One command as a list of bytes."""
        random = self._values.random
        name = random.choices(self._names, self._weights)[0]
        arguments = COMMANDS[name][1](self._values)
        if random.random() < self._wrong_arity:
            if arguments and name not in _NEVER_SHORTER and random.random() < 0.5:
                arguments = arguments[:-1]
            elif name not in _NEVER_LONGER:
                arguments = arguments + [self._values.string()]
        spelled = name.lower() if random.random() < 0.1 else name
        return [spelled, *arguments]
