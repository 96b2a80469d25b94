"""Scores that are too good to be true, and what was seen in the data, are said beside them."""

import json

import pytest
from conftest import make_run, synthetic_run

from hpopt.errors import RunError
from hpopt.report.findings import find_out
from hpopt.report.summary import summarise
from hpopt.report.suspicion import cautions
from hpopt.report.terminal import conclude
from hpopt.report.verdict import verdict
from hpopt.runs.events import Step
from hpopt.runs.folder import Run


def closed(tmp_path, best, plain, metric="accuracy", rows=100, named=()):
    step = {
        "best": {metric: best},
        "baselines": {"plain": {"validation": {metric: plain}, "test": {metric: plain}}},
        "kinds": {"plain": "constant"},
    }
    score = {"score": lambda params, rng: best}
    run = synthetic_run(tmp_path, metric=metric, steps=[Step("test", "", step)], **score)
    data = {"sizes": {"validation": rows}, "cautions": list(named)}
    (run.path / "data.json").write_text(json.dumps(data))
    return run


@pytest.mark.parametrize(
    ("best", "plain", "metric", "is_suspicious"),
    [
        (1.0, 0.9, "accuracy", True),
        (0.9995, 0.9, "accuracy", True),
        (0.99, 0.9, "accuracy", False),  # much of what the majority class leaves is still missing
        (0.997, 0.5, "accuracy", True),
        (0.5, 9.0, "rmse", True),
        (3.0, 9.0, "rmse", False),
        (0.999, 0.0, "r2", True),
    ],
)
def test_a_score_near_perfect_is_suspicious(tmp_path, best, plain, metric, is_suspicious):
    said = cautions(closed(tmp_path, best, plain, metric))
    assert len(said) == is_suspicious
    assert all("suspiciously good" in sentence for sentence in said)


def test_of_few_rows_a_faultless_score_says_little(tmp_path):
    assert cautions(closed(tmp_path, 1.0, 0.5, rows=36)) == []


def test_what_was_seen_in_the_data_stands_in_summary_and_terminal(tmp_path):
    run = closed(tmp_path, 1.0, 0.9, named=["possible leak: `refund` all but gives it away"])
    for text in (summarise(run, find_out(run)), conclude(run)):
        assert "suspiciously good: see what follows" in text
        assert "Possible leak: `refund` all but gives it away." in text


def test_a_run_without_a_word_on_its_data_is_read(tmp_path):
    assert cautions(synthetic_run(tmp_path)) == []


@pytest.mark.parametrize(
    ("best", "named", "reason"),
    [
        (0.8, ["possible leak: `refund` gives part of the target away"], "a column may give"),
        (1.0, [], "they are suspiciously good"),
        (0.8, ["3 of 40 test rows stand in the training part too"], None),
        (0.8, [], None),
    ],
)
def test_the_verdict_promises_nothing_that_is_doubted(tmp_path, best, named, reason):
    run = closed(tmp_path, best, 0.5, named=named)
    for text in (verdict(run)[0], summarise(run, find_out(run)), conclude(run)):
        assert (f"Do not rely on these scores yet, for {reason}" in text) == (reason is not None)
        assert ("On new rows expect" in text) == (reason is None)


@pytest.mark.parametrize("text", ["{", "[]", '{"sizes": 3}', '{"cautions": [1]}', "\x00"])
def test_a_damaged_record_of_the_data_is_said(text, tmp_path):
    folder = make_run(tmp_path / "2026-11-23T10-37-05_iris")
    (folder / "data.json").write_text(text)
    with pytest.raises(RunError, match=r"data\.json is damaged"):
        cautions(Run.open(folder))
