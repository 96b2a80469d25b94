import math
import os
import subprocess
import sys
import time

import numpy as np
import pytest

import hpopt
from hpopt.errors import ConfigError, RunError

SPACE = {
    "rate": {"type": "real", "low": 1e-5, "high": 1.0, "prior": "log-uniform"},
    "layers": {"type": "integer", "low": 1, "high": 9, "default": 2},
    "kind": ["plain", "extra"],
    "extra": {"type": "real", "low": 0.0, "high": 1.0, "when": {"kind": "extra"}},
    "offset": 0.5,
}


def bowl(params):
    lowest = (math.log10(params["rate"]) + 3) ** 2 + 0.1 * (params["layers"] - 5) ** 2
    return lowest + params.get("extra", 0.3) + params["offset"]


@pytest.mark.parametrize("engine", [None, "skopt", "random", "sobol"])
def test_every_engine_minimises(engine):
    result = hpopt.minimize(bowl, SPACE, n_calls=16, engine=engine, n_initial=6)
    assert len(result.func_vals) == 16
    assert result.fun == min(result.func_vals) == bowl(result.params)
    assert result.fun < bowl({"rate": 1e-5, "layers": 1, "offset": 0.5})
    assert result.params["offset"] == 0.5
    assert [type(value) for value in result.x[:2]] == [float, int]


def test_the_surrogate_finds_the_minimum():
    result = hpopt.minimize(bowl, SPACE, n_calls=40)
    assert result.fun == pytest.approx(0.5, abs=0.05)


def test_the_first_call_has_the_defaults():
    result = hpopt.minimize(bowl, SPACE, n_calls=1, defaults={"rate": 0.1, "kind": "extra"})
    assert result.params == {
        "rate": 0.1,
        "layers": 2,
        "kind": "extra",
        "extra": 0.5,
        "offset": 0.5,
    }


def test_the_same_seed_gives_the_same_calls():
    first, again = (hpopt.minimize(bowl, SPACE, n_calls=8, seed=3) for _ in range(2))
    assert first.x_iters == again.x_iters
    assert first.x_iters != hpopt.minimize(bowl, SPACE, n_calls=8, seed=4).x_iters


@pytest.mark.parametrize("engine", ["gp", "skopt"])
def test_n_initial_says_when_the_surrogate_is_asked(engine):
    calls = []

    def objective(params):
        calls.append(params)
        return bowl(params)

    hpopt.minimize(objective, SPACE, n_calls=6, n_initial=6, engine=engine)
    late, calls = calls, []
    hpopt.minimize(objective, SPACE, n_calls=6, n_initial=3, engine=engine)
    assert late[:3] == calls[:3]
    assert late[3] != calls[3]


def test_a_value_that_is_not_finite_is_a_failed_trial():
    def objective(params):
        return math.nan if params["layers"] > 5 else bowl(params)

    result = hpopt.minimize(objective, SPACE, n_calls=30)
    assert np.isfinite(result.func_vals).all()
    assert 10 < len(result.func_vals) < 30
    assert result.params["layers"] <= 5


def test_an_exception_of_the_objective_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        hpopt.minimize(lambda params: 1 / 0, SPACE, n_calls=3)


def test_without_a_finite_value_there_is_no_result():
    with pytest.raises(RunError, match="no finite value in 3 calls"):
        hpopt.minimize(lambda params: math.inf, SPACE, n_calls=3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"engine": "gpp"}, "did you mean `gp`?"),
        ({"acquisition": "ei"}, "did you mean `EI`?"),
        ({"engine": "skopt", "base_estimator": "RT"}, "one of `GP`, `RF`, `ET`"),
        ({"engine": "grid", "grid": 1}, "grid must be a number at least 2, not 1"),
        ({"engine": "random", "acquisition": "ei"}, "did you mean `EI`?"),
        ({"aquisition": "EI"}, "did you mean `acquisition`?"),
        ({"n_calls": 0}, "`n_calls` must be a whole number, at least 1, not 0"),
        ({"n_initial": 2.5}, "`n_initial` must be a whole number"),
        ({"defaults": {"layer": 2}}, "did you mean `layers`?"),
        ({"defaults": {"layers": 10}}, "the default 10 is outside its bounds"),
        ({"space": {}}, "space is empty"),
        ({"space": {"a": 1}}, "there is nothing to search"),
        ({"space": {"a": {"type": "real", "low": 1}}}, "space.a has no `high`"),
        ({"space": {"a": {"type": "real", "low": 2, "high": 1}}}, "swap them"),
        ({"space": {"a": {"type": "reel", "low": 2, "high": 1}}}, "did you mean `real`?"),
        ({"space": {"a": [1, 2], "b": SPACE["extra"]}}, "hangs on `kind`"),
        ({"space": {"a": object()}}, "can't stand in a config"),
        ({"space": {"a": {"b": [1, 2]}, "a.b": [1]}}, "`a.b` stands twice"),
        ({"space": {"a": {"b": {"type": "real", "low": 2, "high": 1}}}}, "space.a.b: `low` (2.0)"),
        ({"space": {"a": {"b b": [1, 2]}}}, "`b b` can't be a step"),
        ({"space": {"a": {"b": [1, 2]}}, "defaults": {"a.c": 1}}, "did you mean `a.b`?"),
    ],
)
def test_an_argument_that_makes_no_sense(arguments, words):
    with pytest.raises(ConfigError) as caught:
        hpopt.minimize(bowl, **{"space": SPACE, "n_calls": 3} | arguments)
    assert words in caught.value.render()
    assert words in str(caught.value)  # as a notebook shows it


