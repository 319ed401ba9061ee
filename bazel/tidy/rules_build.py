"""Files that no BUILD names: to a reader, a test that nobody runs looks like one that passes."""

import os
import re

_NAMED_SUFFIXES = (".h", ".cc", ".proto", ".py", ".sh", ".js", ".script")
_LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"')
_GLOB = re.compile(r"\bglob\(\s*(\[[^\]]*\])", re.DOTALL)
_LOAD = re.compile(r'^load\(\s*"([^"]+)"', re.MULTILINE)


def check_all(sources):
    """Findings over the whole tree, as a file's BUILD may stand in a folder above it."""
    builds = {}
    loaded = set()
    for source in sources:
        if source.name in ("BUILD", "BUILD.bazel", "WORKSPACE") or source.suffix == ".bzl":
            loaded.update(_loads(source))
        if source.name in ("BUILD", "BUILD.bazel"):
            builds[source.folder] = Build(source.text)
    for source in sources:
        if source.suffix == ".bzl":
            if source.path not in loaded and not source.folder.endswith("rules_cc/cc"):
                yield source.finding(0, "no-build", "no BUILD, WORKSPACE or .bzl loads this file")
        elif source.suffix in _NAMED_SUFFIXES:
            folder = _package(source.folder, builds)
            relative = source.path[len(folder) + 1 :] if folder else source.path
            if folder is None or not builds[folder].names(relative):
                yield source.finding(0, "no-build", "no BUILD names this file")


def _loads(source):
    for label in _LOAD.findall(source.text):
        if label.startswith("//"):
            package, _, name = label[2:].partition(":")
            yield f"{package}/{name}" if package else name
        elif label.startswith(":"):
            yield f"{source.folder}/{label[1:]}"


def _package(folder, builds):
    while True:
        if folder in builds:
            return folder
        if not folder:
            return None
        folder = os.path.dirname(folder)


class Build:
    """What a BUILD file names: literals, and the patterns of its globs."""

    def __init__(self, text):
        text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
        globs = " ".join(_GLOB.findall(text))
        self._patterns = [_pattern(literal) for literal in _LITERAL.findall(globs)]
        self._literals = {name.lstrip(":") for name in _LITERAL.findall(text)}

    def names(self, relative):
        return relative in self._literals or any(p.fullmatch(relative) for p in self._patterns)


def _pattern(glob):
    parts = []
    for piece in re.split(r"(\*\*/|\*\*|\*)", glob):
        parts.append({"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}.get(piece) or re.escape(piece))
    return re.compile("".join(parts))
