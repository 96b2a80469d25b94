"""Sentences on the test part, held against the numbers they are made of."""

import re

import pytest
from conftest import CALIBRATION, synthetic_run
from typer.testing import CliRunner

from hpopt.cli.main import app
from hpopt.report.assessment import describe_threshold, flattery_in_brief, verdicts
from hpopt.report.scores import rule_of_scores, score_rows
from hpopt.report.summary import summarise
from hpopt.report.terminal import conclude
from hpopt.runs.events import Step
from hpopt.runs.folder import Run
from hpopt.runs.steps import Findings
from hpopt.task import OWN_THRESHOLD


def told(difference, low, high, p):
    return {"difference": difference, "interval": [low, high], "p": p}


def step_of(metric="accuracy", flattery=None, **comparisons) -> Step:
    others = {"majority class": told(0.3, 0.2, 0.4, 0.0001)} | comparisons
    outcome = {
        "best": {metric: 0.8765},
        "default": {metric: 0.7654},
        "baselines": {
            name: {"validation": {metric: 0.5}, "test": {metric: 0.51}}
            for name in others
            if name != "default"
        },
        "kinds": {"majority class": "constant", "gradient boosting": "boosting"},
        "rows": 92,
        "groups": None,
        "level": 0.95,
        "intervals": {"best": {metric: [0.8, 0.93]}, "default": {metric: None}},
        "comparisons": others,
        "flattery": flattery,
        "calibration": CALIBRATION,
    }
    return Step("test", "", outcome)


@pytest.mark.parametrize(
    ("in_force", "said"),
    [(None, "so of no row"), ([0.0, 0.0], "finds 0 % of them"), ([0.2, 0.5], None)],
)
def test_a_threshold_that_finds_next_to_no_row_is_said(tmp_path, in_force, said):
    step = step_of()
    best = {"curve": [[1.0, 0.1]], "threshold": 0.5, "in_force": in_force}
    step.outcome["retrieval"] = {"positive": "yes", "share": 0.1, "models": {"best": best}}
    sentences = describe_threshold(closed(tmp_path, step))
    assert len(sentences) == (said is not None)
    assert all('"yes" is said where' in each and said in each for each in sentences)


def closed(tmp_path, step, **options) -> Run:
    return synthetic_run(tmp_path, steps=[step], **options)


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (told(0.1, 0.02, 0.2, 0.01), "is better than X: by 0.100 [0.020, 0.200], p = 0.01."),
        (told(-0.1, -0.2, -0.02, 0.01), "is worse than X: by 0.100 [0.020, 0.200], p = 0.01."),
        (
            told(-0.01, -0.05, 0.03, 0.75),
            "can't be told from X: it is behind by 0.010 [-0.030, 0.050], p = 0.75.",
        ),
        (told(0.0, -0.05, 0.05, 1.0), "and X score the same: the difference is 0.000"),
    ],
)
def test_better_is_said_where_the_interval_leaves_0_out(tmp_path, comparison, said):
    step = step_of(**{"default": comparison, "gradient boosting": comparison})
    found = verdicts(closed(tmp_path, step))
    assert len(found) == 2  # that it beats the majority goes without saying
    for sentence, other in zip(found, ["the default params", "gradient boosting"], strict=True):
        assert said.replace("X", other) in sentence


def test_a_lower_error_is_better(tmp_path):
    step = step_of("rmse", default=told(-3.0, -5.0, -1.0, 0.004))
    run = closed(tmp_path, step, metric="rmse", score=lambda p, rng: 10 + p["rate"])
    [of_default, of_constant] = [verdicts(run)[-1], verdicts(run)[0]]
    assert of_default.endswith("better than the default params: by 3.0 [1.0, 5.0], p = 0.004.")
    assert "worse than majority class" in of_constant


def test_what_loses_to_a_constant_is_said(tmp_path):
    step = step_of(**{"majority class": told(0.01, -0.1, 0.1, 0.9)})
    assert "can't be told from majority class" in verdicts(closed(tmp_path, step))[0]


FLATTERY = {"search": 0.9, "confirmed": 0.88, "test": 0.8765, "rows": 136}


@pytest.mark.parametrize(
    ("difference", "interval", "brief", "long"),
    [
        (0.05, [0.01, 0.09], "flattered by 0.050 [0.010, 0.090]: more than", "So validation"),
        (0.02, [-0.01, 0.05], "flattered by 0.020 [-0.010, 0.050]: it may", "can't tell that"),
        (-0.02, [-0.05, 0.01], "did not flatter: -0.020 [-0.050", "did not flatter"),
    ],
)
def test_how_far_validation_flattered_is_said(tmp_path, difference, interval, brief, long):
    beyond = {"name": "ridge regression", "difference": 0.015, "interval": [-0.01, 0.04]}
    form = FLATTERY | {"difference": difference, "interval": interval, "beyond": beyond}
    run = closed(tmp_path, step_of(flattery=form))
    assert brief in flattery_in_brief(run)
    assert flattery_in_brief(run) in conclude(run)
    text = summarise(run, Findings([], None))
    assert "The best of 12 validation scores was 0.9000" in text
    assert "gave 0.8800 on average; on the test part the final network gives 0.876." in text
    assert long in text
    lost = difference - 0.015
    moved = f"{'lost' if lost >= 0 else 'gained'} {abs(lost):.3f}"
    assert f"Ridge regression, which no validation score has chosen, {moved}" in text
    assert "fell behind by 0.015 [-0.010, 0.040], which may be chance." in text


