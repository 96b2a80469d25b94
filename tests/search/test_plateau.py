"""Dead networks all have one value: a search must leave their plateau, and follow what lives."""

import numpy as np
import pytest
from conftest import rest_long
from scipy.stats import qmc

from hpopt.search.engines import make_searcher
from hpopt.search.plateau import calls_for_spread
from hpopt.search.sobol_engine import sobol_points
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

ROWS, DEAD = 92, -52 / 92
NETWORK = Space(
    [
        Real("rate", 1e-4, 1.0, "log-uniform"),
        Real("dropout", 0.0, 0.9),
        Integer("units", 4, 512, "log-uniform"),
        Integer("depth", 1, 5),
        Categorical("kind", ("relu", "tanh", "softmax"), "softmax"),
    ]
)
BEST = {"rate": 10**-1.4, "dropout": 0.3, "units": 40, "depth": 2, "kind": "relu"}
SEARCHER = make_searcher("gp", n_calls=50)


def accuracy(params, number) -> float:
    """-1 at `BEST`; 11 % of the space are alive, the defaults are not."""
    x, best = (NETWORK.to_unit(p)[0][:4] for p in (params, BEST))
    distance = np.square(x - best) @ [2.0, 0.2, 0.4, 0.2] + 0.3 * (params["kind"] == "softmax")
    alive = (1 + DEAD) * np.sqrt(max(0.0, 1 - distance / 0.09))
    return -round((alive - DEAD) * ROWS) / ROWS


def in_the_middle(params, number) -> float:
    """Where dropout is large dead networks are worse than elsewhere."""
    value = accuracy(params, number)
    return -40 / ROWS if value == DEAD and params["dropout"] > 0.6 else value


def with_luck(params, number) -> float:
    """The second trial is better than dead by a single row."""
    return accuracy(params, number) - (number == 2) / ROWS


def by_turns(params, number) -> float:
    """Dead networks name now one class, now the other."""
    value = accuracy(params, number)
    return -40 / ROWS if value == DEAD and number % 2 else value


def searched(value, calls, seed) -> list[Trial]:
    trials: list[Trial] = []
    for number in range(1, calls + 1):
        suggestion = SEARCHER.suggest(NETWORK, trials, number=number, seed=seed)
        now = value(suggestion.params, number)
        result = Result(now, {}, [now], {}, 1, 0.1)
        trials.append(
            Trial(number, suggestion.params, 0, "finished", info=suggestion.info, result=result)
        )
    return trials


def on_bounds(trials) -> int:
    """Of how many trials a real lies on its bound."""
    x = np.array([NETWORK.to_unit(trial.params)[0][:2] for trial in trials])
    return int(((x < 1e-6) | (x > 1 - 1e-6)).any(axis=1).sum())


def test_the_made_up_network_is_dead_in_most_of_its_space():
    rng = np.random.default_rng(0)
    values = [accuracy(NETWORK.sample(rng), 1) for _ in range(2000)]
    assert 0.85 < np.mean(np.array(values) == DEAD) < 0.93
    assert accuracy(NETWORK.defaults, 1) == DEAD
    assert accuracy(BEST, 1) == -1.0


@pytest.mark.parametrize("value", rest_long([accuracy, in_the_middle, with_luck, by_turns], 2))
def test_a_plateau_is_left_and_what_lives_is_followed(value):
    for seed in range(2):
        assert min(trial.value for trial in searched(value, 40, seed)) < -0.9


def test_while_all_values_tie_no_trial_is_on_the_hull():
    assert on_bounds(searched(lambda params, number: DEAD, 40, 0)[1:]) == 0


def test_neither_is_one_where_dead_networks_name_either_class():
    levels = searched(lambda params, number: (DEAD, -40 / ROWS)[number % 2], 40, 0)
    assert on_bounds(levels[1:]) == 0


def test_a_lucky_trial_leaves_every_third_to_the_interior():
    trials = searched(lambda params, number: DEAD - (number == 2) / ROWS, 40, 0)
    assert on_bounds(trials[2::3]) == 0


def test_on_a_plateau_the_history_and_running_trials_decide():
    trials = searched(lambda params, number: DEAD, 12, 0)
    trials.append(Trial(13, SEARCHER.suggest(NETWORK, trials, number=13, seed=0).params, 0))
    first, again = (SEARCHER.suggest(NETWORK, trials, number=14, seed=0) for _ in range(2))
    assert first == again
    assert first.params != trials[-1].params


def spreads(values) -> list[bool]:
    return [calls_for_spread(values, number) for number in (30, 31, 32)]


def test_ties_call_for_spread():
    assert spreads([1.0, 1.0]) == [True] * 3
    assert spreads([2.0, 1.0, 1.0, 1.0]) == [True] * 3  # worse ones show no way up
    assert spreads([1.0, 2.0, 2.0, 1.0, 2.0, 1.0]) == [True] * 3  # a level for each class
    assert spreads([0.0, 1.0, 1.0, 1.0]) == [True, False, False]
    assert spreads([2.0, 0.0, *[1.0] * 50]) == [True, False, False]


def test_values_that_differ_call_for_none():
    assert not any(spreads([1.0, 2.0]))
    assert not any(spreads([3.0, 1.0, 1.0, 2.0]))
    assert not any(spreads([*[1.0] * 50, *np.linspace(0, 0.9, 5), *[1.0] * 5]))  # it was left
    steps = [2.0, 1.9, 1.9, 1.8, 1.7, 1.7, 1.6, 1.5, 1.4, 1.3, *[1.2, 1.1, 1.0, 0.9] * 4]
    assert not any(spreads(steps))  # few levels, but on the way up


def test_every_third_point_of_a_sobol_sequence_is_even_and_every_second_is_not():
    def discrepancy(points):
        return np.mean([qmc.discrepancy(points(seed)) for seed in range(8)])

    random = discrepancy(lambda seed: np.random.default_rng(seed).random((40, 5)))
    assert discrepancy(lambda seed: sobol_points(5, 6, 120, seed)[::3]) < random
    assert discrepancy(lambda seed: sobol_points(5, 6, 80, seed)[::2]) > 2 * random
