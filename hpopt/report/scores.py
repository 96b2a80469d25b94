"""The scores that belong side by side: the best, the default, the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpopt.report.words import show_score
from hpopt.runs.folder import Run
from hpopt.trials import Trial


@dataclass(frozen=True)
class ScoreRow:
    """A network's or a plain model's score by the run's metric, as people read it."""

    name: str
    validation: str
    test: str


def score_rows(run: Run, best: Trial) -> Sequence[ScoreRow]:
    """The best first, then the default params if they are another trial, then the baselines."""
    metric, default = run.header.metric, run.trials()[0]
    test: Mapping[str, Any] = run.steps["test"].outcome if "test" in run.steps else {}

    def row(name: str, trial: Trial, scores: Mapping[str, float | None] | None) -> ScoreRow:
        validation = None if trial.result is None else trial.result.metrics[metric]
        return ScoreRow(name, show_score(validation), show_score((scores or {}).get(metric)))

    if best.number == default.number:
        rows = [row("default params (trial 1)", best, test.get("best"))]
    else:
        rows = [row(f"best (trial {best.number})", best, test.get("best"))]
        if default.result is not None:
            rows.append(row("default params (trial 1)", default, test.get("default")))
    for name, scores in test.get("baselines", {}).items():
        validation, on_test = (scores[part].get(metric) for part in ("validation", "test"))
        rows.append(ScoreRow(name, show_score(validation), show_score(on_test)))
    return rows


def verdict(run: Run) -> str | None:
    """What has to be said where a plain model scores as well on the test part; None otherwise."""
    test: Mapping[str, Any] = run.steps["test"].outcome if "test" in run.steps else {}
    metric, sign = run.header.metric, 1.0 if run.header.greater_is_better else -1.0
    best = test.get("best", {}).get(metric)
    found = {name: scores["test"].get(metric) for name, scores in test.get("baselines", {}).items()}
    known = {name: score for name, score in found.items() if score is not None}
    if best is None or not known:
        return None
    name = max(known, key=lambda other: sign * known[other])
    if sign * known[name] < sign * best:
        return None
    words = "no worse" if known[name] == best else "better"
    return f"On the test part, {name} is {words} than the best network."
