"""How long a search goes on: its calls, its time, and what makes more of them pointless."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hpopt.runs.folder import Run

Reason = Literal["n_calls", "no_improvement", "target", "time_limit", "failures", "interrupted"]


# A trial that runs when the time is over may go on for this share of the limit.
_OVERRUN = 0.05
# Of a short limit, no more than this share is kept for the closing steps.
_MOST_CLOSING = 0.25


@dataclass(frozen=True)
class End:
    """Why a search is over: a word for programs, and a clause for people ("because ...")."""

    reason: Reason
    text: str


INTERRUPTED = End("interrupted", "it was interrupted")


@dataclass(frozen=True)
class Budget:
    """What a search may use, and when it has found enough.

    `target` is a score of the metric in its own direction. `time_limit_s` is for the whole run, all
    sessions together. Of it time is kept for the closing steps: `closing_s`, the share
    `closing_share` of the time that all fits took, and that of so many `closing_fits`.
    """

    n_calls: int
    no_improvement: int | None = None
    target: float | None = None
    time_limit_s: float | None = None
    closing_s: float = 0.0
    closing_share: float = 0.0
    closing_fits: int = 0
    max_failures: int | None = None  # in a row, among the trials
    failures_after: int = 0  # behind this one

    def end(self, run: Run) -> End | None:
        """Why no new trial is to begin, if so."""
        trials, best = run.trials(), run.best
        if best is not None and self.target is not None:
            sign = 1 if run.header.greater_is_better else -1
            score = run.score(best)
            if score is not None and sign * score >= sign * self.target:
                text = f"trial {best.number} reached the target of {self.target:g}"
                return End("target", text)
        if len(trials) >= self.n_calls:
            return End("n_calls", f"all {self.n_calls} trials were made")
        if self.no_improvement is not None and best is not None:
            vain = sum(t.state != "running" and t.number > best.number for t in trials)
            if vain >= self.no_improvement:
                return End("no_improvement", f"{vain} trials in a row brought no improvement")
        over = [t for t in trials if t.state != "running" and t.number > self.failures_after]
        last = over[-(self.max_failures or 0) :]
        if self.max_failures == len(last) and all(t.state == "failed" for t in last):
            text = f"the last {len(last)} trials have failed: {last[-1].reason}"
            return End("failures", text)
        return self.out_of_time if self.is_out_of_time(run) else None

    @property
    def out_of_time(self) -> End:
        """The time limit as the reason."""
        return End("time_limit", f"its time limit of {self.time_limit_s:g} s allows no more trials")

    def is_out_of_time(self, run: Run) -> bool:
        """Whether a new trial would probably not end in time; the first one begins anyway."""
        if not run.trials():
            return False
        seconds = _fitted_s(run)
        usual_s = seconds[len(seconds) // 2] if seconds else 0.0
        return run.elapsed_s + usual_s > self._deadline_s(seconds, usual_s)

    def is_overrun(self, run: Run) -> bool:
        """Whether the time is over by so much that trials that still run are to be ended."""
        allowed_s = _OVERRUN * (self.time_limit_s or 0.0)
        return run.elapsed_s > self._deadline_s(_fitted_s(run), 0.0) + allowed_s

    def _deadline_s(self, seconds: Sequence[float], usual_s: float) -> float:
        """When the search is to be over, so that the closing steps end in time."""
        if self.time_limit_s is None:
            return math.inf
        closing_s = min(self.closing_s, _MOST_CLOSING * self.time_limit_s)
        fits_s = self.closing_share * sum(seconds) + self.closing_fits * usual_s
        return self.time_limit_s - closing_s - fits_s


def _fitted_s(run: Run) -> list[float]:
    """How long each finished trial took, in order of length."""
    return sorted(trial.result.seconds for trial in run.trials() if trial.result is not None)
