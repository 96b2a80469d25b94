"""Chooses where the trials of a run run."""

from __future__ import annotations

import logging

from hpopt.execution.plan import Plan
from hpopt.execution.processes import ProcessSlots
from hpopt.execution.serial import SerialSlots
from hpopt.execution.slots import Slots, TrialFunction

log = logging.getLogger(__name__)


def make_slots(function: TrialFunction, plan: Plan) -> Slots:
    """The slots that a plan asks for, in which `function` runs.

    Workers begin to warm up at once, and this does not wait for them.
    """
    log.info("where trials run: %s", plan)
    return ProcessSlots(function, plan) if plan.workers else SerialSlots(function)
