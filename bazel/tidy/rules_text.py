"""Rules on the text of a file: lengths, opening comments, include guards, paths of one machine."""

import re

from sources import is_python, is_shell

FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100

# Written in pieces so that this file does not find itself.
_MACHINE_PATH = re.compile(
    r"(?<![\w/.$}~-])/(?:" + "|".join(("work", "farm", "root", "home")) + r")(?=/|[\s'\"`,;:)]|$)"
)
_LONG_LINES_ALLOWED = (".md", ".json", ".lock", ".txt", ".csv", ".script", ".yml", ".yaml")


def check(source):
    yield from _lengths(source)
    yield from _machine_paths(source)
    if source.suffix == ".h":
        yield from _header(source)
    elif source.is_code:
        yield from _opening(source)
    if source.is_code or source.name in ("BUILD", "WORKSPACE"):
        yield from _whitespace(source)


def _lengths(source):
    if source.is_code and len(source.lines) > FILE_LINES_MAX:
        yield source.finding(
            FILE_LINES_MAX + 1,
            "file-length",
            f"{len(source.lines)} lines; at most {FILE_LINES_MAX}: split by concept",
        )
    if source.suffix in _LONG_LINES_ALLOWED or not (
        source.is_code or source.name in ("BUILD", "WORKSPACE")
    ):
        return
    for number, line in enumerate(source.lines, 1):
        if len(line) > LINE_COLUMNS_MAX and not _unbreakable(line):
            yield source.finding(
                number, "line-length", f"{len(line)} columns; at most {LINE_COLUMNS_MAX}"
            )


def _unbreakable(line):
    """An include or a comment that is one long word (an address) cannot be broken."""
    words = line.split()
    return line.startswith("#include ") or (len(words) == 2 and words[0] in ("//", "#"))


def _machine_paths(source):
    for number, line in enumerate(source.lines, 1):
        match = _MACHINE_PATH.search(line)
        if match and not (number == 1 and line.startswith("#!")):
            yield source.finding(number, "machine-path", f"a path of one machine: {match.group(0)}")


def guard_name(path):
    return "SLOTMESH_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"


def _header(source):
    if not source.text.startswith("//"):
        yield source.finding(
            1, "opening-comment", "a header opens with a paragraph: what it is, thread safety"
        )
    guard = guard_name(source.path)
    text = source.text.rstrip()
    if f"\n#ifndef {guard}\n#define {guard}\n" not in "\n" + text:
        yield source.finding(1, "header-guard", f"#ifndef {guard} and #define {guard} are missing")
    elif not text.splitlines()[-1].startswith("#endif"):
        yield source.finding(len(source.lines), "header-guard", "#endif is not the last line")


def _opening(source):
    lines = source.lines
    start = 1 if lines and lines[0].startswith("#!") else 0
    if is_python(source):
        if not _next_text(lines, start).startswith(('"""', 'r"""')):
            yield source.finding(1, "opening-comment", "a Python file opens with a docstring")
    elif is_shell(source):
        if not _next_text(lines, start).startswith("#"):
            yield source.finding(1, "opening-comment", "a script opens with what it does")
    elif source.suffix == ".bzl":
        if not _next_text(lines, 0).startswith('"""'):
            yield source.finding(1, "opening-comment", "a .bzl file opens with a docstring")
    elif source.suffix in (".js", ".proto"):
        if not _next_text(lines, start).startswith("//"):
            yield source.finding(1, "opening-comment", "the file opens with what it is for")


def _next_text(lines, start):
    for line in lines[start:]:
        if line.strip():
            return line
    return ""


def _whitespace(source):
    for number, line in enumerate(source.lines, 1):
        if line != line.rstrip():
            yield source.finding(number, "whitespace", "space at the line's end")
        elif "\t" in line and source.name != "go.mod":
            yield source.finding(number, "whitespace", "a tab")
    if source.text and not source.text.endswith("\n"):
        yield source.finding(len(source.lines), "whitespace", "the last line has no newline")
