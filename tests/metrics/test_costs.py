import json

import numpy as np
import pandas as pd
import pytest

import hpopt
from hpopt.config.loading import load_config
from hpopt.errors import ConfigError
from hpopt.metrics.costs import cost_matrix, cost_metric
from hpopt.metrics.metrics import metrics_for
from hpopt.metrics.weighted import labels_above
from hpopt.statistics.sample import Predictor, Sample
from hpopt.statistics.threshold import as_judged, best_threshold
from hpopt.task import OWN_THRESHOLD

LABELS = ("no", "yes")
COSTS = {"yes": 100.0, "no": 5.0}
METRIC = cost_metric(COSTS, LABELS)


def drawn(rows, seed=0, intercept=-1.5):
    """Labels of which one in five is positive, and probabilities that are true."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-(2 * rng.normal(size=rows) + intercept)))
    return (rng.random(rows) < probability).astype(np.int64), probability[:, None]


def test_it_is_the_mean_cost_of_a_row():
    y, said = drawn(200)
    missed, false_alarm = (y == 1) & (said[:, 0] <= 0.5), (y == 0) & (said[:, 0] > 0.5)
    expected = (100 * missed.sum() + 5 * false_alarm.sum()) / 200
    assert METRIC.score(y, said) == pytest.approx(expected)
    assert METRIC.score(y, y[:, None].astype(float)) == 0
    counts = np.random.default_rng(1).integers(0, 3, (200, 4))
    repeated = [METRIC.score(np.repeat(y, n), np.repeat(said, n, axis=0)) for n in counts.T]
    assert METRIC.scorer(y, said)(counts) == pytest.approx(repeated)


def test_costs_may_be_those_of_each_kind_of_mistake():
    costs = {"a": {"b": 1.0, "c": 5.0}, "b": 2.0, "c": 3.0}
    assert cost_matrix(costs, ("a", "b", "c")).tolist() == [[0, 1, 5], [2, 0, 2], [3, 3, 0]]
    y, said = np.array([0, 0, 1, 2]), np.eye(3)[[1, 2, 1, 0]]
    assert cost_metric(costs, ("a", "b", "c")).score(y, said) == pytest.approx((1 + 5 + 3) / 4)


def test_the_threshold_is_the_cheapest():
    y, said = drawn(4000)
    # Of true probabilities a row is cheaper called positive from 5 / (5 + 100) on.
    threshold = best_threshold(METRIC, y, said)
    assert 0.02 < threshold < 0.1
    cheap = METRIC.score(y, labels_above(said, threshold)[:, None].astype(float))
    assert cheap < 0.6 * METRIC.score(y, said)
    judged = METRIC.score(y, as_judged(METRIC, OWN_THRESHOLD, y, said))
    assert judged == pytest.approx(cheap, rel=0.1)


def test_its_intervals_hold_the_truth_where_mistakes_are_few():
    y, said = drawn(400_000, seed=9, intercept=-4.5)
    truth = METRIC.score(y, said > 0.05)
    parts = np.arange(400_000).reshape(-1, 250)[:150]
    held = 0
    for rows in parts:
        sample = Sample(y[rows], {"one": Predictor(said[rows], 0.05)}, [METRIC], resamples=300)
        held += sample.interval("one", "cost").holds(truth)
    assert held >= 0.92 * len(parts)
    y = np.array([0] * 90 + [1] * 10)
    faultless = Sample(y, {"one": Predictor(y[:, None].astype(float))}, [METRIC])
    assert faultless.interval("one", "cost").low == 0
    assert faultless.interval("one", "cost").high > 1


YAML = """
dataset: {{source: csv, path: {path}, target: churned}}
model: {{builder: dense_dropout}}
space: {{learning_rate: {{type: real, low: 1e-3, high: 1e-1, prior: log-uniform}}}}
training: {{epochs: 3, {training}}}
search: {{n_calls: 2}}
execution: {{workers: 0}}
output: {{plots: false}}
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    y, said = drawn(500)
    path = tmp_path_factory.mktemp("costs") / "rows.csv"
    score = np.log(said[:, 0] / (1 - said[:, 0]))
    pd.DataFrame({"score": score, "churned": np.where(y, "yes", "no")}).to_csv(path, index=False)
    return path


def config(rows, training):
    path = rows.with_name("config.yaml")
    path.write_text(YAML.format(path=rows, training=training))
    return path


@pytest.mark.keras
def test_a_search_for_the_cheapest(rows, tmp_path):
    training = "metric: cost, costs: {yes: 100, no: 5}"
    run = hpopt.tune(config(rows, training), output_dir=tmp_path)
    assert run.header.greater_is_better is False
    threshold = json.loads((run.path / "best" / "labels.json").read_text())["threshold"]
    assert threshold < 0.4
    frame = pd.read_csv(rows)
    said, truth = hpopt.predict(run, frame)["prediction"], frame["churned"]
    missed, false_alarm = ((truth != said) & (truth == each) for each in ("yes", "no"))
    expected = (100 * missed.sum() + 5 * false_alarm.sum()) / len(frame)
    assert hpopt.evaluate(run, frame).scores["cost"] == pytest.approx(expected)
    assert "expect a cost of about" in (run.path / "summary.md").read_text()
    with pytest.raises(ConfigError, match="`costs` was"):
        hpopt.resume(run.path, training__costs={"yes": 9, "no": 5}, search__n_calls=3)


@pytest.mark.parametrize(
    ("training", "wrong", "help"),
    [
        ("metric: cost", "needs to know what mistakes cost", "by true class"),
        ("metric: cost, costs: {yes: 1}", 'what a row of "no" costs', "one number for each"),
        ("costs: {yes: 1, nein: 2}", 'no class "nein"', "`no`"),
        ("costs: {yes: {no: 1, yes: 2}, no: 1}", '"yes" is no mistake', "leave it out"),
        ("costs: {yes: {}, no: 1}", 'of "yes" costs that is taken for "no"', "every other"),
        ("costs: {yes: 0, no: 0}", "no mistake costs anything", "above 0"),
    ],
)
def test_what_is_wrong_with_costs_is_said(rows, training, wrong, help):
    loaded = load_config(config(rows, training))
    with pytest.raises(ConfigError, match=wrong) as caught:
        loaded.metric("binary", LABELS)
    [problem] = caught.value.problems
    assert help in problem.help
    assert problem.location.line == 5


def test_costs_are_of_labels(rows):
    with pytest.raises(ConfigError, match="do not fit a regression"):
        load_config(config(rows, "costs: {yes: 1, no: 1}")).metric("regression", ())


def test_they_are_one_more_metric_beside_another():
    assert [metric.name for metric in metrics_for("binary", COSTS, LABELS)][-1] == "cost"
