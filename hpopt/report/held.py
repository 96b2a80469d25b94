"""What intervals of values, and sets of labels, are worth, in words."""

from __future__ import annotations

from hpopt.report.words import show_interval, show_score, show_with
from hpopt.runs.folder import Run
from hpopt.runs.steps import Held


def describe_held(run: Run) -> list[str]:
    """How wide intervals are, or how many labels a set has, and how often they held the truth."""
    held = run.outcomes.test.held if run.outcomes.test else None
    if held is None:
        return []
    share = f"{show_with(held.interval, held.share)} {show_interval(held.interval)}"
    verdict = f"which of the test part held {share}"
    if not held.interval.holds(held.level):
        word = "less" if held.share < held.level else "more"
        verdict += f", {word} than they promise"
    return [f"`predict --intervals` gives {_what(held)}, {verdict}."]


def _what(held: Held) -> str:
    level = f"of {held.level:.0%}, by the errors on the validation part"
    if held.margin is not None:
        return f"intervals {level}: ± {show_score(held.margin)}"
    if held.factor is not None:
        return f"intervals {level}: 1 + y may be {show_score(held.factor)} times as large or small"
    assert held.labels is not None
    level = level.replace("errors", "probabilities")
    return f"sets of possible labels {level}: {held.labels:.2f} labels a row on average"
