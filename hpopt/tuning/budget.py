"""How long a search goes on: its calls, its time, and what makes more of them pointless."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from hpopt.runs.folder import Run
from hpopt.space.dimensions import Params, identity
from hpopt.trials import Trial, incumbent, made

Reason = Literal[
    "n_calls", "all_tried", "no_improvement", "target", "time_limit", "failures", "interrupted"
]


# A trial that runs when the time is over may go on for this share of the limit.
_OVERRUN = 0.05
# Of a short limit, no more than this share is kept for the closing steps; so much where others use
# the processors too.
_MOST_CLOSING, _MOST_CLOSING_SLOWLY = 0.25, 0.5


@dataclass(frozen=True)
class End:
    """Why a search is over: a word for programs, and a clause for people ("because ...")."""

    reason: Reason
    text: str

    @property
    def lets_paused_go_on(self) -> bool:
        """Whether the end is one of new trials alone, and those that are paused may go on."""
        return self.reason in ("n_calls", "all_tried", "no_improvement")


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
    slowness: Callable[[], float] = lambda: 1.0  # how many times as long closing takes just now
    max_failures: int | None = None  # in a row, among the trials
    failures_after: int = 0  # behind this one
    points: Sequence[Params] | None = None  # all that the space has, where it has so few

    def end(self, run: Run) -> End | None:
        """Why no new trial is to begin, if so."""
        trials = run.trials()
        return (
            self._reached(run)
            or self._used_up(trials)
            or self._all_tried(trials)
            or self._stuck(trials)
            or self._failing(trials)
            or (self.out_of_time if self.is_out_of_time(run) else None)
        )

    def _reached(self, run: Run) -> End | None:
        score = None if run.best is None else run.mean_score(run.best)
        if run.best is None or score is None or self.target is None:
            return None
        is_enough = score >= self.target if run.header.greater_is_better else score <= self.target
        text = f"trial {run.best.number} reached the target of {self.target:g}"
        return End("target", text) if is_enough else None

    def _used_up(self, trials: Sequence[Trial]) -> End | None:
        text = (
            "the one trial was made"
            if self.n_calls == 1
            else f"all {self.n_calls} trials were made"
        )
        return End("n_calls", text) if len(trials) >= self.n_calls else None

    def _all_tried(self, trials: Sequence[Trial]) -> End | None:
        if self.points is None:
            return None
        tried = {identity(trial.params) for trial in trials}
        if not all(identity(params) in tried for params in self.points):
            return None
        return End("all_tried", f"all {len(self.points)} points of the space were tried")

    def _stuck(self, trials: Sequence[Trial]) -> End | None:
        best = incumbent(trials)
        if best is None or self.no_improvement is None:
            return None
        vain = made([trial for trial in trials if trial.number > best.number])
        text = f"{vain} trial{'s' if vain > 1 else ''} in a row brought no improvement"
        return End("no_improvement", text) if vain >= self.no_improvement else None

    def _failing(self, trials: Sequence[Trial]) -> End | None:
        if self.max_failures is None:
            return None
        later = [trial for trial in trials if trial.number > self.failures_after]
        over = [trial for trial in later if trial.state in ("finished", "failed")]
        last = over[-self.max_failures :]
        if len(last) < self.max_failures or any(trial.state != "failed" for trial in last):
            return None
        which = "trial has" if len(last) == 1 else f"{len(last)} trials have"
        return End("failures", f"the last {which} failed: {last[-1].reason}")

    @property
    def out_of_time(self) -> End:
        """The time limit as the reason."""
        return End("time_limit", f"its time limit of {self.time_limit_s:g} s allows no more trials")

    def is_out_of_time(self, run: Run) -> bool:
        """Whether a new trial would probably not end in time; the first one begins anyway."""
        if not run.trials():
            return False
        seconds = _trials_s(run)
        usual_s = seconds[len(seconds) // 2] if seconds else 0.0
        return run.elapsed_s + usual_s > self._deadline_s(seconds, usual_s)

    def is_overrun(self, run: Run) -> bool:
        """Whether the time is over by so much that trials that still run are to be ended."""
        limit_s, seconds = self.time_limit_s or math.inf, _trials_s(run)
        if not seconds:  # there is nothing yet that could be closed with
            return run.elapsed_s > limit_s
        return run.elapsed_s > self._deadline_s(seconds, 0.0) + _OVERRUN * limit_s

    def _deadline_s(self, seconds: Sequence[float], usual_s: float) -> float:
        """When the search is to be over, so that the closing steps end in time."""
        if self.time_limit_s is None:
            return math.inf
        closing_s, slowness = self.closing_s, self.slowness()
        most = min(_MOST_CLOSING * slowness, _MOST_CLOSING_SLOWLY) * self.time_limit_s
        closing_s = min(closing_s * slowness, most)
        fits_s = self.closing_share * sum(seconds) + self.closing_fits * usual_s
        return self.time_limit_s - closing_s - fits_s


def _trials_s(run: Run) -> list[float]:
    """How long each finished trial took, in order of length."""
    return sorted(trial.result.seconds for trial in run.trials() if trial.result is not None)
