"""What a run of a configuration would be and how long it would take, from really measured fits."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from hpopt.closing.jobs import Stopped, run_jobs
from hpopt.closing.time_left import expected_closing_s
from hpopt.config.loading import Config
from hpopt.config.schema import OutputSettings
from hpopt.errors import SetupError, TrialError
from hpopt.execution.choosing import make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, Slots, TrialFinished
from hpopt.measuring import FIRST_S, MEASURED_EPOCHS, PARAMETERS, Measuring
from hpopt.own_code import source_of
from hpopt.search.engines import make_searcher
from hpopt.search.halving import share_of_epochs
from hpopt.search.searcher import Suggestion, generator
from hpopt.space.dimensions import Params
from hpopt.space.space import Space
from hpopt.training.baselines import validation_predictions
from hpopt.training.objective import Objective
from hpopt.trials import Result, Trial
from hpopt.tuning.corners import corners_of
from hpopt.tuning.material import Material, read_material
from hpopt.tuning.trying import Tried, try_defaults

log = logging.getLogger(__name__)

# Params that are measured, those that the run would try first: at least so many, and more as long
# as all have not taken so long altogether.
_FEWEST_MEASURED, _MOST_MEASURED, _ALTOGETHER_S = 3, 8, 5.0


@dataclass(frozen=True)
class TrialTime:
    """How long a fit of `params` takes: reckoned from `measured_epochs` of its `epochs`.

    Of its `seconds` those up to the end of the first epoch are `first_s`: in them graphs are
    traced.
    """

    params: Params
    seconds: float
    epochs: int
    measured_epochs: int
    first_s: float


@dataclass(frozen=True)
class Check:
    """What a run would be: its data, its default network and its time."""

    material: Material
    features: int
    parameters: int  # of the default network, trainable ones
    trial_times: Sequence[TrialTime]  # the defaults first; other params that fail are left out
    suggestion_s: float  # half-way through the run
    start_s: float  # until the first trial begins
    baselines_s: float  # of fitting the plain models
    workers: int  # how many trials run at once
    fits: float  # that a trial costs: its folds and repeats, by their rows
    output: OutputSettings
    dimensions: int  # of the space
    points: int | None  # of the space, where they are fewer than the calls
    levels: Sequence[float]  # shares of their epochs at which trials are paused, up to 1
    notes: Sequence[str]
    baselines: Mapping[str, float]  # scores of plain models on the validation part

    @property
    def fit_s(self) -> float:
        """How long a fit takes on average, while as many run as there are workers."""
        return fmean(trial.seconds for trial in self.trial_times)

    def search_s(self, n_calls: int) -> float:
        """The time of a run's trials, and of what suggests them."""
        n_calls = min(n_calls, self.points or n_calls)
        share = share_of_epochs(n_calls, self.levels)  # of all epochs but the first
        first_s = fmean(trial.first_s for trial in self.trial_times)
        fit_s = first_s + share * (self.fit_s - first_s)
        return n_calls * (self.fits * fit_s + self.suggestion_s) / self.workers

    def closing_s(self, n_calls: int) -> float:
        """The time of its closing steps: they fit plain models too, and draw."""
        fits = round(min(n_calls, self.points or n_calls) * self.fits)
        plain_s = self.baselines_s * (2 if self.output.refit else 1)  # to more rows again
        fits_s = [self.fit_s] * fits
        return expected_closing_s(self.output, fits_s, self.workers, self.dimensions) + plain_s

    def run_s(self, n_calls: int) -> float:
        """The time of the whole run."""
        return self.start_s + self.search_s(n_calls) + self.closing_s(n_calls)


