import datetime
import json
import logging
import shutil
import subprocess
import sys

import pytest

from hpopt.errors import ConfigError, RunError
from hpopt.runs.events import Failed, Finished, Header, Started, Step
from hpopt.runs.folder import JOURNAL, Run

HEADER = Header("0.1.0", "accuracy", True, {"data": "0a", "split": "1b"}, {}, [])
WEIGHTS = "weights.npz"


class StoppedClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 11, 23, 10, 37, 5, tzinfo=tz)


@pytest.fixture
def run(tmp_path):
    run = Run.create(tmp_path / "runs", "iris", HEADER)
    yield run
    run.close()


def finish(run, number, value, weights=WEIGHTS):
    """Let a trial run and leave its weights."""
    run.append(Started(number, {"rate": value}, seed=number, time=""))
    if weights:
        run.trial_folder(number).mkdir(parents=True)
        (run.trial_folder(number) / weights).write_bytes(b"weights")
    run.append(Finished(number, value, {"accuracy": -value}, [-value], {}, 1, 0.1, weights))


def with_weights(run):
    return [trial.number for trial in run.trials() if run.weights(trial)]


def test_a_new_run_is_named_by_the_time_and_has_its_header(tmp_path, monkeypatch):
    monkeypatch.setattr("hpopt.runs.naming.datetime", StoppedClock)
    run = Run.create(tmp_path / "deep" / "runs", "iris", HEADER)
    run.close()
    assert run.path == tmp_path / "deep" / "runs" / "2026-11-23T10-37-05_iris"
    assert Run.open(run.path).header == HEADER


def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr("hpopt.runs.naming.datetime", StoppedClock)
    runs = [Run.create(tmp_path, "iris", HEADER) for _ in range(3)]
    for number, run in enumerate(runs, start=1):
        finish(run, number, 0.5)
        run.close()
    assert len({run.path for run in runs}) == 3
    assert [Run.open(run.path).trials()[0].number for run in runs] == [1, 2, 3]


@pytest.mark.parametrize("below", ["", "runs"])
def test_a_parent_that_is_a_file_is_a_mistake_of_the_command(tmp_path, below):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ConfigError, match="no run folder can be made") as caught:
        Run.create(tmp_path / "taken" / below, "iris", HEADER)
    assert "--output-dir" in caught.value.problems[0].help


def test_a_folder_without_a_journal_is_no_run(tmp_path):
    with pytest.raises(RunError, match="no run folder"):
        Run.open(tmp_path)


def test_a_folder_that_is_not_there_is_no_run(tmp_path):
    with pytest.raises(RunError, match="nowhere is no run folder"):
        Run.open(tmp_path / "nowhere")


def test_a_file_is_no_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no run folder"):
        Run.open(tmp_path / "file")


def test_a_run_killed_before_its_header_was_written_is_no_run(tmp_path):
    (tmp_path / JOURNAL).write_bytes(b"")
    with pytest.raises(RunError, match="no header"):
        Run.open(tmp_path)


def test_a_run_can_be_read_while_it_is_written(run):
    finish(run, 1, 0.5)
    run.append(Started(2, {}, seed=2, time=""))
    reader = Run.open(run.path)
    run.append(Failed(2, "the loss is NaN"))
    assert [trial.state for trial in reader.trials()] == ["finished", "running"]
    assert [trial.state for trial in Run.open(run.path).trials()] == ["finished", "failed"]


def test_a_reader_sees_what_the_writer_sees(run):
    finish(run, 2, 0.5)
    finish(run, 1, 0.75)
    run.append(Step("best", "", {"trial": 2}))
    reader = Run.open(run.path)
    assert reader.trials() == run.trials()
    assert reader.trial(2) == run.trial(2)
    assert reader.best == run.best == run.trial(2)
    assert reader.steps == run.steps == {"best": Step("best", "", {"trial": 2})}


def test_the_chosen_is_the_best_until_another_is_confirmed(run):
    assert run.chosen is None
    finish(run, 1, 0.5)
    finish(run, 2, 0.25)
    assert run.chosen == run.best == run.trial(2)
    run.append(Step("confirm", "", {"chosen": 1}))
    assert run.chosen == Run.open(run.path).chosen == run.trial(1)
    assert run.best == run.trial(2)


def test_a_fresh_run_has_no_trials_no_best_and_no_steps(run):
    assert run.trials() == []
    assert run.best is None
    assert run.steps == {}


def test_a_trial_that_never_was_is_a_key_error(run):
    with pytest.raises(KeyError):
        run.trial(1)


def test_the_weights_of_the_defaults_and_of_the_best_are_kept(run):
    for number, value in enumerate([0.9, 0.3, 0.7, 0.1, 0.5], start=1):
        finish(run, number, value)
    run.keep_weights_of_best(2)
    assert with_weights(run) == [1, 2, 4]
    assert not run.trial_folder(3).exists()


def test_the_defaults_count_among_the_best_where_they_are(run):
    for number, value in enumerate([0.1, 0.3, 0.2], start=1):
        finish(run, number, value)
    run.keep_weights_of_best(2)
    assert with_weights(run) == [1, 3]


def test_among_equals_the_weights_of_the_earliest_are_kept(run):
    for number in (1, 2, 3):
        finish(run, number, 0.5)
    finish(run, 4, 0.4)
    run.keep_weights_of_best(2)
    assert with_weights(run) == [1, 4]


