"""What a new run may know of an earlier one."""

from dataclasses import replace

import pytest
from conftest import MIXED, synthetic_run

from hpopt.errors import ConfigError
from hpopt.runs.journal import decode, encode
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.training.settings import Training
from hpopt.tuning.warm_start import earlier_trials, to_try_first, warm_start_from


@pytest.fixture
def earlier(tmp_path):
    """Twelve trials, of which the third failed and the last still runs."""
    constants = {"training": Training().model_dump()}
    return synthetic_run(tmp_path, failed=(3,), running=True, constants=constants)


def test_trials_of_the_same_kind_inform_the_search(earlier):
    warm_start = warm_start_from(earlier, earlier.header, MIXED)
    assert warm_start.informs
    assert to_try_first(warm_start) == []
    trials = earlier_trials(warm_start)
    ended = [trial for trial in earlier.trials() if trial.state != "running"]
    assert [trial.number for trial in trials] == list(range(-10, 1))  # before trial 1
    assert [trial.params for trial in trials] == [trial.params for trial in ended]
    assert [trial.value for trial in trials] == [trial.value for trial in ended]
    assert [trial.state for trial in trials] == [trial.state for trial in ended]


@pytest.mark.parametrize(
    "change",
    [
        {"metric": "log_loss"},
        {"fingerprints": {"data": "2c", "split": "1b"}},
        {"fingerprints": {"data": "0a", "split": "2c"}},
        {"code": {"builder": "3d"}},
        {"constants": {"training": Training(epochs=9).model_dump()}},
    ],
)
def test_values_that_mean_something_else_say_nothing_and_the_best_params_are_tried_first(
    earlier, change
):
    warm_start = warm_start_from(earlier, replace(earlier.header, **change), MIXED)
    assert not warm_start.informs
    assert earlier_trials(warm_start) == []
    best = sorted((t for t in earlier.trials() if t.value is not None), key=lambda t: t.value)
    assert to_try_first(warm_start) == [trial.params for trial in best[:5]]


def test_params_outside_the_new_space_are_left_out(earlier):
    narrow = Space([replace(d, high=1e-2) if d.name == "rate" else d for d in MIXED.dimensions])
    trials = earlier_trials(warm_start_from(earlier, earlier.header, narrow))
    ended = [trial for trial in earlier.trials() if trial.state != "running"]
    inside = [trial.params for trial in ended if trial.params["rate"] <= 1e-2]
    assert 0 < len(inside) < len(ended)
    assert [trial.params for trial in trials] == inside


def test_a_run_over_other_names_is_refused(earlier):
    with pytest.raises(ConfigError, match="no trial in the search space of this run"):
        warm_start_from(earlier, earlier.header, Space([Real("x", 0, 1)]))


def test_it_comes_back_from_the_journal_as_it_was(earlier, tmp_path):
    warm_start = warm_start_from(earlier, earlier.header, MIXED)
    assert decode(encode(warm_start).rstrip(), tmp_path, 2) == warm_start


def test_a_run_without_one_knows_nothing():
    assert (earlier_trials(None), to_try_first(None)) == ([], [])


def constants_of(**arguments):
    return {"training": Training().model_dump(), "arguments": arguments}


def test_a_constant_that_is_searched_now_joins_with_its_value(tmp_path):
    earlier = synthetic_run(tmp_path, constants=constants_of(width=3, deep={"share": 1}))
    wider = Space(
        [
            *MIXED.dimensions,
            Integer("width", 1, 9, default=5),
            Real("deep.share", 0.0, 2.0, when=(Condition.parse("optimizer", "sgd"),)),
            Real("learning_decay", 0.5, 1.0, when=(Condition.parse("width", "> 5"),)),
        ]
    )
    header = replace(earlier.header, space=wider.to_json(), constants=constants_of())
    warm_start = warm_start_from(earlier, header, wider)
    assert warm_start.informs
    assert len(warm_start.trials) == len(earlier.trials()) == 12
    for form, trial in zip(warm_start.trials, earlier.trials(), strict=True):
        share = {"deep.share": 1.0} if trial.params["optimizer"] == "sgd" else {}
        assert form["params"] == {**trial.params, "width": 3, **share}


def test_a_mapping_that_was_constant_joins_as_a_whole(tmp_path):
    then = constants_of(extra={"flip": True, "sizes": [1, 2]})
    earlier = synthetic_run(tmp_path, constants=then)
    values = (None, {"sizes": [1, 2], "flip": True})
    space = Space([*MIXED, Categorical("extra", values, None)])
    header = replace(earlier.header, space=space.to_json(), constants=constants_of())
    trials = earlier_trials(warm_start_from(earlier, header, space))
    assert trials
    assert all(trial.params["extra"] == values[1] for trial in trials)


def test_of_a_dimension_that_is_constant_now_the_trials_of_that_value_join(tmp_path):
    earlier = synthetic_run(tmp_path, constants=constants_of())
    fewer = Space([d for d in MIXED.dimensions if d.name != "layers"])
    header = replace(earlier.header, space=fewer.to_json(), constants=constants_of(layers=2))
    warm_start = warm_start_from(earlier, header, fewer)
    joining = [trial for trial in earlier.trials() if trial.params["layers"] == 2]
    assert warm_start.informs
    assert 0 < len(joining) < 12
    assert [form["number"] for form in warm_start.trials] == [trial.number for trial in joining]
    assert all("layers" not in form["params"] for form in warm_start.trials)


def test_a_constant_outside_the_new_bounds_joins_nothing(tmp_path):
    earlier = synthetic_run(tmp_path, constants=constants_of(width=30))
    wider = Space([*MIXED.dimensions, Integer("width", 1, 9, default=5)])
    with pytest.raises(ConfigError, match="no trial in the search space"):
        warm_start_from(earlier, replace(earlier.header, space=wider.to_json()), wider)
