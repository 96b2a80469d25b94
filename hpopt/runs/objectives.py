"""What the trials of a run are judged by, as the header of its journal lists it.

Today every run has one objective, whose values stand in `value`, `metrics` and `scores` of a trial.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hpopt.runs.events import Header
from hpopt.task import LIKELIEST

Direction = Literal["minimize", "maximize"]

# hpopt 0.1 listed no objectives: it had these metrics of labels, and this rule for them.
_LABEL_METRICS_OF_0_1 = ("accuracy", "balanced_accuracy", "f1")


@dataclass(frozen=True)
class Goal:
    """One objective: a metric, of which target, in its own direction, and by which rule.

    `target` is a column's name; None where it has none, as in arrays, or where it was not written.
    `rule` says how probabilities become labels; None where the metric judges no labels. `positive`
    is, of two labels, the one that the metric and the threshold are about. `costs` are those of
    mistakes, as in the setting.
    """

    name: str
    target: str | None
    direction: Direction
    rule: str | None
    positive: str | None = None
    costs: dict[str, Any] | None = None


def goals_of(header: Header) -> list[Goal]:
    """The objectives of a run; of a journal that lists none the one of its metric."""
    if header.objectives:
        return [_goal(form) for form in header.objectives]
    direction: Direction = "maximize" if header.greater_is_better else "minimize"
    rule = LIKELIEST if header.metric in _LABEL_METRICS_OF_0_1 else None
    return [Goal(header.metric, None, direction, rule)]


def _goal(form: Mapping[str, Any]) -> Goal:
    return Goal(
        form["name"],
        form.get("target"),
        form["direction"],
        form.get("rule"),
        form.get("positive"),
        form.get("costs"),
    )
