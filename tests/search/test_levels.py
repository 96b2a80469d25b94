"""What every searcher promises where fits are paused at levels."""

import json

import pytest

from hpopt.search.engines import make_searcher
from hpopt.search.halving import LEVELS, share_of_epochs
from hpopt.search.searcher import GoOn, Suggestion
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Ordinal, Real
from hpopt.space.space import Space
from hpopt.trials import Result, Trial

SPACE = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 5, default=2),
        Categorical("kind", ("a", "b", None, [64, 32], {"a": 1}), "a"),
        Real("momentum", 0, 0.99, when=(Condition.parse("kind", ["b"]),)),
        Integer("units", 16, 64, step=16),
        Ordinal("size", ("tiny", "small", "large"), "small"),
    ]
)
ENGINES = ["gp", "random", "sobol", "grid", "skopt"]
N_CALLS = 18


def bowl(params) -> float:
    x, mask = SPACE.to_unit(params)
    return float(((x - 0.3) ** 2 * mask).sum())


def result_of(params, level) -> Result:
    value = bowl(params) + 1 - level
    return Result(value, {"m": value}, [value], {}, round(27 * level), 0.1)


def after(trials, following, *, fails=False) -> list[Trial]:
    """The trials, once what follows has come to its level."""
    if isinstance(following, Suggestion):
        trial = Trial(len(trials) + 1, following.params, 0, info=following.info)
        trials = [*trials, trial]
    else:
        trial = trials[following.trial - 1]
        assert trial.state == "paused"
        assert following.level > max(trial.partial)
    level, info = following.level, {**trial.info, **following.info}
    result, partial, state = None, dict(trial.partial), "paused"
    if fails:
        state = "failed"
    elif level < 1:
        partial[level] = result_of(trial.params, level)
    else:
        result, state = result_of(trial.params, 1.0), "finished"
    made = Trial(trial.number, trial.params, 0, state, 1, None, info, result, None, level, partial)
    return [*trials[: trial.number - 1], made, *trials[trial.number :]]


def searcher_of(engine):
    return make_searcher(engine, n_calls=N_CALLS, levels=LEVELS)


def searched(engine, *, fails=lambda number: False) -> tuple[list[Trial], list[int]]:
    """All trials of a search, and how many were begun before each step."""
    searcher, trials, begun = searcher_of(engine), [], []
    while True:
        begun.append(len(trials))
        if len(trials) < N_CALLS:
            following = searcher.suggest(SPACE, trials, number=len(trials) + 1, seed=0)
        else:
            following = searcher.go_on(SPACE, trials)
            if following is None:
                return trials, begun
        number = following.trial if isinstance(following, GoOn) else len(trials) + 1
        trials = after(trials, following, fails=fails(number))


@pytest.fixture(params=ENGINES, scope="module")
def engine(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def history(engine) -> tuple[list[Trial], list[int]]:
    return searched(engine)


def test_the_defaults_are_fitted_in_full(history):
    trials, _ = history
    assert trials[0].params == SPACE.defaults
    assert (trials[0].state, trials[0].partial) == ("finished", {})


def test_all_others_begin_at_the_lowest_level_and_miss_none(history):
    trials, _ = history
    for trial in trials[1:]:
        levels = [*trial.partial, *([1.0] if trial.result else [])]
        assert levels == list(LEVELS[: len(levels)])


def test_some_are_finished_and_most_are_not(history):
    trials, _ = history
    finished = [trial for trial in trials if trial.state == "finished"]
    assert 1 < len(finished) < N_CALLS / 1.5
    assert {trial.state for trial in trials} == {"finished", "paused"}


def test_the_best_of_short_fits_is_not_lost(history):
    trials, _ = history
    best = min(trials, key=lambda trial: bowl(trial.params))
    assert best.state == "finished"


def test_trials_go_on_while_new_ones_begin(history):
    _, begun = history
    steps = [n for n in begun if n < N_CALLS]
    assert len(steps) > len(set(steps))


def test_it_is_a_function_of_the_history(engine, history):
    trials, _ = history
    for count in (7, 12):
        few = trials[:count]
        first, again = (
            searcher_of(engine).suggest(SPACE, few, number=count + 1, seed=0) for _ in range(2)
        )
        assert first == again
        assert json.loads(json.dumps(first.info, allow_nan=False)) == first.info


def test_what_runs_is_not_asked_for_again(engine, history):
    trials = list(history[0])[:10]
    searcher = searcher_of(engine)
    seen = []
    for _ in range(6):
        following = searcher.suggest(SPACE, trials, number=len(trials) + 1, seed=0)
        if isinstance(following, GoOn):
            trial = trials[following.trial - 1]
            assert trial.state == "paused"
            running = Trial(
                trial.number, trial.params, 0, "running", 1, None, trial.info, None, None,
                following.level, trial.partial,
            )  # fmt: skip
            trials[trial.number - 1] = running
        else:
            assert following.params not in seen
            seen.append(following.params)
            level = following.level
            trials.append(Trial(len(trials) + 1, following.params, 0, level=level))


def test_trials_that_fail_do_not_stop_it(engine):
    trials, _ = searched(engine, fails=lambda number: number % 3 == 0)
    assert len(trials) == N_CALLS
    assert any(trial.state == "finished" for trial in trials[1:])


def test_where_none_has_finished_one_goes_on_to_its_end(engine):
    trials, _ = searched(engine, fails=lambda number: number == 1)
    assert any(trial.state == "finished" for trial in trials)


def test_a_search_that_pauses_no_longer_goes_on(engine, history):
    trials = history[0][:9]
    whole = make_searcher(engine, n_calls=N_CALLS)
    following = whole.suggest(SPACE, trials, number=10, seed=0)
    assert following.level == 1.0
    assert following.params not in [trial.params for trial in trials]


def test_a_hundred_trials_take_a_quarter_of_their_epochs():
    assert share_of_epochs(1, LEVELS) == 1.0
    assert share_of_epochs(100, LEVELS) == pytest.approx(0.267, abs=0.001)
    assert share_of_epochs(100, (1.0,)) == 1.0
