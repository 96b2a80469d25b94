import numpy as np
import pytest

from hpopt.closing.features import Features
from hpopt.metrics.metrics import METRICS

RNG = np.random.default_rng(0)
ONE_EACH = {"loud": range(1), "soft": range(1, 2), "idle": range(2, 3)}


def features(metric="rmse", n=1500, noise=0.5, **changes):
    """A network that has learnt y = 2 loud + soft, whose rows have some noise."""
    inputs = RNG.normal(size=(n, 3))
    signal = 2 * inputs[:, 0] + inputs[:, 1]
    is_label = "binary" in METRICS[metric].tasks
    y = signal + noise * RNG.normal(size=n)

    def predict(rows):
        said = (2 * rows[:, :1] + rows[:, 1:2]).astype(float)
        return 1 / (1 + np.exp(-4 * said)) if is_label else said

    given = {
        "places": ONE_EACH,
        "inputs": inputs,
        "y": (y > 0).astype(int) if is_label else y,
        "groups": None,
        "weights": None,
        "predict": predict,
        "threshold": 0.5,
        "metric": METRICS[metric],
    }
    return Features(**given | changes)


def test_the_loss_is_what_an_independent_copy_of_the_feature_makes():
    """Of y = b x + e a copy of x that says nothing adds 2 b^2 var(x) to the squared error."""
    found = features().importance()
    assert list(found.features) == ["loud", "soft", "idle"]
    for name, weight in (("loud", 2), ("soft", 1)):
        worth = found.features[name]
        expected = np.sqrt(0.25 + 2 * weight**2) - 0.5
        assert worth.difference == pytest.approx(expected, rel=0.06)
        assert worth.interval.holds(expected)
        assert worth.is_clear
    assert found.features["idle"].difference == 0
    assert not found.features["idle"].is_clear


@pytest.mark.parametrize("metric", ["accuracy", "auc", "f1", "mae", "r2"])
def test_a_feature_of_use_has_a_worth_above_0_whatever_the_metric(metric):
    found = features(metric, n=300).importance()
    assert next(iter(found.features)) == "loud"
    assert found.features["loud"].interval.low > 0
    assert found.deals == 8


def test_inputs_of_one_feature_are_dealt_out_together():
    pair = {"loud": range(2), "idle": range(2, 3)}
    apart, together = features().importance(), features(places=pair).importance()
    assert together.features["loud"].difference > apart.features["loud"].difference


def test_rows_that_belong_together_count_as_one():
    distinct = RNG.normal(size=(10, 3))
    rows = np.repeat(distinct, 30, axis=0)
    y = np.repeat(2 * distinct[:, 0] + distinct[:, 1] + RNG.normal(size=10), 30)
    given = features(n=300, inputs=rows, y=y)
    in_groups = features(n=300, inputs=rows, y=y, groups=np.repeat(np.arange(10), 30))
    free, bound = (f.importance().features["loud"].interval for f in (given, in_groups))
    assert bound.high - bound.low > 2 * (free.high - free.low)


def test_rows_that_count_nothing_do_not_count():
    of_half = features(n=600, weights=np.repeat([1.0, 0.0], 300)).importance()
    assert of_half.features["loud"].is_clear
    nothing = features(n=600, weights=np.repeat([1.0, 0.0], 300), noise=0.0).importance()
    assert nothing.features["idle"].difference == 0


def test_of_many_rows_some_are_looked_at_and_of_many_features_the_first_are_shown():
    n, d = 5000, 40
    inputs = RNG.normal(size=(n, d))
    given = features(
        n=n,
        inputs=inputs,
        y=inputs @ np.arange(d),
        predict=lambda rows: (rows @ np.arange(d))[:, None],
        places={f"x{i}": range(i, i + 1) for i in range(d)},
    )
    found = given.importance()
    assert (found.rows, found.deals, found.of, len(found.features)) == (2000, 2, 40, 20)
    assert set(list(found.features)[:2]) < {"x39", "x38", "x37"}


@pytest.mark.parametrize("count", [0, 1, 301])
def test_there_is_nothing_to_say_without_features_or_of_very_many(count):
    places = {f"x{i}": range(i % 3, i % 3 + 1) for i in range(count)}
    assert features(places=places).importance() is None


def test_windows_are_dealt_out_as_wholes():
    inputs = RNG.normal(size=(200, 6, 2)).astype(np.float32)
    found = features(
        "mae",
        n=200,
        inputs=inputs,
        y=inputs[:, :, 0].mean(axis=1),
        predict=lambda rows: rows[:, :, 0].mean(axis=1, keepdims=True).astype(float),
        places={"count": range(1), "hour": range(1, 2)},
    ).importance()
    assert found.features["count"].is_clear
    assert found.features["hour"].difference == 0
