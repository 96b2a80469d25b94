"""What events mean, without a folder: each test is a short history and what has come of it."""

import datetime

import pytest

from hpopt.errors import RunError
from hpopt.runs.events import Ended, Failed, Finished, Fitted, Header, Known, Resumed, Started, Step
from hpopt.runs.state import RunState

HEADER = Header("0.1.0", "accuracy", True, {}, {}, [], n_calls=3)
NOW = "2026-11-23T10:37:05.000+00:00"
SEARCHED = [Step("best", NOW), Step("test", NOW), Step("summary", NOW)]


def started(number, **others):
    return Started(number, {"rate": number * 1e-3}, seed=4, time=NOW, **others)


def finished(number, value=-0.975):
    curves = {"loss": [0.5, 0.25]}
    return Finished(number, value, {"accuracy": -value}, [-value], curves, 2, 0.125, "weights.npz")


def trial(number, value=-0.975):
    return [started(number), finished(number, value)]


def ended(reason="n_calls", elapsed=None):
    return Ended(reason, "", NOW, elapsed)


def resumed(*changes, n_calls=3, **code):
    return Resumed(changes, n_calls, NOW, "0.1.0", code)


def fold(*events, header=HEADER):
    return RunState.of(header, events)


def test_folding_tells_what_became_of_each_trial():
    again = Started(2, {"rate": 0.1}, 5, NOW, {"gains": [1.5]}, 2)
    done, failed = fold(*trial(1), again, Failed(2, "the loss is NaN")).trials
    assert (done.number, done.state, done.value) == (1, "finished", -0.975)
    assert (done.params, done.seed) == ({"rate": 1e-3}, 4)
    assert done.started == datetime.datetime.fromisoformat(NOW)
    assert done.result.curves == {"loss": [0.5, 0.25]}
    assert done.result.weights == "weights.npz"
    assert (failed.number, failed.state, failed.reason) == (2, "failed", "the loss is NaN")
    assert (failed.attempt, failed.info) == (2, {"gains": [1.5]})
    assert failed.result is None


def test_a_trial_that_has_not_ended_is_running():
    [running] = fold(started(1)).trials
    assert (running.state, running.value, running.reason) == ("running", None, None)


def test_trials_stand_by_number_in_whatever_order_they_end():
    trials = fold(started(1), started(3), started(2), Failed(3, "no"), finished(1)).trials
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert [trial.state for trial in trials] == ["finished", "running", "failed"]


def test_another_attempt_forgets_how_the_last_one_ended():
    [running] = fold(started(1), Failed(1, "killed"), started(1, attempt=2)).trials
    assert (running.state, running.attempt, running.reason) == ("running", 2, None)


@pytest.mark.parametrize("end", [finished(2), Failed(2, "no")], ids=lambda event: event.kind)
def test_the_end_of_a_trial_that_never_began_is_damage(end):
    with pytest.raises(RunError, match="ends trial 2, which it never began") as caught:
        fold(*trial(1), end)
    assert "runs repair" in caught.value.problems[0].help


def test_steps_and_headers_make_no_trials():
    assert fold(HEADER, *SEARCHED).trials == []


def test_a_step_that_is_done_again_stands_behind_the_others():
    later = Step("best", "later", {"trial": 2})
    steps = fold(*trial(2), Step("best", NOW), Step("test", NOW), later).steps
    assert list(steps) == ["test", "best"]
    assert steps["best"] == later


def test_a_trial_that_begins_undoes_the_end_and_the_steps_and_remembers_that_test_was_seen():
    before = [*trial(1), *trial(2), ended(), *SEARCHED]
    state = fold(*before, started(3))
    assert (state.steps, state.end, state.seen_test_after) == ({}, None, [2])
    assert fold(*trial(1), Step("best", NOW), started(2)).seen_test_after == []


def test_every_attempt_after_the_test_part_was_scored_is_remembered():
    state = fold(*trial(1), *SEARCHED, *trial(2), *SEARCHED, started(3))
    assert state.seen_test_after == [1, 2]


def test_fits_of_closing_steps_stay_when_the_steps_are_undone():
    fit = Fitted("confirm", 1, seed=9, time=NOW, score=0.9)
    assert fold(*trial(1), fit, Step("confirm", NOW, {"chosen": 1}), started(2)).fits == [fit]


def test_what_the_last_session_said_is_in_force():
    header = Header(
        "0",
        "rmse",
        False,
        {},
        {},
        [],
        n_calls=3,
        overrides=["a=1"],
        code={"builder": "x", "d": "y"},
    )
    state = fold(resumed("b=2", n_calls=5), resumed(n_calls=9, builder="z"), header=header)
    assert state.n_calls == 9
    assert state.overrides == ["a=1", "b=2"]
    assert state.code == {"builder": "z", "d": "y"}
    assert len(state.resumed) == 2


