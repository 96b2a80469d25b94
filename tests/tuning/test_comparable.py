"""What makes values of two runs mean different things, from the headers of their journals alone."""

import dataclasses
from dataclasses import replace

import pytest

from hpopt.metrics.metrics import METRICS
from hpopt.runs.events import Header
from hpopt.runs.journal import encode, read_journal
from hpopt.runs.objectives import Goal, goals_of
from hpopt.task import LIKELIEST
from hpopt.training.settings import Training
from hpopt.tuning.comparable import differences, space_differences

GOAL = Goal("accuracy", "churn", "maximize", LIKELIEST)
RATE = {"type": "real", "name": "learning_rate", "low": 0.001, "high": 0.1, "when": {}}
UNITS = {"type": "integer", "name": "units", "low": 1, "high": 9, "when": {}}
TRAINING = Training().model_dump() | {"metric": "accuracy", "loss": "binary_crossentropy"}


def header(*goals, **changes):
    goals = goals or (GOAL,)
    first = goals[0]
    constants = {"builder": "nets.py:net", "arguments": {"depth": 2}, "training": TRAINING}
    given = {
        "hpopt": "1.0.0",
        "metric": first.name,
        "greater_is_better": first.direction == "maximize",
        "fingerprints": {"data": "0a", "split": "1b"},
        "constants": constants,
        "space": [RATE],
        "objectives": [dataclasses.asdict(goal) for goal in goals],
    }
    return Header(**given | changes)


def constants(**changes):
    return header().constants | changes


def texts(then, now):
    return [text for _, _, text in differences(then, now)]


def of_0_1(now):
    """The same header as 0.1 would have written it."""
    return replace(now, objectives=[])


def test_a_run_is_comparable_with_itself():
    assert texts(header(), header()) == []
    assert list(space_differences(header(), header())) == []


def test_a_header_is_compared_as_it_comes_back_from_the_journal(tmp_path):
    now = header(constants=constants(arguments={"sizes": (1, 2)}))
    (tmp_path / "journal.jsonl").write_bytes(encode(now))
    then, _ = read_journal(tmp_path / "journal.jsonl")
    assert goals_of(then) == [GOAL]
    assert texts(then, now) == []


@pytest.mark.parametrize(
    ("change", "place", "text"),
    [
        (
            {"name": "f1"},
            ("training", "metric"),
            "the metric was accuracy, and is f1 now",
        ),
        (
            {"direction": "minimize"},
            ("training", "metric"),
            "accuracy was to maximize, and is to minimize now",
        ),
        (
            {"rule": "threshold 0.3"},
            ("training", "metric"),
            "accuracy was judged by the rule `likeliest label`, and is by `threshold 0.3` now",
        ),
        (
            {"target": "left"},
            ("dataset", "target"),
            "the target was `churn`, and is `left` now",
        ),
    ],
    ids=["name", "direction", "rule", "target"],
)
def test_all_of_an_objective_is_compared(change, place, text):
    [difference] = differences(header(), header(replace(GOAL, **change)))
    assert difference == (*place, text)


def test_another_number_of_objectives_is_named():
    both = header(GOAL, Goal("log_loss", "churn", "minimize", None))
    expected = "the objectives were accuracy, and are accuracy and log_loss now"
    assert texts(header(), both) == [expected]


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_journal_of_0_1_reads_as_the_one_objective_that_it_had(metric):
    direction = "maximize" if metric.greater_is_better else "minimize"
    rule = LIKELIEST if metric.name in ("accuracy", "balanced_accuracy", "f1") else None
    now = header(Goal(metric.name, "churn", direction, rule))
    assert goals_of(of_0_1(now)) == [Goal(metric.name, None, direction, rule)]
    assert texts(of_0_1(now), now) == []


def test_a_rule_that_0_1_did_not_have_is_a_difference():
    now = header(replace(GOAL, rule="threshold 0.3"))
    [text] = texts(of_0_1(now), now)
    assert "and is by `threshold 0.3` now" in text


def test_arrays_have_targets_without_a_name():
    now = header(replace(GOAL, target=None))
    assert texts(now, header()) == texts(header(), now) == []


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({"builder": "nets.py:other"}, ("model", "builder"), "the builder was nets.py:net, and is"),
        ({"arguments": {"depth": 3}}, ("model", "depth"), "`depth` was 2, and is 3 now"),
        (
            {"training": TRAINING | {"epochs": 7}},
            ("training", "epochs"),
            f"`epochs` was {TRAINING['epochs']}, and is 7 now",
        ),
    ],
)
def test_what_is_constant_must_stay_so(changes, place, text):
    [difference] = differences(header(), header(constants=constants(**changes)))
    assert difference[:2] == place
    assert difference[2].startswith(text)


def test_the_file_of_a_builder_may_have_moved():
    moved = header(constants=constants(builder="/elsewhere/nets.py:net"))
    assert texts(header(), moved) == []


def test_what_a_later_version_has_added_was_at_its_default_before():
    training = {name: value for name, value in TRAINING.items() if name != "repeats"}
    then = header(constants=constants(training=training, arguments={}), hpopt="0.1.0")
    assert texts(then, header()) == []
    assert texts(replace(then, hpopt="1.0.0"), header()) == ["`depth` was null, and is 2 now"]


def test_what_is_searched_may_be_constant_elsewhere_and_is_a_difference_of_the_spaces():
    both = header(space=[RATE, UNITS])
    assert texts(header(constants=constants(arguments={"depth": 2, "units": 4})), both) == []
    assert list(space_differences(header(), both)) == [
        ("space", "units", "`units` was constant, and is searched now")
    ]
    assert list(space_differences(both, header())) == [
        ("space", "units", "`units` was searched, and is constant now")
    ]


def test_other_bounds_are_a_difference_of_the_spaces_alone():
    wider = header(space=[RATE | {"high": 1.0}])
    assert texts(header(), wider) == []
    assert list(space_differences(header(), wider)) == [
        ("space", "learning_rate", "`learning_rate` was searched among other values")
    ]


def test_of_a_section_the_parts_that_are_not_searched_are_compared():
    def stopping(*space, **parts):
        training = TRAINING | {"early_stopping": parts}
        return header(constants=constants(training=training), space=[RATE, *space])

    patience = UNITS | {"name": "early_stopping.patience"}
    constant = stopping(patience=3, monitor="loss")
    searched = stopping(patience, monitor="loss")
    assert texts(constant, searched) == texts(searched, constant) == []
    assert texts(searched, stopping(patience, monitor="val_loss")) == [
        "`early_stopping` was {monitor: loss}, and is {monitor: val_loss} now"
    ]
    [(_, name, _)] = space_differences(searched, constant)
    assert name == "early_stopping.patience"
