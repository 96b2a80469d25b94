"""The closing steps in order: done once, done again where they stand before what they build on."""

import threading
from types import SimpleNamespace

import pytest
from conftest import synthetic_run

from hpopt.closing.jobs import Stopped
from hpopt.closing.steps import Closing
from hpopt.config.schema import OutputSettings
from hpopt.errors import RunError
from hpopt.runs.events import Step
from hpopt.runs.folder import Run
from hpopt.runs.steps import Listed, Saved
from hpopt.task import OWN_THRESHOLD

FITTING = ("confirm", "refit", "ensemble")


def closing_of(
    folder, *, trials=3, failed=(), done=(), metric="accuracy", rule=OWN_THRESHOLD, **output
) -> Closing:
    """What closes a run whose journal has the steps `done`, and whose trials a `rule` judges."""
    steps = [Step(name, "", {"chosen": 1} if name == "confirm" else {}) for name in done]
    run = synthetic_run(folder, trials=trials, failed=failed, metric=metric, steps=steps, rule=rule)
    task = "regression" if metric == "rmse" else "binary"
    data = SimpleNamespace(output=SimpleNamespace(task=task))
    return Closing(
        run=Run.reopen(run.path),
        objective=SimpleNamespace(data=data),
        space=None,
        slots=None,
        splits=None,
        seed=0,
        output=OutputSettings(**output),
        stop=threading.Event(),
    )


def names(closing) -> list[str]:
    return [name for name, _ in closing.steps]


def script(monkeypatch, closing, **faults) -> list[str]:
    """Have every step do nothing but be listed, and raise what `faults` says; and give the list.

    One that raises Stopped stops the run first, as whoever asks a run to stop does.
    """
    calls = []

    def scripted(name):
        def step():
            calls.append(name)
            if name in faults:
                if isinstance(faults[name], Stopped):
                    closing.stop.set()
                raise faults[name]
            return Saved(trial=1, largest_difference=0.0) if name == "best" else Listed()

        return step

    def steps(self):
        quick = ["best", "test", "summary"]
        wanted = quick if self.stop.is_set() else ["confirm", "refit", *quick]
        return [(name, scripted(name)) for name in wanted]

    # The outcome of `confirm` says what is chosen; the others are of no account here.
    monkeypatch.setattr(Closing, "steps", property(steps))
    monkeypatch.setattr(
        "hpopt.closing.steps.to_json",
        lambda outcome: {"chosen": 1} if calls[-1] == "confirm" else {},
    )
    return calls


def test_the_config_says_which_steps_there_are(tmp_path):
    assert names(closing_of(tmp_path / "a")) == [
        "confirm", "refit", "threshold", "best", "test", "results", "summary", "plots",
    ]  # fmt: skip
    old = names(closing_of(tmp_path / "c", rule=None))  # trials were judged at 0.5
    assert "threshold" not in old
    least = closing_of(tmp_path / "b", metric="rmse", rule=None, confirm=0, ensemble=3, plots=False)
    assert names(least) == ["refit", "ensemble", "best", "test", "results", "summary"]


def test_without_a_value_only_the_summary_can_be_written(tmp_path):
    assert names(closing_of(tmp_path, trials=2, failed=[1, 2])) == ["summary"]


def test_a_stopped_run_has_to_have_a_network_and_no_more(tmp_path, monkeypatch):
    closing = closing_of(tmp_path)
    closing.stop.set()
    assert names(closing)[:2] == ["network", "threshold"]  # its trials have kept none
    monkeypatch.setattr(Run, "weights", lambda self, trial: self.path / "weights.npz")
    assert not {"network", *FITTING} & {*names(closing)}


def test_steps_are_done_in_order_and_journalled(tmp_path, monkeypatch):
    closing = closing_of(tmp_path)
    calls = script(monkeypatch, closing)
    closing.do_all()
    assert calls == list(Run.open(closing.run.path).steps)
    assert calls == ["confirm", "refit", "best", "test", "summary"]
    closing.do_all()
    assert len(calls) == 5  # nothing is done twice
    assert not closing.is_cut_short


def test_a_killed_run_goes_on_at_the_first_step_that_is_not_in_the_journal(tmp_path, monkeypatch):
    closing = closing_of(tmp_path, done=["confirm", "refit", "best"])
    calls = script(monkeypatch, closing)
    closing.do_all()
    assert calls == ["test", "summary"]


def test_what_stands_before_a_step_it_builds_on_is_done_again(tmp_path, monkeypatch):
    closing = closing_of(tmp_path, done=["confirm", "best", "test", "summary"])
    calls = script(monkeypatch, closing)
    closing.do_all()
    assert calls == ["refit", "best", "test", "summary"]
    assert list(closing.run.steps) == ["confirm", *calls]


def test_the_first_fault_is_raised_when_all_other_steps_are_done(tmp_path, monkeypatch):
    closing = closing_of(tmp_path)
    faults = {"best": RunError("the disk is full"), "test": RunError("no model")}
    calls = script(monkeypatch, closing, **faults)
    with pytest.raises(RunError, match="the disk is full"):
        closing.do_all()
    assert calls[-1] == "summary"
    assert not {"best", "test"} & {*closing.run.steps}


def test_a_step_that_is_stopped_leaves_the_quick_ones_to_be_done(tmp_path, monkeypatch):
    closing = closing_of(tmp_path)
    calls = script(monkeypatch, closing, confirm=Stopped())
    closing.do_all()
    assert calls == ["confirm", "best", "test", "summary"]
    assert closing.is_cut_short


def test_a_fault_before_the_stop_is_left_to_the_resumption(tmp_path, monkeypatch):
    closing = closing_of(tmp_path)
    calls = script(monkeypatch, closing, confirm=RunError("no room"), refit=Stopped())
    closing.do_all()
    assert calls == ["confirm", "refit", "best", "test", "summary"]


def test_a_model_of_before_the_race_is_made_again_though_the_run_is_stopped(tmp_path, monkeypatch):
    """The race of a resumed run has chosen another trial than the model in `best/` is of."""
    closing = closing_of(tmp_path, done=["best", "test", "summary"])
    calls = script(monkeypatch, closing, refit=Stopped())
    closing.do_all()
    assert calls == ["confirm", "refit", "best", "test", "summary"]
    assert list(closing.run.steps) == ["confirm", "best", "test", "summary"]


def test_a_folder_that_was_moved_away_ends_it_before_a_step(tmp_path, monkeypatch):
    closing = closing_of(tmp_path)
    calls = script(monkeypatch, closing)
    closing.run.path.rename(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="moved or deleted"):
        closing.do_all()
    assert calls == []