def test_keeping_weights_again_after_every_trial_keeps_those_of_the_best(run):
    for number, value in enumerate([0.9, 0.3, 0.7, 0.1, 0.5], start=1):
        finish(run, number, value)
        run.keep_weights_of_best(1)
    assert with_weights(run) == [1, 4]


def test_trials_without_weights_are_no_hindrance(run):
    finish(run, 1, 0.5, weights=None)
    run.append(Started(2, {}, seed=2, time=""))
    run.append(Failed(2, "the loss is NaN"))
    run.append(Started(3, {}, seed=3, time=""))
    finish(run, 4, 0.25)
    run.keep_weights_of_best(1)
    assert with_weights(run) == [4]


def test_other_files_of_a_trial_stay_when_its_weights_go(run):
    finish(run, 1, 0.1)
    finish(run, 2, 0.5)
    (run.trial_folder(2) / "log.txt").write_text("said")
    run.keep_weights_of_best(1)
    assert with_weights(run) == [1]
    assert (run.trial_folder(2) / "log.txt").read_text() == "said"


def test_a_file_of_the_folder_is_written_whole(run):
    run.write("best/model.keras", lambda file: file.write(b"network"))
    assert (run.path / "best" / "model.keras").read_bytes() == b"network"


def break_off(file):
    file.write(b"half of i")
    raise ZeroDivisionError


def test_a_file_whose_writer_breaks_off_does_not_appear(run):
    with pytest.raises(ZeroDivisionError):
        run.write("best/model.keras", break_off)
    assert not (run.path / "best" / "model.keras").exists()


def test_a_file_stays_as_it_was_where_its_new_writer_breaks_off(run):
    run.write_text("summary.md", "whole")
    with pytest.raises(ZeroDivisionError):
        run.write("summary.md", break_off)
    assert (run.path / "summary.md").read_text() == "whole"


def test_a_file_can_be_written_after_its_writer_has_broken_off(run):
    with pytest.raises(ZeroDivisionError):
        run.write("summary.md", break_off)
    run.write_text("summary.md", "whole")
    assert (run.path / "summary.md").read_text() == "whole"


def test_text_is_written_in_utf8(run):
    run.write_text("summary.md", "größer als nötig\n")
    assert (run.path / "summary.md").read_bytes() == "größer als nötig\n".encode()


def test_json_is_strict(run):
    run.write_json("labels.json", {"labels": ["no", "yes"]})
    assert json.loads((run.path / "labels.json").read_text()) == {"labels": ["no", "yes"]}
    with pytest.raises(ValueError):
        run.write_json("scores.json", {"auc": float("nan")})
    assert not (run.path / "scores.json").exists()


def test_the_log_goes_into_the_folder_and_no_further_than_the_block(run):
    log = logging.getLogger("hpopt.anywhere")
    with run.log_file():
        log.info("in the größte block")
    log.warning("behind it")
    text = (run.path / "hpopt.log").read_text(encoding="utf-8")
    assert "INFO in the größte block" in text
    assert "behind it" not in text


def test_closing_gives_the_prepared_rows_back(run):
    run.data_folder.mkdir()
    (run.data_folder / "train.raw.npy").write_bytes(b"rows")
    finish(run, 1, 0.5)
    run.close()
    assert not run.data_folder.exists()
    assert with_weights(Run.open(run.path)) == [1]


def test_a_run_that_is_discarded_leaves_nothing(run):
    finish(run, 1, 0.5)
    run.write_text("best/labels.json", "{}")
    run.discard()
    assert list(run.path.parent.iterdir()) == []


def test_a_run_opened_elsewhere_is_the_same_run(run, tmp_path):
    finish(run, 1, 0.5)
    finish(run, 2, 0.25)
    run.close()
    moved = shutil.move(run.path, tmp_path / "another place")
    reader = Run.open(tmp_path / "another place")
    assert reader.trials() == run.trials()
    assert reader.weights(reader.best) == moved / "trials" / "0002" / WEIGHTS


def test_a_trial_begun_after_the_closing_steps_undoes_them(tmp_path):
    run = Run.create(tmp_path, "iris", HEADER)
    run.append(Step("best", "now"))
    assert "best" in run.steps
    run.append(Started(1, {}, 0, "now"))
    assert not run.steps
    run.close()
    assert not Run.open(run.path).steps


def test_a_path_is_shown_from_where_one_stands(tmp_path, monkeypatch):
    run = Run.create(tmp_path / "runs", "iris", HEADER)
    assert run.shown_path == str(run.path)
    monkeypatch.chdir(tmp_path)
    assert run.shown_path == f"runs/{run.path.name}"
    run.close()


def test_a_full_disk_is_said_in_words_and_leaves_a_journal_that_opens(tmp_path):
    program = """if True:
        import resource, sys
        from pathlib import Path
        from hpopt.errors import RunError
        from hpopt.runs.folder import Run
        from hpopt.runs.events import Header, Started
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        run = Run.create(Path(sys.argv[1]), "full", Header("0", "auc", True, {}, {}, []))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            for number in range(1, 100):
                run.append(Started(number, {}, 0, "now"))
        except RunError as error:
            print(error)
        run.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "journal.jsonl can't be written" in done.stdout
    [path] = tmp_path.iterdir()
    assert 1 <= len(Run.open(path).trials()) < 99
