"""What a run of a configuration would be and how long it would take, from really measured fits."""

from __future__ import annotations

import math
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from hpopt.closing.time_left import expected_closing_s
from hpopt.config.loading import Config
from hpopt.config.schema import OutputSettings
from hpopt.errors import TrialError
from hpopt.execution.choosing import make_slots
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, Slots, TrialFinished, TrialFunction
from hpopt.own_code import source_of
from hpopt.search.engines import make_searcher
from hpopt.search.searcher import generator
from hpopt.space.dimensions import Params
from hpopt.space.space import Space
from hpopt.training.objective import Objective
from hpopt.trials import Result, Trial
from hpopt.tuning.setup import Material, read_material
from hpopt.tuning.trying import Tried, try_defaults

# A fit is measured until its epochs have taken so long, or so long where it may stop early, by when
# nobody knows; the rest of its epochs are reckoned. No new fit begins after so long altogether.
_MEASURED_S, _MEASURED_EARLY_S, _ALTOGETHER_S = 1.0, 4.0, 25.0
# Params that are tried, the defaults among them; at least so many, whatever it takes.
_MOST_TRIED, _FEWEST_TRIED = 8, 3
_TIMES_THE_EPOCHS = 8
# A fit that may stop early, and has not while it was measured, makes this share of its epochs.
_EARLY_SHARE = 0.7
_PATIENCE_S = 0.5


@dataclass(frozen=True)
class TrialTime:
    """How long a fit of `params` takes: reckoned from `measured_epochs` of its `epochs`."""

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
    start_s: float  # until the first trial begins
    workers: int  # how many trials run at once
    fits: float  # that a trial costs: its folds and repeats, by their rows
    output: OutputSettings
    points: int | None  # of the space, where they are fewer than the calls
    notes: Sequence[str]

    @property
    def fit_s(self) -> float:
        """How long a fit takes on average, while as many run as there are workers."""
        return fmean(trial.seconds for trial in self.trial_times)

    def search_s(self, n_calls: int) -> float:
        """The time of a run's trials, and of what suggests them."""
        n_calls = min(n_calls, self.points or n_calls)
        return n_calls * (self.fits * self.fit_s + self.suggestion_s) / self.workers

    def closing_s(self, n_calls: int) -> float:
        """The time of its closing steps, pictures included."""
        fits = round(min(n_calls, self.points or n_calls) * self.fits)
        return expected_closing_s(self.output, [self.fit_s] * fits, self.workers)

    def run_s(self, n_calls: int) -> float:
        """The time of the whole run."""
        return self.start_s + self.search_s(n_calls) + self.closing_s(n_calls)


def check(config: Config) -> Check:
    """Do all that comes before the first trial, and measure short fits; leaves nothing behind.

    They run where trials would, as many at once. Raises ConfigError, DataError or SetupError where
    a run could not begin.
    """
    started = time.monotonic()
    material = read_material(config)
    settings, space = config.settings.search, config.binding.space
    with tempfile.TemporaryDirectory(prefix="hpopt-check-") as name:
        folder = Path(name)
        objective = material.objective(config, folder / "rows")
        function = Tried(objective)
        resources = Resources.of(config.settings.execution, n_jobs=_jobs(config))
        with closing(make_slots(function, resources)) as slots:
            _try(slots, function, space.defaults, config, folder)
            start_s = time.monotonic() - started
            candidates = _candidates(space, settings.seed)
            times = _measure(slots, objective, candidates, settings.seed, folder)
        network = objective.network(space.defaults, seed=settings.seed)
    return Check(
        material=material,
        features=material.table.width,
        parameters=sum(int(w.shape.num_elements()) for w in network.trainable_weights),
        trial_times=times,
        suggestion_s=_time_suggestion(config, space),
        start_s=start_s,
        workers=max(1, resources.workers),
        fits=_fits_of_a_trial(config, {part: len(rows) for part, rows in material.parts.items()}),
        output=config.settings.output,
        points=None if (points := space.points(settings.n_calls)) is None else len(points),
        notes=(*config.binding.notes, *material.notes),
    )


def _jobs(config: Config) -> int:
    training = config.binding.training
    return config.settings.search.n_calls * training.folds * training.repeats


