"""What the test part says of a forecast step by step, in the target's units."""

from __future__ import annotations

from collections.abc import Sequence

from hpopt.report.words import counted, show_score
from hpopt.runs.folder import Run
from hpopt.runs.steps import Ahead
from hpopt.shown import in_markdown

# So many steps are shown of more.
_MOST_STEPS = 8


def ahead_table(run: Run) -> tuple[list[str], list[list[str]]] | None:
    """The mean absolute error of each model by step ahead, as a head and rows; the least is bold.

    None of what is no forecast.
    """
    scored = run.outcomes.test
    if scored is None or scored.ahead is None:
        return None
    errors = scored.ahead.errors
    steps = len(next(iter(errors.values())))
    shown = _steps_shown(steps)
    unit = scored.ahead.step
    head = [f"steps ahead ({unit} each)" if steps > 1 else f"the next step ({unit})"]
    head += [str(step + 1) for step in shown] + (["all"] if steps > 1 else [])
    rows = []
    for name, of_steps in errors.items():
        values = [of_steps[step] for step in shown]
        values += [sum(of_steps) / steps] if steps > 1 else []
        rows.append([name, *map(show_score, values)])
    for place in range(1, len(head)):
        best = min(rows, key=lambda row: float(row[place].replace(",", "")))
        least = best[place]
        for row in rows:
            if row[place] == least:
                row[place] = f"**{least}**"
    return head, rows


def _steps_shown(steps: int) -> Sequence[int]:
    """The first and the last, and some between them."""
    if steps <= _MOST_STEPS:
        return range(steps)
    last = _MOST_STEPS - 1
    return sorted({round(place * (steps - 1) / last) for place in range(_MOST_STEPS)})


def describe_ahead(run: Run) -> str:
    """What the table's numbers are."""
    target = f" of `{in_markdown(run.goal.target)}`" if run.goal.target else ""
    return f"The mean absolute error on the test part by step ahead, in the units{target}:"


def describe_intervals(run: Run) -> list[str]:
    """How wide the intervals of forecasts are, and how often they really held the truth."""
    scored = run.outcomes.test
    if scored is None or scored.ahead is None:
        return []
    ahead = scored.ahead
    if ahead.margins is None or ahead.coverage is None:
        return ["There are no intervals of forecasts: no network kept apart the validation part."]
    share = sum(ahead.coverage) / len(ahead.coverage)
    sentence = (
        f"`predict` gives intervals of {ahead.level:.0%}, by the errors on the validation part: "
        f"{_margins(ahead)}. They held {share:.1%} of the test part"
    )
    if len(ahead.coverage) > 1:
        worst = min(range(len(ahead.coverage)), key=lambda step: ahead.coverage[step])  # type: ignore[index]
        sentence += f", and {ahead.coverage[worst]:.1%} of step {worst + 1}, where they held least"
    return [sentence + "."]


def _margins(ahead: Ahead) -> str:
    assert ahead.margins is not None
    first, last = ahead.margins[0], ahead.margins[-1]
    if len(ahead.margins) == 1:
        return f"± {show_score(first)}"
    return (
        f"± {show_score(first)} of the next step, ± {show_score(last)} of the "
        f"{counted(len(ahead.margins), 'step')} ahead"
    )


def blocks(run: Run) -> str | None:
    """How many windows the test part has, and in how many blocks of time: a block counts as one."""
    scored = run.outcomes.test
    if scored is None or scored.ahead is None or scored.groups is None:
        return None
    return f"{counted(scored.rows, 'window')} in {counted(scored.groups, 'block')} of time"
