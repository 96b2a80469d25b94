"""Has the default params tried where trials run: what they do wrong costs an error alone."""

from __future__ import annotations

import linecache
import logging
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpopt.clock import running_s
from hpopt.data.folds import OWN
from hpopt.errors import Location, SetupError
from hpopt.execution.slots import (
    PREFLIGHT,
    Job,
    Outcome,
    Slots,
    TrialFinished,
    TrialLost,
)
from hpopt.space.dimensions import Params
from hpopt.training.objective import Objective
from hpopt.trials import Result
from hpopt.tuning.corners import Corner
from hpopt.tuning.preflight import preflight

log = logging.getLogger(__name__)

# A preflight fits one batch: with less time than this no user means to limit it, and with
# `trial_timeout: auto` it has no more. People hear of it where it takes long.
_LEAST_TIMEOUT_S = 600.0
_LONG_S = 60.0
_PATIENCE_S = 0.5
_NOTHING = Result(0.0, {}, [], {}, 0, 0.0)


@dataclass(frozen=True)
class Tried:
    """An objective, as a trial function that has a preflight: the job whose fold is PREFLIGHT.

    The preflight also builds the networks of the `corners`.
    """

    objective: Objective
    corners: Sequence[Corner] = ()

    def __call__(
        self, params: Params, *, seed: int, folder: Path, fold: int = OWN, share: float = 1.0
    ) -> Result:
        """Evaluate params, or try whether they can be; raises SetupError where not."""
        if fold == PREFLIGHT:
            with self.objective.alone():
                preflight(self.objective, params, seed=seed, corners=self.corners)
            return _NOTHING
        return self.objective(params, seed=seed, folder=folder, fold=fold, share=share)

    def warm_up(self) -> None:
        """See `TrialFunction`."""
        self.objective.warm_up()

    def reads(self, fold: int) -> Mapping[str, Path]:
        """See `TrialFunction`."""
        return self.objective.reads(OWN if fold == PREFLIGHT else fold)

    def at(self, folder: Path) -> Tried:
        """See `TrialFunction`."""
        return replace(self, objective=self.objective.at(folder))


def try_defaults(
    slots: Slots,
    defaults: Params,
    *,
    seed: int,
    folder: Path,
    stop: threading.Event,
    source: Path | None = None,
    meanwhile: Callable[[], object] = lambda: None,
    note: Callable[[str], None] = log.warning,
) -> None:
    """Run the preflight of the default params in a slot; it may write in `folder` meanwhile.

    `source` is the file of an own builder, for the line where it crashed. This process does
    something `meanwhile`, and `note` hears of it where the wait is long. Once `stop` is set the
    preflight is left. Raises SetupError where the defaults can't be built, fitted or saved.
    """
    job = Job(0, defaults, seed, folder, PREFLIGHT, least_timeout_s=_LEAST_TIMEOUT_S)
    try:
        slots.submit(job)
        meanwhile()
        outcome = end_of(slots, job, stop, note)
        if isinstance(outcome, TrialLost):  # by a cause from outside: it has one more try
            slots.submit(job)
            outcome = end_of(slots, job, stop, note)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not isinstance(outcome, TrialFinished) and not stop.is_set():
        raise SetupError(
            f"the network of the default params can't be tried: {outcome.reason}",
            location=None if source is None else _place_in(source, outcome.log_tail),
        )


def _place_in(source: Path, log_tail: str) -> Location:
    """The line of a file at which it crashed or hung, as far as the log has it."""
    lines = re.findall(rf'File "{re.escape(str(source))}", line (\d+)', log_tail)
    if not lines:
        return Location(str(source))
    number = int(lines[0])  # the most recent call comes first
    return Location(str(source), number, text=linecache.getline(str(source), number))


def end_of(
    slots: Slots,
    job: Job,
    stop: threading.Event,
    note: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Wait for the end of the one job that runs; it is killed once `stop` is set."""
    begun_s, is_long = running_s(), False
    while True:
        for outcome in slots.events(_PATIENCE_S):
            return outcome
        if not is_long and running_s() - begun_s > _LONG_S:
            is_long = True
            note(
                f"the network of the default params is still being tried after {_LONG_S:g} s: it "
                f"is built, fitted to one batch, scored and saved, for {_LEAST_TIMEOUT_S:g} s at "
                "most (or execution.trial_timeout, if that is more)"
            )
        if stop.is_set():
            slots.kill(job)
