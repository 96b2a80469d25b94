"""The time that a run has left for its closing steps, where `search.time_limit` sets one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpopt.execution.machine import slowness
from hpopt.runs.folder import Run

# What nobody may skip may end so much later than was asked for; a tenth is promised.
_OVERRUN = 0.05
# About how long the steps take that fit nothing, and the pictures among them, on two idle cores.
CLOSING_S, PLOTS_S = 5.0, 8.0


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

    def is_enough_for_plots(self) -> bool:
        """Whether the pictures can be drawn; but for the summary all else is done by then."""
        if self.limit_s is None:
            return True
        end_s = (1 + _OVERRUN) * self.limit_s
        return self.run.elapsed_s + PLOTS_S * slowness() <= end_s
