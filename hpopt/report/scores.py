"""The scores that belong side by side: the best, the default, the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpopt.report.on_test import test_outcome
from hpopt.report.words import list_trials, show_interval, show_score
from hpopt.runs.folder import Run
from hpopt.trials import Trial


@dataclass(frozen=True)
class ScoreRow:
    """A network's or a plain model's score by the run's metric, as people read it."""

    name: str
    validation: str
    test: str
    interval: str = ""  # of the test score, where it is known

    @property
    def test_with_interval(self) -> str:
        """The test score with its interval behind it."""
        return f"{self.test} {self.interval}".rstrip()


def score_rows(run: Run, best: Trial) -> Sequence[ScoreRow]:
    """The best first, then the default params if they are another trial, then the baselines."""
    metric, default, test = run.header.metric, run.trials()[0], test_outcome(run)
    intervals = test.get("intervals", {})

    def row(name: str, key: str, validation: float | None, on_test: float | None) -> ScoreRow:
        interval = show_interval(intervals.get(key, {}).get(metric))
        return ScoreRow(name, show_score(validation), show_score(on_test), interval)

    def of_trial(name: str, trial: Trial, key: str) -> ScoreRow:
        return row(name, key, run.score(trial), test.get(key, {}).get(metric))

    if run.ensemble:
        members = list_trials(trial.number for trial in run.ensemble)
        said = run.steps["ensemble"].outcome["scores"]["ensemble"]
        on_test = test.get("best", {}).get(metric)
        rows = [row(f"best (average of trials {members})", "best", said, on_test)]
    elif best.number == default.number:
        rows = [of_trial("default params (trial 1)", best, "best")]
    else:
        rows = [of_trial(f"best (trial {best.number})", best, "best")]
    if default.result is not None and [default.number] != [trial.number for trial in run.final]:
        rows.append(of_trial("default params (trial 1)", default, "default"))
    for name, scores in test.get("baselines", {}).items():
        rows.append(row(name, name, *(scores[part].get(metric) for part in ("validation", "test"))))
    return rows
