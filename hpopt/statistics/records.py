"""What statistics give, as plain records: journals hold them too, and are read without NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Interval(NamedTuple):
    """A confidence interval, both ends included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return self.low <= value <= self.high

    def wider(self, other: Interval | None) -> Interval:
        """On either side the wider of two."""
        if other is None:
            return self
        return Interval(min(self.low, other.low), max(self.high, other.high))

    @property
    def negated(self) -> Interval:
        """The interval of the same quantity with the other sign."""
        return Interval(-self.high, -self.low)


@dataclass(frozen=True)
class Comparison:
    """A score less another, with its interval, and the p-value of there being no difference.

    The interval holds 0 wherever p is 1 - its level or more.
    """

    difference: float
    interval: Interval
    p: float

    @property
    def is_clear(self) -> bool:
        """Whether chance alone would hardly give it: the interval is on one side of 0."""
        return not self.interval.holds(0.0)

    @property
    def negated(self) -> Comparison:
        """The other score less the one."""
        return Comparison(-self.difference, self.interval.negated, self.p)


class Operating(NamedTuple):
    """What a threshold gives: the share of positive rows that it finds, and of its finds that are.

    These are its recall and its precision.
    """

    recall: float
    precision: float


@dataclass(frozen=True)
class PrecisionRecall:
    """The points of a model's thresholds, the highest first, and that of the one `in_force`.

    Where no row is above the `threshold` in force it has no point.
    """

    curve: Sequence[Operating]
    threshold: float
    in_force: Operating | None


@dataclass(frozen=True)
class Bin:
    """Rows of like probabilities: their mean, and the share of them of which it came true."""

    said: float
    seen: float
    interval: Interval
    rows: int


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be taken at their word.

    `error` is the expected calibration error (Naeini, Cooper and Hauskrecht 2015, "Obtaining well
    calibrated probabilities using Bayesian binning"): the mean of |said - seen| over the bins,
    weighted by their rows; bins hold equally many rows. Of few rows it is never 0: `by_chance` is
    what it stays below 19 times in 20 where every probability is right, for as many rows with the
    same probabilities. `brier` is the mean squared error of the probabilities (Brier 1950), summed
    over the labels where there are more than two.
    """

    bins: Sequence[Bin]
    error: float
    by_chance: float
    brier: float

    @property
    def is_off(self) -> bool:
        """Whether the error is more than chance would give."""
        return self.error > self.by_chance
