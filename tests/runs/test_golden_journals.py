"""Journals of real runs, as released and earlier versions wrote them: they must stay readable."""

from pathlib import Path

import pytest

from hpopt.report.terminal import conclude
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.frame import trial_columns, trial_rows
from hpopt.runs.repair import repair
from hpopt.space.space import Space

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden(tmp_path):
    def opened(name) -> Run:
        (tmp_path / JOURNAL).write_bytes((GOLDEN / name).read_bytes())
        return Run.open(tmp_path)

    return opened


@pytest.mark.parametrize("name", [path.name for path in sorted(GOLDEN.iterdir())])
def test_a_golden_journal_is_read_in_full(golden, name):
    run = golden(name)
    assert run.header.format == "1.0"
    assert run.state == "finished"
    assert run.is_over
    space = Space.from_json(run.header.space)
    assert all(space.contains(trial.params) for trial in run.trials())
    assert all(trial.result.curves["loss"] for trial in run.trials())
    assert len(trial_rows(run.trials())) == len(run.trials()) == run.n_calls
    assert {"params.learning_rate", "accuracy"} <= set(trial_columns(run.header, run.trials()))
    assert f"best accuracy on validation: {run.score(run.best):.4f}" in conclude(run)
    assert repair(run.path).lines == []


def test_the_first_format_is_read_as_it_was_meant(golden):
    run = golden("1.0-first.jsonl")
    assert [run.score(trial) for trial in run.trials()] == pytest.approx(
        [0.194444, 0.416667, 0.805556, 0.861111, 0.888889, 0.75, 0.861111], abs=1e-6
    )
    assert run.best.number == 5
    assert run.best.params == {
        "learning_rate": pytest.approx(0.04581, abs=1e-5),
        "optimizer": "adam",
    }
    assert list(run.steps) == ["best", "test", "results", "summary"]
    assert run.steps["test"].outcome["best"]["accuracy"] == 0.875
    assert run.end is None
    assert run.overrides == []


def test_a_run_that_was_killed_and_resumed_is_read_as_one(golden):
    run = golden("1.0-resumed.jsonl")
    assert [trial.attempt for trial in run.trials()] == [1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1]
    assert run.overrides == ["search.n_calls=12", "execution.workers=1"]
    assert run.end.reason == "n_calls"
    assert len(run.resumed) == 1
