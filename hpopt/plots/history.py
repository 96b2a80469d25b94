"""What every picture starts from: a run's trials, with scores in the metric's own direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from hpopt.plots import style
from hpopt.runs.folder import Run
from hpopt.runs.forecasts import FORECASTS, Forecasts
from hpopt.runs.mistakes import MISTAKES, Mistakes
from hpopt.runs.steps import Scored
from hpopt.search.dependence import Dependence, dependence
from hpopt.search.surrogate import Importance, Surrogate, fit_surrogate, importance
from hpopt.space.dimensions import Dimension
from hpopt.space.space import Space
from hpopt.trials import Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Scores further than this many quartile ranges from the quartiles are drawn at the panel's edge.
_FAR = 1.5
# The surrogate needs two finished trials.
NEEDED = 2
# More dimensions than this would make the panels of a pair picture too small to read.
MOST_IN_PAIRS = 8


class NotYetError(Exception):
    """A picture can't be drawn of this run (yet); the text says why."""


@dataclass(frozen=True)
class History:
    """A run as pictures see it; read once, so that all pictures show the same moment."""

    name: str
    metric: str
    greater_is_better: bool
    space: Space
    trials: Sequence[Trial]
    best: Trial | None  # whose network the run is for, as the summary names it
    scored: Scored | None = None  # the step `test`
    mistakes: Mistakes | None = None
    forecasts: Forecasts | None = None
    target: str | None = None  # what the column that is predicted is called
    wanted: Sequence[str] = ()  # the dimensions of pair pictures, where somebody chose them
    _dependences: dict[tuple[str, ...], Dependence] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, run: Run, wanted: Sequence[str] = ()) -> History:
        """The run as it is now."""
        scored = run.outcomes.test
        return cls(
            name=run.path.name,
            metric=run.header.metric,
            greater_is_better=run.header.greater_is_better,
            space=run.space,
            trials=run.trials(),
            best=run.chosen,
            scored=scored,
            mistakes=Mistakes.read(run.path / MISTAKES) if scored else None,
            forecasts=Forecasts.read(run.path / FORECASTS) if scored else None,
            target=run.goal.target,
            wanted=wanted,
        )

    @cached_property
    def finished(self) -> list[Trial]:
        """The trials that have a score, by number."""
        return [trial for trial in self.trials if trial.result is not None]

    @cached_property
    def failed(self) -> list[Trial]:
        """The trials that gave no score."""
        return [trial for trial in self.trials if trial.state == "failed"]

    @cached_property
    def paused(self) -> list[Trial]:
        """The trials that were fitted to a part of their epochs."""
        return [trial for trial in self.trials if trial.state == "paused"]

    @cached_property
    def scores(self) -> np.ndarray:
        """The scores [n] of the finished trials, in the metric's own direction."""
        return self.to_scores(np.array([trial.value for trial in self.finished], dtype=float))

    @property
    def default(self) -> Trial | None:
        """Trial 1, the default params."""
        return next((trial for trial in self.trials if trial.number == 1), None)

    @property
    def score_label(self) -> str:
        """The metric as an axis says it."""
        return f"{self.metric} on validation"

    def to_scores(self, values: np.ndarray) -> np.ndarray:
        """Values, which are minimised, as scores, which people read; the same map back."""
        return -values if self.greater_is_better else values

    def score(self, trial: Trial) -> float:
        """A finished trial's score."""
        assert trial.value is not None
        return -trial.value if self.greater_is_better else trial.value

    def need_finished(self, count: int) -> None:
        """Raise NotYetError with fewer than `count` finished trials."""
        finished = len(self.finished)
        if finished < count:
            have = f"{finished or 'none'} {'has' if finished < 2 else 'have'}"
            trials = "a trial" if count == 1 else f"{count} trials"
            raise NotYetError(f"{trials} must have finished, and {have}")

    @cached_property
    def score_limits(self) -> tuple[float, float]:
        """The range of scores that is worth its ink: all but outliers on the worse side."""
        return worthwhile_limits(self.scores, self.greater_is_better)

    @property
    def pair_dimensions(self) -> list[Dimension]:
        """The dimensions that pair pictures show: those asked for, or the most important ones."""
        by_name = {dimension.name: dimension for dimension in self.space}
        return [by_name[n] for n in self.wanted] or self.by_importance[:MOST_IN_PAIRS]

    @cached_property
    def by_importance(self) -> list[Dimension]:
        """All dimensions, the most important first; in the space's order where that is unknown."""
        by_name = {dimension.name: dimension for dimension in self.space}
        if len(self.finished) < NEEDED:
            return list(self.space)
        ordered = [part.name for part in self.importance]
        return [
            by_name[name] for name in [*ordered, *(name for name in by_name if name not in ordered)]
        ]

    @cached_property
    def surrogate(self) -> Surrogate:
        """The Gaussian process fitted to the finished trials. Raises NotYetError without two."""
        self.need_finished(NEEDED)
        return fit_surrogate(self.space, self.trials)

    @cached_property
    def importance(self) -> list[Importance]:
        """The dimensions' shares of the variance, the largest first; none of one single value."""
        return importance(self.surrogate)

    def dependence(self, *names: str) -> Dependence:
        """The partial dependence on one or two dimensions, computed once."""
        if names not in self._dependences:
            cells, samples = (40, 128) if len(names) == 1 else (18, 40)
            self._dependences[names] = dependence(
                self.surrogate, self.space, names, cells=cells, samples=samples
            )
        return self._dependences[names]

    def limit_scores(self, axes: Axes) -> None:
        """Make a panel's y axis that of scores."""
        set_heights(axes, *self.score_limits, self.greater_is_better)


def worthwhile_limits(scores: np.ndarray, greater_is_better: bool) -> tuple[float, float]:
    """The range of scores [n] without what lies far off on the worse side; never empty."""
    low, high = np.quantile(scores, [0.25, 0.75])
    reach = _FAR * (high - low)
    bottom, top = float(scores.min()), float(scores.max())
    if reach > 0 and greater_is_better:
        bottom = float(scores[scores >= low - reach].min())
    elif reach > 0:
        top = float(scores[scores <= high + reach].max())
    if bottom == top:
        spare = abs(top) * 0.01 or 0.01
        return _within_possible(bottom, top, spare, greater_is_better)
    return bottom, top


def beside_limits(low: float, high: float, score: float) -> int:
    """-1 for a score below the limits, 1 for one above, 0 for one between them."""
    return int(score > high) - int(score < low)


def set_heights(axes: Axes, bottom: float, top: float, greater_is_better: bool) -> None:
    """Make a panel's y axis go from `bottom` to `top`, with room for the marks at both."""
    axes.set_ylim(_within_possible(bottom, top, 0.06 * (top - bottom), greater_is_better))
    style.count_in_thousands(axes.yaxis)


def _within_possible(
    bottom: float, top: float, spare: float, greater_is_better: bool
) -> tuple[float, float]:
    """The limits with some room, as far as scores can go: to 1 where more is better, else to 0."""
    if greater_is_better:
        return bottom - spare, min(top + spare, 1.0) if top <= 1 else top + spare
    return max(bottom - spare, 0.0) if bottom >= 0 else bottom - spare, top + spare
