"""Pictures as files, of runs that have just begun, have failed, or still go on."""

import pytest
from conftest import CALIBRATED, synthetic_run

from hpopt.errors import RunError
from hpopt.plots.drawing import write_pictures
from hpopt.plots.pictures import PICTURES

NEED_TWO = {"importance", "partial_dependence", "pairs"}


def drawn(run, folder, **options) -> dict[str, str | None]:
    return {p.name: p.reason for p in write_pictures(run, folder, **options)}


def test_a_run_with_nothing_finished_says_so_of_every_picture(tmp_path):
    run = synthetic_run(tmp_path, trials=1, running=True)
    reasons = drawn(run, tmp_path / "plots")
    assert all(reason is not None for reason in reasons.values())
    assert reasons["convergence"] == "a trial must have finished, and none has"
    assert not (tmp_path / "plots").exists()


def test_one_finished_trial_gives_what_needs_no_surrogate(tmp_path):
    run = synthetic_run(tmp_path, trials=1, steps=[CALIBRATED])
    reasons = drawn(run, tmp_path / "plots")
    assert {name for name, reason in reasons.items() if reason} == NEED_TWO
    assert reasons["pairs"] == "2 trials must have finished, and 1 has"


def test_two_finished_trials_give_every_picture(tmp_path):
    run = synthetic_run(tmp_path, trials=2, steps=[CALIBRATED])
    reasons = drawn(run, tmp_path / "plots")
    assert set(reasons.values()) == {None}
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        f"{name}.png" for name in PICTURES
    }


def test_a_run_that_only_failed_shows_where_it_looked(tmp_path):
    reasons = drawn(synthetic_run(tmp_path, trials=4, failed=[1, 2, 3, 4]), tmp_path / "plots")
    assert [name for name, reason in reasons.items() if reason is None] == ["evaluations"]


def test_a_run_without_curves_has_every_other_picture(tmp_path):
    run = synthetic_run(tmp_path, trials=3, curves={"loss": []})
    [reason] = drawn(run, tmp_path / "plots", names=["learning_curves"]).values()
    assert reason == "no finished trial has learning curves"


def test_a_folder_that_can_not_be_written_to_is_an_error_that_names_it(tmp_path):
    (tmp_path / "plots").write_text("a file where a folder should be")
    with pytest.raises(RunError, match=r"plots.*can't be written"):
        drawn(synthetic_run(tmp_path, trials=2), tmp_path / "plots")