def _try(
    slots: Slots, function: TrialFunction, defaults: Params, config: Config, folder: Path
) -> None:
    try_defaults(
        slots,
        function,
        defaults,
        seed=config.settings.search.seed,
        folder=folder / "preflight",
        stop=threading.Event(),
        source=source_of(config.binding.builder),
    )


def _fits_of_a_trial(config: Config, sizes: Mapping[str, int]) -> float:
    """How many fits to the training part a trial costs as much as."""
    training = config.binding.training
    if training.folds == 1:
        return training.repeats
    rows = (sizes["train"] + sizes["validation"]) * (training.folds - 1) / training.folds
    return training.folds * training.repeats * rows / sizes["train"]


def _candidates(space: Space, seed: int) -> list[Params]:
    rng = generator(seed, 0)
    return [space.defaults, *(space.sample(rng) for _ in range(_MOST_TRIED - 1))]


@dataclass
class _Probe:
    """Fits of one params for more and more epochs, until they are felt."""

    params: Params
    epochs: int
    may_stop_early: bool
    measured: list[tuple[int, float]] = field(default_factory=list)  # epochs, seconds
    stopped: bool = False

    @property
    def next_epochs(self) -> int | None:
        """How many epochs are to be fitted next; None where enough is known."""
        if not self.measured:
            return 1
        made, seconds = self.measured[-1]
        enough_s = _MEASURED_EARLY_S if self.may_stop_early else _MEASURED_S
        is_felt = len(self.measured) > 1 and seconds - self.measured[0][1] >= enough_s
        if self.stopped or made == self.epochs or is_felt:
            return None
        return min(made * _TIMES_THE_EPOCHS, self.epochs)

    def can_end(self, is_needed: bool) -> bool:
        """Whether what is known will do, or nothing is that anybody needs."""
        return len(self.measured) > 1 if self.measured else not is_needed

    def take(self, wanted: int, result: Result) -> None:
        """Note what a fit of `wanted` epochs took."""
        self.stopped = result.epochs < wanted
        self.measured.append((result.epochs, result.seconds))

    @property
    def time(self) -> TrialTime:
        """What a whole fit takes, tracing it included."""
        (_, first_s), (made, seconds) = self.measured[0], self.measured[-1]
        if self.stopped or made == self.epochs:
            return TrialTime(self.params, max(first_s, seconds), made, made)
        before, before_s = self.measured[-2]
        an_epoch_s = max(seconds - before_s, 0.0) / (made - before)
        epochs = math.ceil(self.epochs * (_EARLY_SHARE if self.may_stop_early else 1.0))
        whole_s = first_s + an_epoch_s * (max(epochs, made) - 1)
        return TrialTime(self.params, whole_s, self.epochs, made)


def _measure(
    slots: Slots, objective: Objective, candidates: Sequence[Params], seed: int, folder: Path
) -> list[TrialTime]:
    """Fit the candidates, as many at once as there are slots, as long as that is worth it.

    Raises TrialError where the first of them, the defaults, can't be fitted.
    """
    began = time.monotonic()
    probes = [_probe(objective, params) for params in candidates]
    waiting, running = list(range(len(probes))), dict[int, int]()  # and its epochs
    while waiting or running:
        while waiting and slots.free and len(running) < len(probes):
            number = waiting.pop(0)
            is_late = time.monotonic() - began > _ALTOGETHER_S
            wanted = probes[number].next_epochs
            if wanted is None or (is_late and probes[number].can_end(number < _FEWEST_TRIED)):
                continue
            running[number] = wanted
            params = {**probes[number].params, "epochs": wanted}
            slots.submit(Job(number + 1, params, seed, folder / f"trial-{number}"))
        for outcome in slots.events(_PATIENCE_S) if running else ():
            number = outcome.job.number - 1
            wanted = running.pop(number)
            if isinstance(outcome, TrialFinished):
                probes[number].take(wanted, outcome.result)
                waiting.insert(0, number)
            elif number == 0:
                raise TrialError(outcome.reason)
            else:
                probes[number].measured.clear()
    return [probe.time for probe in probes if probe.measured]


def _probe(objective: Objective, params: Params) -> _Probe:
    settings = objective.settings(params)
    return _Probe(params, settings.epochs, settings.early_stopping is not None)


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
