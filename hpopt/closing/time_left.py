"""How long a run's closing steps take, and the time that `search.time_limit` leaves for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpopt.config.schema import OutputSettings
from hpopt.data.prepared import Prepared
from hpopt.execution.machine import slowness
from hpopt.runs.folder import Run

# What nobody may skip may end so much later than was asked for; a tenth is promised.
_OVERRUN = 0.05
# How long the steps may take that fit nothing, but for the pictures, on two idle cores.
CLOSING_S = 5.0
# How long they take for a small table, how long pictures take, and each pair of the dimensions on
# them, of which they show no more than so many.
_USUAL_S, _PICTURES_S, _PAIR_S, _MOST_SHOWN = 1.0, 2.5, 0.1, 8
# What a step has that builds networks: so long in any case, for so many times the longest fit, and
# for the rows, which plain models are fitted to and scores are drawn of, up to an hour.
_LEAST_LIMIT_S, _TIMES_THE_LONGEST = 120.0, 50
_MANY_CELLS, _MOST_ROWS_S = 10_000_000, 3600.0


def expected_closing_s(
    output: OutputSettings, seconds: Sequence[float], workers: int, dimensions: int
) -> float:
    """How long the closing steps will take, after fits that took so many `seconds` each.

    They are those of the trials, and `workers` of them run at once; the space has so many
    `dimensions`.
    """
    pictures_s = _PICTURES_S + _PAIR_S * min(dimensions, _MOST_SHOWN) ** 2
    steps_s = _USUAL_S + (pictures_s if output.plots else 0.0)
    usual_s = sorted(seconds)[len(seconds) // 2] if seconds else 0.0
    fits = (2 if output.refit else 0) + (output.ensemble or 0)
    rounds = math.ceil(fits / workers)
    return slowness() * steps_s + output.confirm * sum(seconds) / workers + rounds * usual_s


def limit_of_step_s(run: Run, data: Prepared) -> float:
    """How long a step may take that builds networks, scores rows and fits plain models to them.

    It goes by what this run has measured: many times its longest fit, beside what the plain models
    take for so many rows at most.
    """
    longest_s = max((each.latest.seconds for each in run.trials() if each.latest), default=0.0)
    cells = sum(data.sizes.values()) * math.prod(data.features.input_shape)
    rows_s = _MOST_ROWS_S * min(1.0, cells / _MANY_CELLS)
    return float(round(slowness() * (_LEAST_LIMIT_S + _TIMES_THE_LONGEST * longest_s + rows_s)))


@dataclass(frozen=True)
class TimeLeft:
    """What is left of a run's `limit_s`; without one there is no end of time."""

    run: Run
    limit_s: float | None = None

    @property
    def deadline_s(self) -> float:
        """When steps that may be left out are to be over, by the run's `elapsed_s`.

        What comes behind them takes longer where others use the processors too.
        """
        if self.limit_s is None:
            return math.inf
        return (1 + _OVERRUN) * self.limit_s - CLOSING_S * slowness()

    @property
    def seconds(self) -> float:
        """How long steps that may be left out can take; below 0 where it is too late for them."""
        return self.deadline_s - self.run.elapsed_s
