"""What a run of a configuration would be and how long it would take, from really measured fits."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from hpopt.config.loading import Config
from hpopt.errors import SetupError, TrialError
from hpopt.execution.choosing import make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import PREFLIGHT, Job, Slots, TrialFinished
from hpopt.own_code import source_of
from hpopt.search.engines import make_searcher
from hpopt.search.searcher import generator
from hpopt.space.dimensions import Params
from hpopt.space.space import Space
from hpopt.training.baselines import validation_predictions
from hpopt.training.objective import Objective
from hpopt.trials import Result, Trial
from hpopt.tuning.corners import corners_of
from hpopt.tuning.setup import Material, read_material
from hpopt.tuning.trying import Tried, end_of, try_defaults

log = logging.getLogger(__name__)

# A fit is measured until it takes so long; the rest of its epochs are reckoned.
_MEASURED_S = 1.0
_SAMPLES = 2  # besides the defaults, to know how trials differ
# What a measurement says in the place of metrics.
_PARAMETERS, _MEASURED_EPOCHS = "parameters", "measured epochs"


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


def check(config: Config, note: Callable[[str], None] = log.warning) -> Check:
    """Do all that comes before the first trial, and measure short fits; leaves nothing behind.

    `note` hears of what takes long. Raises ConfigError, DataError or SetupError where a run could
    not begin.
    """
    material = read_material(config)
    settings, space = config.settings.search, config.binding.space
    resources = Resources.of(config.settings.execution, n_jobs=settings.n_calls)
    with tempfile.TemporaryDirectory(prefix="hpopt-check-") as folder:
        objective = material.objective(config, Path(folder))
        baselines = _baselines(objective)
        alone = replace(resources, workers=min(1, resources.workers))
        with closing(make_slots(_Measuring(Tried(objective, corners_of(config))), alone)) as slots:
            measured = list(_measure(slots, config, objective, Path(folder), note))
    return Check(
        material=material,
        features=material.table.width,
        parameters=int(measured[0][1].metrics[_PARAMETERS]),
        trial_times=[
            TrialTime(params, result.seconds, result.epochs, int(result.metrics[_MEASURED_EPOCHS]))
            for params, result in measured
        ],
        suggestion_s=_time_suggestion(config, space),
        workers=max(1, resources.workers),
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


def _measure(
    slots: Slots,
    config: Config,
    objective: Objective,
    folder: Path,
    note: Callable[[str], None],
) -> Iterator[tuple[Params, Result]]:
    """What is measured of the default params and a few random ones, as far as these have a value.

    Raises SetupError where the defaults have none.
    """
    space, seed, never = config.binding.space, config.settings.search.seed, threading.Event()
    try:
        try_defaults(
            slots,
            space.defaults,
            seed=seed,
            folder=folder / "preflight",
            stop=never,
            source=source_of(objective.builder),
            note=note,
        )
    except SetupError as error:
        raise error.at(config.document.location(("model", "builder"))) from None
    rng = generator(seed, 0)
    for params in (space.defaults, *(space.sample(rng) for _ in range(_SAMPLES))):
        job = Job(0, params, seed, folder / "trial")
        slots.submit(job)
        outcome = end_of(slots, job, never)
        if isinstance(outcome, TrialFinished):
            yield params, outcome.result
        elif params is space.defaults:
            raise SetupError(f"a trial of the default params fails: {outcome.reason}")


@dataclass(frozen=True)
class _Measuring:
    """An objective as a trial function that measures how long a trial takes, in its `seconds`."""

    tried: Tried

    def __call__(self, params: Params, *, seed: int, folder: Path, fold: int = 0) -> Result:
        """Fit for more and more epochs, to all of them or until they are felt; reckon the rest."""
        if fold == PREFLIGHT:
            return self.tried(params, seed=seed, folder=folder, fold=fold)
        with self.tried.objective.alone():
            network = self.tried.objective.network(params, seed=seed)
            parameters = sum(int(w.shape.num_elements()) for w in network.trainable_weights)
        epochs = self.tried.objective.settings(params).epochs
        measured: list[tuple[int, float]] = []  # epochs, seconds
        while len(measured) < 2 or measured[-1][1] - measured[0][1] < _MEASURED_S:
            count = min(measured[-1][0] * 8, epochs) if measured else 1
            started = time.perf_counter()
            self._fit(params, count, seed, folder)
            measured.append((count, time.perf_counter() - started))
            if count == epochs:
                return _measurement(measured[-1][1], epochs, count, parameters)
        (less, before), (count, seconds) = measured[-2:]
        # What a trial costs besides its epochs (building, tracing, scoring) is in both.
        an_epoch_s = max(seconds - before, 0.0) / (count - less)
        return _measurement(seconds + an_epoch_s * (epochs - count), epochs, count, parameters)

    def _fit(self, params: Params, epochs: int, seed: int, folder: Path) -> None:
        training = self.tried.objective.training.model_copy(update={"epochs": epochs})
        rest = {name: value for name, value in params.items() if name != "epochs"}
        replace(self.tried.objective, training=training)(rest, seed=seed, folder=folder)

    def warm_up(self) -> None:
        """See `TrialFunction`."""
        self.tried.objective.warm_up()

    def reads(self, fold: int) -> Mapping[str, Path]:
        """See `TrialFunction`."""
        return self.tried.reads(fold)

    def at(self, folder: Path) -> _Measuring:
        """See `TrialFunction`."""
        return _Measuring(self.tried.at(folder))


def _measurement(seconds: float, epochs: int, measured_epochs: int, parameters: int) -> Result:
    metrics = {_PARAMETERS: float(parameters), _MEASURED_EPOCHS: float(measured_epochs)}
    return Result(0.0, metrics, [], {}, epochs, seconds)


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
