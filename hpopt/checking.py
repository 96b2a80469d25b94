"""What a run of a configuration would be and how long it would take, from really measured fits."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hpopt.config.loading import Config
from hpopt.errors import SetupError, TrialError
from hpopt.execution.resources import Resources
from hpopt.search.engines import make_searcher
from hpopt.search.searcher import generator
from hpopt.space.dimensions import Params
from hpopt.space.space import Space
from hpopt.training.baselines import validation_predictions
from hpopt.training.objective import Objective
from hpopt.trials import Result, Trial
from hpopt.tuning.corners import corners_of
from hpopt.tuning.preflight import preflight
from hpopt.tuning.setup import Material, read_material

# A fit is measured until it takes so long; the rest of its epochs are reckoned.
_MEASURED_S = 1.0
_SAMPLES = 2  # besides the defaults, to know how trials differ


@dataclass(frozen=True)
class TrialTime:
    """How long a trial of `params` takes: reckoned from `measured_epochs` of its `epochs`."""

    params: Params
    seconds: float
    epochs: int
    measured_epochs: int


@dataclass(frozen=True)
class Check:
    """What a run would be: its data, its default network and its time."""

    material: Material
    features: int
    parameters: int  # of the default network, trainable ones
    trial_times: Sequence[TrialTime]  # the defaults first; random params that fail are left out
    suggestion_s: float  # half-way through the run
    workers: int  # how many trials run at once
    points: int | None  # of the space, where they are fewer than the calls
    notes: Sequence[str]
    baselines: Mapping[str, float]  # scores of plain models on the validation part

    def run_s(self, n_calls: int) -> float:
        """The time of a run's trials and of what suggests them, while other trials run."""
        mean = sum(trial.seconds for trial in self.trial_times) / len(self.trial_times)
        n_calls = min(n_calls, self.points or n_calls)
        return n_calls * (mean + self.suggestion_s) / self.workers


def check(config: Config) -> Check:
    """Do all that comes before the first trial, and measure short fits; leaves nothing behind.

    Raises ConfigError, DataError or SetupError where a run could not begin.
    """
    material = read_material(config)
    settings, space = config.settings.search, config.binding.space
    with tempfile.TemporaryDirectory(prefix="hpopt-check-") as folder:
        objective = material.objective(config, Path(folder))
        baselines = _baselines(objective)
        corners = corners_of(config)
        try:
            preflight(objective, space.defaults, seed=settings.seed, corners=corners)
        except SetupError as error:
            raise error.at(config.document.location(("model", "builder"))) from None
        network = objective.network(space.defaults, seed=settings.seed)
        rng = generator(settings.seed, 0)
        candidates = [space.defaults, *(space.sample(rng) for _ in range(_SAMPLES))]
        times = []
        for params in candidates:
            try:
                times.append(_time_trial(objective, params, settings.seed, Path(folder)))
            except TrialError:
                if params is space.defaults:
                    raise
    return Check(
        material=material,
        features=material.table.width,
        parameters=sum(int(w.shape.num_elements()) for w in network.trainable_weights),
        trial_times=times,
        suggestion_s=_time_suggestion(config, space),
        workers=max(1, Resources.of(config.settings.execution, n_jobs=settings.n_calls).workers),
        points=None if (points := space.points(settings.n_calls)) is None else len(points),
        notes=(*config.binding.notes, *material.notes),
        baselines=baselines,
    )


def _baselines(objective: Objective) -> dict[str, float]:
    """What plain models reach, by name; those without a score are left out."""
    scores = {}
    for name, predictions in validation_predictions(objective.data).items():
        with suppress(TrialError):
            scores[name] = objective.score_predictions(predictions)
    return scores


def _time_trial(objective: Objective, params: Params, seed: int, folder: Path) -> TrialTime:
    """Fit for more and more epochs, to all of them or until they are felt; reckon the rest."""
    epochs = objective.settings(params).epochs
    measured: list[tuple[int, float]] = []  # epochs, seconds
    while len(measured) < 2 or measured[-1][1] - measured[0][1] < _MEASURED_S:
        count = min(measured[-1][0] * 8, epochs) if measured else 1
        started = time.perf_counter()
        _fit(objective, params, count, seed, folder)
        measured.append((count, time.perf_counter() - started))
        if count == epochs:
            return TrialTime(params, measured[-1][1], epochs, count)
    (less, before), (count, seconds) = measured[-2:]
    # What a trial costs besides its epochs (building, tracing, scoring) is in both measurements.
    an_epoch_s = max(seconds - before, 0.0) / (count - less)
    return TrialTime(params, seconds + an_epoch_s * (epochs - count), epochs, count)


def _fit(objective: Objective, params: Params, epochs: int, seed: int, folder: Path) -> None:
    short = replace(objective, training=objective.training.model_copy(update={"epochs": epochs}))
    rest = {name: value for name, value in params.items() if name != "epochs"}
    short(rest, seed=seed, folder=folder / "trial")


def _time_suggestion(config: Config, space: Space) -> float:
    """How long the searcher thinks half-way through the run, on trials of random values."""
    settings = config.settings.search
    searcher = make_searcher(**settings.of_searcher, n_calls=settings.n_calls)
    rng = generator(settings.seed, 0)
    trials = [
        Trial(number, space.sample(rng), 0, "finished", result=_result(float(rng.random())))
        for number in range(1, max(settings.n_calls // 2, 1) + 1)
    ]
    started = time.perf_counter()
    searcher.suggest(space, trials, number=len(trials) + 1, seed=settings.seed)
    return time.perf_counter() - started


def _result(value: float) -> Result:
    return Result(value, {}, [value], {}, epochs=1, seconds=0.0)
