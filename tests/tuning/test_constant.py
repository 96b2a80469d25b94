"""That trials all say the same of every row is said while it happens, once."""

import pytest

from hpopt.trials import Result, Trial
from hpopt.tuning.constant import ConstantWatch


def heard(states, has_labels=True):
    """What is said as trials end: "1" all say one class, "0" they do not, "f" fails."""
    said, trials = [], []
    watch = ConstantWatch(lambda text: said.append((len(trials), text)), has_labels=has_labels)
    for number, state in enumerate(states, start=1):
        result = Result(0.0, {}, [0.0], {}, 1, 0.1, is_constant=state == "1")
        failed = Trial(number, {"x": number}, 0, "failed", reason="nan")
        finished = Trial(number, {"x": number}, 0, "finished", result=result)
        trials.append(failed if state == "f" else finished)
        watch.ended(trials[-1], trials)
    return said


@pytest.mark.parametrize(
    ("states", "at"),
    [("1" * 7, None), ("1" * 30, 8), ("0" + "1" * 9, 9), ("1111f1111", 9), ("1110" * 9, None)],
)
def test_eight_in_a_row_are_said_once(states, at):
    said = heard(states)
    assert [number for number, _ in said] == ([] if at is None else [at])


def test_what_helps_fits_the_task():
    [(_, classes)] = heard("1" * 8)
    assert "the last 8 trials are no better than predicting one class" in classes
    assert "class_weight: balanced" in classes
    [(_, values)] = heard("1" * 8, has_labels=False)
    assert "one value" in values
    assert "class" not in values
