"""The race, on analytic objectives whose values are known: no network is built."""

import threading
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from hpopt.closing.confirm import Race
from hpopt.closing.jobs import Stopped
from hpopt.data.folds import Splits
from hpopt.data.prepared import prepare
from hpopt.data.sources import load_sklearn
from hpopt.data.splits import split_rows
from hpopt.errors import TrialError
from hpopt.execution.serial import SerialSlots
from hpopt.report.choice import describe_race
from hpopt.runs.events import Failed, Finished, Header, Started, Step
from hpopt.runs.folder import Run
from hpopt.runs.record import to_json
from hpopt.space.dimensions import Real
from hpopt.space.space import Space
from hpopt.trials import Result

SPACE = Space([Real("x", 0, 1, default=0.9)])
SECONDS = 0.5


def truth(x: float) -> float:
    return 0.1 + x


class Noisy:
    """The truth with noise; it has as many weights as x times 100, and no network."""

    def __init__(self, deviation=0.01, stop_after=None, fails=(), stop=None):
        self.deviation, self.left, self.fails, self.fits = deviation, stop_after, fails, []
        self.stop = stop

    def __call__(self, params, *, seed, folder, fold=0) -> Result:
        if self.left is not None:
            self.left -= 1
            if self.left < 0 and self.stop is None:
                raise KeyboardInterrupt
            if self.left <= 0 and self.stop is not None:
                self.stop.set()
        if params["x"] in self.fails:
            raise TrialError("the loss became nan")
        self.fits.append((params["x"], fold))
        value = truth(params["x"]) + self.deviation * np.random.default_rng(seed).normal()
        return Result(value, {"rmse": value}, [value], {}, 1, SECONDS)

    alone = nullcontext

    def network(self, params, *, seed):
        return SimpleNamespace(count_params=lambda: int(100 * params["x"]))


def new_run(tmp_path, xs, values) -> Run:
    """A run that has tried `xs` and was told `values`."""
    run = Run.create(tmp_path, "race", Header("0", "rmse", False, {}, {}, SPACE.to_json()))
    for number, (x, value) in enumerate(zip(xs, values, strict=True), start=1):
        run.append(Started(number, {"x": x}, seed=number, time=""))
        if value is None:
            run.append(Failed(number, "no value"))
        else:
            run.append(Finished(number, value, {"rmse": value}, [value], {}, 1, SECONDS))
    return run


def race(run, objective, budget_s=100.0) -> Race:
    table = load_sklearn("diabetes")
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    prepare(table, parts, run.data_folder)
    splits = Splits(table, parts, run.data_folder, 1, seed=0, stratified=False)
    stop = objective.stop or threading.Event()
    return Race(run, objective, SPACE, SerialSlots(objective), splits, budget_s, stop)


def test_a_lucky_value_loses_against_the_truly_best(tmp_path):
    run = new_run(tmp_path, [0.9, 0.5, 0.2, 0.4], [1.0, 0.0, 0.3, 0.5])  # 0.5 was lucky
    outcome = race(run, Noisy())()
    assert (outcome.search_best, outcome.chosen) == (2, 3)
    assert outcome.told_apart
    assert outcome.confidence >= 0.95
    assert [each.number for each in outcome.candidates] == [2, 1, 3, 4]
    by_number = {each.number: each for each in outcome.candidates}
    assert by_number[3].mean == pytest.approx(truth(0.2), abs=0.02)
    assert by_number[2].dropped_with > 0.98
    run.append(Step("confirm", "", to_json(outcome)))
    assert run.chosen == run.trial(3) != run.best
    assert not (run.path / "confirm").exists()
    run.close()


def test_of_those_that_cannot_be_told_apart_the_simplest_is_chosen(tmp_path):
    run = new_run(tmp_path, [0.9, 0.21, 0.2], [1.0, 0.3, 0.31])
    outcome = race(run, Noisy(deviation=0.3), budget_s=3 * 3 * SECONDS)()
    assert outcome.rounds == 3
    assert sorted(outcome.tied) == [2, 3]
    assert (outcome.search_best, outcome.chosen, outcome.told_apart) == (2, 3, False)
    run.close()


@pytest.mark.parametrize("deviation", [0.3, 0.005])
def test_the_default_is_given_up_only_for_what_is_likely_to_be_better(tmp_path, deviation):
    run = new_run(tmp_path, [0.22, 0.21, 0.2], [0.4, 0.2, 0.31])  # as if 0.2 and 0.21 were lucky
    outcome = race(run, Noisy(deviation), budget_s=3 * 3 * SECONDS)()
    assert bool(outcome.kept_default) == (outcome.chosen == 1) == (deviation == 0.3)
    run.append(Step("confirm", "", to_json(outcome)))
    kept = [sentence for sentence in describe_race(run) if "these stay, trial 1." in sentence]
    assert len(kept) == (deviation == 0.3)
    run.close()


def test_the_budget_bounds_the_race(tmp_path):
    values = [0.5 + i / 100 for i in range(9)]
    run = new_run(tmp_path, np.linspace(0.1, 0.9, 9).tolist(), values)
    outcome = race(run, Noisy(deviation=5.0), budget_s=13 * SECONDS)()
    assert len(outcome.candidates) == 4
    assert outcome.seconds <= 13 * SECONDS
    short = race(run, objective := Noisy(), budget_s=5.9 * SECONDS)()
    assert (short.chosen, short.rounds, objective.fits) == (1, 0, [])
    run.close()


@pytest.mark.parametrize(
    ("stop", "raised"), [(None, KeyboardInterrupt), (threading.Event(), Stopped)]
)
def test_a_race_that_was_killed_or_stopped_goes_on_where_it_was(tmp_path, stop, raised):
    xs, values = [0.9, 0.5, 0.2, 0.4], [1.0, 0.0, 0.3, 0.5]
    run = new_run(tmp_path / "a", xs, values)
    expected = race(run, objective := Noisy(deviation=0.2), budget_s=20)()
    run.close()
    run = new_run(tmp_path / "b", xs, values)
    with pytest.raises(raised):
        race(run, first := Noisy(deviation=0.2, stop_after=9, stop=stop), budget_s=20)()
    assert len(first.fits) == 9
    run.close()
    run = Run.reopen(run.path)
    assert race(run, second := Noisy(deviation=0.2), budget_s=20)() == expected
    assert first.fits + second.fits == objective.fits
    run.close()


def test_a_candidate_whose_fit_fails_leaves_the_race(tmp_path):
    run = new_run(tmp_path, [0.9, 0.5, 0.2], [1.0, 0.0, 0.3])
    outcome = race(run, Noisy(fails=(0.5,)))()
    assert outcome.chosen == 3
    reasons = {each.number: each.reason for each in outcome.candidates}
    assert reasons == {2: "the loss became nan", 3: None, 1: None}
    run.close()
