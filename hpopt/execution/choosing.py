"""Chooses where the trials of a run run."""

from __future__ import annotations

import importlib
import importlib.util
import logging

from hpopt.errors import MissingDependency
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Slots, TrialFunction

log = logging.getLogger(__name__)

# The kinds of slots: a name, and the module whose `slots_for` makes them.
BACKENDS = {
    "serial": "hpopt.execution.serial",
    "processes": "hpopt.execution.processes",
    "ray": "hpopt.execution.rays.slots",
}

# Of those that stand on a package: it, which is an extra of the same name, and what it is called.
_PACKAGES = {"ray": "Ray"}


def check_installed(backend: str) -> None:
    """Raise MissingDependency where what a backend stands on is not installed."""
    if backend in _PACKAGES and importlib.util.find_spec(backend) is None:
        what = f"{_PACKAGES[backend]}, which `execution.backend: {backend}` asks for,"
        raise MissingDependency(what, backend)


def make_slots(function: TrialFunction, resources: Resources) -> Slots:
    """The slots that the resources are for, in which `function` runs.

    Workers begin to warm up at once, and this does not wait for them.
    """
    check_installed(resources.backend)
    log.info("where trials run: %s", resources)
    module = importlib.import_module(BACKENDS[resources.backend])
    slots: Slots = module.slots_for(function, resources)
    return slots
