"""PyYAML's syntax errors in the words of somebody who wrote a YAML file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import yaml

_BARE_COMPARISON = re.compile(r":\s*([<>]=?|==|!=)\s*[-.0-9]")
_SPECIAL = "`%@*&"
_FLOWS = {"while parsing a flow mapping": "{", "while parsing a flow sequence": "["}
_CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True)
class Explanation:
    """What is wrong, where, and what would help."""

    message: str
    mark: yaml.Mark | None
    help: str | None = None


def explain(error: yaml.MarkedYAMLError, lines: Sequence[str]) -> Explanation:
    """Say where a YAML text goes wrong: where something was opened, not where the text ends."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    line = lines[mark.line] if mark is not None and mark.line < len(lines) else ""
    if "'\\t'" in problem or line.startswith("\t"):
        return Explanation("a tab where YAML wants spaces", mark, "indent with spaces")
    if "another document" in problem:
        return Explanation(
            "a second document begins", mark, "one file holds one run: take the `---` away"
        )
    if _BARE_COMPARISON.search(line):
        return Explanation(
            "a comparison that YAML takes for something else", mark, 'put it in quotes: ">= 3"'
        )
    if "quoted scalar" in context:
        return Explanation("a quote that is never closed", error.context_mark)
    if "<stream end>" in problem and context not in _FLOWS:
        return Explanation("the text ends where something is never closed", mark)
    if context in _FLOWS and mark is not None and error.context_mark is not None:
        opened, bracket = error.context_mark, _FLOWS[context]
        if mark.line != opened.line:
            return Explanation(f"a `{bracket}` that is never closed", opened)
        return Explanation(f"a comma or a `{_CLOSING[bracket]}` is missing", mark)
    if "undefined alias" in problem or (mark is not None and line[mark.column :][:1] in _SPECIAL):
        return Explanation(f"this is no YAML: {problem}", mark, "put the value in quotes")
    if "not allowed here" in problem or "could not find expected ':'" in problem:
        return Explanation(
            "YAML can't read this line",
            mark,
            "is a `: ` (colon, space) missing, or the indentation off, here or in the line before?",
        )
    return Explanation(f"this is no YAML: {problem or context}", mark)
