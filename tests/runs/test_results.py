import json
import subprocess
import sys

import numpy as np
import pytest

from hpopt.runs.results import dump_results, optimize_result
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

SPACE = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 5),
        Integer("nodes", 1, 100, "log-uniform"),
        Categorical("size", (0.1, "auto", 16, None, True), "auto"),
        Categorical("activation", ("relu",), "relu"),
        Real("momentum", 0, 0.9, default=0.0, when=(Condition.parse("layers", ">= 3"),)),
    ]
)
FAILED = (3, 6)
PLOTS = {
    "plot_convergence": "plot_convergence(result)",
    "plot_evaluations": "plot_evaluations(result)",
    "plot_objective": "plot_objective(result, n_points=3, n_samples=5)",
    "plot_regret": "plot_regret(result)",
}
# Somebody else's program, on a machine without hpopt.
READER = f"""
import sys
sys.modules["hpopt"] = None
import json, traceback
import matplotlib
matplotlib.use("Agg")
import skopt
from skopt.plots import *
result = skopt.load(sys.argv[1])
errors = {{}}
for name, call in {PLOTS!r}.items():
    try:
        eval(call)
    except Exception:
        errors[name] = traceback.format_exc()
prediction = result.models[-1].predict(result.space.transform(result.x_iters))
json.dump({{
    "x_iters": result.x_iters,
    "func_vals": result.func_vals.tolist(),
    "x": result.x,
    "fun": float(result.fun),
    "names": result.space.dimension_names,
    "surrogate": type(result.models[-1]).__module__,
    "prediction": prediction.tolist(),
    "errors": errors,
}}, sys.stdout)
"""


def finished(number, params, value):
    result = Result(value, {"accuracy": -value}, [-value], {"loss": [1.0]}, 1, 0.1)
    return Trial(number, params, seed=number, state="finished", result=result)


def make_trials(space, values):
    rng = np.random.default_rng(0)
    return [finished(n, space.sample(rng), value) for n, value in enumerate(values, start=1)]


@pytest.fixture(scope="module")
def trials():
    values = [-0.5, -0.8, 0.0, -0.9, -0.7, 0.0, -0.6, -0.4]
    return [
        Trial(trial.number, trial.params, seed=0, state="failed", reason="the loss is NaN")
        if trial.number in FAILED
        else trial
        for trial in make_trials(SPACE, values)
    ]


@pytest.fixture(scope="module")
def seen(trials, tmp_path_factory):
    """What a program without hpopt sees in the file."""
    folder = tmp_path_factory.mktemp("results")
    with (folder / "results.pkl").open("wb") as file:
        dump_results(SPACE, trials, 0, file)
    command = [sys.executable, "-W", "ignore", "-c", READER, "results.pkl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_values_are_the_minimised_ones_of_the_finished_trials(seen):
    assert seen["func_vals"] == [-0.5, -0.8, -0.9, -0.7, -0.6, -0.4]
    assert seen["fun"] == -0.9


def test_the_points_are_the_params_with_defaults_where_inactive(seen, trials):
    complete = [
        list(SPACE.complete(trial.params).values())
        for trial in trials
        if trial.number not in FAILED
    ]
    assert any("momentum" not in trial.params for trial in trials)
    assert repr(seen["x_iters"]) == repr(complete)
    assert repr(seen["x"]) == repr(complete[2])


def test_the_dimensions_have_their_names(seen):
    assert seen["names"] == SPACE.names


def test_the_surrogate_is_of_scikit_learn_and_predicts(seen):
    assert seen["surrogate"].startswith("sklearn.")
    assert np.isfinite(seen["prediction"]).all()


@pytest.mark.parametrize("plot", PLOTS)
def test_the_plots_of_skopt_work_where_hpopt_is_not_installed(seen, plot):
    assert seen["errors"].get(plot) is None


@pytest.mark.parametrize("values", [[-0.5], [-0.5, -0.5, -0.5]], ids=["one trial", "all equal"])
def test_few_or_equal_trials_make_a_result(values):
    result = optimize_result(SPACE, make_trials(SPACE, values), seed=0)
    assert result.func_vals.tolist() == values


def test_a_space_of_a_single_category_makes_a_result():
    space = Space([Categorical("activation", ("relu",), "relu")])
    result = optimize_result(space, make_trials(space, [0.5, 0.25]), seed=0)
    assert result.x == ["relu"]
    assert result.fun == 0.25


def test_the_same_trials_make_the_same_surrogate(trials):
    first, second = (optimize_result(SPACE, trials, seed=3).models[-1] for _ in range(2))
    assert str(first.kernel_) == str(second.kernel_)
