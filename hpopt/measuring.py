"""How long a fit of params takes, from as many of its epochs as are felt; the rest is reckoned."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hpopt.execution.slots import PREFLIGHT
from hpopt.space.dimensions import Params
from hpopt.trials import Result
from hpopt.tuning.trying import Tried

# A fit is measured until its epochs have taken so long, or so long where it may stop early, by when
# nobody knows.
_MEASURED_S, _MEASURED_EARLY_S = 1.0, 4.0
_TIMES_THE_EPOCHS = 8
# A fit that may stop early, and has not while it was measured, makes this share of its epochs.
_EARLY_SHARE = 0.7
# What a measurement says in the place of metrics.
PARAMETERS, MEASURED_EPOCHS, FIRST_S = "parameters", "measured epochs", "first epoch, seconds"


@dataclass
class Probe:
    """Fits of one params for more and more epochs, until these are felt.

    `fit` fits for so many epochs, and gives how many it made.
    """

    fit: Callable[[int], int]
    epochs: int
    may_stop_early: bool
    clock: Callable[[], float] = time.perf_counter
    measured: list[tuple[int, float]] = field(default_factory=list)  # epochs, seconds

    def seconds(self) -> tuple[float, int, int]:
        """What a whole fit takes, its tracing included; its epochs, and how many were measured."""
        enough_s = _MEASURED_EARLY_S if self.may_stop_early else _MEASURED_S
        wanted = 1
        while True:
            started = self.clock()
            made = self.fit(wanted)
            self.measured.append((made, self.clock() - started))
            (_, first_s), (_, last_s) = self.measured[0], self.measured[-1]
            if made < wanted or made == self.epochs:
                return max(first_s, last_s), made, made
            if len(self.measured) > 1 and last_s - first_s >= enough_s:
                return self._reckoned_s(), self.epochs, made
            wanted = min(made * _TIMES_THE_EPOCHS, self.epochs)

    def _reckoned_s(self) -> float:
        """The first fit, in which graphs were traced, and all further epochs."""
        (_, first_s), (before, before_s), (made, last_s) = self.measured[0], *self.measured[-2:]
        an_epoch_s = max(last_s - before_s, 0.0) / (made - before)
        epochs = math.ceil(self.epochs * (_EARLY_SHARE if self.may_stop_early else 1.0))
        return first_s + an_epoch_s * (max(epochs, made) - 1)


@dataclass(frozen=True)
class Measuring:
    """An objective as a trial function that measures how long a fit takes, in its `seconds`."""

    tried: Tried

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = 0) -> Result:
        """Measure fits of params, or try whether they can be fitted at all."""
        if fold == PREFLIGHT:
            return self.tried(params, seed=seed, folder=folder, fold=fold)
        objective = self.tried.objective
        with objective.alone():
            network = objective.network(params, seed=seed)
            parameters = sum(int(w.shape.num_elements()) for w in network.trainable_weights)
        settings = objective.settings(params)
        rest = {name: value for name, value in params.items() if name != "epochs"}

        def fit(epochs: int) -> int:
            training = objective.training.model_copy(update={"epochs": epochs})
            return replace(objective, training=training)(rest, seed=seed, folder=folder).epochs

        probe = Probe(fit, settings.epochs, settings.early_stopping is not None)
        seconds, epochs, measured = probe.seconds()
        metrics = {PARAMETERS: float(parameters), MEASURED_EPOCHS: float(measured)}
        metrics[FIRST_S] = min(probe.measured[0][1], seconds)
        return Result(0.0, metrics, [], {}, epochs, seconds)

    def warm_up(self) -> None:
        """See `TrialFunction`."""
        self.tried.objective.warm_up()

    def reads(self, fold: int) -> Mapping[str, Path]:
        """See `TrialFunction`."""
        return self.tried.reads(fold)

    def at(self, folder: Path) -> Measuring:
        """See `TrialFunction`."""
        return Measuring(self.tried.at(folder))
