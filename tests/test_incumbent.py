"""One function ranks trials: whoever shows, keeps, averages or ends by the best one follows it.

Here the highest value is the best, which no run has: who compared values by itself would name
another trial.
"""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_run

import hpopt as package
from hpopt.closing.ensemble import members
from hpopt.plots.comparison import draw_comparison
from hpopt.plots.convergence import draw_convergence
from hpopt.plots.history import History
from hpopt.plots.learning_curves import draw_learning_curves
from hpopt.report.standings import Standing
from hpopt.report.summary import summarise
from hpopt.report.terminal import conclude
from hpopt.runs.folder import Run
from hpopt.runs.steps import Findings
from hpopt.search.choosing import expected_best
from hpopt.space.space import Space
from hpopt.tracking.observer import Plan
from hpopt.tracking.plain import PlainProgress
from hpopt.tuning.budget import Budget
from hpopt.tuning.warm_start import warm_start_from

# The trials of `make_run`: 2 has the lowest value, 4 the highest, and 3 failed.
LAST = 4


@pytest.fixture
def run(tmp_path, monkeypatch):
    run = Run.open(make_run(tmp_path / "iris"))
    monkeypatch.setattr("hpopt.trials._rank", lambda trial, mean: (-mean,))
    return run


def test_the_best_and_the_chosen_trial(run):
    assert run.best.number == run.chosen.number == LAST
    assert [trial.number for trial in run.final] == [LAST]


def test_the_weights_that_are_kept(run):
    for trial in run.trials():
        run.trial_folder(trial.number).mkdir(parents=True)
        (run.trial_folder(trial.number) / "weights.npz").write_bytes(b"weights")
    trials = [with_weights(trial) for trial in run.trials()]
    run._state.by_number.update({trial.number: trial for trial in trials})
    run.keep_weights_of_best(1)
    assert [trial.number for trial in run.trials() if run.weights(trial)] == [1, LAST]


def with_weights(trial):
    if trial.result is None:
        return trial
    return replace(trial, result=replace(trial.result, weights="weights.npz"))


def test_the_rules_by_which_a_search_stops(run):
    assert Budget(9, no_improvement=1).end(run) is None  # two are behind the lowest value
    assert Budget(9, target=0.9).end(run) is None
    assert Budget(9, target=0.5).end(run).text == f"trial {LAST} reached the target of 0.5"


def test_progress(run, capsys):
    progress = PlainProgress()
    progress.begin(run, Plan(9))
    progress._pace._over_before = 0
    progress.ended(run.trial(2), run.trials())
    assert f"best 0.5000 (trial {LAST})" in capsys.readouterr().err


def test_what_a_program_is_told(run, hpopt):
    [record] = hpopt("show", run.path, "--json").records
    assert record["best"]["number"] == LAST
    [listed] = hpopt("runs", run.path.parent, "--json").records
    assert listed["best"]["number"] == LAST


def test_what_people_are_shown(run, hpopt):
    shown = hpopt("show", run.path).out
    assert f"best (trial {LAST})" in shown
    assert [line.split()[0] for line in shown.splitlines() if line.endswith("s")][-3:] == [
        *("4", "1", "2")
    ]
    assert (
        f"trial {LAST} of {run.path.name}: finished, the best" in hpopt("show", run.path, LAST).out
    )
    assert f"best accuracy on validation: 0.5000 (trial {LAST})" in conclude(run)
    assert f"trial {LAST}" in summarise(run, Findings([], None))
    assert Standing.of(run).best_trial == LAST


def test_the_pictures(run):
    history = History.of(run)
    assert history.best.number == LAST
    lines = {line.get_label(): line for line in draw_convergence(history).axes[0].get_lines()}
    assert list(lines["best so far"].get_ydata()) == [0.75, 0.75, 0.5, 0.5]
    [line, *_] = draw_comparison([run]).axes[0].get_lines()
    assert list(line.get_ydata()) == [0.75, 0.75, 0.75, 0.5]
    curves = draw_learning_curves(history).axes[0].get_lines()
    assert f"trial {LAST}" in curves[-1].get_label()


def test_an_ensemble_and_a_warm_start_begin_with_it(run):
    assert [trial.number for trial in members(run, 2)] == [LAST, 1]
    space = Space.from_json(run.header.space)
    assert expected_best(space, run.trials())[0].number == LAST
    other = replace(run.header, metric="f1")  # so that only the best params are tried
    assert [form["number"] for form in warm_start_from(run, other, space).trials] == [LAST, 1, 2]


def test_minimize(run):
    result = package.minimize(lambda params: params["x"], {"x": [0, 1, 2]}, n_calls=3)
    assert sorted(result.func_vals) == [0, 1, 2]
    assert result.params["x"] == np.max(result.func_vals)