@pytest.mark.parametrize(
    "settings",
    [
        {"engine": "gp", "acquisition": "LCB"},
        {"engine": "skopt", "base_estimator": "RF", "acquisition": "PI"},
        {"engine": "sobol"},
        {"engine": "random", "acquisition": "LCB"},  # which it does not read
    ],
)
def test_every_engine_takes_its_settings(settings):
    result = hpopt.minimize(bowl, SPACE, n_calls=5, n_initial=3, **settings)
    assert len(result.x_iters) == 5


def test_the_grid_has_as_many_points_as_are_asked_for():
    space = {"x": {"type": "real", "low": 0, "high": 1, "default": 0}}
    tried = hpopt.minimize(lambda p: p["x"], space, n_calls=4, engine="grid", grid=4).x_iters
    assert sorted(x for (x,) in tried) == pytest.approx([0, 1 / 3, 2 / 3, 1])


NESTED = {
    "rate": SPACE["rate"],
    "kind": {"of": ["plain", "extra"], "depth": {"layers": SPACE["layers"]}},
    "extra": SPACE["extra"] | {"when": {"kind.of": "extra"}},
    "offset": 0.5,
}


def test_a_space_may_nest():
    calls = []

    def objective(params):
        calls.append(params)
        return bowl(params | {"layers": params["kind.depth.layers"]})

    defaults = {"kind.depth.layers": 3}
    nested = hpopt.minimize(objective, NESTED, n_calls=8, defaults=defaults)
    assert calls[0]["kind.depth.layers"] == 3
    assert set(nested.params) - {"extra"} == {"rate", "kind.of", "kind.depth.layers", "offset"}
    assert [d.name for d in nested.space.dimensions] == [
        *("rate", "kind.of", "kind.depth.layers", "extra"),
    ]
    flat = hpopt.minimize(
        lambda params: bowl(params | {"layers": params["kind.depth.layers"]}),
        {
            "rate": SPACE["rate"],
            "kind.of": ["plain", "extra"],
            "kind.depth.layers": SPACE["layers"],
            "extra": NESTED["extra"],
            "offset": 0.5,
        },
        n_calls=8,
        defaults=defaults,
    )
    assert flat.x_iters == nested.x_iters  # as names with dots were taken before


def test_a_name_of_minimize_is_no_section():
    space = {"model": {"depth": [1, 2]}, "training": {"rate": [0.1, 0.2]}}
    result = hpopt.minimize(lambda params: params["model.depth"], space, n_calls=4)
    assert set(result.params) == {"model.depth", "training.rate"}


def test_lists_and_mappings_reach_the_objective_which_may_change_them():
    space = {
        "layers": [(64, 32), [16], []],
        "extra": {"type": "categorical", "categories": [None, {"rate": 0.5}], "default": None},
        "width": {"type": "real", "low": 0.1, "high": 0.5, "step": 0.1},
        "size": {"type": "ordinal", "categories": ["s", "l"], "default": "l"},
    }

    def objective(params):
        assert type(params["layers"]) is list
        params["layers"].append(100)
        if params["extra"]:
            params["extra"].clear()
        return sum(params["layers"]) + params["width"] + (params["extra"] is None)

    known = [({"layers": (16,), "extra": None, "width": 0.1 + 0.2, "size": "s"}, 117.3)]
    result = hpopt.minimize(objective, space, n_calls=60, require=["size <= 's'"], known=known,
                            defaults={"size": "s"})  # fmt: skip
    assert result.params == {"layers": [], "extra": {"rate": 0.5}, "width": 0.1, "size": "s"}
    assert result.x == ["[]", '{"rate": 0.5}', 0.1, "s"]
    assert len(result.x_iters) == 31  # all that there are, and the known one


