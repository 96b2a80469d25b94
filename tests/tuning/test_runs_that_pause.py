"""Runs whose trials are paused at levels, on an analytic objective: the loop, kills, states."""

import json
from contextlib import closing

import numpy as np
import pytest
from functions import Pausable
from loops import SPACE, facts, search_in

from hpopt.execution.serial import SerialSlots
from hpopt.runs.events import Header
from hpopt.runs.folder import Run
from hpopt.search.engines import make_searcher
from hpopt.search.halving import LEVELS
from hpopt.tracking.observer import Observer
from hpopt.trials import STATE, Result, incumbent
from hpopt.tuning import loop

EPOCHS = 27
ENGINES = ["gp", "random"]


def curve(params, *, seed, folder, fold=0, share=1.0) -> Result:
    """A bowl that all but the slow ones come down to early; the state is the epoch it was at."""
    epochs = max(1, round(share * EPOCHS))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / STATE
    before = int(json.loads(path.read_text())) if path.is_file() else 0
    with (folder.parent / "spent").open("a") as file:
        file.write(f"{max(0, epochs - before)}\n")
    path.write_text(json.dumps(epochs))
    value = params["x"] ** 2 + params["y"] ** 2 + 2.0 ** (-epochs / 4)
    is_over = epochs == EPOCHS
    if is_over:
        np.savez(folder / "weights.npz", value=value)
    return Result(
        value,
        {"rmse": value},
        [value],
        {"loss": [value] * epochs},
        epochs,
        0.01,
        "weights.npz" if is_over else None,
        state=None if is_over else STATE,
    )


def searcher_of(engine, n_calls):
    return make_searcher(engine, n_calls=n_calls, levels=LEVELS)


def begin(folder) -> Run:
    return Run.create(folder, "loop", Header("0", "rmse", False, {}, {}, SPACE.to_json()))


def go_on_in(run, engine, n_calls=20, function=curve, **options):
    slots = SerialSlots(Pausable(function))
    options = {"searcher": searcher_of(engine, n_calls), "slots": slots, **options}
    search_in(run, n_calls=n_calls, **options)


def searched(folder, engine="gp", n_calls=20, **options) -> Run:
    run = begin(folder)
    with closing(run):
        go_on_in(run, engine, n_calls, **options)
    return Run.open(run.path)


def spent(run) -> float:
    """What all fits took, in whole fits."""
    lines = (run.path / "trials" / "spent").read_text().split()
    return sum(map(int, lines)) / EPOCHS


@pytest.mark.parametrize("engine", ENGINES)
def test_all_params_are_tried_and_few_are_fitted_in_full(engine, tmp_path):
    run = searched(tmp_path, engine, 30)
    states = [trial.state for trial in run.trials()]
    assert len(states) == 30
    assert set(states) == {"finished", "paused"}
    assert spent(run) < 20
    best = incumbent(run.trials())
    assert (best.state, best.result.epochs) == ("finished", EPOCHS)
    lowest = min(trial.latest.value for trial in run.trials())
    assert best.value == lowest


@pytest.mark.parametrize("engine", ENGINES)
def test_the_journal_tells_all_of_it(engine, tmp_path):
    run = begin(tmp_path)
    with closing(run):
        go_on_in(run, engine)
        held = run.trials()
    read = Run.open(run.path).trials()
    assert read == held
    paused = next(trial for trial in read if trial.state == "paused")
    assert paused.value is None
    assert list(paused.partial) == sorted(paused.partial)
    assert paused.latest.epochs == round(max(paused.partial) * EPOCHS)
    thawed = next(trial for trial in read if len(trial.partial) == 2 and trial.result)
    assert [result.epochs for result in thawed.partial.values()] == [3, 9]


class Stopping(Observer):
    """Ends the run, as a kill would, once so many ends of fits have been told of."""

    def __init__(self, after):
        self.left = after

    def ended(self, trial, trials):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("after", [7, 16, 24])
def test_a_run_that_was_ended_goes_on_as_if_it_had_not_been(engine, after, tmp_path):
    whole = searched(tmp_path / "whole", engine)
    run = begin(tmp_path / "ended")
    with closing(run), pytest.raises(KeyboardInterrupt):
        go_on_in(run, engine, observer=Stopping(after))
    with closing(Run.reopen(run.path)) as again:
        go_on_in(again, engine)
    ended = Run.open(run.path)
    assert facts(ended) == facts(whole)
    assert [t.partial for t in ended.trials()] == [t.partial for t in whole.trials()]
    assert spent(ended) == spent(whole)


def dies_while_it_goes_on(params, *, share=1.0, folder, **where):
    if (folder / STATE).is_file() and not (folder.parent / "died").exists():
        curve(params, share=share, folder=folder, **where)  # its state is written, and no more
        (folder.parent / "died").touch()
        raise KeyboardInterrupt
    return curve(params, share=share, folder=folder, **where)


def test_a_kill_between_a_state_and_its_event_changes_nothing(tmp_path):
    whole = searched(tmp_path / "whole")
    run = begin(tmp_path / "killed")
    with closing(run), pytest.raises(KeyboardInterrupt):
        go_on_in(run, "gp", function=dies_while_it_goes_on)
    assert any(trial.state == "running" and trial.partial for trial in Run.open(run.path).trials())
    with closing(Run.reopen(run.path)) as again:
        go_on_in(again, "gp", function=dies_while_it_goes_on)
    assert facts(Run.open(run.path)) == facts(whole)


def test_a_trial_whose_state_is_lost_goes_on_from_nothing(tmp_path, monkeypatch):
    whole = searched(tmp_path / "whole")
    monkeypatch.setattr(loop, "_MOST_STATES", 0)
    forgetful = searched(tmp_path / "forgetful")
    assert facts(forgetful) == facts(whole)
    assert spent(forgetful) > spent(whole)
    assert max(trial.attempt for trial in forgetful.trials()) > 1
    assert {trial.attempt for trial in whole.trials()} == {1}


def test_states_are_few_and_gone_when_the_search_is_over(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "_MOST_STATES", 3)
    most = 0

    class Counting(Observer):
        def ended(self, trial, trials):
            nonlocal most
            most = max(most, len(list(tmp_path.rglob(STATE))))

    searched(tmp_path, "random", 40, observer=Counting())
    assert 3 <= most <= 3 * len(LEVELS)
    assert not list(tmp_path.rglob(STATE))


def test_a_run_that_is_extended_goes_on_with_what_was_paused(tmp_path):
    run = searched(tmp_path, "random", 9)
    with closing(Run.reopen(run.path)) as again:
        go_on_in(again, "random", 40)
    longer = Run.open(run.path)
    assert len(longer.trials()) == 40
    once = [t for t in longer.trials()[:9] if t.latest.epochs > run.trial(t.number).latest.epochs]
    assert once
    assert all(trial.attempt > 1 for trial in once)


def ends_early(params, *, share=1.0, folder, **where):
    """Early stopping ends the fits on the left at epoch 2."""
    if params["x"] > 0:
        return curve(params, share=share, folder=folder, **where)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STATE).write_text("2")
    return Result(2.0, {"rmse": 2.0}, [2.0], {"loss": [2.0] * 2}, 2, 0.01, None)


def test_a_fit_that_early_stopping_ended_is_finished(tmp_path):
    run = searched(tmp_path, "random", 20, function=ends_early)
    early = [trial for trial in run.trials() if trial.params["x"] <= 0]
    assert early
    assert all((t.state, t.result.epochs) == ("finished", 2) for t in early)
    assert not list(tmp_path.rglob(STATE))
