"""A scan of C++ by braces: where functions start and end, which statements stand outside.

No parser: it works on text whose comments, literals and directives are blanked (blank_prose)
and classifies each brace by the words before it. Good for code that clang-format has seen.
"""

import dataclasses
import re

_TOKEN = re.compile(r"[{};]")
_TEMPLATE = re.compile(r"\btemplate\s*<")
_ACCESS = re.compile(r"^\s*(?:public|private|protected)\s*:(?!:)")
_ATTRIBUTES = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^()]*(?:\([^()]*\))?[^()]*\)", re.DOTALL)
_TYPE = re.compile(r"^(?:typedef\s+|static\s+|inline\s+|constexpr\s+|const\s+|friend\s+|export\s+)*"
                   r"(?:class|struct|union|enum)\b")


@dataclasses.dataclass
class Function:
    """A body with its head: lines count from 1, both included."""

    name: str
    first_line: int
    last_line: int
    body_start: int
    body_end: int

    @property
    def lines(self):
        return self.last_line - self.first_line + 1


@dataclasses.dataclass
class Statement:
    """A declaration at namespace or class level: its text up to `;` or the initialiser's brace."""

    text: str
    line: int
    in_class: bool


class Scan:
    """Functions and statements of one file. Bodies are not looked into: a lambda counts with its
    function."""

    def __init__(self, code):
        self.functions = []
        self.statements = []
        self._code = code
        self._line_starts = [0] + [match.end() for match in re.finditer(r"\n", code)]
        self._run()

    def line(self, offset):
        low, high = 0, len(self._line_starts)
        while high - low > 1:
            middle = (low + high) // 2
            if self._line_starts[middle] <= offset:
                low = middle
            else:
                high = middle
        return low + 1

    def _run(self):
        code = self._code
        stack = []  # "namespace" or "class" of each open brace that is looked into.
        head_start = 0
        position = 0
        while True:
            match = _TOKEN.search(code, position)
            if match is None:
                return
            at = match.start()
            position = at + 1
            in_class = bool(stack) and stack[-1] == "class"
            if match.group() == ";":
                self._add_statement(head_start, at, in_class)
            elif match.group() == "}":
                if stack:
                    stack.pop()
            else:
                kind = self._classify(code[head_start:at], at)
                if kind in ("namespace", "class"):
                    stack.append(kind)
                else:
                    position = closing_brace(code, at)
                    if kind == "member-init":
                        continue  # The constructor's head goes on.
                    if kind == "function":
                        self._add_function(head_start, at, position)
                    else:
                        self._add_statement(head_start, at, in_class)
                        position = self._statement_end(position)
            head_start = position

    def _classify(self, head, brace):
        text = strip_head(head)
        if re.match(r"(?:inline\s+)?namespace\b", text) or re.match(r'extern\s+"[^"]*"\s*$', text):
            return "namespace"
        bare = outside_parentheses(text)
        if _TYPE.match(text) and "=" not in bare and not text.rstrip().endswith(")"):
            return "class"
        if "(" not in text and not re.search(r"\]\s*(?:mutable\s*)?$", text):
            return "init"
        if re.search(r"[=,(]\s*$|\breturn\s*$", text):
            return "init"
        if re.search(r"\)[^()]*:(?!:)", bare) and re.search(r"[\w>]\s*$", text):
            after = self._code[closing_brace(self._code, brace):].lstrip()[:1]
            if after in (",", "{"):
                return "member-init"
        return "function"

    def _first_offset(self, head_start, end):
        text = self._code[head_start:end]
        access = _ACCESS.match(text)
        start = head_start + (access.end() if access else 0)
        while start < end and self._code[start].isspace():
            start += 1
        return start

    def _add_function(self, head_start, brace, end):
        start = self._first_offset(head_start, brace)
        head = strip_head(self._code[head_start:brace])
        name = re.search(r"([\w:~]+|operator\s*\S+)\s*\(", head)
        self.functions.append(
            Function(
                name=name.group(1) if name else head.split("=")[0].strip() or "?",
                first_line=self.line(start),
                last_line=self.line(end - 1),
                body_start=brace,
                body_end=end,
            )
        )

    def _add_statement(self, head_start, end, in_class):
        text = strip_head(self._code[head_start:end])
        if text:
            line = self.line(self._first_offset(head_start, end))
            self.statements.append(Statement(text, line, in_class))

    def _statement_end(self, position):
        """Past the `;` that ends an initialiser, so that it does not start the next head."""
        match = re.compile(r"[^;{}]*;").match(self._code, position)
        return match.end() if match else position


def closing_brace(code, opening):
    """The offset past the brace that closes the one at `opening`; the end if there is none."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(code, opening):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return len(code)


def strip_head(head):
    """A declaration's head in one line without access labels, attributes and template prefixes."""
    text = " ".join(_ATTRIBUTES.sub(" ", head).split())
    text = _ACCESS.sub("", text).strip()
    while True:
        match = _TEMPLATE.match(text)
        if not match:
            break
        text = text[_closing_angle(text, match.end() - 1):].lstrip()
        text = re.sub(r"^requires\s*\([^{}]*?\)\s+(?=\w)", "", text)
    return text


def _closing_angle(text, opening):
    depth = 0
    inside = 0  # Of parentheses, where < and > compare.
    for index in range(opening, len(text)):
        char = text[index]
        inside += {"(": 1, ")": -1}.get(char, 0)
        if inside > 0:
            continue
        if char == "<":
            depth += 1
        elif char == ">" and text[index - 1] != "-":
            depth -= 1
            if depth == 0:
                return index + 1
    return len(text)


def outside_parentheses(text):
    """`text` with what stands inside (...) removed; the parentheses stay."""
    result = []
    depth = 0
    for char in text:
        if char == ")":
            depth = max(0, depth - 1)
        if depth == 0:
            result.append(char)
        if char == "(":
            depth += 1
    return "".join(result)