def test_what_is_known_of_an_earlier_run():
    known = Known("earlier", True, [])
    assert fold(known).known == known
    assert fold().known is None


def test_time_that_was_worked_on_it_is_the_latest_that_was_written():
    assert fold().elapsed_s == 0.0
    assert fold(started(1, elapsed=2.5), started(2), started(3, elapsed=4.0)).elapsed_s == 4.0
    assert fold(started(1, elapsed=2.5), finished(1), ended(elapsed=7.0)).elapsed_s == 7.0


def test_a_run_began_when_its_header_says_or_else_with_its_first_trial():
    assert fold().begun is None
    assert fold(started(1)).begun == datetime.datetime.fromisoformat(NOW)
    earlier = "2026-11-22T10:37:05.000+00:00"
    header = Header("0.1.0", "accuracy", True, {}, {}, [], time=earlier)
    assert fold(started(1), header=header).begun == datetime.datetime.fromisoformat(earlier)


STORIES = {
    "a search that goes on": ([*trial(1)], "interrupted", False),
    "a search that is over, not closed yet": ([*trial(1), ended()], "interrupted", False),
    "a run that is closed": ([*trial(1), ended(), *SEARCHED], "finished", True),
    "one that was stopped": ([*trial(1), ended("interrupted"), *SEARCHED], "stopped", False),
    "too many failures": ([*trial(1), ended("failures"), *SEARCHED], "finished", False),
    "no trial finished": ([started(1), Failed(1, "no"), ended(), SEARCHED[-1]], "failed", True),
    "the best was not saved": ([*trial(1), ended(), SEARCHED[-1]], "failed", False),
    "reopened": ([*trial(1), ended(), *SEARCHED, resumed()], "interrupted", False),
    "reopened and closed": (
        [*trial(1), ended(), *SEARCHED, resumed(), ended(), *SEARCHED],
        "finished",
        True,
    ),
    "closed before ends were written": (
        [*trial(1), *trial(2), *trial(3), *SEARCHED],
        "finished",
        True,
    ),
    "stopped before ends were written": ([*trial(1), *SEARCHED], "stopped", False),
}


@pytest.mark.parametrize(("events", "status", "is_over"), STORIES.values(), ids=STORIES)
def test_how_a_run_stands_that_nobody_writes(events, status, is_over):
    state = fold(*events)
    assert state.status(is_written=False) == status
    assert state.is_over(is_written=False) == is_over


@pytest.mark.parametrize(("events", "status", "_"), STORIES.values(), ids=STORIES)
def test_only_a_run_that_is_not_closed_is_running_where_somebody_writes_it(events, status, _):
    expected = "running" if status == "interrupted" else status
    assert fold(*events).status(is_written=True) == expected


def test_the_model_is_of_the_incumbent_until_a_step_names_another():
    trials = [*trial(1, -0.5), *trial(2, -0.75), *trial(3, -0.625)]
    state = fold(*trials)
    assert state.best == state.chosen == state.by_number[2]
    assert state.final == [state.by_number[2]]
    state.apply(Step("confirm", NOW, {"chosen": 3}))
    assert (state.best.number, state.chosen.number) == (2, 3)
    assert [trial.number for trial in state.final] == [3]


@pytest.mark.parametrize(("taken", "final"), [(True, [2, 1]), (False, [2])])
def test_the_model_is_an_ensemble_where_that_was_taken(taken, final):
    scores = {"scores": {"ensemble": 0.8, "single": 0.75}, "level": 0.95}
    form = {"taken": taken, "members": [2, 1], "single": 2, **scores}
    step = Step("ensemble", NOW, form)
    state = fold(*trial(1, -0.5), *trial(2, -0.75), step)
    assert [trial.number for trial in state.final] == final
    assert [trial.number for trial in state.ensemble] == (final if taken else [])


def test_without_a_finished_trial_there_is_no_model():
    state = fold(started(1), Failed(1, "no"))
    assert (state.best, state.chosen, state.final) == (None, None, [])


@pytest.mark.parametrize(
    ("events", "step"),
    [
        ([], Step("confirm", NOW, {"chosen": 1})),
        ([started(1), Failed(1, "no")], Step("best", NOW, {"trial": 1})),
    ],
    ids=["never began", "failed"],
)
def test_a_step_that_names_a_trial_without_a_network_is_damage(events, step):
    with pytest.raises(RunError, match=f"step `{step.name}` names trial 1, which gave no value"):
        fold(*events, step)


def test_what_steps_gave_is_read_by_attribute():
    outcomes = fold(*trial(1), Step("best", NOW, {"trial": 1}), Step("later", NOW)).outcomes
    assert outcomes.best.trial == 1
    assert outcomes.test is None


def test_the_threshold_is_a_half_until_a_step_has_chosen_one():
    assert fold().threshold == 0.5
    assert fold(Step("threshold", NOW, {"threshold": 0.25})).threshold == 0.25
