"""What is shortened and left out at the end of a run whose time is over."""

import threading
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from conftest import CALIBRATED, synthetic_run
from scripted import ScriptedSlots

from hpopt.closing import steps as module
from hpopt.closing import time_left
from hpopt.closing.steps import Closing
from hpopt.closing.time_left import TimeLeft, expected_closing_s, limit_of_step_s
from hpopt.config.schema import OutputSettings


@pytest.fixture(autouse=True)
def idle(monkeypatch):
    monkeypatch.setattr(time_left, "slowness", lambda: 2.0)


def at(elapsed_s, limit_s=100.0):
    return TimeLeft(SimpleNamespace(elapsed_s=elapsed_s), limit_s)


def test_time_is_left_until_what_must_be_done_needs_the_rest():
    assert at(90.0).seconds == pytest.approx(105 - 2 * 5 - 90)
    assert at(99.0).seconds < 0
    assert at(1e9, None).seconds == float("inf")


def test_what_closing_takes_hangs_on_the_load_the_pictures_and_the_fits():
    fits = [3.0] * 10
    plain = OutputSettings(plots=False, confirm=0, refit=False)
    assert expected_closing_s(plain, fits, 1, 2) == pytest.approx(2.0)
    drawn = plain.model_copy(update={"plots": True})
    assert expected_closing_s(drawn, fits, 1, 1) == pytest.approx(2.0 + 2 * 2.6)
    assert expected_closing_s(drawn, fits, 1, 8) == pytest.approx(2.0 + 2 * 8.9)
    assert expected_closing_s(drawn, fits, 1, 30) == expected_closing_s(drawn, fits, 1, 8)
    raced = plain.model_copy(update={"confirm": 0.5, "refit": True, "ensemble": 2})
    assert expected_closing_s(raced, fits, 1, 2) == pytest.approx(2.0 + 15.0 + 4 * 3.0)
    assert expected_closing_s(raced, fits, 2, 2) == pytest.approx(2.0 + 7.5 + 2 * 3.0)
    assert expected_closing_s(raced, [], 2, 2) == pytest.approx(2.0)


def test_a_step_has_a_limit_by_the_longest_fit_and_the_rows():
    def limit_s(seconds, rows, shape=(30,)):
        trials = [SimpleNamespace(latest=SimpleNamespace(seconds=s)) for s in seconds]
        run = SimpleNamespace(trials=lambda: [*trials, SimpleNamespace(latest=None)])
        features = SimpleNamespace(input_shape=shape)
        data = SimpleNamespace(sizes={"train": rows, "test": rows}, features=features)
        return limit_of_step_s(run, data)

    assert limit_s([0.5, 2.0], 100) == pytest.approx(2 * (120 + 50 * 2.0), abs=10)
    assert limit_s([], 100) < 300
    assert limit_s([1.0], 10**6) == limit_s([1.0], 10**7, (64, 64, 3)) > 7200
    assert limit_s([100.0], 100) > 10_000


@dataclass
class Recorded:
    """Stands for a step: what it was made of is what it gives."""

    given: dict

    def __call__(self):
        return self.given


@pytest.fixture
def closing(tmp_path, monkeypatch):
    """Makes the end of a run of 12 trials of half a second, at a time of its own."""
    monkeypatch.setattr(module, "Race", lambda **given: Recorded(given))
    monkeypatch.setattr(module, "Refit", lambda *given: Recorded(given))
    notes = []

    def make(limit_s, elapsed_s):
        run = synthetic_run(tmp_path, steps=[CALIBRATED])
        run._elapsed_before_s = elapsed_s
        output = OutputSettings(refit=True, ensemble=2, confirm=0.5)
        rest = {"objective": None, "space": None, "splits": None, "seed": 0, "output": output}
        made = Closing(
            run=run, slots=ScriptedSlots(free=1), stop=threading.Event(), **rest,
            time_limit_s=limit_s, note=notes.append,
        )  # fmt: skip
        return made, notes

    return make


def test_without_a_limit_nothing_is_left_out(closing):
    made, notes = closing(None, 1e9)
    assert made._confirm()["budget_s"] == pytest.approx(3.0)
    assert made._refit()[3] is True
    assert notes == []


def test_a_race_takes_what_the_refit_leaves_it(closing):
    made, notes = closing(100.0, 91.0)
    assert made._confirm()["budget_s"] == pytest.approx(105 - 10 - 91 - 4 * 0.5)
    assert made._refit()[3] is True
    assert notes == ["the race of the best is cut to 2 s by search.time_limit"]


def test_too_late_there_is_no_race_and_no_fit_to_all_rows_but_there_are_pictures(closing):
    made, notes = closing(100.0, 100.0)
    assert made._confirm()["budget_s"] == 0
    assert made._refit()[3] is False
    drawn = made._plots()
    assert "convergence" in drawn.drawn
    assert len(notes) == 2