def check(config: Config, note: Callable[[str], None] = log.warning) -> Check:
    """Do all that comes before the first trial, and measure short fits; leaves nothing behind.

    They run where trials would, as many at once. `note` hears of what takes long. Raises
    ConfigError, DataError or SetupError where a run could not begin.
    """
    began = time.monotonic()
    material = read_material(config)
    settings, space = config.settings.search, config.binding.space
    resources = Resources.of(config.settings.execution, n_jobs=_jobs(config))
    with tempfile.TemporaryDirectory(prefix="hpopt-check-") as name:
        folder = Path(name)
        objective = material.objective(config, folder)
        function = Measuring(Tried(objective, corners_of(config)))
        with closing(make_slots(function, resources)) as slots:
            _try(slots, config, objective, folder, note, material)
            start_s = time.monotonic() - began
            measured = _measure(slots, _first_params(config, space), settings.seed, folder)
        began = time.monotonic()
        baselines = _baselines(objective)
    return Check(
        material=material,
        features=material.table.width,
        parameters=int(measured[0][1].metrics[PARAMETERS]),
        trial_times=[
            TrialTime(
                params,
                result.seconds,
                result.epochs,
                int(result.metrics[MEASURED_EPOCHS]),
                result.metrics[FIRST_S],
            )
            for params, result in measured
        ],
        suggestion_s=_time_suggestion(config, space),
        start_s=start_s,
        baselines_s=time.monotonic() - began,
        workers=max(1, resources.workers),
        fits=_fits_of_a_trial(config, {part: len(rows) for part, rows in material.parts.items()}),
        output=config.settings.output,
        dimensions=len(space),
        points=None if (points := space.points(settings.n_calls)) is None else len(points),
        levels=config.settings.search.levels,
        notes=(*config.binding.notes, *material.notes),
        baselines=baselines,
    )


def _jobs(config: Config) -> int:
    training = config.binding.training
    return config.settings.search.n_calls * training.folds * training.repeats


def _try(
    slots: Slots,
    config: Config,
    objective: Objective,
    folder: Path,
    note: Callable[[str], None],
    material: Material,
) -> None:
    """The preflight, while this process looks for leaks.

    Raises SetupError where the default params can't be tried.
    """
    try:
        try_defaults(
            slots,
            config.binding.space.defaults,
            seed=config.settings.search.seed,
            folder=folder / "preflight",
            stop=threading.Event(),
            source=source_of(objective.builder),
            meanwhile=lambda: material.cautions,
            note=note,
        )
    except SetupError as error:
        raise error.at(config.document.location(("model", "builder"))) from None


def _first_params(config: Config, space: Space) -> list[Params]:
    """What the run would try first: the defaults, and what fills the space before values tell."""
    settings = config.settings.search
    searcher = make_searcher(
        **settings.of_searcher, n_calls=settings.n_calls, given=config.binding.initial
    )
    points = space.points(settings.n_calls)
    count = settings.n_calls if points is None else min(settings.n_calls, len(points))
    trials = [Trial(1, space.defaults, settings.seed, "running")]
    for number in range(2, min(count, _MOST_MEASURED) + 1):
        suggestion = searcher.suggest(space, trials, number=number, seed=settings.seed)
        if isinstance(suggestion, Suggestion):
            trials.append(Trial(number, suggestion.params, settings.seed, "running"))
    return [trial.params for trial in trials]


def _measure(
    slots: Slots, candidates: Sequence[Params], seed: int, folder: Path
) -> list[tuple[Params, Result]]:
    """What is measured of the default params and of others, as far as these have a value.

    As in a run, another begins as soon as one has ended. Raises SetupError where the defaults have
    no value.
    """
    began, workers, enough = time.monotonic(), max(1, slots.free), threading.Event()
    jobs = [Job(n + 1, params, seed, folder / f"trial-{n}") for n, params in enumerate(candidates)]
    measured: dict[int, Result] = {}
    with suppress(Stopped):
        for outcome in run_jobs(slots, jobs, enough):
            number = outcome.job.number - 1
            if isinstance(outcome, TrialFinished):
                measured[number] = outcome.result
            elif number == 0:
                raise SetupError(f"a trial of the default params fails: {outcome.reason}")
            is_late = time.monotonic() - began > _ALTOGETHER_S
            if is_late and 0 in measured and len(measured) + workers > _FEWEST_MEASURED:
                enough.set()  # those that run are waited for: a slow one is no less likely
    return [(candidates[number], measured[number]) for number in sorted(measured)]


def _baselines(objective: Objective) -> dict[str, float]:
    """What plain models reach, by name; those without a score are left out."""
    scores = {}
    for name, predictions in validation_predictions(objective.data).items():
        with suppress(TrialError):
            scores[name] = objective.score_predictions(predictions)
    return scores


def _fits_of_a_trial(config: Config, sizes: Mapping[str, int]) -> float:
    """How many fits to the training part a trial costs as much as."""
    training = config.binding.training
    if training.folds == 1:
        return training.repeats
    rows = (sizes["train"] + sizes["validation"]) * (training.folds - 1) / training.folds
    return training.folds * training.repeats * rows / sizes["train"]


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
