"""Cuts a failing case down, as long as it fails in the same way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from tests.fuzz.case import Case, Failure, run

_MOST_S = 60.0


def smaller(case: Case, failure: Failure) -> Case:
    """The smallest case that is come upon within a minute."""
    deadline = time.monotonic() + _MOST_S
    case = replace(case, commands=case.commands[: case.commands.index(failure.command) + 1])
    alone = replace(case, commands=[failure.command])
    if _fails(alone, failure):
        case = alone
    is_smaller = case.smaller is not None
    while is_smaller and time.monotonic() < deadline:
        is_smaller = False
        for other in _cuts(case):
            if time.monotonic() > deadline:
                break
            if _fails(other, failure):
                case, is_smaller = other, True
                break
    return case


def _fails(case: Case, failure: Failure) -> bool:
    other = run(case)
    return other is not None and other.kind == failure.kind


def _cuts(case: Case) -> Iterator[Case]:
    """The case with less and less taken out of its file: lines first, then bytes."""
    assert case.smaller is not None
    content = case.files[case.smaller]
    lines = content.splitlines(keepends=True)
    pieces = lines if len(lines) > 1 else [content[i : i + 1] for i in range(len(content))]
    size = max(1, len(pieces) // 2)
    while size:
        for start in range(0, len(pieces), size):
            rest = b"".join([*pieces[:start], *pieces[start + size :]])
            if rest != content:
                yield replace(case, files={**case.files, case.smaller: rest})
        size //= 2
