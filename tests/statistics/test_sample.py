"""Predictors on the same rows."""

import numpy as np
import pytest

from hpopt.metrics.metrics import METRICS
from hpopt.statistics.proportions import clopper_pearson, mcnemar
from hpopt.statistics.records import Interval
from hpopt.statistics.sample import Predictor, Sample, independent_difference


def two_predictors(n=120, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.4).astype(int)
    said = [1 / (1 + np.exp(-(s * (2 * y - 1) + rng.normal(size=n)))) for s in (1.5, 0.3)]
    return y, {"good": Predictor(said[0][:, None]), "poor": Predictor(said[1][:, None])}


def test_accuracy_is_exact_and_the_rest_is_resampled():
    y, predictors = two_predictors()
    sample = Sample(y, predictors, [METRICS["accuracy"], METRICS["auc"]])
    right = {n: (one.predictions[:, 0] > 0.5) == y for n, one in predictors.items()}
    assert sample.score("good", "accuracy") == pytest.approx(right["good"].mean())
    assert sample.interval("good", "accuracy") == clopper_pearson(right["good"].sum(), 120)
    difference = sample.compare("good", "poor", "accuracy")
    b, c = (right["good"] & ~right["poor"]).sum(), (right["poor"] & ~right["good"]).sum()
    assert difference.p == mcnemar(b, c)
    assert difference.is_clear
    of_auc = sample.compare("good", "poor", "auc")
    assert of_auc.is_clear
    assert of_auc.p < 0.01
    assert of_auc.interval.holds(of_auc.difference)
    assert sample.interval("good", "auc").holds(sample.score("good", "auc"))


def test_the_p_value_and_the_interval_never_disagree():
    for seed in range(20):
        y, predictors = two_predictors(40, seed)
        sample = Sample(y, predictors, [METRICS["auc"], METRICS["f1"], METRICS["log_loss"]])
        for metric in ("auc", "f1", "log_loss"):
            found = sample.compare("good", "poor", metric)
            assert found.interval.holds(0) == (found.p > 0.05), (seed, metric)


def test_a_row_or_four_prove_nothing_of_labels():
    y = np.array([0] * 30 + [1] * 30)
    better, worse = y.astype(float), y.astype(float)
    worse[26:30] = 1.0  # four rows that the other has right: the exact p is 2 / 2^4
    predictors = {"a": Predictor(better[:, None]), "b": Predictor(worse[:, None])}
    sample = Sample(
        y, predictors, [METRICS["accuracy"], METRICS["f1"], METRICS["balanced_accuracy"]]
    )
    for metric in sample.metrics:
        found = sample.compare("a", "b", metric)
        assert found.p == pytest.approx(0.125, abs=0.03)
        assert found.interval.holds(0)
        assert not found.is_clear


def test_no_fault_in_few_rows_is_no_proof_of_faultlessness():
    y = np.array([0] * 30 + [1] * 10)
    sample = Sample(
        y,
        {"best": Predictor(y[:, None].astype(float))},
        map(METRICS.get, ("auc", "balanced_accuracy")),
    )
    for metric in ("auc", "balanced_accuracy"):
        found = sample.interval("best", metric)
        assert found.high == 1
        assert found.low == pytest.approx(0.025 ** (1 / 10))


def test_who_says_the_same_does_not_differ():
    y, predictors = two_predictors()
    sample = Sample(y, {"a": predictors["good"], "b": predictors["good"]}, [METRICS["auc"]])
    found = sample.compare("a", "b", "auc")
    assert (found.difference, found.interval, found.p) == (0.0, Interval(0.0, 0.0), 1.0)


def test_groups_widen_what_is_said():
    y, predictors = two_predictors(60)
    doubled = {n: Predictor(np.repeat(p.predictions, 4, axis=0)) for n, p in predictors.items()}
    groups = np.repeat(np.arange(60), 4)
    many = np.repeat(y, 4)
    by_row = Sample(many, doubled, [METRICS["accuracy"]]).interval("good", "accuracy")
    by_group = Sample(many, doubled, [METRICS["accuracy"]], groups=groups).interval(
        "good", "accuracy"
    )
    assert by_group.high - by_group.low > 1.5 * (by_row.high - by_row.low)


