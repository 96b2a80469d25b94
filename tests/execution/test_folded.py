"""Trials of several fits in slots that run what they are told to, one event at a time."""

import pytest

from hpopt.execution.folded import FoldedSlots
from hpopt.execution.resampling import Resampling, standard_error
from hpopt.execution.slots import Job, TrialFailed, TrialFinished, TrialLost
from hpopt.trials import Result


class Slots:
    """So many slots, whose jobs end when the test says so."""

    def __init__(self, count):
        self.count, self.running, self.submitted, self.killed = count, [], [], []
        self.ended = []

    @property
    def free(self):
        return self.count - len(self.running)

    def submit(self, job):
        assert self.free
        self.running.append(job)
        self.submitted.append((job.number, job.fold))

    def finish(self, job, score):
        self.running.remove(job)
        result = Result(-score, {"accuracy": score}, [score], {"loss": [score, 0.5]}, 2, 1.0)
        self.ended.append(TrialFinished(job, result))

    def fail(self, job, reason, outcome=TrialFailed):
        self.running.remove(job)
        self.ended.append(outcome(job, reason, "the tail of its log"))

    def events(self, timeout_s):
        ended, self.ended = self.ended, []
        return ended

    def kill(self, job):
        self.killed.append((job.number, job.fold))
        self.fail(job, "killed")

    def close(self):
        self.running.clear()


def trial(number, folder):
    return Job(number, {"x": number}, number * 100, folder / str(number))


def test_fits_left_over_come_before_the_next_trial_and_make_one_result(tmp_path):
    inner = Slots(2)
    slots = FoldedSlots(inner, Resampling(folds=3))
    slots.submit(trial(1, tmp_path))
    assert (slots.free, inner.submitted) == (0, [(1, 1), (1, 2)])
    inner.finish(inner.running[1], 0.5)
    assert slots.events(0) == []
    assert inner.submitted[-1] == (1, 3)
    inner.finish(inner.running[0], 0.25)
    assert slots.events(0) == []
    assert slots.free == 1
    slots.submit(trial(2, tmp_path))
    inner.finish(inner.running[0], 0.75)
    [event] = slots.events(0)
    assert event.job == trial(1, tmp_path)
    result = event.result
    assert result.scores == [0.25, 0.5, 0.75]  # in the order of the folds, not of their ends
    assert (result.value, result.metrics, result.seconds) == (-0.5, {"accuracy": 0.5}, 3.0)
    assert result.curves == {"loss": [0.5, 0.5]}
    assert result.standard_error == standard_error([0.25, 0.5, 0.75], 3)


@pytest.mark.parametrize("outcome", [TrialFailed, TrialLost])
def test_the_first_fit_without_a_value_ends_the_trial_once_and_withdraws_the_others(
    tmp_path, outcome
):
    inner = Slots(2)
    slots = FoldedSlots(inner, Resampling(folds=4))
    slots.submit(trial(1, tmp_path))
    inner.fail(inner.running[0], "the loss became nan", outcome)
    ended = [*slots.events(0), *slots.events(0)]
    assert ended == [outcome(trial(1, tmp_path), "the loss became nan", "the tail of its log")]
    assert inner.killed == [(1, 2)]
    assert inner.submitted == [(1, 1), (1, 2)]
    assert slots.free == 2


def test_a_trial_that_is_killed_is_reported_as_failed(tmp_path):
    inner = Slots(1)
    slots = FoldedSlots(inner, Resampling(repeats=2))
    slots.submit(trial(1, tmp_path))
    slots.kill(trial(1, tmp_path))
    [event] = slots.events(0)
    assert (event.job, event.reason) == (trial(1, tmp_path), "killed")
    slots.kill(trial(1, tmp_path))
    assert slots.events(0) == []


def test_the_first_fit_is_the_trials_own_and_each_has_its_seed_and_its_folder(tmp_path):
    whole = trial(7, tmp_path)
    assert Resampling().jobs(whole) == [whole]
    jobs = Resampling(folds=2, repeats=2).jobs(whole)
    assert [job.fold for job in jobs] == [1, 2, 1, 2]
    assert (jobs[0].seed, jobs[0].folder) == (whole.seed, whole.folder)
    assert len({job.seed for job in jobs}) == len({job.folder for job in jobs}) == 4
    assert [job.fold for job in Resampling(repeats=3).jobs(whole)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("scores", "folds", "expected"),
    [
        ([1.0, 2.0, 3.0], 3, (1 / 3 + 1 / 2) ** 0.5),  # s = 1
        ([1.0, 3.0, 3.0, 5.0], 2, 2**0.5 * (1 / 2 + 1) ** 0.5),  # of the folds' means 2 and 4
        ([1.0, 3.0, 5.0, 7.0], 1, (20 / 3) ** 0.5 / 2),
    ],
)
def test_the_standard_error_allows_for_training_parts_that_overlap(scores, folds, expected):
    assert standard_error(scores, folds) == pytest.approx(expected)
