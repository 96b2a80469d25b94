"""What every searcher promises: the conformance suite."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hpopt.search.engines import make_searcher
from hpopt.search.halving import LEVELS
from hpopt.search.searcher import GoOn, Searcher
from hpopt.search.skopt_engine import N_INITIAL
from hpopt.space.beliefs import Belief
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Ordinal, Real
from hpopt.space.rules import Rule
from hpopt.space.space import Space
from hpopt.trials import Result, Trial, incumbent

SEARCHERS = {
    "sobol": make_searcher("sobol"),
    "gp-EI": make_searcher("gp", n_calls=20),
    "gp-PI": make_searcher("gp", acquisition="PI", n_calls=20),
    "gp-LCB": make_searcher("gp", acquisition="LCB", n_calls=20),
    "gp-gp_hedge": make_searcher("gp", acquisition="gp_hedge", n_calls=20),
    "random": make_searcher("random"),
    "grid": make_searcher("grid", grid=4),
    "skopt-RF": make_searcher("skopt", base_estimator="RF"),
    "skopt-ET": make_searcher("skopt", acquisition="LCB", base_estimator="ET"),
    "skopt-EI": make_searcher("skopt"),
    "skopt-gp_hedge": make_searcher("skopt", acquisition="gp_hedge"),
}
# Without the 1 to 3 slow fits that scikit-optimize would need for each trial.
OWN = [name for name in SEARCHERS if not name.startswith("skopt")]
MIXED = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 5, default=2),
        Categorical("kind", (0.1, "auto", 16, None, [64, [32]], {"a": [1]}), "auto"),
        Categorical("only", ("one",), "one"),
        Real("momentum", 0, 0.99, when=(Condition.parse("kind", [16, "auto"]),)),
        Integer("units", 16, 256, step=16),
        Ordinal("size", ("tiny", "small", "large"), "small"),
        Real("dropout", 0.1, 0.9, step=0.1),
        Real("decay", 1e-4, 1.0, "log-uniform", belief=Belief(1e-2, 3)),
    ]
)


@pytest.fixture(params=SEARCHERS, scope="module")
def searcher(request) -> Searcher:
    return SEARCHERS[request.param]


@pytest.fixture(scope="module")
def history(searcher) -> list[Trial]:
    """Its first trials on MIXED: made once, for a shorter history is the beginning of a longer."""
    return searched(searcher, MIXED, N_INITIAL + 5)


def over(number, params, value, info=None) -> Trial:
    result = Result(value, {"m": value}, [value], {}, 1, 0.1)
    return Trial(number, params, 0, "finished", info=info or {}, result=result)


def bowl(space, params) -> float:
    x, mask = space.to_unit(params)
    return float(((x - 0.3) ** 2 * mask).sum())


def searched(searcher, space, calls, value=bowl, seed=0) -> list[Trial]:
    trials: list[Trial] = []
    for number in range(1, calls + 1):
        suggestion = searcher.suggest(space, trials, number=number, seed=seed)
        trials.append(
            over(number, suggestion.params, value(space, suggestion.params), suggestion.info)
        )
    return trials


def test_the_first_trial_is_the_defaults(searcher):
    assert searcher.suggest(MIXED, [], number=1, seed=3).params == MIXED.defaults


def test_suggestions_lie_in_the_space_in_plain_python_scalars(history):
    for trial in history:
        assert MIXED.contains(trial.params)
        assert {type(v) for v in trial.params.values()} <= {float, int, str, list, dict, type(None)}


def test_the_same_history_gives_the_same_suggestion(searcher, history):
    trials = history[: N_INITIAL + 3]
    number = len(trials) + 1
    first = searcher.suggest(MIXED, trials, number=number, seed=5)
    assert searcher.suggest(MIXED, trials, number=number, seed=5) == first


def test_info_survives_the_journal(history):
    trials = history[: N_INITIAL + 3]
    for trial in trials:
        assert json.loads(json.dumps(trial.info, allow_nan=False)) == trial.info


def test_another_seed_searches_elsewhere(searcher):
    one, other = (searcher.suggest(MIXED, [], number=2, seed=seed).params for seed in (0, 1))
    assert one != other


def test_no_params_are_tried_twice_while_others_are_left(searcher):
    space = Space([Integer("n", 16, 64, step=16), Categorical("c", ("a", "b", "c", "d"), "a")])
    tried = [tuple(t.params.values()) for t in searched(searcher, space, 14)]
    assert len(set(tried)) == 14


def test_pending_trials_are_not_suggested_again(searcher):
    space = Space([Integer("n", 1, 3), Categorical("c", ("a", "b", "c", "d", "e"), "a")])
    trials = searched(searcher, space, N_INITIAL + 1)
    for number in range(len(trials) + 1, 15):
        params = searcher.suggest(space, trials, number=number, seed=0).params
        assert params not in [trial.params for trial in trials]
        trials.append(Trial(number, params, 0))


def test_failed_trials_do_not_stop_the_search(searcher, history):
    trials = [
        Trial(t.number, t.params, 0, "failed", reason="NaN") if t.number % 2 else t
        for t in history[: N_INITIAL + 2]
    ]
    params = searcher.suggest(MIXED, trials, number=len(trials) + 1, seed=0).params
    assert MIXED.contains(params)


def test_a_history_of_failures_alone_is_searched_on(searcher):
    trials = [
        Trial(number, MIXED.sample(np.random.default_rng(number)), 0, "failed")
        for number in range(1, N_INITIAL + 3)
    ]
    params = searcher.suggest(MIXED, trials, number=len(trials) + 1, seed=0).params
    assert MIXED.contains(params)


@pytest.mark.parametrize("huge", [1e30, 1e160, 1.7e308])
def test_a_huge_value_among_others_is_searched_on(searcher, huge):
    trials = searched(
        searcher, MIXED, N_INITIAL + 3, lambda space, params: huge if params["layers"] > 3 else 1.0
    )
    assert len(trials) == N_INITIAL + 3


@pytest.mark.parametrize("value", [0.0, 1e30, -1.7e308])
def test_a_constant_objective_is_searched_on(searcher, value):
    trials = searched(searcher, MIXED, N_INITIAL + 3, lambda space, params: value)
    assert len(trials) == N_INITIAL + 3


def test_a_space_of_one_point_is_searched_on(searcher):
    space = Space([Categorical("only", (None,), None)])
    trials = searched(searcher, space, N_INITIAL + 2)
    assert all(trial.params == {"only": None} for trial in trials)


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_values_are_searched_on(searcher, value):
    trials = searched(
        searcher, MIXED, N_INITIAL + 3, lambda space, params: value if params["layers"] > 3 else 1.0
    )
    assert len(trials) == N_INITIAL + 3


def test_a_space_of_thirty_dimensions_is_searched(searcher):
    space = Space([Real(f"x{i}", 0, 1) for i in range(30)])
    trials = searched(searcher, space, N_INITIAL + 4)
    assert all(space.contains(trial.params) for trial in trials)


def test_a_space_whose_conditions_never_hold_at_the_defaults_is_searched(searcher):
    # As many dimensions as one likes hang on the one that is off, and the search must leave it so.
    space = Space(
        [
            Categorical("switch", ("off", "on"), "off"),
            *(Real(f"x{i}", 0, 1, when=(Condition.parse("switch", "on"),)) for i in range(5)),
        ]
    )
    trials = searched(
        searcher, space, N_INITIAL + 3, lambda space, params: float(params["switch"] == "on")
    )
    assert all(space.contains(trial.params) for trial in trials)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("n", [1, 2, 5, 30, 200])
def test_any_number_of_trials_can_have_come_before(name, n):
    rng = np.random.default_rng(0)
    trials = [
        over(number, params, bowl(MIXED, params))
        for number in range(1, n + 1)
        for params in [MIXED.sample(rng)]
    ]
    params = SEARCHERS[name].suggest(MIXED, trials, number=n + 1, seed=0).params
    assert MIXED.contains(params)
    assert params not in [trial.params for trial in trials]


@pytest.mark.parametrize("name", OWN)
def test_a_space_can_be_used_up_to_its_last_point_and_beyond(name):
    space = Space([Real("n", 0.1, 0.3, step=0.1), Categorical("c", ("a", "b", "c", "d"), "a")])
    tried = [tuple(t.params.values()) for t in searched(SEARCHERS[name], space, 15)]
    assert len(set(tried[:12])) == 12


def test_a_history_that_was_written_and_read_again_gives_the_same_suggestion(searcher, history):
    trials = history[: N_INITIAL + 4]
    number = len(trials) + 1
    again = [
        over(t.number, json.loads(json.dumps(t.params)), t.value, json.loads(json.dumps(t.info)))
        for t in trials
    ]
    first = searcher.suggest(MIXED, trials, number=number, seed=1)
    assert searcher.suggest(MIXED, again, number=number, seed=1) == first


@pytest.mark.parametrize("engine", ["gp", "skopt"])
@pytest.mark.parametrize("acquisition", ["EI", "gp_hedge"])
def test_the_surrogate_beats_random_search(engine, acquisition):
    space = Space([Real("x", -5, 10), Real("y", 0, 15)])

    def branin(space, params):
        # Dixon and Szegö (1978); its minimum is 0.397887.
        x, y = params["x"], params["y"]
        valley = y - 5.1 * x**2 / (4 * np.pi**2) + 5 * x / np.pi - 6
        return float(valley**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10)

    def regret(searcher):
        return incumbent(searched(searcher, space, 25, branin)).value - 0.397887

    budget = make_searcher(engine, acquisition=acquisition, n_calls=25)
    assert regret(budget) < regret(SEARCHERS["random"]) / 1.5


@pytest.mark.parametrize("acquisition", ["EI", "PI", "LCB"])
def test_a_belief_draws_the_search_to_it_and_is_overcome_where_it_is_wrong(acquisition):
    def share_near(belief, lowest) -> float:
        space = Space([Real("x", 0, 1, default=0.5, belief=belief), Real("y", 0, 1)])
        trials = searched(
            make_searcher("gp", acquisition=acquisition, n_calls=24),
            space, 24, lambda space, params: (params["x"] - lowest) ** 2 + params["y"],
        )  # fmt: skip
        return sum(abs(trial.params["x"] - 0.8) < 0.1 for trial in trials[1:12])

    assert share_near(Belief(0.8, 0.05), 0.8) > share_near(None, 0.8)
    space = Space([Real("x", 0, 1, belief=Belief(0.9, 0.02))])
    trials = searched(
        make_searcher("gp", acquisition=acquisition, n_calls=24),
        space, 24, lambda space, params: (params["x"] - 0.1) ** 2,
    )  # fmt: skip
    assert incumbent(trials).params["x"] == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("searcher", ["gp-gp_hedge", "skopt-gp_hedge"], indirect=True)
def test_gp_hedge_carries_its_gains_from_trial_to_trial(history):
    infos = [t.info.get("hedge", t.info) for t in history[: N_INITIAL + 4]]
    gains = np.array([info["gains"] for info in infos if info])[:3]
    assert gains.shape == (3, 3)
    assert (gains[0] == 0).all()
    assert (np.abs(gains[1:]).max(axis=1) > 0).all()
    assert not np.allclose(gains[1], gains[2])


@pytest.mark.parametrize("engine", ["gp", "skopt"])
def test_failed_params_are_told_as_bad_so_the_search_stays_away(engine):
    space = Space([Real("x", 0, 1, default=0.05)])

    def fails_left_of_the_middle(searcher) -> list[Trial]:
        trials: list[Trial] = []
        for number in range(1, 21):
            params = searcher.suggest(space, trials, number=number, seed=0).params
            failed = params["x"] < 0.5
            trials.append(
                Trial(number, params, 0, "failed") if failed else over(number, params, params["x"])
            )
        return trials[N_INITIAL + 1 :]

    late = fails_left_of_the_middle(make_searcher(engine))
    assert sum(trial.state == "failed" for trial in late) <= len(late) / 2


RULED = Space(
    [
        Integer("units_1", 4, 128, "log-uniform", default=64),
        Integer("units_2", 4, 128, "log-uniform", default=16),
        Real("x", 0, 1, default=0.2, belief=Belief(0.4, 0.1)),
        Real("y", 0, 1, default=0.2, when=(Condition.parse("kind", ["a", "b"]),)),
        Categorical("kind", ("a", "b", "c"), "a"),
        Real("z", -0.5, 0.5, step=0.25),
        Ordinal("size", ("tiny", "small", "large"), "small"),
    ],
    [
        Rule.from_json("z < 0.5 or x < 0.5"),
        Rule.from_json("size > 'tiny' or x < 0.7"),
        Rule.from_json("units_2 <= units_1"),
        Rule.from_json("x + y <= 0.8"),
        Rule.from_json("kind != 'c' or units_1 < 32"),
    ],
)


def on_an_edge(space, params) -> float:
    """Lowest where x + y is 0.8, and the units are the same."""
    apart = abs(params["units_1"] - params["units_2"]) / 128
    return apart - params["x"] - params.get("y", 0.0) + (params["x"] - 0.5) ** 2


def test_what_is_suggested_meets_the_rules(searcher):
    trials = searched(searcher, RULED, N_INITIAL + 6, on_an_edge)
    assert trials[0].params == RULED.defaults
    assert all(RULED.contains(trial.params) and RULED.allows(trial.params) for trial in trials)
    number = len(trials) + 1
    first = searcher.suggest(RULED, trials, number=number, seed=5)
    assert searcher.suggest(RULED, trials, number=number, seed=5) == first


def test_rules_that_leave_few_points_let_all_of_them_be_tried(searcher):
    dimensions = [Integer("n", 1, 6, default=3), Integer("m", 1, 6, default=4)]
    space = Space(dimensions, [Rule.from_json("n + m == 7")])
    tried = [tuple(t.params.values()) for t in searched(searcher, space, 6)]
    assert sorted(tried) == [(n, 7 - n) for n in range(1, 7)]


def test_rules_that_leave_next_to_nothing_are_met(searcher):
    dimensions = [Real("x", 0, 1, default=1e-5), Real("y", 0, 1, default=1e-5)]
    space = Space(dimensions, [Rule.from_json("x < 0.0001 and y < 0.0001")])
    trials = searched(searcher, space, 4)
    assert all(space.allows(trial.params) for trial in trials)
    assert len({trial.params["x"] for trial in trials}) > 1


@pytest.mark.parametrize("name", ["gp-EI", "random"])
def test_paused_fits_meet_the_rules(name):
    searcher = make_searcher(name.partition("-")[0], n_calls=20, levels=LEVELS)
    trials: list[Trial] = []
    for _ in range(14):
        number = len(trials) + 1
        step = searcher.suggest(RULED, trials, number=number, seed=1)
        if isinstance(step, GoOn):
            trial = replace(trials[step.trial - 1], level=step.level)
        else:
            trial = Trial(number, step.params, 0, level=step.level, info=step.info)
            trials.append(trial)
        value = on_an_edge(RULED, trial.params)
        result = Result(value, {"m": value}, [value], {}, 1, 0.1)
        if trial.level < 1:
            partial = {**trial.partial, trial.level: result}
            trial = replace(trial, state="paused", partial=partial)
        else:
            trial = replace(trial, state="finished", result=result)
        trials[trial.number - 1] = trial
    assert all(RULED.allows(trial.params) for trial in trials)


@pytest.mark.long
def test_gp_finds_an_optimum_on_the_edge_of_a_rule():
    trials = searched(make_searcher("gp", n_calls=30), RULED, 30, on_an_edge)
    best = incumbent(trials)
    assert best is not None
    assert best.value is not None
    assert best.value < -0.78  # -0.8 is the lowest
