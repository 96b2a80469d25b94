from dataclasses import replace

import numpy as np
import pytest

from hpopt.trials import Result, Trial, incumbent, incumbents, ranked, repeats, trial_seed

SOME = [(seed, number) for seed in range(10) for number in range(1, 10)]


def finished(number, value):
    result = Result(value, {}, [value], {}, epochs=1, seconds=0.1)
    return Trial(number, {}, seed=0, state="finished", result=result)


def test_a_trial_seed_is_the_same_each_time():
    assert trial_seed(7, 3) == trial_seed(7, 3)


def test_a_trial_seed_never_changes_between_versions():
    assert [trial_seed(0, 1), trial_seed(0, 2), trial_seed(1, 1)] == [
        673228719,
        3241444873,
        1454127163,
    ]


def test_trial_seeds_of_different_runs_and_numbers_differ():
    seeds = {trial_seed(run, number) for run in range(20) for number in range(1, 101)}
    assert len(seeds) == 20 * 100


@pytest.mark.parametrize("run_seed", [0, 1, 2**31, 2**32 - 1, 2**40])
def test_a_trial_seed_is_what_numpy_takes_for_a_seed(run_seed):
    seed = trial_seed(run_seed, 1)
    assert type(seed) is int
    assert 0 <= seed < 2**32


def test_the_best_trial_has_the_lowest_value():
    trials = [finished(1, 0.3), finished(2, -0.2), finished(3, 0.1)]
    assert incumbent(trials) == trials[1]


@pytest.mark.parametrize("order", [[1, 2, 3], [3, 2, 1]])
def test_the_best_among_equals_is_the_earliest(order):
    trials = {1: finished(1, 0.5), 2: finished(2, 0.1), 3: finished(3, 0.1)}
    assert incumbent([trials[number] for number in order]) == trials[2]


def test_trials_that_fail_or_still_run_are_never_the_best():
    failed = Trial(1, {}, seed=0, state="failed", reason="the loss is NaN")
    running = Trial(2, {}, seed=0)
    assert incumbent([failed, running, finished(3, 9.0)]) == finished(3, 9.0)
    assert incumbent([failed, running]) is None
    assert incumbent([]) is None


def test_trials_are_ranked_by_value_and_among_equals_by_number():
    trials = [finished(3, 0.1), finished(1, 0.1), Trial(4, {}, seed=0), finished(2, -0.5)]
    assert [trial.number for trial in ranked(trials)] == [2, 1, 3]


def test_the_incumbent_after_each_trial():
    failed = Trial(1, {}, seed=0, state="failed", reason="the loss is NaN")
    trials = [failed, finished(2, 0.5), finished(3, 0.75), finished(4, 0.25), finished(5, 0.25)]
    assert incumbents(trials) == [None, *(trials[index] for index in (1, 1, 3, 3))]
    assert incumbents(trials)[-1] == incumbent(trials)
    assert incumbents([]) == []


def test_a_trial_without_a_result_has_no_value():
    assert Trial(1, {}, seed=0).value is None
    assert finished(1, 0.25).value == 0.25


def test_a_trial_seed_is_no_searchers_seed():
    searchers = {int(np.random.SeedSequence([s, n]).generate_state(1)[0]) for s, n in SOME}
    assert not searchers & {trial_seed(s, n) for s, n in SOME}


def with_params(number, value, **params):
    return replace(finished(number, value), params=params)


def test_params_that_ran_several_times_count_by_their_mean():
    lucky = [with_params(1, -0.5, a=1), with_params(3, -0.9, a=1.0), with_params(4, -0.4, a=1)]
    steady = with_params(2, -0.7, a=True)  # 1 and 1.0 are the same, true is another
    trials = [lucky[0], steady, *lucky[1:]]
    assert incumbent(trials) == steady
    # Of the lucky params the trial nearest to their mean of -0.6 speaks for them.
    assert [trial.number for trial in ranked(trials)] == [2, 1, 4, 3]
    assert repeats(lucky[1], trials) == lucky
    assert incumbent(lucky[:2]) == lucky[0]  # of two the one that flatters less


@pytest.mark.parametrize("seed", range(5))
def test_the_incumbents_are_those_of_every_beginning(seed):
    rng = np.random.default_rng(seed)
    trials = [with_params(n, float(rng.normal()), a=int(rng.integers(6))) for n in range(1, 30)]
    states = rng.choice(["finished", "failed"], size=29, p=[0.8, 0.2])
    trials = [
        trial if state == "finished" else replace(trial, state="failed", result=None)
        for trial, state in zip(trials, states, strict=True)
    ]
    assert incumbents(trials) == [incumbent(trials[: n + 1]) for n in range(29)]
