"""How commands lay things out for people: tables of plain text, times in words."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hpopt.shown import one_line

if TYPE_CHECKING:
    from hpopt.space.space import Space


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> list[str]:
    """Lines with aligned columns; `right` names the columns that are flush right."""
    from hpopt.report.words import align

    flush = [index for index, name in enumerate(head) if name in right.split()]
    return align([[one_line(cell) for cell in row] for row in (head, *rows)], flush)


def facts(named: Mapping[str, str]) -> list[str]:
    """Lines of a name and what is said of it, aligned."""
    width = max(map(len, named), default=0)
    return [f"  {name:<{width}}  {one_line(text)}" for name, text in named.items()]


def space_table(space: Space) -> list[str]:
    """A search space, a dimension a line."""
    from hpopt.report.words import show_param
    from hpopt.space.dimensions import Categorical

    rows = []
    for dimension in space:
        if isinstance(dimension, Categorical):
            values, prior = ", ".join(map(show_param, dimension.categories)), "one of"
        else:
            values = f"{show_param(dimension.low)} to {show_param(dimension.high)}"
            prior = dimension.prior
        when = " and ".join(map(str, dimension.when))
        rows.append([dimension.name, values, prior, show_param(dimension.default), when])
    head = ["dimension", "values", "prior", "default", "when"]
    if not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    return table(head, rows)


def to_fit(text: str) -> str:
    """The text with lines that end between words where stdout is a terminal; else as it is."""
    return wrapped(text, shutil.get_terminal_size().columns) if sys.stdout.isatty() else text


def wrapped(text: str, width: int) -> str:
    """The text with no line longer than `width`, as far as its words allow; indents are kept."""
    return "\n".join(_wrapped_line(line, width) for line in text.split("\n"))


def _wrapped_line(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line,
        width,
        subsequent_indent=indent if len(indent) < width // 2 else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def age(moment: datetime | None) -> str:
    """How long ago a moment was; a clock that was set back since makes it "now"."""
    from hpopt.report.words import duration

    if moment is None:
        return "–"
    seconds = (datetime.now(UTC) - moment).total_seconds()
    return duration(round(seconds)) if seconds >= 1 else "now"