def test_the_table_has_intervals_and_probabilities_are_judged(tmp_path):
    run = closed(tmp_path, step_of(default=told(0.1, 0.02, 0.2, 0.01)))
    text = summarise(run, Findings([], None))
    assert "| 0.876 [0.800, 0.930] |" in text
    assert "| 0.7654 |" in text
    assert "92 rows that no trial saw" in text
    assert "off by 0.1000 on average" in text
    assert "they are miscalibrated" in text


def test_the_models_own_threshold_and_the_one_rule_are_said_once(tmp_path):
    chosen = {"threshold": 0.3, "tried": 0.3, "gain": 0.1, "interval": [-0.05, 0.15], "p": 0.2}
    steps = [Step("threshold", "", chosen), step_of()]
    run = synthetic_run(tmp_path / "a", steps=steps, rule=OWN_THRESHOLD)
    text = summarise(run, Findings([], None))
    assert "where its probability is above 0.300, the best threshold by accuracy" in text
    assert "it gains 0.1" in text
    assert "which could be chance" in text
    for said in (text, conclude(run)):
        assert said.count("by its own best threshold") == 1
        assert "by which trials are judged" not in said


def test_a_table_of_0_1_has_one_rule_and_the_other_is_said_once(tmp_path):
    """Its trials were judged by 0.5, and its test scores are by another threshold."""
    chosen = {"threshold": 0.3, "tried": 0.3, "gain": 0.1, "interval": [0.05, 0.15], "p": 0.001}
    flattery = {"search": 0.9111, "test": 0.8222, "rows": 90}
    flattery |= {"difference": 0.0889, "interval": [0.01, 0.16]}
    step = step_of(flattery=flattery)
    step.outcome["at_half"] = 0.8222
    run = synthetic_run(tmp_path, steps=[Step("threshold", "", chosen), step])
    shown = CliRunner().invoke(app, ["show", str(run.path)]).stdout
    for said in (summarise(run, Findings([], None)), conclude(run), shown):
        assert said.count("Test scores are by each model's own threshold. hpopt 0.1 judged") == 1
        assert "has 0.9111 on validation, and the model 0.8222 on test." in said
        rows = [line for line in said.splitlines() if line.strip(" |").startswith("majority")]
        assert [re.findall(r"0\.\d+|–", row) for row in rows] == [["–", "0.5100"]]
        assert "best accuracy on validation" not in said
    for each in score_rows(run, run.chosen):
        assert each.validation == "–"


def test_before_the_test_a_run_of_0_1_has_one_rule(tmp_path):
    chosen = {"threshold": 0.3, "tried": 0.3, "gain": 0.1, "interval": [0.05, 0.15], "p": 0.001}
    run = synthetic_run(tmp_path, steps=[Step("threshold", "", chosen)])
    assert rule_of_scores(run) is None
    assert score_rows(run, run.chosen)[0].validation != "–"


def test_the_threshold_is_said_with_what_it_gains(tmp_path):
    chosen = {"threshold": 0.3, "tried": 0.3, "gain": 0.1, "interval": [0.05, 0.15], "p": 0.001}
    steps = [Step("threshold", "", chosen), step_of()]
    text = summarise(synthetic_run(tmp_path / "a", steps=steps), Findings([], None))
    assert "where its probability is above 0.300, not 0.5" in text
    assert "better by 0.100 [0.050, 0.150] accuracy" in text
    left = chosen | {"threshold": 0.5, "gain": 0.01, "interval": [-0.05, 0.07]}
    steps = [Step("threshold", "", left), step_of()]
    text = summarise(synthetic_run(tmp_path / "b", steps=steps), Findings([], None))
    assert "The threshold between the labels is 0.5: another, 0.300, is better by 0.010" in text
    worse = left | {"gain": -0.01, "interval": [-0.05, 0.03]}
    steps = [Step("threshold", "", worse), step_of()]
    text = summarise(synthetic_run(tmp_path / "c", steps=steps), Findings([], None))
    assert "0.300, is no better, but behind by 0.010 [-0.030, 0.050]" in text


def test_a_score_that_flattery_goes_by_is_on_the_screen(tmp_path):
    """The race chose another trial than the one that scored best in the search."""
    flattery = {"search": 0.9876, "test": 0.8765, "rows": 90}
    flattery |= {"difference": 0.1111, "interval": [0.01, 0.16]}
    run = closed(tmp_path / "a", step_of(flattery=flattery))
    assert "That goes by" not in conclude(run)
    chosen = next(trial.number for trial in run.trials() if trial.number != run.best.number)
    race = {"chosen": chosen, "search_best": run.best.number}
    steps = [Step("confirm", "", race), step_of(flattery=flattery)]
    run = synthetic_run(tmp_path / "b", steps=steps)
    said = f"by the search's best, trial {run.best.number} with 0.9876; trial {chosen} was chosen"
    assert said in conclude(run)
    assert said in CliRunner().invoke(app, ["show", str(run.path)]).stdout
