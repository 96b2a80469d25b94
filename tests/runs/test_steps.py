"""The records of the closing steps: what every journal holds, and what no journal may do."""

import copy
import json
import math
import shutil
from pathlib import Path

import pytest
from conftest import CALIBRATION, synthetic_run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpopt.errors import RunError
from hpopt.report.standings import Standing
from hpopt.report.summary import summarise
from hpopt.report.terminal import conclude
from hpopt.runs.events import Started, Step
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.record import from_json, to_json
from hpopt.runs.repair import repair
from hpopt.runs.steps import Confirmed, Findings, Scored, StepOutcomes, Thresholded, outcome_of

TESTS = Path(__file__).parent.parent
OF_0_1 = sorted((TESTS / "golden" / "0.1" / "runs").glob("*/journal.jsonl"))
OLDER = sorted((TESTS / "runs" / "golden").iterdir())
CLOSED = next(path.parent for path in OF_0_1 if path.parent.name.endswith("_ensemble"))


def steps_in(journal):
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    return [(event["name"], event["outcome"]) for event in events if event["kind"] == "step"]


@pytest.mark.parametrize("journal", OF_0_1, ids=lambda path: path.parent.name)
def test_what_0_1_wrote_comes_back_as_it_was(journal):
    for name, form in steps_in(journal):
        assert json.dumps(to_json(outcome_of(name, form))) == json.dumps(form)


@pytest.mark.parametrize("journal", OLDER, ids=lambda path: path.name)
def test_nothing_is_lost_of_what_older_journals_say(journal):
    for name, form in steps_in(journal):
        back = to_json(outcome_of(name, form))
        assert {key: back[key] for key in form} == form


def test_a_run_gives_what_its_steps_wrote_by_attribute(tmp_path):
    form = {"best": {"accuracy": 0.8}, "calibration": CALIBRATION}
    form["intervals"] = {"best": {"accuracy": [0.7, 0.9], "auc": None}}
    steps = [Step("confirm", "", {"chosen": 3}), Step("test", "", form), Step("later", "", {})]
    outcomes = synthetic_run(tmp_path, steps=steps).outcomes
    assert outcomes.confirm.chosen == 3
    assert outcomes.test.interval("best", "accuracy").low == 0.7
    assert outcomes.test.interval("best", "auc") is outcomes.test.interval("other", "auc") is None
    assert outcomes.test.calibration.bins[1].interval.holds(0.7)
    assert (outcomes.best, outcomes.summary) == (None, None)


def test_a_trial_that_begins_undoes_what_the_steps_gave(tmp_path):
    run = Run.reopen(synthetic_run(tmp_path, steps=[Step("confirm", "", {"chosen": 3})]).path)
    run.append(Started(13, {}, seed=1, time=""))
    assert run.outcomes == StepOutcomes()
    run.close()


def test_what_is_missing_has_a_default_and_what_is_new_is_passed_over():
    assert outcome_of("confirm", {"chosen": 2, "of_later": [1]}) == Confirmed(
        chosen=2, search_best=None
    )
    assert outcome_of("test", {}) == Scored(groups=None, flattery=None)
    assert outcome_of("of a later version", {"any": "thing"}) is None


def test_null_is_written_where_readers_expect_it_and_left_out_elsewhere():
    assert to_json(Findings([], None)) == {"effects": [], "trust": None}
    assert to_json(Thresholded(threshold=0.5)) == {"threshold": 0.5, "tried": 0.5}


def test_null_is_a_number_that_was_not_finite():
    form = {"number": 1, "scores": [None, 0.5], "mean": None}
    [candidate] = outcome_of("confirm", {"chosen": 1, "candidates": [form]}).candidates
    assert math.isnan(candidate.scores[0])
    assert candidate.mean is None


