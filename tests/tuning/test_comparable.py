"""What makes the trials of two runs incomparable."""

import pytest

from hpopt.runs.journal import Header
from hpopt.training.settings import Training
from hpopt.tuning.comparable import differences, space_differences

PATIENCE = {"type": "integer", "name": "early_stopping.patience", "low": 1, "high": 4, "when": {}}
RATE = {"type": "real", "name": "learning_rate", "low": 0.1, "high": 0.2, "when": {}}


def header(space=(RATE,), metric="accuracy", version="0.1.0", arguments=None, **training):
    settings = Training().model_dump() | training
    for form in space:
        settings.pop(form["name"], None)
    constants = {"builder": "b:build", "arguments": arguments or {}, "training": settings}
    return Header(version, metric, True, {}, constants, list(space))


def words(then, now):
    return [text for _, _, text in differences(then, now)]


def test_the_same_is_comparable():
    assert words(header(), header()) == []
    assert list(space_differences(header(), header())) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"metric": "f1"}, "the metric was accuracy, and is f1 now"),
        ({"epochs": 3}, "`epochs` was 50, and is 3 now"),
        ({"arguments": {"l2": 0.5}}, "`l2` was null, and is 0.5 now"),
        (
            {"early_stopping": {"patience": 3}},
            "`early_stopping` was null, and is {patience: 3} now",
        ),
    ],
)
def test_what_differs_is_named_with_its_values(change, text):
    assert words(header(), header(**change)) == [text]


def test_what_is_searched_in_either_run_is_no_constant():
    assert words(header(), header(space=())) == []
    [difference] = space_differences(header(), header(space=()))
    assert difference[1:] == ("learning_rate", "`learning_rate` was searched, and is constant now")


def test_of_a_section_the_parts_that_are_not_searched_are_compared():
    constant = {"early_stopping": {"patience": 3, "monitor": "loss"}}
    searched = {"early_stopping": {"monitor": "loss"}}
    then, now = header(**constant), header(space=(RATE, PATIENCE), **searched)
    assert words(then, now) == words(now, then) == []
    other = header(space=(RATE, PATIENCE), early_stopping={"monitor": "val_loss"})
    assert words(then, other) == [
        "`early_stopping` was {monitor: loss}, and is {monitor: val_loss} now"
    ]
    [difference] = space_differences(now, header(**constant))
    assert difference[1] == "early_stopping.patience"
