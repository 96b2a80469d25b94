import numpy as np
import pytest

from hpopt.search import observations
from hpopt.search.bayes import BayesSearcher, initial_size, is_due
from hpopt.search.encoding import Encoding
from hpopt.search.engines import make_searcher
from hpopt.search.fits import recorded_fit
from hpopt.search.observations import Observations
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial, incumbent

LINE = Space([Real("x", 0, 1)])
MIXED = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 5),
        Categorical("kind", ("adam", "sgd"), "adam"),
        Real("momentum", 0, 0.99, when=(Condition.parse("kind", "sgd"),)),
    ]
)


def over(number, params, value, info=None) -> Trial:
    result = Result(value, {}, [value], {}, 1, 0.1)
    return Trial(number, params, 0, "finished", info=info or {}, result=result)


def searched(searcher, space, calls, value, seed=0, trials=()) -> list[Trial]:
    trials = list(trials)
    for number in range(len(trials) + 1, calls + 1):
        suggestion = searcher.suggest(space, trials, number=number, seed=seed)
        value_now = value(suggestion.params, number)
        trials.append(over(number, suggestion.params, value_now, suggestion.info))
    return trials


def test_the_design_fits_dimensions_and_budget():
    assert initial_size(9, 100) == 5
    assert initial_size(9, None) == 5
    assert initial_size(9, 10) == 3
    assert initial_size(2, 100) == 4
    assert initial_size(36, 1000) == 8
    assert initial_size(0, 100) == 3


def test_fits_are_made_at_milestones_that_grow_with_the_trials():
    assert is_due(5, 4)
    assert not is_due(105, 100)
    assert is_due(106, 100)
    assert is_due(3, 50)  # a history that was cut short


def test_a_fit_is_recorded_and_used_until_the_next():
    trials = searched(make_searcher("gp"), LINE, 60, lambda p, n: (p["x"] - 0.3) ** 2)
    fitted = [t.number for t in trials if "fit" in t.info]
    assert fitted[:3] == [4, 5, 6]  # behind the design of three, at each trial
    assert len(fitted) < 45
    number, fit = recorded_fit(Encoding(LINE), trials)
    assert number == trials[fitted[-1] - 1].info["fit"]["trials"] == fitted[-1] - 1
    assert fit.hyperparameters.noise == trials[fitted[-1] - 1].info["fit"]["noise"]


def test_fits_of_another_space_are_not_used():
    info = {"fit": {"trials": 9, "lengthscales": {"y": 1.0}, "signal": 1.0, "noise": 0.1}}
    assert recorded_fit(Encoding(LINE), [over(1, {"x": 0.5}, 0.0, info)]) is None


def test_a_run_goes_on_with_another_budget():
    searcher, other = make_searcher("gp", n_calls=12), make_searcher("gp", n_calls=99)
    trials = searched(searcher, MIXED, 8, lambda p, n: p["rate"])
    assert MIXED.contains(other.suggest(MIXED, trials, number=9, seed=0).params)


def test_ten_calls_beat_random_search():
    def regrets(engine):
        return [
            incumbent(
                searched(
                    make_searcher(engine, n_calls=10),
                    MIXED,
                    10,
                    lambda p, n: (np.log10(p["rate"]) + 2) ** 2 + 0.3 * (p["layers"] - 4) ** 2,
                    seed=seed,
                )
            ).value
            for seed in range(5)
        ]

    assert np.mean(regrets("gp")) < np.mean(regrets("random")) / 2


def test_trials_that_run_keep_others_away_from_their_surroundings():
    trials = searched(make_searcher("gp"), LINE, 8, lambda p, n: np.sin(9 * p["x"]))
    searcher = BayesSearcher()
    spots = []
    for number in range(9, 13):
        params = searcher.suggest(LINE, trials, number=number, seed=0).params
        trials.append(Trial(number, params, 0))
        spots.append(params["x"])
    assert np.diff(np.sort(spots)).min() > 1e-4


def test_failed_trials_stand_above_all_finished_ones():
    trials = [over(i, {"x": i / 10}, float(i)) for i in range(5)]
    data = Observations.of(Encoding(LINE), [Trial(9, {"x": 0.9}, 0, "failed"), *trials])
    assert data.n_finished == 5
    assert data.y[5] > data.y[:5].max()
    np.testing.assert_allclose(data.x[5], [0.9])


def test_of_very_many_trials_the_best_and_the_latest_are_kept():
    rng = np.random.default_rng(0)
    values = rng.normal(size=1700)
    trials = [over(i, {"x": float(x)}, values[i]) for i, x in enumerate(rng.random(1700))]
    data = Observations.of(Encoding(LINE), trials)
    kept = set(data.x[:, 0])
    assert len(data.y) == observations._MOST
    n_best = observations._MOST_BEST
    assert all(trials[i].params["x"] in kept for i in np.argsort(values)[:n_best])
    assert all(trial.params["x"] in kept for trial in trials[n_best - observations._MOST :])


FEW = Space([Categorical("c", tuple("abcd"), "a")])


def test_noise_makes_a_repeat_the_best_use_of_a_call():
    noise = np.random.default_rng(0).normal(size=100)
    means = {"a": 0.0, "b": 0.2, "c": 3.0, "d": 4.0}
    many = Space([*FEW, Integer("i", 1, 50)])

    def value(params, number):
        return means[params["c"]] + 0.1 * abs(params["i"] - 20) + noise[number]

    trials = searched(make_searcher("gp"), many, 60, value)
    repeats = [t for t in trials if t.info.get("repeat")]
    seen = [t.params for t in trials]
    assert len({tuple(p.values()) for p in seen}) == 60 - len(repeats)
    assert all(t.params in seen[: t.number - 1] for t in repeats)


def test_no_point_is_repeated_whose_values_were_equal():
    space = Space([Integer("i", 1, 200), Integer("j", 1, 200)])
    rough = np.random.default_rng(0).normal(size=(201, 201))  # no surrogate can learn it
    trials = searched(make_searcher("gp"), space, 40, lambda p, n: rough[p["i"], p["j"]])
    assert len({tuple(t.params.values()) for t in trials}) >= 39


@pytest.mark.parametrize("acquisition", ["EI", "PI", "LCB", "gp_hedge"])
def test_every_acquisition_finds_the_bottom_of_a_bowl(acquisition):
    def bowl(params, number):
        value = (np.log10(params["rate"]) + 2) ** 2 + 0.3 * (params["layers"] - 4) ** 2
        return value + ((params["momentum"] - 0.9) ** 2 if "momentum" in params else 0.1)

    trials = searched(make_searcher("gp", acquisition=acquisition), MIXED, 35, bowl)
    assert incumbent(trials).value < 0.02


def test_fits_go_on_when_the_model_holds_no_more_trials(monkeypatch):
    monkeypatch.setattr(observations, "_MOST", 10)
    monkeypatch.setattr(observations, "_MOST_BEST", 5)
    trials = searched(make_searcher("gp"), LINE, 24, lambda p, n: (p["x"] - 0.3) ** 2)
    assert any("fit" in trial.info for trial in trials[-3:])


def test_the_budget_shapes_the_design_alone():
    trials = searched(make_searcher("gp"), MIXED, 8, lambda p, n: p["rate"])
    few, many = (
        make_searcher("gp", n_calls=n).suggest(MIXED, trials, number=9, seed=0) for n in (20, 2000)
    )
    assert few == many
