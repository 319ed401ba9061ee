"""Function length, in each language of the repository."""

import ast
import re

from cxx_scan import Scan
from sources import is_python, is_shell

FUNCTION_LINES_MAX = 70


def check(source):
    for name, first, last in _functions(source):
        lines = last - first + 1
        if lines > FUNCTION_LINES_MAX:
            yield source.finding(
                first, "function-length", f"{name}: {lines} lines; at most {FUNCTION_LINES_MAX}"
            )


def _functions(source):
    if source.is_cxx:
        return [(f.name, f.first_line, f.last_line) for f in Scan(source.code).functions]
    if is_python(source) or source.suffix == ".bzl":
        return _python(source)
    if is_shell(source):
        return _by_indent(source, re.compile(r"^(\s*)([\w-]+)\s*\(\)\s*[{(]\s*$"), ("}", ")"))
    if source.suffix == ".js":
        head = re.compile(r"^(\s*).*?(\w+)?\s*(?:\([^()]*\)|=>)\s*(?:=>\s*)?\{\s*$")
        return _by_indent(source, head, ("}",))
    return []


def _python(source):
    try:
        tree = ast.parse(source.text)
    except SyntaxError as error:
        return [(f"does not parse ({error.msg})", 1, FUNCTION_LINES_MAX + 1)]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(n.name, n.lineno, n.end_lineno) for n in ast.walk(tree) if isinstance(n, kinds)]


def _by_indent(source, head, closers):
    """Blocks whose closing line has the indentation of their first one."""
    found = []
    for index, line in enumerate(source.lines):
        match = head.match(line)
        if match is None or (source.suffix == ".js" and _is_not_function(line)):
            continue
        indent = match.group(1)
        for end in range(index + 1, len(source.lines)):
            if source.lines[end].startswith(tuple(indent + closer for closer in closers)):
                found.append((match.group(2) or "function", index + 1, end + 1))
                break
    return found


def _is_not_function(line):
    return re.match(r"\s*(?:\}\s*)?(?:if|else|for|while|switch|try|catch|describe|with)\b", line)
