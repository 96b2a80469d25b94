"""A disk that is full at any write, and journals that are cut at any byte: what had ended is kept,
and the run goes on to the end that it would have come to."""

import errno
import os
from contextlib import closing

import numpy as np
import pytest
from loops import SPACE, facts, search_in, searched, went_on

from hpopt.errors import RunError
from hpopt.files import write_whole
from hpopt.runs.events import Header
from hpopt.runs.folder import JOURNAL, Run
from hpopt.trials import Result

N_CALLS = 4


def saving(params, *, seed, folder, fold=0) -> Result:
    """A trial that leaves its weights as those of networks are left."""
    write_whole(folder / "weights.npz", lambda file: np.savez(file, params["x"]))
    value = params["x"] ** 2
    return Result(value, {"rmse": value}, [value], {"loss": [value]}, 1, 0.01, "weights.npz")


class FullDisk:
    """Takes `room` writes more, and half of the next one; then it is full."""

    def __init__(self, monkeypatch, room):
        self.room = room
        opened = open
        monkeypatch.setattr(
            "hpopt.files.open",
            lambda *given, **options: self._guard(opened(*given, **options)),
            raising=False,
        )

    def _guard(self, file):
        return Guarded(file, self) if file.mode in ("wb", "ab", "xb") else file


class Guarded:
    def __init__(self, file, disk):
        self._file, self._disk = file, disk

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self._file.close()

    def write(self, data):
        self._disk.room -= 1
        if self._disk.room < 0:
            self._file.write(bytes(data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._file.write(data)


def fault_of(run) -> str | None:
    """What going on with the run said, if it could not."""
    try:
        went_on(run, saving, n_calls=N_CALLS, engine="sobol")
    except RunError as error:
        return str(error)
    return None


def test_a_disk_that_is_full_at_any_write_costs_only_the_trial_that_ran(tmp_path):
    whole = searched(tmp_path / "whole", saving, n_calls=N_CALLS, engine="sobol")
    faults = 0
    for room in range(200):
        with closing(Run.create(tmp_path / "full", "full", HEADER)) as run:
            path = run.path
        with pytest.MonkeyPatch.context() as monkeypatch:
            FullDisk(monkeypatch, room)
            fault = fault_of(run)
        if fault is None:
            break
        faults += 1
        assert "No space left on device" in fault
        known = [t for t in Run.open(path).trials() if t.state == "finished"]
        again = went_on(Run.open(path), saving, n_calls=N_CALLS, engine="sobol")
        assert [again.trial(t.number) for t in known] == known
        assert facts(again) == facts(whole)
    assert faults > 3 * N_CALLS


def test_an_append_that_fails_leaves_nothing_before_the_next(tmp_path, monkeypatch):
    with closing(Run.create(tmp_path, "full", HEADER)) as run:
        path = run.path
    with pytest.MonkeyPatch.context() as patch:
        disk = FullDisk(patch, 0)
        run = Run.reopen(path)
        with pytest.raises(RunError, match="No space left"):
            search_in(run, saving, n_calls=1)
        disk.room = 1000
        search_in(run, saving, n_calls=2)
        run.close()
    assert [t.state for t in Run.open(path).trials()] == ["finished"] * 2


def test_a_disk_that_is_full_at_the_header_leaves_no_folder(tmp_path, monkeypatch):
    FullDisk(monkeypatch, 0)
    with pytest.raises(RunError, match="No space left"):
        Run.create(tmp_path / "runs", "full", HEADER)
    assert not list((tmp_path / "runs").iterdir())


HEADER = Header("0", "rmse", False, {}, {}, SPACE.to_json())


def test_a_journal_cut_at_any_byte_opens_and_goes_on_to_the_same_end(tmp_path):
    whole = searched(tmp_path, saving, n_calls=N_CALLS, engine="sobol")
    path, text = whole.path / JOURNAL, (whole.path / JOURNAL).read_bytes()
    header = text.index(b"\n") + 1
    ends = [index + 1 for index in range(header, len(text)) if text[index : index + 1] == b"\n"]
    for cut in range(header, len(text)):
        path.write_bytes(text[:cut])
        run = Run.open(whole.path)
        lines = sum(end <= cut for end in ends)
        assert len(run.trials()) == min(N_CALLS, (lines + 1) // 2)
        if cut % 37 == 0 or cut + 1 in ends or cut in ends:
            assert facts(went_on(run, saving, n_calls=N_CALLS, engine="sobol")) == facts(whole)


@pytest.mark.parametrize("harm", ["moved", "deleted"])
def test_a_folder_that_goes_under_its_writer_is_said_and_not_made_anew(tmp_path, harm):
    def harming(params, *, seed, folder, fold=0):
        if folder.name == "0002":
            run = folder.parent.parent
            run.rename(tmp_path / "elsewhere")
            if harm == "deleted":
                for path in sorted((tmp_path / "elsewhere").rglob("*"), reverse=True):
                    path.rmdir() if path.is_dir() else path.unlink()
        value = params["x"] ** 2
        return Result(value, {"rmse": value}, [value], {}, 1, 0.0)

    with pytest.raises(RunError, match="moved or deleted"):
        searched(tmp_path / "runs", harming, n_calls=3)
    assert not list((tmp_path / "runs").iterdir())
    if harm == "moved":
        run = Run.open(tmp_path / "elsewhere")
        assert [t.state for t in run.trials()] == ["finished", "running"]
        assert len(went_on(run, saving, n_calls=3).trials()) == 3
