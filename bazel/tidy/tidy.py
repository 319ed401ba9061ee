#!/usr/bin/python3
"""The style test (STYLE 5): prints one line per finding and fails if there is any.

    tidy.py [ROOT]      ROOT is the repository, by default the one that this file stands in.

Rules stand in rules_*.py and formatting.py. allow.txt lists the exceptions, each with its reason;
an exception that nothing needs is a finding too. A file that was clean is not looked at again until
it or a rule changes: the cache holds digests only.
"""

import fnmatch
import hashlib
import os
import pwd
import sys
import time

import formatting
import rules_build
import rules_functions
import rules_include
import rules_state
import rules_text
from sources import Finding, read_tree

_PER_FILE = (rules_text, rules_functions, rules_include, rules_state)
_ALLOW_FILE = "bazel/tidy/allow.txt"
_HERE = os.path.dirname(os.path.realpath(__file__))


class Allowances:
    """Lines `rule path  # reason`; a path may hold `*`. Remembers which lines were needed."""

    def __init__(self, text):
        self.bad = []
        self._entries = []
        self._used = set()
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            rule_and_path, _, reason = line.partition("#")
            words = rule_and_path.split()
            if len(words) != 2 or not reason.strip():
                self.bad.append(Finding(_ALLOW_FILE, number, "allow", "want: rule path  # reason"))
            else:
                self._entries.append((number, words[0], words[1]))

    def covers(self, finding):
        for number, rule, path in self._entries:
            if rule == finding.rule and fnmatch.fnmatchcase(finding.path, path):
                self._used.add(number)
                return True
        return False

    def unused(self):
        for number, rule, path in self._entries:
            if number not in self._used:
                yield Finding(_ALLOW_FILE, number, "allow", f"nothing needs `{rule} {path}`")


class Cache:
    """Digests of files that had no finding. Losing it costs a few seconds."""

    def __init__(self, salt):
        self._salt = salt
        self._path = os.path.join(
            pwd.getpwuid(os.getuid()).pw_dir, ".cache", "slotmesh-tidy", "clean"
        )
        self._kept = set()
        try:
            with open(self._path, encoding="ascii") as file:
                self._known = set(file.read().split())
        except OSError:
            self._known = set()

    def _key(self, source):
        digest = hashlib.sha256(self._salt)
        digest.update(f"{source.path}\0{source.text}".encode())
        return digest.hexdigest()[:32]

    def is_clean(self, source):
        return self._key(source) in self._known

    def keep(self, source):
        self._kept.add(self._key(source))

    def save(self):
        """Keeps what other checkouts remembered, up to a bound."""
        known = list(self._kept) + list(self._known - self._kept)[:20000]
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            temporary = f"{self._path}.{os.getpid()}"
            with open(temporary, "w", encoding="ascii") as file:
                file.write("\n".join(known))
            os.replace(temporary, self._path)
        except OSError:
            pass  # A read-only home: the next run is as slow as this one.


def _salt(root):
    digest = hashlib.sha256()
    names = sorted(name for name in os.listdir(_HERE) if name.endswith(".py"))
    for path in [os.path.join(_HERE, name) for name in names] + [f"{root}/.clang-format"]:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.digest()


def check_file(source):
    """All findings of the rules that need one file only, formatting aside."""
    return [finding for rules in _PER_FILE for finding in rules.check(source)]


def run(root):
    """All findings of the tree under `root`, sorted, and the number of files."""
    sources = read_tree(root)
    cache = Cache(_salt(root))
    fresh = [source for source in sources if not cache.is_clean(source)]
    findings = [finding for source in fresh for finding in check_file(source)]
    findings += formatting.check_all(root, [s.path for s in fresh if s.suffix in (".h", ".cc")])
    found_in = {finding.path for finding in findings}
    for source in sources:
        if source.path not in found_in:
            cache.keep(source)
    cache.save()
    findings += rules_build.check_all(sources)
    with open(f"{root}/{_ALLOW_FILE}", encoding="utf-8") as file:
        allowances = Allowances(file.read())
    left = [finding for finding in findings if not allowances.covers(finding)]
    return sorted(left + allowances.bad + list(allowances.unused())), len(sources)


def main(arguments):
    if len(arguments) > 1:
        print(__doc__)
        return 2
    root = os.path.realpath(arguments[0] if arguments else os.path.join(_HERE, "..", ".."))
    start = time.monotonic()
    findings, count = run(root)
    for finding in findings:
        print(finding)
    print(f"{count} files, {len(findings)} findings, {time.monotonic() - start:.1f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
