import pytest
from conftest import make_run

from hpopt.runs.folder import Run


@pytest.fixture
def run(tmp_path):
    return Run.open(make_run(tmp_path / "2026-11-23T10-37-05_iris"))


def test_the_trials_as_a_frame(run):
    frame = run.to_frame()
    assert list(frame["number"]) == [1, 2, 3, 4]
    assert frame["accuracy"].max() == 0.9375
    assert frame["accuracy"].isna().sum() == 1
    assert frame.loc[frame["accuracy"].idxmax(), "params.rate"] == 0.05
    assert frame["params.momentum"].notna().sum() == 1


def test_a_run_in_a_notebook(run):
    assert repr(run) == (
        "<Run 2026-11-23T10-37-05_iris: finished, 4 of 4 trials, best accuracy 0.9375 (trial 2)>"
    )
    assert [run.score(trial) for trial in run.trials()] == [0.75, 0.9375, None, 0.5]