def test_a_score_that_can_not_be_had_has_no_interval():
    y = np.zeros(20, dtype=int)
    sample = Sample(
        y, {"best": Predictor(np.full((20, 1), 0.3))}, map(METRICS.get, ("auc", "accuracy"))
    )
    assert sample.score("best", "auc") is None
    assert sample.interval("best", "auc") is None
    assert sample.compare("best", "best", "auc") is None
    assert sample.score("best", "accuracy") == 1.0


def test_scores_of_different_rows_are_as_unsure_as_both():
    found = independent_difference(0.9, Interval(0.8, 0.95), 0.7, Interval(0.6, 0.8))
    assert found.low == pytest.approx(0.2 - np.hypot(0.1, 0.1))
    assert found.high == pytest.approx(0.2 + np.hypot(0.05, 0.1))


def test_finding_none_of_a_rare_class_is_no_proof_that_none_is_ever_found():
    y = np.array([0] * 285 + [1] * 15)
    nothing = {"best": Predictor(np.full((300, 1), 0.1))}
    sample = Sample(y, nothing, [METRICS["accuracy"], METRICS["balanced_accuracy"], METRICS["f1"]])
    most = clopper_pearson(0, 15).high
    f1, balanced = sample.interval("best", "f1"), sample.interval("best", "balanced_accuracy")
    assert f1 == pytest.approx((0.0, 2 * most / (1 + most)))
    assert balanced.high == pytest.approx(0.5 + most / 2)
    assert 0.49 < balanced.low < 0.5
    nowhere = Sample(y * 0, nothing, [METRICS["f1"]])  # neither there nor said: nothing is known
    assert nowhere.interval("best", "f1") == (0.0, 1.0)


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1", "auc"])
@pytest.mark.parametrize("right", [True, False])
def test_a_score_that_no_resample_changes_has_an_interval(metric, right):
    y = np.array([0, 1] * 12)
    said = {"best": Predictor(abs(y - (not right))[:, None].astype(float))}
    for groups in (None, np.repeat(np.arange(4), 6)):
        interval = Sample(y, said, [METRICS[metric]], groups=groups).interval("best", metric)
        assert 0.1 < interval.high - interval.low < 0.9
        assert interval.holds(float(right))


@pytest.mark.parametrize("classes", [2, 3])
def test_the_interval_of_f1_holds_the_truth_as_often_as_is_said(classes):
    rng = np.random.default_rng(0)
    shares = np.array([0.95, 0.05] if classes == 2 else [0.5, 0.45, 0.05])

    def draw(n):
        y = rng.choice(classes, size=n, p=shares)
        said = np.where(rng.random(n) < np.where(y == classes - 1, 0.1, 0.95), y, 0)
        return y, np.eye(classes)[said] if classes > 2 else said[:, None].astype(float)

    y, said = draw(200_000)
    truth = METRICS["f1"].score(y, said)
    held = 0
    for _ in range(100):
        y, said = draw(200)
        sample = Sample(y, {"best": Predictor(said)}, [METRICS["f1"]], resamples=200)
        held += sample.interval("best", "f1").holds(truth)
    assert held >= 91


@pytest.mark.parametrize("count", [4, 8])
def test_few_groups_are_enough_for_an_interval_that_holds(count):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(100):
        groups = np.repeat(np.arange(count), 25)
        right = rng.random(len(groups)) < rng.beta(8, 2, size=count)[groups]
        y = rng.integers(2, size=len(groups))
        said = Predictor(np.where(right, y, 1 - y)[:, None].astype(float))
        sample = Sample(y, {"best": said}, [METRICS["accuracy"]], groups=groups, resamples=200)
        held += sample.interval("best", "accuracy").holds(0.8)
    assert held >= 91