ILLEGAL = [
    ("confirm", {}),
    ("confirm", {"chosen": "1"}),
    ("confirm", {"chosen": True}),
    ("confirm", {"chosen": 1, "candidates": {}}),
    ("confirm", {"chosen": 1, "candidates": [1]}),
    ("confirm", {"chosen": 1, "tied": [1]}),
    ("refit", {"networks": {"1": {"train": {"weights": "../../x"}}}}),
    ("refit", {"networks": {"1": {"train": {"weights": "a\0b"}}}}),
    ("refit", {"networks": {"1": {"train": {}}}}),
    ("ensemble", {"single": 1, "taken": True, "members": [1, 2]}),
    ("ensemble", {"single": 1, "taken": 1}),
    ("ensemble", {"single": 1, "taken": False, "scores": {"ensemble": 1, "single": 1}}),
    ("threshold", {"threshold": "0.5"}),
    ("threshold", {"threshold": 10**400}),
    ("best", {"trial": [1]}),
    ("test", {"best": {"accuracy": "high"}}),
    ("test", {"intervals": {"best": {"accuracy": [0.5]}}}),
    ("test", {"comparisons": {"default": {"difference": 0.5}}}),
    ("test", {"flattery": []}),
    ("plots", {"drawn": "all"}),
    ("summary", {"findings": {"trust": "so far"}}),
]


@pytest.mark.parametrize(("name", "form"), ILLEGAL)
def test_what_no_version_could_have_written_is_a_damaged_line(tmp_path, name, form):
    run = synthetic_run(tmp_path)
    line = json.dumps({"kind": "step", "name": name, "time": "", "outcome": form})
    with (run.path / JOURNAL).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RunError, match="damaged in this line"):
        Run.open(run.path)
    assert len(repair(run.path).lines) == 1
    assert not Run.open(run.path).steps


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("confirm", {"chosen": 99}),
        ("confirm", {"chosen": 2}),
        ("confirm", {"chosen": 1, "candidates": [{"number": 99}]}),
        ("best", {"trial": 99}),
        ("ensemble", {"members": [1, 99], "single": 1, "taken": False}),
    ],
)
def test_a_step_that_names_a_trial_without_a_value_can_be_set_aside(tmp_path, name, form):
    run = synthetic_run(tmp_path, failed=[2])
    line = json.dumps({"kind": "step", "name": name, "time": "", "outcome": form})
    with (run.path / JOURNAL).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(RunError, match=f"`{name}` names trial .*, which gave no value") as caught:
        Run.open(run.path)
    assert "hpopt runs repair" in caught.value.problems[0].help
    assert len(repair(run.path).lines) == 1
    assert Run.open(run.path).chosen is not None


def test_a_record_is_of_a_mapping():
    with pytest.raises(ValueError):
        from_json(Confirmed, [])


SCALARS = st.sampled_from([None, True, 0, -1, 3, 2.5, 1e300, "", "x", [], {}, [1], {"a": 1}])


def places(form, path=()):
    """The path of every value in a tree of JSON."""
    inner = form.items() if isinstance(form, dict) else enumerate(form)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return shutil.copytree(CLOSED, tmp_path_factory.mktemp("stranger") / "run")


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_stranger_s_step_says_is_read_or_refused(folder, data):
    events = [json.loads(line) for line in (CLOSED / JOURNAL).read_text().splitlines()]
    steps = [event for event in events if event["kind"] == "step" and event["outcome"]]
    outcome = copy.deepcopy(data.draw(st.sampled_from(steps)))["outcome"]
    step = next(event for event in steps if event["outcome"] == outcome)
    *path, key = data.draw(st.sampled_from(list(places(outcome))))
    inner = step["outcome"]
    for each in path:
        inner = inner[each]
    if data.draw(st.booleans()):
        inner[key] = data.draw(SCALARS)
    else:
        del inner[key]
    (folder / JOURNAL).write_text("".join(json.dumps(event) + "\n" for event in events))
    try:
        run = Run.open(folder)
    except RunError:
        return
    summarise(run, Findings([], None))
    conclude(run)
    Standing.of(run)
