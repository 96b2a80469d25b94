"""Trials as lines of one table: score, time, and as many params as the terminal has room for."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import accumulate

from hpopt.errors import shorten
from hpopt.report.words import duration, paused_with_score, show_param, show_score
from hpopt.runs.folder import Run
from hpopt.search.surrogate import fit_surrogate, importance
from hpopt.shown import one_line
from hpopt.space.dimensions import Categorical, Dimension
from hpopt.trials import Trial

log = logging.getLogger(__name__)

# After so many finished trials it is asked again which params matter most.
_ASKED_AFTER = (10, 20, 40)
_GAP = "  "
_TIME = 7
_LONGEST = 16  # letters of a name, or of a category
_NUMBER = 9  # letters of a real number, with four digits


class TrialLines:
    """Lays out the trials of a run, below heads that are given where they change."""

    def __init__(self, run: Run, n_calls: int) -> None:
        self._run = run
        self._metric = run.metric
        self._dimensions: list[Dimension] = list(run.space)
        self._space = run.space
        self._number = max(len("trial"), len(str(n_calls)))
        self._score = max(len(run.metric), 8)
        self._heads = ""
        self._asked = 0

    def heads(self, trials: Sequence[Trial], width: int) -> list[str]:
        """The line of heads, where it is not the one that stands above already."""
        if len(self._shown(width)) < len(self._dimensions):
            self._ask_what_matters(trials)
        params = [_fit(d.name, _width(d)) for d in self._shown(width)]
        heads = self._line("trial", self._metric, "time", params)
        if heads == self._heads:
            return []
        self._heads = heads
        return [heads]

    def ended(self, trial: Trial, width: int, *, is_best: bool) -> str:
        """A trial that is over, or paused; a star marks a new best."""
        if trial.state == "paused":
            return f"{trial.number:>{self._number}}{_GAP} {paused_with_score(self._run, trial)}"
        if trial.result is None:
            reason = one_line(trial.reason or trial.state)
            state = "failed: " if trial.state == "failed" else ""
            return f"{trial.number:>{self._number}}{_GAP} {state}{reason}"
        score = show_score(trial.result.metrics[self._metric])
        time = duration(trial.result.seconds)
        return self._line(str(trial.number), score, time, self._params(trial, width), best=is_best)

    def running(self, trial: Trial, seconds: float | None, width: int) -> str:
        """A trial that runs since so many seconds, or waits for its turn."""
        time = "" if seconds is None else duration(int(seconds)) if seconds >= 1 else "0 s"
        state = "waits" if seconds is None else "runs"
        return self._line(str(trial.number), state, time, self._params(trial, width))

    def _params(self, trial: Trial, width: int) -> list[str]:
        return [
            _fit(show_param(trial.params[d.name]) if d.name in trial.params else "–", _width(d))
            for d in self._shown(width)
        ]

    def _line(
        self, number: str, score: str, time: str, params: Sequence[str], best: bool = False
    ) -> str:
        facts = f"{number:>{self._number}}{_GAP}{'*' if best else ' '}{score:>{self._score}}"
        return _GAP.join([f"{facts}{_GAP}{time:>{_TIME}}", *params]).rstrip()

    def _shown(self, width: int) -> list[Dimension]:
        """The first dimensions, as many as there is room for."""
        taken = len(self._line("", "", "x", []))
        ends = accumulate((len(_GAP) + _width(d) for d in self._dimensions), initial=taken)
        return self._dimensions[: sum(end <= width for end in ends) - 1]

    def _ask_what_matters(self, trials: Sequence[Trial]) -> None:
        """Put the dimensions first that explain most, by the surrogate; every now and then."""
        finished = sum(trial.result is not None for trial in trials)
        if finished not in _ASKED_AFTER or finished == self._asked:
            return
        self._asked = finished
        try:
            shares = {
                each.name: each.share for each in importance(fit_surrogate(self._space, trials))
            }
        except Exception:  # what is shown first is never worth a run
            log.exception("it can't be said which params matter")
            return
        self._dimensions.sort(key=lambda d: -shares.get(d.name, 0.0))


def _width(dimension: Dimension) -> int:
    """How wide the column of a dimension is."""
    if isinstance(dimension, Categorical):
        values = max(len(show_param(value)) for value in dimension.categories)
    else:
        values = _NUMBER if isinstance(dimension.low, float) else len(str(dimension.high))
    return min(max(len(dimension.name), values), _LONGEST)


def _fit(text: str, width: int) -> str:
    return shorten(one_line(text), width).ljust(width)
