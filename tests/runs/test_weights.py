"""Which weights a run folder has and keeps, from files and events alone."""

import pytest

from hpopt.errors import RunError
from hpopt.files import PART
from hpopt.runs.events import Finished, Header, Started, Step
from hpopt.runs.state import RunState
from hpopt.runs.weights import Weights
from hpopt.trials import STATE

HEADER = Header("0.1.0", "accuracy", True, {}, {}, [])
NAME = "weights.npz"


@pytest.fixture
def weights(tmp_path):
    return Weights(tmp_path / "run", RunState(HEADER))


def finish(weights, number, value, name=NAME):
    weights.state.apply(Started(number, {}, seed=number, time=""))
    weights.state.apply(Finished(number, value, {"accuracy": -value}, [-value], {}, 1, 0.1, name))
    if name is not None:
        leave(weights.trial_folder(number), name)


def leave(folder, name=NAME):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"weights")
    return folder / name


def refit(weights, *numbers, part="train", step="refit"):
    networks = {str(number): {part: {"weights": NAME}} for number in numbers}
    weights.state.apply(Step(step, "", {"networks": networks}))


def kept(weights):
    return [trial.number for trial in weights.state.trials if weights.of_training(trial)]


def test_a_trial_that_still_runs_has_none(weights):
    weights.state.apply(Started(1, {}, seed=1, time=""))
    leave(weights.trial_folder(1))
    assert kept(weights) == []


def test_weights_that_were_kept_are_found_as_long_as_their_file_is_there(weights):
    finish(weights, 1, 0.5)
    [trial] = weights.state.trials
    assert weights.of_training(trial) == weights.path / "trials" / "0001" / NAME
    weights.of_training(trial).unlink()
    assert weights.of_training(trial) is None


@pytest.mark.parametrize("step", ["refit", "network"])
def test_a_trial_that_keeps_none_has_those_that_were_fitted_again(weights, step):
    finish(weights, 1, 0.5, name=None)
    [trial] = weights.state.trials
    left = leave(weights.trial_folder(1))
    assert weights.of_training(trial) is None  # nothing says that they are whole
    refit(weights, 1, step=step)
    assert weights.of_training(trial) == left


def test_weights_of_all_rows_have_a_folder_of_their_own(weights):
    finish(weights, 1, 0.5)
    [trial] = weights.state.trials
    assert weights.of_all_rows(trial) is None
    refit(weights, 1, part="train+validation")
    assert weights.of_all_rows(trial) is None
    left = leave(weights.refit_folder(1))
    assert weights.of_all_rows(trial) == left == weights.path / "refit" / "0001" / NAME


def test_the_defaults_the_best_and_the_refitted_are_kept(weights):
    for number, value in enumerate([0.9, 0.3, 0.7, 0.1, 0.5], start=1):
        finish(weights, number, value)
    refit(weights, 3)
    weights.keep_best(1)
    assert kept(weights) == [1, 3, 4]


def test_keeping_the_best_goes_by_values_and_not_by_scores(weights):
    finish(weights, 1, 0.0)
    for number, value in [(2, -0.9), (3, -0.1)]:
        finish(weights, number, value)
    weights.keep_best(1)
    assert kept(weights) == [1, 2]


def test_a_folder_goes_with_its_last_file(weights):
    for number, value in [(1, 0.1), (2, 0.5), (3, 0.6)]:
        finish(weights, number, value)
    (weights.trial_folder(3) / "log.txt").write_text("words")
    weights.keep_best(1)
    assert not weights.trial_folder(2).exists()
    assert [path.name for path in weights.trial_folder(3).iterdir()] == ["log.txt"]


def test_a_file_outside_of_the_folder_is_refused(weights, tmp_path):
    finish(weights, 1, 0.5)
    outside = leave(tmp_path / "elsewhere")
    link = weights.trial_folder(1) / NAME
    link.unlink()
    link.symlink_to(outside)
    with pytest.raises(RunError, match="names a file outside of itself"):
        weights.of_training(weights.state.trials[0])


def test_dropped_states_go_with_what_a_killed_worker_has_half_written(weights):
    folder = weights.trial_folder(3)
    for place in (folder, folder / "fit_2"):
        leave(place, STATE)
        leave(place, f".{STATE}{PART}")
    leave(folder / "fit_3", f".{STATE}{PART}")
    log = leave(folder, "log.txt")
    weights.drop_states(3)
    assert list(folder.iterdir()) == [log]
    weights.drop_states(3)  # where there is none
