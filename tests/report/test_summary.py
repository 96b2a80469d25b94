"""summary.md and the end on the terminal, of runs whose folder says all of it."""

import json
import re

from conftest import MIXED, synthetic_run

from hpopt.report.findings import find_out
from hpopt.report.summary import summarise
from hpopt.report.terminal import conclude
from hpopt.runs.events import Step
from hpopt.runs.folder import Run
from hpopt.space.dimensions import Categorical
from hpopt.space.space import Space

TEST = Step(
    "test",
    "",
    {
        "best": {"accuracy": 0.8765},
        "default": {"accuracy": 0.7654},
        "baselines": {
            "majority class": {"validation": {"accuracy": 0.5}, "test": {"accuracy": 0.51}},
            "logistic regression": {"validation": {"accuracy": 0.81}, "test": {"accuracy": None}},
        },
    },
)
FINDINGS = Step("summary", "", {"findings": {"effects": ["`rate`: x", "y"], "trust": "so far."}})


def summary(run) -> str:
    return summarise(run, find_out(run))


def test_the_best_stands_beside_the_default_and_the_plain_models(tmp_path):
    run = synthetic_run(tmp_path, steps=[TEST])
    best = f"{run.best.result.metrics['accuracy']:.4f}"
    text = summary(run)
    assert f"| best (trial {run.best.number}) | {best} | 0.8765 |" in text
    assert "| default params (trial 1) | 0.7800 | 0.7654 |" in text
    assert "| majority class | 0.5000 | 0.5100 |" in text
    assert "| logistic regression | 0.8100 | – |" in text


def test_the_space_is_told_with_its_priors_and_conditions(tmp_path):
    text = summary(synthetic_run(tmp_path))
    assert "| 0.0001 to 0.1, log-uniform |" in text
    assert "| adam, sgd |" in text
    assert "| 0 to 0.99; where optimizer is sgd |" in text
    assert "12 trials over 4 dimensions" in text


def test_the_pictures_that_were_drawn_are_shown(tmp_path):
    run = synthetic_run(tmp_path)
    text = summarise(run, find_out(run), ["convergence", "pairs"])
    assert "![Convergence](plots/convergence.png)" in text
    assert "[pairs](plots/pairs.png)" in text
    assert "partial_dependence" not in text


def test_it_names_the_versions_and_the_command_to_repeat_it(tmp_path):
    run = synthetic_run(tmp_path)
    assert "hpopt tune config.resolved.yaml" in summary(run)
    versions = {"python": "3.11.7", "packages": {"tensorflow": "2.21.0", "keras": None}}
    (run.path / "environment.json").write_text(json.dumps(versions))
    assert "with hpopt 0, Python 3.11.7 and tensorflow 2.21.0;" in summary(run)


def test_a_run_of_failures_tells_their_reasons(tmp_path):
    run = synthetic_run(tmp_path, trials=3, failed=[1, 2, 3])
    text = summary(run)
    assert "No trial gave a value, so there is no model." in text
    assert "- the loss became nan in epoch 1 (trial 1, 2, 3)" in text
    assert "no trial gave a value" in conclude(run)


def test_nothing_that_a_terminal_obeys_stands_in_it(tmp_path):
    wild = "a\x1b]0;title\x07\nb"
    space = Space([Categorical(f"size{wild}", ("x", wild), "x"), *MIXED])
    run = synthetic_run(tmp_path, space, trials=4, score=lambda params, rng: 0.5, failed=[2])
    journal = run.path / "journal.jsonl"
    journal.write_text(journal.read_text().replace("the loss became nan", json.dumps(wild)[1:-1]))
    text = summary(Run.open(run.path))
    assert not re.search("[\x1b\x07]", text)
    assert r"- a\x1b]0;title\x07\nb in epoch 1 (trial 2)" in text


def test_the_terminal_says_the_same_in_a_few_lines(tmp_path):
    run = synthetic_run(tmp_path, steps=[TEST, FINDINGS])
    lines = conclude(run).splitlines()
    best = run.best
    score = f"{best.result.metrics['accuracy']:.4f}"
    assert lines[0] == "On new rows expect accuracy of about 0.8765."
    assert lines[2:4] == [
        f"best accuracy on validation: {score} (trial {best.number})",
        "its accuracy on test:        0.8765",
    ]
    assert "  majority class                0.5000  0.5100" in lines
    assert "  rate: x" in lines
    assert "so far." in lines
    assert lines[-1].startswith("run folder: ")


def test_the_default_params_are_not_compared_with_themselves(tmp_path):
    run = synthetic_run(tmp_path, trials=4, score=lambda params, rng: 0.5, steps=[TEST])
    assert run.best.number == 1
    assert summary(run).count("| default params") == 1
    assert "No trial was better than the default params." in summary(run)
    assert "(the default params)" in conclude(run)
