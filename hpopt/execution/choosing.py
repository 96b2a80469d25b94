"""Chooses where the trials of a run run."""

from __future__ import annotations

import logging

from hpopt.execution.plan import Plan
from hpopt.execution.processes import ProcessSlots
from hpopt.execution.serial import SerialSlots
from hpopt.execution.settings import Execution
from hpopt.execution.slots import Slots, TrialFunction

log = logging.getLogger(__name__)


def make_slots(function: TrialFunction, settings: Execution, *, n_jobs: int) -> Slots:
    """The slots that `settings` ask for, in which `function` runs `n_jobs` jobs or so.

    Workers begin to warm up at once, and this does not wait for them.
    """
    if settings.workers == 0:
        return SerialSlots(function)
    plan = Plan.of(settings, n_jobs=n_jobs)
    log.info("trials run in %s", plan)
    return ProcessSlots(function, plan)
