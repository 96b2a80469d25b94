"""What this hpopt writes, 0.1 reads right or refuses; conftest.py checks every test's journal."""

import dataclasses
import threading
from contextlib import closing
from pathlib import Path

import pytest
from as_0_1 import check_as_0_1
from conftest import CALIBRATED, make_run, synthetic_run
from fold_0_1 import RefusedError, fold_0_1
from loops import bowl, searched, went_on

from hpopt.errors import RunError, TrialError
from hpopt.runs.events import Fitted, Header, Known, Resumed, Step
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.journal import encode
from hpopt.runs.objectives import Goal
from hpopt.tracking.observer import Observer

TESTS = Path(__file__).parent.parent
GOLDEN = sorted([*TESTS.glob("runs/golden/*.jsonl"), *TESTS.glob(f"golden/0.1/runs/*/{JOURNAL}")])
GOAL = Goal("rmse", "price", "minimize", None)
HEADER = Header("1.0.0", "rmse", False, {}, {}, [], objectives=[dataclasses.asdict(GOAL)])


def failing(params, **where):
    if params["x"] > 0:
        raise TrialError("the loss became nan in epoch 1")
    return bowl(params, **where)


def killed_and_resumed(parent):
    def killing(params, *, seed, folder, fold=0):
        if folder.name == "0003":
            raise KeyboardInterrupt
        return bowl(params, seed=seed, folder=folder)

    with pytest.raises(KeyboardInterrupt):
        searched(parent, killing, engine="gp")
    [folder] = parent.iterdir()
    with closing(Run.reopen(folder)) as run:
        run.append(Resumed(["search.n_calls=9"], 9, "now", "1.0.0", {"builder": "2c"}))
    return went_on(Run.open(folder), engine="gp", n_calls=9)


def stopped(parent):
    stop = threading.Event()

    class StopAfterTwo(Observer):
        def ended(self, trial, trials):
            if trial.number == 2:
                stop.set()

    return searched(parent, observer=StopAfterTwo(), stop=stop)


def warm_and_closed(parent):
    """A run that knows of another, is closed, resumed, and closed again."""
    steps = [
        Step("confirm", "now", {"chosen": 2}),
        Step("best", "now", {"trial": 2}),
        Step("test", "now", {"best": {"rmse": 0.5}}),
        Step("summary", "now", {"findings": {"effects": [], "trust": None}}),
    ]
    with closing(searched(parent, n_calls=2)) as run:
        pass
    with closing(Run.reopen(run.path)) as run:
        run.append(Known("earlier", True, [{"number": 1, "params": {}, "value": None}]))
        run.append(Fitted("confirm", 1, 9, "now", 0.5, 0.1))
        run.append(Fitted("confirm", 2, 9, "now", reason="killed"))
        for step in steps:
            run.append(step)
    again = went_on(run, n_calls=4)
    with closing(Run.reopen(run.path)) as run:
        for step in steps[1:]:
            run.append(step)
    return again


WRITTEN = {
    "a search": searched,
    "by the surrogate": lambda parent: searched(parent, engine="gp", n_calls=12),
    "by skopt": lambda parent: searched(parent, engine="skopt", acquisition="gp_hedge", n_calls=13),
    "failures": lambda parent: searched(parent, failing),
    "ended by its target": lambda parent: searched(parent, n_calls=50, target=0.4),
    "stopped": stopped,
    "killed and resumed": killed_and_resumed,
    "warm and closed": warm_and_closed,
    "closing steps": lambda parent: synthetic_run(parent, failed=(3,), steps=[CALIBRATED]),
    "still running": lambda parent: synthetic_run(parent, running=True),
    "a folder": lambda parent: Run.open(make_run(parent / "made")),
}


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
def test_a_new_journal_is_read_right_by_0_1(tmp_path, write):
    assert check_as_0_1(write(tmp_path / "runs").path / JOURNAL)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_journal_of_then_is_read_as_0_1_read_it(path):
    assert check_as_0_1(path)


def test_a_new_header_lists_its_objectives_and_tells_0_1_its_metric(tmp_path):
    (tmp_path / JOURNAL).write_bytes(encode(HEADER))
    assert fold_0_1(tmp_path / JOURNAL).header["metric"] == "rmse"
    assert fold_0_1(tmp_path / JOURNAL).header["greater_is_better"] is False
    assert check_as_0_1(tmp_path / JOURNAL)


def test_a_journal_that_says_2_0_is_refused_by_0_1(tmp_path):
    path = tmp_path / JOURNAL
    path.write_bytes(encode(dataclasses.replace(HEADER, format="2.0")))
    with pytest.raises(RefusedError, match=r"format 2\.0"):
        fold_0_1(path)
    with pytest.raises(RunError, match=r"format 2\.0"):
        Run.open(tmp_path)


def test_a_journal_that_0_1_would_misread_does_not_pass(tmp_path):
    """The check itself: several objectives under format 1.0 would be ranked by the first."""
    goals = [GOAL, Goal("mae", "weight", "minimize", None)]
    header = dataclasses.replace(HEADER, objectives=[dataclasses.asdict(goal) for goal in goals])
    path = tmp_path / JOURNAL
    path.write_bytes(encode(header))
    with pytest.raises(AssertionError, match="rank by the first objective"):
        check_as_0_1(path)
    path.write_bytes(encode(dataclasses.replace(header, format="2.0")))
    assert not check_as_0_1(path)
