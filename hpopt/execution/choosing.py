"""Chooses where the trials of a run run."""

from __future__ import annotations

import importlib
import logging

from hpopt.execution.resources import Resources
from hpopt.execution.slots import Slots, TrialFunction

log = logging.getLogger(__name__)

# The kinds of slots: a name, and the module whose `slots_for` makes them.
BACKENDS = {
    "serial": "hpopt.execution.serial",
    "processes": "hpopt.execution.processes",
}


def make_slots(function: TrialFunction, resources: Resources) -> Slots:
    """The slots that the resources are for, in which `function` runs.

    Workers begin to warm up at once, and this does not wait for them.
    """
    log.info("where trials run: %s", resources)
    module = importlib.import_module(BACKENDS[resources.backend])
    slots: Slots = module.slots_for(function, resources)
    return slots
