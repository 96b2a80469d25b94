"""The bootstrap: how a score would vary if other rows had been drawn.

Intervals are BCa (Efron 1987, "Better bootstrap confidence intervals"), whose acceleration comes
from a jackknife over blocks of rows, with Student's t in place of the normal quantile as Hesterberg
(2015, "What teachers should know about the bootstrap", section 5.3) proposes for few rows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from hpopt.metrics.weighted import Scorer
from hpopt.statistics.records import Interval

Name = TypeVar("Name", bound=Hashable)

LEVEL = 0.95
RESAMPLES = 2000
# More rows than these would make 2,000 resamples slow; their scores vary so little that fewer do.
_MOST_DRAWS = 40_000_000
_FEWEST_RESAMPLES = 400
_BLOCKS = 200  # of the jackknife
_CHUNK_CELLS = 1_000_000


@dataclass(frozen=True)
class SamplingDesign:
    """How rows are drawn: `unit` [n] is what each row is drawn with, `stratum` [units] the part.

    As many units are drawn from each stratum as it has. A unit is a row, or a whole group of rows
    that are not independent of one another (the cluster bootstrap; Davison and Hinkley 1997,
    "Bootstrap methods and their application", section 3.8).
    """

    unit: np.ndarray
    stratum: np.ndarray

    @classmethod
    def of_rows(cls, rows: int) -> SamplingDesign:
        """Each row by itself."""
        return cls(np.arange(rows), np.zeros(rows, dtype=np.int64))

    @classmethod
    def of_classes(cls, y: np.ndarray) -> SamplingDesign:
        """Each row by itself, from the rows of its class; y [n] holds class indices."""
        return cls(np.arange(len(y)), np.unique(y, return_inverse=True)[1])

    @classmethod
    def of_groups(cls, groups: np.ndarray) -> SamplingDesign:
        """Whole groups; `groups` [n] names the group of each row."""
        names, unit = np.unique(groups, return_inverse=True)
        return cls(unit, np.zeros(len(names), dtype=np.int64))

    @cached_property
    def _is_by_row(self) -> bool:
        return np.array_equal(self.unit, np.arange(len(self.stratum)))

    @cached_property
    def sizes(self) -> np.ndarray:
        """How many units each stratum has."""
        return np.bincount(self.stratum)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """How often each row is in each of `count` resamples, float64 [n, count]."""
        units = len(self.stratum)
        columns = np.arange(count)[:, None]
        counts = np.zeros(units * count)
        for stratum in range(len(self.sizes)):
            members = np.flatnonzero(self.stratum == stratum)
            drawn = members[rng.integers(len(members), size=(count, len(members)), dtype=np.int32)]
            counts += np.bincount((drawn * count + columns).ravel(), minlength=units * count)
        return self._of_rows(counts.reshape(units, count))

    def leave_out(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row counts [n, b] without one block of units each, and the stratum [b] it was of.

        All blocks of a stratum are of one size or nearly so, and hold at least one unit.
        """
        blocks: list[tuple[np.ndarray, int]] = []
        for stratum, size in enumerate(self.sizes):
            share = max(2, round(_BLOCKS * size / len(self.stratum)))
            members = np.flatnonzero(self.stratum == stratum)
            mixed = np.random.default_rng(0).permutation(members)  # neighbours may be alike
            blocks += [(part, stratum) for part in np.array_split(mixed, min(size, share))]
        step = max(1, _CHUNK_CELLS // len(self.unit))
        for start in range(0, len(blocks), step):
            chunk = blocks[start : start + step]
            counts = np.ones((len(self.stratum), len(chunk)))
            for column, (members, _) in enumerate(chunk):
                counts[members, column] = 0.0
            yield self._of_rows(counts), np.array([stratum for _, stratum in chunk])

    def _of_rows(self, counts: np.ndarray) -> np.ndarray:
        return counts if self._is_by_row else counts[self.unit]


@dataclass(frozen=True)
class Bootstrapped:
    """A score with what it is of resamples, `draws` [b], and without a block, `left_out` [k].

    `blocks` [k] is the stratum of each block, `sizes` how many units each stratum has. What stems
    from the same resamples can be subtracted: the difference of two predictors on the same rows.
    """

    estimate: float
    draws: np.ndarray
    left_out: np.ndarray
    blocks: np.ndarray
    sizes: np.ndarray

    def __sub__(self, other: Bootstrapped) -> Bootstrapped:
        """The difference of two scores on the same rows."""
        return Bootstrapped(
            self.estimate - other.estimate,
            self.draws - other.draws,
            self.left_out - other.left_out,
            self.blocks,
            self.sizes,
        )

    @property
    def is_constant(self) -> bool:
        """Whether every resample gives the same score, so that nothing can be learned of it."""
        scores = self._sorted
        return len(scores) == 0 or bool(np.ptp(scores) <= 1e-12 * max(1.0, abs(scores[0])))

    def interval(self, level: float = LEVEL) -> Interval | None:
        """The confidence interval; None where there is none, as of one group alone."""
        if len(self._sorted) < 2 or not np.isfinite(self._degrees):
            return None
        return Interval(self._end((1 - level) / 2), self._end((1 + level) / 2))

    def jackknifed(self, level: float = LEVEL) -> Interval | None:
        """Student's interval of a score between 0 and 1, by the jackknife and on its log odds.

        Few units make few different resamples, whose quantiles say too little. None where the score
        is at an end, or nothing tells how sure it is.
        """
        from scipy.special import expit, logit, stdtrit

        score = self.estimate
        squares = [(each**2).sum() * len(each) / max(len(each) - 1, 1) for each in self._influences]
        error = float(np.sqrt(sum(squares)))
        if not (0 < score < 1 and error > 0 and np.isfinite(self._degrees)):
            return None
        reach = float(stdtrit(self._degrees, (1 + level) / 2)) * error / (score * (1 - score))
        return Interval(float(expit(logit(score) - reach)), float(expit(logit(score) + reach)))

    def p_value(self) -> float:
        """The p-value, two-sided, of the score being 0: the largest p whose interval holds 0.

        That is the interval of level 1 - p. It is never less than what so many resamples can tell,
        and 1 where there is no interval.
        """
        least, most = 2 / (len(self._sorted) + 1), 1.0
        widest = self.interval(1 - least)
        if widest is None:
            return 1.0
        if not widest.holds(0.0):
            return least
        holding = least
        while most - holding > 1e-6:
            middle = (holding + most) / 2
            interval = self.interval(1 - middle)
            if interval is not None and interval.holds(0.0):
                holding = middle
            else:
                most = middle
        return holding if holding < 1 - 1e-5 else 1.0

    @cached_property
    def _sorted(self) -> np.ndarray:
        # What rounding has left of a difference of equal scores is none.
        tiny = 1e-12 * max(1.0, abs(self.estimate))
        scores = self.draws[~np.isnan(self.draws)]
        return np.sort(np.where(np.abs(scores) < tiny, 0.0, scores))

    @cached_property
    def _bias(self) -> float:
        """z0, from how many draws lie below the score; those on it count half."""
        from scipy.special import ndtri

        slack = 1e-12 * max(1.0, abs(self.estimate))
        below = np.mean(self._sorted < self.estimate - slack)
        within = np.mean(np.abs(self._sorted - self.estimate) <= slack)
        edge = 0.5 / len(self._sorted)
        return float(ndtri(np.clip(below + within / 2, edge, 1 - edge)))

    @cached_property
    def _influences(self) -> list[np.ndarray]:
        """Of each stratum, what its blocks [k] change in the score."""
        changes = []
        for stratum in range(len(self.sizes)):
            left = self.left_out[self.blocks == stratum]
            left = left[~np.isnan(left)]
            several = len(left) > 1
            changes.append((left.mean() - left) * (1 - 1 / len(left)) if several else left * 0)
        return changes

    @cached_property
    def _acceleration(self) -> float:
        """A = Σ l³ / 6 (Σ l²)^1.5 over strata and blocks (Davison and Hinkley 1997, eq. 5.29)."""
        changes = np.concatenate(self._influences)
        squares = float((changes**2).sum())
        return float((changes**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0

    @cached_property
    def _degrees(self) -> float:
        """Degrees of freedom, by Satterthwaite's rule for several strata."""
        parts = np.array([(changes**2).sum() for changes in self._influences])
        if parts.sum() == 0:
            return float(self.sizes.sum() - 1) if self.sizes.sum() > 1 else float("nan")
        spare = np.maximum(self.sizes - 1, 0)
        if np.any((parts > 0) & (spare == 0)):
            return float("nan")
        share = np.divide(parts**2, spare, out=np.zeros(len(parts)), where=spare > 0)
        return float(parts.sum() ** 2 / share.sum())

    def _end(self, probability: float) -> float:
        """The end of an interval: the draws' quantile that BCa gives for a probability."""
        from scipy.special import ndtr, stdtrit

        rows = self._degrees + 1
        z = float(stdtrit(self._degrees, np.clip(probability, 1e-12, 1 - 1e-12)))
        z = self._bias + z * np.sqrt(rows / (rows - 1))
        corrected = self._bias + z / max(1 - self._acceleration * z, 1e-3)
        return float(np.quantile(self._sorted, ndtr(corrected)))


def bootstrap(
    scorers: Mapping[Name, Scorer],
    resampling: SamplingDesign,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[Name, Bootstrapped]:
    """Every score on the same resamples of the rows; of very many rows fewer resamples."""
    rows, rng = len(resampling.unit), np.random.default_rng(seed)
    resamples = max(min(resamples, _FEWEST_RESAMPLES), min(resamples, _MOST_DRAWS // rows))
    step = max(1, _CHUNK_CELLS // rows)
    draws: dict[Name, list[np.ndarray]] = {name: [] for name in scorers}
    left_out: dict[Name, list[np.ndarray]] = {name: [] for name in scorers}
    blocks = []
    with threadpool_limits(1):  # small products, which several threads only slow down
        for start in range(0, resamples, step):
            counts = resampling.draw(rng, min(step, resamples - start))
            for name, score in scorers.items():
                draws[name].append(score(counts))
        for counts, strata in resampling.leave_out():
            blocks.append(strata)
            for name, score in scorers.items():
                left_out[name].append(score(counts))
        as_they_are = np.ones((rows, 1))
        return {
            name: Bootstrapped(
                float(score(as_they_are)[0]),
                np.concatenate(draws[name]),
                np.concatenate(left_out[name]),
                np.concatenate(blocks),
                resampling.sizes,
            )
            for name, score in scorers.items()
        }
