"""The loop, on analytic objectives: no network is built here."""

import threading
import time

import pytest
from functions import Analytic
from loops import SPACE, bowl, facts, searched, went_on

from hpopt.errors import TrialError
from hpopt.execution.serial import SerialSlots
from hpopt.execution.slots import TrialLost
from hpopt.report.words import early_end, tally
from hpopt.runs.folder import Run
from hpopt.runs.frame import trial_rows
from hpopt.search.engines import make_searcher
from hpopt.tracking.observer import Observer
from hpopt.trials import Result, Trial, incumbent, made, trial_seed


def failing_on_the_right(params, *, seed, folder, fold=0) -> Result:
    if params["x"] > 0:
        raise TrialError("the loss became nan in epoch 1")
    return bowl(params, seed=seed, folder=folder)


class Recorder(Observer):
    def __init__(self):
        self.heard = []

    def started(self, trial):
        self.heard.append(("started", trial.number))

    def ended(self, trial, trials):
        self.heard.append((trial.state, trial.number))


def test_the_journal_holds_what_the_run_holds(tmp_path):
    run = searched(tmp_path)
    assert Run.open(run.path).trials() == run.trials()


def test_the_defaults_are_tried_first(tmp_path):
    assert searched(tmp_path).trials()[0].params == {"x": 0.9, "y": 0.9}


def test_every_trial_has_its_own_seed_from_the_runs(tmp_path):
    seeds = [trial.seed for trial in searched(tmp_path).trials()]
    assert seeds == [trial_seed(7, number) for number in range(1, 9)]
    assert len(set(seeds)) == 8


def test_a_failed_trial_counts_and_is_recorded_with_its_reason(tmp_path):
    trials = searched(tmp_path, failing_on_the_right).trials()
    failed = [trial for trial in trials if trial.state == "failed"]
    assert len(trials) == 8
    assert failed
    assert all(trial.reason == "the loss became nan in epoch 1" for trial in failed)
    assert all(trial.params["x"] <= 0 for trial in trials if trial.state == "finished")


def test_only_the_weights_of_the_default_and_the_best_few_are_kept(tmp_path):
    run = searched(tmp_path, n_calls=10, keep_weights=2)
    kept = {trial.number for trial in run.trials() if run.weights(trial)}
    best = sorted(run.trials(), key=lambda trial: trial.value)[:2]
    assert kept == {1} | {trial.number for trial in best}


def test_the_observer_hears_every_trial_in_order(tmp_path):
    recorder = Recorder()
    searched(tmp_path, n_calls=2, observer=recorder)
    assert recorder.heard == [("started", 1), ("finished", 1), ("started", 2), ("finished", 2)]


def test_no_trial_begins_once_the_run_is_to_stop(tmp_path):
    stop = threading.Event()

    class StopAfterThree(Observer):
        def ended(self, trial, trials):
            if trial.number == 3:
                stop.set()

    assert len(searched(tmp_path, observer=StopAfterThree(), stop=stop).trials()) == 3


@pytest.mark.parametrize(
    ("engine", "killed_in"),
    [("gp", 13), ("gp", 6), ("skopt", 13), ("grid", 3), ("sobol", 14), ("random", 1)],
)
def test_a_run_that_goes_on_after_a_kill_gives_the_trials_it_would_have_given(
    tmp_path, engine, killed_in
):
    def killing(params, *, seed, folder, fold=0):
        if int(folder.name) == killed_in:
            raise KeyboardInterrupt
        return bowl(params, seed=seed, folder=folder)

    options = {"n_calls": 14, "engine": engine, "acquisition": "gp_hedge"}
    whole = searched(tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path / "killed", killing, **options)
    [folder] = (tmp_path / "killed").iterdir()
    run = went_on(Run.open(folder), **options)
    assert facts(run) == facts(whole)
    assert [t.attempt for t in run.trials()] == [1 + (n == killed_in) for n in range(1, 15)]
    assert run.end.reason == "n_calls"


def test_a_trial_ended_from_outside_is_run_again_once(tmp_path):
    class Unlucky(SerialSlots):
        def events(self, timeout_s):
            return [
                TrialLost(event.job, "killed by the system")
                if event.job.number == 2 or (event.job.number == 3 and next(first, False))
                else event
                for event in super().events(timeout_s)
            ]

    first = iter([True])
    run = searched(tmp_path, n_calls=4, slots=Unlucky(Analytic(bowl)))
    assert [t.state for t in run.trials()] == ["finished", "failed", "finished", "finished"]
    assert [t.attempt for t in run.trials()] == [1, 2, 2, 1]


def test_an_interrupt_in_a_trial_leaves_it_running_in_the_journal(tmp_path):
    def interrupted(params, *, seed, folder, fold=0):
        if folder.name == "0003":
            raise KeyboardInterrupt
        return bowl(params, seed=seed, folder=folder)

    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, interrupted)
    [folder] = tmp_path.iterdir()
    states = [trial.state for trial in Run.open(folder).trials()]
    assert states == ["finished", "finished", "running"]


class Hanging(SerialSlots):
    """A slot whose second trial never ends."""

    def events(self, timeout_s):
        if self._job is not None and self._job.number == 2:
            time.sleep(0.05)
            return []
        return super().events(timeout_s)


def test_a_trial_that_the_limit_ends_is_cut_and_runs_again(tmp_path):
    recorder = Recorder()
    run = searched(
        tmp_path, n_calls=3, slots=Hanging(Analytic(bowl)), observer=recorder, time_limit_s=0.5
    )
    assert [trial.state for trial in run.trials()] == ["finished", "cut"]
    assert recorder.heard[-1] == ("cut", 2)
    assert run.end.reason == "time_limit"
    assert "time limit" in run.trial(2).reason
    assert made(run.trials()) == 1
    assert tally(run.trials(), 3) == "1 of 3 trials (1 cut off)"
    assert early_end(run).startswith("The search ended after 1 of")
    *_, row = trial_rows(run.trials())
    assert (row["state"], row["reason"]) == ("cut", run.trial(2).reason)
    before = run.trial(2)
    run = went_on(run, n_calls=3)
    again = run.trial(2)
    assert (again.state, again.attempt, again.reason) == ("finished", 2, None)
    assert (again.params, again.seed) == (before.params, before.seed)
    assert len(run.trials()) == 3


def test_a_cut_trial_is_neither_a_failure_nor_a_value_for_the_search():
    cut = Trial(2, {"x": 0.1, "y": 0.1}, 0, "cut")
    good = Trial(1, {"x": 0.5, "y": 0.5}, 0, "finished", result=Result(1.0, {}, [1.0], {}, 1, 1.0))
    searcher = make_searcher("gp", n_calls=9)
    alone, beside = (
        searcher.suggest(SPACE, trials, number=3, seed=1).params for trials in ([good], [good, cut])
    )
    assert alone == beside
    assert incumbent([cut]) is None


@pytest.mark.parametrize(
    ("budget", "reason", "words"),
    [
        ({"target": 0.4}, "target", "reached the target of 0.4"),
        ({"no_improvement": 3}, "no_improvement", "3 trials in a row brought no improvement"),
        ({"time_limit_s": 1e-9}, "time_limit", "its time limit of 1e-09 s allows no more trials"),
    ],
)
def test_a_search_ends_by_its_budget_and_says_why(tmp_path, budget, reason, words):
    run = searched(tmp_path, n_calls=50, **budget)
    assert 1 <= len(run.trials()) < 50
    assert (run.end.reason, words in run.end.text) == (reason, True)
    assert all(trial.state == "finished" for trial in run.trials())
