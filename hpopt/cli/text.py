"""How commands lay things out for people: tables of plain text, times in words."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hpopt.shown import one_line

if TYPE_CHECKING:
    from hpopt.space.space import Space


_NARROWEST = 10  # of a column of text, in letters


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
    from hpopt.report.words import show_belief, show_param
    from hpopt.space.dimensions import Categorical

    rows = []
    for dimension in space:
        if isinstance(dimension, Categorical):
            values, prior = ", ".join(map(show_param, dimension.categories)), "one of"
        else:
            values = f"{show_param(dimension.low)} to {show_param(dimension.high)}"
            values += "" if dimension.step is None else f" by {show_param(dimension.step)}"
            prior = dimension.prior
            if dimension.belief is not None:
                prior += f", {show_belief(dimension.belief)}"
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
    """The text with no line longer than `width`, as far as its words allow; indents are kept.

    Rows of a table, one below the other, keep their columns: a cell goes on below itself.
    """
    lines: list[str] = []
    for is_table, group in itertools.groupby(text.split("\n"), key=_is_row):
        block = list(group)
        if is_table and max(map(len, block)) > width:
            lines += _narrowed(block, width)
        else:
            lines += [_wrapped_line(line, width) for line in block]
    return "\n".join(lines)


def _is_row(line: str) -> bool:
    return re.search(r"\S {2,}\S", line) is not None


def _narrowed(rows: Sequence[str], width: int) -> list[str]:
    """Rows with the widest cells that have spaces in several lines, each below its beginning.

    Where not even that is enough, the first cell of each row, its name, has a line of its own; and
    where that is not either, they stay as they are: no name is cut that may be copied.
    """
    spans = _columns(rows)
    cells = [[row[start:end].rstrip() for start, end in spans] for row in rows]
    indent = spans[0][0]
    if (whole := _laid_out(cells, indent, width)) is not None:
        return [line for lines in whole for line in lines]
    below = _laid_out([row[1:] for row in cells], indent + 2, width) if len(spans) > 2 else None
    if below is None or indent + max(len(row[0]) for row in cells) > width:
        return list(rows)
    named = [f"{' ' * indent}{row[0].strip()}" for row in cells]
    return [line for name, lines in zip(named, below, strict=True) for line in (name, *lines)]


def _laid_out(
    cells: Sequence[Sequence[str]], indent: int, width: int
) -> Sequence[Sequence[str]] | None:
    """The lines of each row of cells; None where no wrapping makes them fit."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    excess = indent + sum(widths) + 2 * (len(widths) - 1) - width
    for place in sorted(range(len(widths)), key=lambda place: -widths[place]):
        words = [word for row in cells for word in row[place].split()]
        least = max(map(len, words), default=0)
        if len(words) > len(cells) and excess > 0:
            narrower = max(widths[place] - excess, least, _NARROWEST)
            excess -= max(widths[place] - narrower, 0)
            widths[place] = min(widths[place], narrower)
    return None if excess > 0 else [_lines_of(row, widths, indent) for row in cells]


def _lines_of(row: Sequence[str], widths: Sequence[int], indent: int) -> Sequence[str]:
    flush = [cell.startswith(" ") for cell in row]
    parts = [
        [cell] if len(cell) <= most else textwrap.wrap(cell, most, break_long_words=False)
        for cell, most in zip(row, widths, strict=True)
    ]
    lines = []
    for texts in itertools.zip_longest(*parts, fillvalue=""):
        shown = [
            text.strip().rjust(most) if is_flush else text.ljust(most)
            for text, most, is_flush in zip(texts, widths, flush, strict=True)
        ]
        lines.append(f"{' ' * indent}{'  '.join(shown)}".rstrip())
    return lines


def _columns(rows: Sequence[str]) -> list[tuple[int, int]]:
    """Where each column begins and ends: between two, every row has two spaces or more."""
    longest = max(map(len, rows))
    padded = [row.ljust(longest) for row in rows]
    used = "".join("x" if any(row[i] != " " for row in padded) else " " for i in range(longest))
    return [match.span() for match in re.finditer(r"x(?: ?x)*", used)]


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
