"""Folded trials that pause, with real fits in real workers, some of which are killed."""

import math
import os
import signal
import time
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from conftest import make_table, rest_long

from hpopt.data.folds import Splits
from hpopt.data.prepared import prepare
from hpopt.data.splits import split_rows
from hpopt.execution.folded import FoldedSlots
from hpopt.execution.processes import ProcessSlots
from hpopt.execution.resampling import Resampling
from hpopt.execution.resources import Resources
from hpopt.execution.slots import Job, TrialFinished, TrialLost
from hpopt.training.fit import Fit
from hpopt.training.objective import Objective
from hpopt.training.settings import EarlyStopping, Training
from hpopt.trials import STATE

pytestmark = pytest.mark.keras
FOLDS, EPOCHS, LEVELS = 3, 18, (1 / 9, 1 / 3, 1.0)
DEADLY = "deadly"  # the file that says where a fit kills its worker; it does so once


@dataclass(frozen=True)
class Mortal:
    """An objective whose worker is killed where a file in the fit's folder says."""

    objective: Objective

    def __call__(self, params, *, seed, folder, fold=0, share=1.0):
        path, fit = folder / DEADLY, self.objective
        if not path.is_file():
            return fit(params, seed=seed, folder=folder, fold=fold, share=share)
        where = path.read_text()
        path.unlink()
        owner, name, function = {
            "while it trains": (Fit, "run", train_and_die),
            "while it writes": (np, "savez", write_half_and_die),
        }[where]
        with mock.patch.object(owner, name, function):
            return fit(params, seed=seed, folder=folder, fold=fold, share=share)

    def __getattr__(self, name) -> Any:
        if name.startswith("__") or name == "objective":
            raise AttributeError(name)
        return getattr(self.objective, name)


RUN = Fit.run


def train_and_die(fit, epochs):
    RUN(fit, epochs // 2)
    os.kill(os.getpid(), signal.SIGKILL)


def write_half_and_die(file, **arrays):
    file.write(1000 * b"x")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def slots(tmp_path_factory):
    table = make_table()
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    data = prepare(table, parts, tmp_path_factory.mktemp("rows") / "data")
    Splits(table, parts, data.folder, folds=FOLDS, seed=0, stratified=True).write_folds()
    # Some folds' fits end within the levels, and some do not.
    stopping = EarlyStopping(patience=2, monitor="metric")
    training = Training(epochs=EPOCHS, batch_size=16, learning_rate=0.02, early_stopping=stopping)
    arguments = {"dropout_prob": 0.3, "batch_normalization": True}
    objective = Objective("dense_dropout", arguments, training, "log_loss", data)
    workers = ProcessSlots(Mortal(objective), Resources(2, 1, [], math.inf, math.inf))
    slots = FoldedSlots(workers, Resampling(folds=FOLDS))
    yield slots
    slots.close()


def outcome(slots, folder, share, *, seed=3):
    takes = (STATE,) if folder.exists() else ()
    slots.submit(Job(1, {"num_layers": 2}, seed, folder, share=share, takes=takes))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if events := slots.events(0.5):
            return events[0]
    raise TimeoutError


def result(slots, folder, share, **options):
    ended = outcome(slots, folder, share, **options)
    assert isinstance(ended, TrialFinished), ended
    return ended.result


def folders(trial):
    return [trial, *(trial / f"fit_{number}" for number in range(2, FOLDS + 1))]


def states(trial):
    return [(folder / STATE).read_bytes() for folder in folders(trial)]


@pytest.fixture(scope="module")
def whole(slots, tmp_path_factory):
    return result(slots, tmp_path_factory.mktemp("whole") / "0001", 1.0)


def test_each_fold_is_paused_by_itself_and_goes_on(slots, whole, tmp_path):
    trial = tmp_path / "0001"
    first = result(slots, trial, LEVELS[0])
    assert first.state == STATE
    assert len(first.scores) == len(states(trial)) == FOLDS
    result(slots, tmp_path / "other", LEVELS[0], seed=4)  # which takes the graphs meanwhile
    second = result(slots, trial, LEVELS[1])
    assert second.state == STATE
    last = result(slots, trial, LEVELS[2])
    assert replace(last, seconds=0.0) == replace(whole, seconds=0.0)
    assert first.seconds < second.seconds < last.seconds  # they are those of all stretches
    assert not any(folder.exists() for folder in folders(trial)[1:])


@pytest.mark.parametrize("where", rest_long(["while it writes", "while it trains"]))
@pytest.mark.parametrize("fold", rest_long([2, 1]))
def test_a_worker_that_is_killed_leaves_what_was_there_before(where, fold, slots, whole, tmp_path):
    trial = tmp_path / "0001"
    result(slots, trial, LEVELS[0])
    before = states(trial)
    folder = folders(trial)[fold - 1]
    (folder / DEADLY).write_text(where)
    assert isinstance(outcome(slots, trial, LEVELS[1]), TrialLost)
    assert (folder / STATE).read_bytes() == before[fold - 1]
    again = result(slots, trial, LEVELS[1])
    assert again.state == STATE
    last = result(slots, trial, LEVELS[2])
    assert replace(last, seconds=0.0) == replace(whole, seconds=0.0)
