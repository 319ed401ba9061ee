"""The repository's files as the style test sees them, and C++ with its prose blanked.

A finding is one line for people: where, which rule, what. Nothing here decides if code is good;
the rules_*.py modules do.
"""

import dataclasses
import functools
import os
import re

CXX_SUFFIXES = (".h", ".cc")
CODE_SUFFIXES = CXX_SUFFIXES + (".py", ".sh", ".js", ".bzl", ".proto")
_SKIPPED_FOLDERS = {".git", "node_modules", "__pycache__"}
_BINARY_SUFFIXES = (".rdb", ".aof", ".so", ".png", ".bin")
_READ_MAX = 2 << 20  # Data files above this are not text that anybody reads.


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One breach of a rule; `line` counts from 1, 0 means the whole file."""

    path: str
    line: int
    rule: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


class Source:
    """One text file; `path` is relative to the repository's root, with forward slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text

    @functools.cached_property
    def lines(self):
        return self.text.splitlines()

    @property
    def folder(self):
        return os.path.dirname(self.path)

    @property
    def name(self):
        return os.path.basename(self.path)

    @property
    def suffix(self):
        return os.path.splitext(self.path)[1]

    @property
    def is_cxx(self):
        return self.suffix in CXX_SUFFIXES

    @property
    def is_code(self):
        return self.suffix in CODE_SUFFIXES or is_script(self)

    @property
    def is_test(self):
        return self.path.endswith(("_test.cc", "_test.py", "_bench.cc")) or self.is_test_support

    @property
    def is_test_support(self):
        """What only tests include, told by its name: testing.h, testing/x.h, x_sim.h, fake_x.h."""
        parts = self.path.rsplit(".", 1)[0].split("/")
        return "testing" in parts or parts[-1].endswith("_sim") or parts[-1].startswith("fake_")

    @functools.cached_property
    def code(self):
        """C++ text of the same length and lines without comments, literals' content, directives."""
        return blank_prose(self.text)

    def finding(self, line, rule, text):
        return Finding(self.path, line, rule, text)


def is_script(source):
    """True for a file without a suffix that starts with a shebang line."""
    return "." not in source.name.lstrip(".") and source.text.startswith("#!")


def is_python(source):
    return source.suffix == ".py" or (
        is_script(source) and "python" in source.text.split("\n", 1)[0]
    )


def is_shell(source):
    return source.suffix == ".sh" or (is_script(source) and "sh" in source.lines[0].split("/")[-1])


def read_tree(root):
    """All text files under `root`, sorted by path. Build outputs and packages are left out."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in _SKIPPED_FOLDERS
            and not (folder == root and name.startswith("bazel-"))
        ]
        for name in names:
            full = os.path.join(folder, name)
            if os.path.islink(full) or name.endswith(_BINARY_SUFFIXES):
                continue
            if os.path.getsize(full) > _READ_MAX:
                continue
            with open(full, "rb") as file:
                data = file.read()
            if b"\0" in data:
                continue
            path = os.path.relpath(full, root).replace(os.sep, "/")
            if path != "compile_commands.json" and path != ".git":
                found.append(Source(path, data.decode("utf-8", "replace")))
    return sorted(found, key=lambda source: source.path)


# One alternative per lexical thing that may hide a brace or a banned word.
_PROSE = re.compile(
    r'(?P<raw>R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")'
    r"|(?P<line>//[^\n]*)"
    r"|(?P<block>/\*.*?\*/)"
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<number>\b[0-9][0-9a-zA-Z_.']*)"
    r"|(?P<char>'(?:\\.[^'\n]*|[^'\\\n])')"
    r"|(?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)",
    re.DOTALL | re.MULTILINE,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _replace(match):
    text = match.group(0)
    kind = match.lastgroup
    if kind == "number":
        return text.replace("'", "_")
    if kind in ("string", "char"):
        return text[0] + " " * (len(text) - 2) + text[-1]
    return _blank(text)


def blank_prose(text):
    """`text` with comments, literals' content and preprocessor lines as spaces; newlines stay."""
    return _PROSE.sub(_replace, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