def test_numpy_s_numbers_are_numbers():
    space = {"a": {"type": "real", "low": np.float64(0), "high": np.float32(1)}}
    result = hpopt.minimize(
        lambda params: np.float32(params["a"]), space, n_calls=3, defaults={"a": np.float64(0.25)}
    )
    assert result.x_iters[0] == [0.25]


def test_neither_tensorflow_nor_a_run_folder_is_needed(tmp_path):
    program = (
        "import sys, hpopt\n"
        "hpopt.minimize(lambda params: params['x'], {'x': [0, 1, 2]}, n_calls=3)\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


FEW = {"a": [0, 1], "b": {"type": "integer", "low": 1, "high": 3, "when": {"a": 1}}}


@pytest.mark.parametrize("engine", ["gp", "skopt", "grid", "sobol", "random"])
@pytest.mark.parametrize(
    "space", [FEW, {"a": [1]}, {"n": {"type": "integer", "low": 1, "high": 9}}]
)
def test_no_params_come_twice_and_a_space_that_is_used_up_ends_the_search(engine, space):
    calls = []

    def count(params):
        calls.append(tuple(sorted(params.items())))
        return len(calls) % 3 if len(calls) != 2 else math.nan

    hpopt.minimize(count, space, n_calls=20, engine=engine)
    whole = {id(FEW): 4}.get(id(space), 1 if "a" in space else 9)
    assert len(calls) == len(set(calls)) == whole


def test_gp_repeats_nothing_where_values_have_no_noise():
    calls = []

    def rugged(params):
        calls.append(params["n"])
        return math.sin(params["n"] * 12.9898) * 43758.5453 % 1.0

    hpopt.minimize(rugged, {"n": {"type": "integer", "low": 1, "high": 60}}, n_calls=50)
    assert len(set(calls)) == 50


def test_noise_that_nobody_spoke_of_repeats_nothing_and_makes_no_lucky_value_the_best():
    rng = np.random.default_rng(0)
    calls = []

    def loud_where_bad(params):
        calls.append(params["x"])
        return params["x"] ** 2 * (1 + 1.5 * rng.normal())

    space = {"x": {"type": "real", "low": -1.0, "high": 1.0, "default": 0.9}}
    result = hpopt.minimize(loud_where_bad, space, n_calls=40)
    assert len(set(calls)) == 40
    assert abs(result.params["x"]) < 0.3 < abs(result.lowest["x"])


def test_noisy_params_may_be_repeated_and_count_by_their_mean():
    rng = np.random.default_rng(0)
    result = hpopt.minimize(lambda params: rng.normal(), {"a": [0, 1]}, n_calls=14, noisy=True)
    assert len(result.func_vals) == 14
    means = {a: np.mean(result.func_vals[np.ravel(result.x_iters) == a]) for a in (0, 1)}
    assert result.params["a"] == min(means, key=means.get)


class Curves:
    """An objective in levels, which notes what it was asked for."""

    def __init__(self):
        self.asked = {}

    def __call__(self, params, level):
        levels = self.asked.setdefault(tuple(sorted(params.items(), key=str)), [])
        assert not levels or level > levels[-1]
        levels.append(level)
        return bowl(params) + 5 * 2.0 ** (-level / 5)


@pytest.mark.parametrize("engine", [None, "random"])
def test_an_objective_in_levels_is_asked_for_more_of_what_promises_most(engine):
    curves = Curves()
    result = hpopt.minimize(curves, SPACE, n_calls=30, levels=[6, 17, 52], engine=engine)
    asked = list(curves.asked.values())
    assert asked[0] == [52]
    assert len(asked) == 30
    assert all(levels == [6, 17, 52][: len(levels)] for levels in asked[1:])
    assert result.spent == sum(levels[-1] for levels in asked)
    assert result.spent < 0.75 * 30 * 52
    assert len(result.func_vals) == sum(levels[-1] == 52 for levels in asked)
    assert result.fun == min(result.func_vals)
    assert "spent" not in hpopt.minimize(bowl, SPACE, n_calls=3)


@pytest.mark.parametrize("levels", [[], [3, 2], [0, 1], [2, 2], ["a"], [1, math.inf]])
def test_levels_are_ascending_numbers(levels):
    with pytest.raises(ConfigError, match="`levels` must be ascending numbers"):
        hpopt.minimize(lambda params, level: 0.0, SPACE, n_calls=3, levels=levels)


def test_what_is_known_informs_and_counts_for_no_call():
    points = [
        {"rate": 10.0**-e, "layers": n, "kind": "plain"} for e in (1, 3, 5) for n in (2, 5, 8)
    ]
    known = [(params, bowl(params | {"offset": 0.5})) for params in points]
    calls = []

    def objective(params):
        calls.append(params)
        return bowl(params)

    result = hpopt.minimize(objective, SPACE, n_calls=5, known=known, n_initial=3)
    assert len(calls) == 5
    assert len(result.func_vals) == 14
    assert result.fun <= min(value for _, value in known)
    with pytest.raises(ConfigError, match="none of the space"):
        hpopt.minimize(bowl, SPACE, n_calls=1, known=[({"rate": 0.1}, 1.0)])


def test_an_objective_that_returns_nothing_is_named():
    with pytest.raises(ConfigError, match=r"gave nothing \(None\) for .*'layers': 2"):
        hpopt.minimize(lambda params: None, SPACE, n_calls=3)
    with pytest.raises(ConfigError, match="let it return a number"):
        hpopt.minimize(lambda params: "low", SPACE, n_calls=3)


def test_ctrl_c_gives_what_there_is():
    calls = []

    def objective(params):
        if len(calls) == 4:
            raise KeyboardInterrupt
        calls.append(params)
        return bowl(params)

    result = hpopt.minimize(objective, SPACE, n_calls=30)
    assert len(result.func_vals) == 4
    assert result.stopped == "interrupted"

    def at_once(params):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hpopt.minimize(at_once, SPACE, n_calls=3)


def test_a_callback_hears_of_each_value_and_may_end_the_search():
    heard = []

    def callback(params, value):
        heard.append((params, value))
        return len(heard) == 6

    result = hpopt.minimize(bowl, SPACE, n_calls=30, callback=callback)
    assert [value for _, value in heard] == list(result.func_vals)
    assert all(bowl(params) == value for params, value in heard)
    assert (len(heard), result.stopped) == (6, "callback")
    assert hpopt.minimize(bowl, SPACE, n_calls=3).stopped == "n_calls"


def test_a_time_limit_ends_the_search():
    def slow(params):
        time.sleep(0.05)
        return bowl(params)

    began = time.monotonic()
    result = hpopt.minimize(slow, SPACE, n_calls=1000, time_limit=1.0, engine="random")
    assert time.monotonic() - began < 10
    assert 2 < len(result.func_vals) < 30
    assert result.stopped == "time_limit"


def test_calls_run_side_by_side_in_other_processes():
    def slow(params):
        time.sleep(0.05)
        return bowl(params) + (0 if os.getpid() != here else math.inf)

    here = os.getpid()
    result = hpopt.minimize(slow, SPACE, n_calls=9, n_jobs=2, engine="random")
    assert len(result.func_vals) == 9
    with pytest.raises(ZeroDivisionError):
        hpopt.minimize(lambda params: 1 / 0, SPACE, n_calls=9, n_jobs=2)
    with pytest.raises(ConfigError, match="`n_jobs` must be a whole number"):
        hpopt.minimize(bowl, SPACE, n_calls=9, n_jobs=0)


def test_who_has_a_loop_of_his_own_asks_and_tells():
    optimizer = hpopt.Optimizer(SPACE, n_calls=12)
    whole = hpopt.minimize(bowl, SPACE, n_calls=12)
    count = 0
    while (call := optimizer.ask()) is not None:
        optimizer.tell(call, bowl(call.params))
        count += 1
    assert count == 12
    assert optimizer.result().x_iters == whole.x_iters
    assert optimizer.result().params == whole.params


def test_several_calls_may_be_open_and_each_is_told_once():
    optimizer = hpopt.Optimizer(SPACE)
    first, second, third = (optimizer.ask() for _ in range(3))
    assert first.params != second.params != third.params
    optimizer.tell(third, 3.0)
    optimizer.tell(first, math.nan)
    with pytest.raises(ConfigError, match="call 3 was not asked for, or its value was told"):
        optimizer.tell(third, 3.0)
    assert optimizer.result().fun == 3.0
    assert len(optimizer.result().func_vals) == 1


def test_an_optimiser_of_levels_says_up_to_which():
    optimizer = hpopt.Optimizer(SPACE, n_calls=10, levels=[6, 17, 52])
    levels = []
    while (call := optimizer.ask()) is not None:
        levels.append(call.level)
        optimizer.tell(call, bowl(call.params) + 1 / call.level)
    assert levels[0] == 52
    assert set(levels) == {6, 17, 52}
    assert optimizer.result().spent == optimizer.spent


def test_a_finite_space_comes_to_its_end():
    optimizer = hpopt.Optimizer({"x": [0, 1, 2]})
    asked = []
    while (call := optimizer.ask()) is not None:
        asked.append(call.params["x"])
        optimizer.tell(call, 0.0)
    assert sorted(asked) == [0, 1, 2]
