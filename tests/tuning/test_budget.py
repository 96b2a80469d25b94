"""When a search is over, from what its journal holds."""

from contextlib import closing
from dataclasses import replace

import pytest

from hpopt.runs.events import Failed, Finished, Header, Started
from hpopt.runs.folder import Run
from hpopt.tuning.budget import Budget

ACCURACY = Header("0.1.0", "accuracy", True, {}, {}, [])
RMSE = Header("0.1.0", "rmse", False, {}, {}, [])
FAILED, RUNNING = "failed", "running"


@pytest.fixture
def a_run(tmp_path):
    """Makes a run of a trial for each score; `elapsed_s` is when the last one began."""

    def make(*scores, header=ACCURACY, seconds=1.0, elapsed_s=0.0) -> Run:
        with closing(Run.create(tmp_path, "budget", header)) as run:
            for number, score in enumerate(scores, start=1):
                run.append(Started(number, {}, number, "now", elapsed=elapsed_s))
                if score == FAILED:
                    run.append(Failed(number, f"reason {number}"))
                elif score != RUNNING:
                    value = -score if header.greater_is_better else score
                    metrics = {header.metric: score}
                    run.append(Finished(number, value, metrics, [score], {}, 1, seconds))
        return Run.open(run.path)  # whose clock stands still

    return make


def reason(budget, run):
    end = budget.end(run)
    return end and end.reason


def test_trials_begin_as_long_as_there_are_calls_left(a_run):
    assert reason(Budget(2), a_run()) is None
    assert reason(Budget(2), a_run(0.5)) is None
    assert Budget(2).end(a_run(0.5, RUNNING)).text == "all 2 trials were made"


@pytest.mark.parametrize(
    ("header", "scores", "target", "number"),
    [
        (ACCURACY, [0.5, 0.75], 0.75, 2),
        (ACCURACY, [0.5, 0.7], 0.75, None),
        (RMSE, [3.0, 2.0, 4.0], 2.0, 2),
        (RMSE, [3.0, 2.5], 2.0, None),
        (RMSE, [FAILED], 2.0, None),
    ],
)
def test_the_incumbent_reaches_a_target_in_the_metrics_own_direction(
    a_run, header, scores, target, number
):
    end = Budget(9, target=target).end(a_run(*scores, header=header))
    expected = number and f"trial {number} reached the target of {target:g}"
    assert (end and end.text) == expected


def test_a_target_that_the_last_call_reached_is_the_reason(a_run):
    assert reason(Budget(2, target=0.75), a_run(0.5, 0.75)) == "target"


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.5, 0.75, 0.7, FAILED], None),
        ([0.5, 0.75, 0.7, FAILED, 0.75], "no_improvement"),  # an equal is none
        ([0.5, 0.75, 0.7, FAILED, RUNNING], None),
        ([FAILED, FAILED, FAILED, FAILED], None),
    ],
)
def test_trials_behind_the_incumbent_are_in_vain(a_run, scores, expected):
    assert reason(Budget(9, no_improvement=3), a_run(*scores)) == expected


@pytest.mark.parametrize(
    ("scores", "after", "expected"),
    [
        ([0.5, FAILED, FAILED], 0, "failures"),
        ([FAILED, FAILED, RUNNING], 0, "failures"),
        ([FAILED, 0.5, FAILED], 0, None),
        ([0.5, FAILED], 0, None),
        ([FAILED, FAILED, FAILED], 2, None),  # those before the run was resumed
        ([FAILED, FAILED, FAILED, FAILED], 2, "failures"),
    ],
)
def test_failures_in_a_row_end_a_search(a_run, scores, after, expected):
    budget = Budget(9, max_failures=2, failures_after=after)
    assert reason(budget, a_run(*scores)) == expected


def test_the_last_failure_says_why(a_run):
    end = Budget(9, max_failures=2).end(a_run(FAILED, FAILED))
    assert end.text == "the last 2 trials have failed: reason 2"


def test_without_a_limit_failures_do_not_end_a_search(a_run):
    assert reason(Budget(9), a_run(FAILED, FAILED, FAILED)) is None
    assert reason(Budget(9), a_run(FAILED)) is None


def test_the_first_trial_begins_however_little_time_there_is(a_run):
    assert reason(Budget(9, time_limit_s=1e-9), a_run()) is None
    assert reason(Budget(9, time_limit_s=1e-9), a_run(0.5)) == "time_limit"


@pytest.mark.parametrize(("elapsed_s", "is_over"), [(89.0, False), (91.0, True)])
def test_a_trial_has_to_end_in_time_as_the_middle_one_would(a_run, elapsed_s, is_over):
    run = a_run(0.5, 0.5, seconds=10.0, elapsed_s=elapsed_s)
    assert Budget(9, time_limit_s=100.0).is_out_of_time(run) == is_over


@pytest.mark.parametrize(
    ("kept", "deadline_s"),
    [
        ({}, 100.0),
        ({"closing_s": 5.0}, 95.0),
        ({"closing_s": 50.0}, 75.0),  # a quarter of the limit at most
        ({"closing_s": 10.0, "slowness": lambda: 3.0}, 70.0),  # where others compute as well
        ({"closing_s": 20.0, "slowness": lambda: 9.0}, 50.0),
        ({"closing_share": 0.5}, 90.0),
        ({"closing_fits": 2}, 80.0),
        ({"closing_s": 5.0, "closing_share": 0.5, "closing_fits": 2}, 65.0),
    ],
)
def test_time_is_kept_for_the_closing_steps(a_run, kept, deadline_s):
    budget = Budget(9, time_limit_s=100.0, **kept)
    early = a_run(0.5, 0.5, seconds=10.0, elapsed_s=deadline_s - 10.5)
    late = a_run(0.5, 0.5, seconds=10.0, elapsed_s=deadline_s - 9.5)
    assert [reason(budget, run) for run in (early, late)] == [None, "time_limit"]


def test_trials_that_run_may_go_on_for_a_little_longer(a_run):
    budget = Budget(9, time_limit_s=100.0)
    assert not budget.is_overrun(a_run(0.5, RUNNING, elapsed_s=104.0))
    assert budget.is_overrun(a_run(0.5, RUNNING, elapsed_s=106.0))
    assert not Budget(9).is_overrun(a_run(0.5, RUNNING, elapsed_s=1e9))


def test_the_first_trial_has_all_of_the_time(a_run):
    budget = Budget(9, time_limit_s=100.0, closing_s=5.0, slowness=lambda: 9.0)
    assert budget.is_overrun(a_run(0.5, RUNNING, elapsed_s=70.0))
    assert not budget.is_overrun(a_run(FAILED, RUNNING, elapsed_s=99.0))
    assert budget.is_overrun(a_run(RUNNING, elapsed_s=101.0))
    assert not Budget(9).is_overrun(a_run(RUNNING, elapsed_s=1e9))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.5, 0.75], None), ([0.5, FAILED, RUNNING], "all_tried"), ([0.5, 0.5, 0.75], "all_tried")],
)
def test_a_space_that_is_used_up_ends_a_search(a_run, scores, expected):
    run = a_run(*scores)
    points = [{"x": number} for number in (1, 2, 3)]
    for trial in run.trials():
        run._state.by_number[trial.number] = replace(trial, params=points[trial.number - 1])
    assert reason(Budget(9, points=points), run) == expected
