"""No state outside of objects, and time and chance only from outside (STYLE 4 and 7).

Heuristics on words and declarations: thread_local, mutable variables at namespace level, static
members and locals that can change, Instance() accessors; clocks, sleeps and random sources.
"""

import re

from cxx_scan import Scan, outside_parentheses

_NOT_A_VARIABLE = re.compile(
    r"^(?:using|typedef|friend|static_assert|class|struct|union|enum|namespace|template|extern\s+"
    r"template|public|private|protected|concept|goto|return|export|asm|static\s+(?:class|struct))\b"
)
_CONSTANT = re.compile(r"\b(?:const|constexpr|consteval|kCorpus)\b")
_LOCAL_STATIC = re.compile(r"(?<![\w:])static\s+(?!assert|cast)([^;={(]*)[;={(]")
_CLOCK = re.compile(
    r"absl::Now\s*\(|absl::GetCurrentTimeNanos|\b\w*_clock::now\b|\bgettimeofday\s*\(|"
    r"\bclock_gettime\s*\(|(?<![\w.>:])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0|&)|"
    r"\blocaltime(?:_r)?\s*\(|\b__rdtsc\b|\bCycleClock\b"
)
_RANDOM = re.compile(
    r"\brandom_device\b|(?<![\w.>:])(?:std::|::)?s?rand\s*\(|absl::(?:Insecure)?BitGen\b(?!Ref)|"
    r"\bgetrandom\s*\(|\bgetentropy\s*\(|\barc4random\w*\s*\(|\bRAND_bytes\s*\("
)
_SLEEP = re.compile(
    r"\bsleep_for\b|\bsleep_until\b|absl::SleepFor\b|\b(?:u|nano)sleep\s*\(|(?<![\w.>:])sleep\s*\("
)
_WORDS = (
    ("clock", _CLOCK, "reads a clock: take absl::Time or an injected Clock (STYLE 7)"),
    ("random", _RANDOM, "draws its own randomness: take absl::BitGenRef (STYLE 7)"),
    ("sleep", _SLEEP, "sleeps: wait for the event itself"),
    ("thread-local", re.compile(r"\bthread_local\b"), "STYLE 4"),
    ("singleton", re.compile(r"\b(?:Get)?(?:Instance|Singleton)\s*\(\s*\)"), "STYLE 4"),
)


def check(source):
    if not source.is_cxx:
        return
    code = source.code
    scan = Scan(code)
    for rule, pattern, text in _WORDS:
        if rule == "clock" and source.name.endswith("_bench.cc"):
            continue  # Measuring time is what a benchmark is for.
        for match in pattern.finditer(code):
            yield source.finding(scan.line(match.start()), rule, text)
    for statement in scan.statements:
        if _is_mutable_variable(statement):
            yield source.finding(
                statement.line, "mutable-global", f"`{statement.text[:60]}` can change (STYLE 4)"
            )
    for function in scan.functions:
        body = code[function.body_start : function.body_end]
        for match in _LOCAL_STATIC.finditer(body):
            if not _CONSTANT.search(match.group(1)):
                line = scan.line(function.body_start + match.start())
                yield source.finding(line, "mutable-global", "a static local that can change")


def _is_mutable_variable(statement):
    text = statement.text
    if _NOT_A_VARIABLE.match(text) or _CONSTANT.search(text.split("=")[0]):
        return False
    declared = outside_parentheses(text.split("=")[0])
    if "(" in declared or "operator" in declared:
        return False
    if statement.in_class:
        return bool(re.match(r"(?:inline\s+)?static\b", text))
    return len(re.findall(r"[\w:>*&\]]+", declared)) >= 2
