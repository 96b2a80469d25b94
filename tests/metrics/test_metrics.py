import numpy as np
import pytest
import sklearn.metrics as reference

from hpopt.errors import TrialError
from hpopt.metrics.metrics import METRICS, default_metric, metrics_for
from hpopt.metrics.weighted import labels_above, sure_of

RNG = np.random.default_rng(0)
ROWS = 60

BINARY_Y = RNG.integers(0, 2, ROWS)
BINARY = 0.3 * BINARY_Y + 0.7 * RNG.random(ROWS)
BINARY_LABELS = BINARY > 0.5
CLASSES_Y = RNG.integers(0, 3, ROWS)
CLASSES = RNG.dirichlet(np.ones(3), ROWS) + np.eye(3)[CLASSES_Y] * 0.5
CLASSES /= CLASSES.sum(axis=1, keepdims=True)
CLASS_LABELS = CLASSES.argmax(axis=1)
VALUES_Y = RNG.normal(size=ROWS) * 50 + 1000
VALUES = VALUES_Y + RNG.normal(size=ROWS) * 20
STEPS_Y = RNG.normal(size=(ROWS, 3)) * 50 + 1000
STEPS = STEPS_Y + RNG.normal(size=(ROWS, 3)) * 20

CASES = {
    "binary": (BINARY_Y, BINARY[:, None]),
    "multiclass": (CLASSES_Y, CLASSES),
    "regression": (VALUES_Y, VALUES[:, None]),
    "forecast": (STEPS_Y, STEPS),
}
PERFECT = {
    "binary": BINARY_Y[:, None].astype(np.float64),
    "multiclass": np.eye(3)[CLASSES_Y],
    "regression": VALUES_Y[:, None],
    "forecast": STEPS_Y,
}
EXPECTED = {
    ("accuracy", "binary"): reference.accuracy_score(BINARY_Y, BINARY_LABELS),
    ("accuracy", "multiclass"): reference.accuracy_score(CLASSES_Y, CLASS_LABELS),
    ("balanced_accuracy", "binary"): reference.balanced_accuracy_score(BINARY_Y, BINARY_LABELS),
    ("balanced_accuracy", "multiclass"): reference.balanced_accuracy_score(CLASSES_Y, CLASS_LABELS),
    ("auc", "binary"): reference.roc_auc_score(BINARY_Y, BINARY),
    ("auc", "multiclass"): reference.roc_auc_score(CLASSES_Y, CLASSES, multi_class="ovr"),
    ("average_precision", "binary"): reference.average_precision_score(BINARY_Y, BINARY),
    ("f1", "binary"): reference.f1_score(BINARY_Y, BINARY_LABELS),
    ("f1", "multiclass"): reference.f1_score(CLASSES_Y, CLASS_LABELS, average="macro"),
    ("log_loss", "binary"): reference.log_loss(BINARY_Y, BINARY),
    ("log_loss", "multiclass"): reference.log_loss(CLASSES_Y, CLASSES),
    ("rmse", "regression"): np.sqrt(reference.mean_squared_error(VALUES_Y, VALUES)),
    ("mae", "regression"): reference.mean_absolute_error(VALUES_Y, VALUES),
    ("r2", "regression"): reference.r2_score(VALUES_Y, VALUES),
    ("rmse", "forecast"): np.sqrt(reference.mean_squared_error(STEPS_Y.ravel(), STEPS.ravel())),
    ("mae", "forecast"): reference.mean_absolute_error(STEPS_Y, STEPS),
    ("r2", "forecast"): reference.r2_score(STEPS_Y.ravel(), STEPS.ravel()),
    ("mase", "forecast"): reference.mean_absolute_error(STEPS_Y, STEPS),
    ("wape", "forecast"): np.abs(STEPS_Y - STEPS).sum() / STEPS_Y.sum(),
}
every_case = pytest.mark.parametrize(("name", "task"), EXPECTED)


def test_the_table_of_tasks_is_this_one():
    of_tasks = {(metric.name, task) for metric in METRICS.values() for task in metric.tasks}
    assert of_tasks == set(EXPECTED)
    assert all(name == metric.name for name, metric in METRICS.items())


@pytest.mark.parametrize("task", CASES)
def test_the_metrics_of_a_task_are_those_that_name_it(task):
    names = {name for name, of_task in EXPECTED if of_task == task}
    assert {metric.name for metric in metrics_for(task)} == names


@every_case
def test_a_metric_is_that_of_scikit_learn(name, task):
    assert METRICS[name].score(*CASES[task]) == pytest.approx(EXPECTED[name, task])


@every_case
def test_a_metric_of_float32_predictions_is_nearly_the_same(name, task):
    y, predictions = CASES[task]
    score = METRICS[name].score(y, predictions.astype(np.float32))
    assert type(score) is float
    assert score == pytest.approx(EXPECTED[name, task], rel=1e-4)


@every_case
def test_better_predictions_have_a_lower_value(name, task):
    metric = METRICS[name]
    y, predictions = CASES[task]
    perfect = metric.to_value(metric.score(y, PERFECT[task]))
    assert perfect < metric.to_value(metric.score(y, predictions))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("classes", [3, 10, 100])
@pytest.mark.parametrize("metric", metrics_for("multiclass"), ids=lambda metric: metric.name)
def test_rows_of_a_float32_softmax_cause_no_warnings(metric, classes):
    logits = RNG.normal(size=(400, classes)).astype(np.float32) * 10
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = powers / powers.sum(axis=1, keepdims=True) * np.float32(1 + 1e-5)
    assert softmax.dtype == np.float32
    assert np.isfinite(metric.score(np.arange(400) % classes, softmax))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("metric", metrics_for("binary"), ids=lambda metric: metric.name)
@pytest.mark.parametrize("says", [0.0, 0.5, 1.0])
def test_a_sigmoid_that_always_says_the_same_causes_no_warnings(metric, says):
    predictions = np.full((ROWS, 1), says, dtype=np.float32)
    assert np.isfinite(metric.score(BINARY_Y, predictions))


def test_mase_counts_in_the_errors_of_the_value_one_season_ago():
    mae, mase = METRICS["mae"], METRICS["mase"].counted_in(4.0)
    assert mase.score(STEPS_Y, STEPS) == pytest.approx(mae.score(STEPS_Y, STEPS) / 4)
    counts = RNG.integers(0, 3, (ROWS, 5)).astype(np.float64)
    np.testing.assert_allclose(
        mase.scorer(STEPS_Y, STEPS)(counts), mae.scorer(STEPS_Y, STEPS)(counts) / 4
    )
    assert mae.counted_in(4.0) is mae
    assert METRICS["mase"].counted_in(None) is METRICS["mase"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@every_case
def test_predictions_that_are_not_finite_fail_the_trial(name, task, bad):
    y, predictions = CASES[task]
    predictions = predictions.copy()
    predictions[3, -1] = bad
    with pytest.raises(TrialError, match="not finite"):
        METRICS[name].score(y, predictions)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "y", "predictions"),
    [
        ("auc", np.zeros(4, dtype=int), np.linspace(0, 1, 4)[:, None]),
        ("auc", np.array([0, 1, 0, 1]), np.full((4, 3), 1 / 3)),
        ("r2", np.zeros(1), np.zeros((1, 1))),
        ("rmse", np.zeros(4), np.full((4, 1), 1e200)),
    ],
    ids=["auc of one class", "auc without a class", "r2 of one row", "rmse beyond floats"],
)
def test_a_score_that_is_not_finite_fails_the_trial(name, y, predictions):
    with pytest.raises(TrialError, match="no value here"):
        METRICS[name].score(y, predictions)


@pytest.mark.parametrize(
    ("task", "name"), [("binary", "accuracy"), ("multiclass", "accuracy"), ("regression", "rmse")]
)
def test_auto_means_the_usual_metric_of_the_task(task, name):
    assert default_metric(task) is METRICS[name]
    assert task in METRICS[name].tasks


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [
        ([[0.2], [0.5], [0.51], [1.0]], [0, 0, 1, 1]),
        ([[0.2, 0.5, 0.3], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8]], [1, 0, 2]),
        ([[0.4, 0.4, 0.2]], [0]),
    ],
)
def test_labels_are_what_the_probabilities_speak_for(predictions, labels):
    assert labels_above(np.array(predictions)).tolist() == labels


@pytest.mark.parametrize(("labels", "units"), [([0, 1, 1], 1), ([0, 2, 1], 3)])
def test_what_is_sure_of_labels_speaks_for_them(labels, units):
    predictions = sure_of(np.array(labels), units)
    assert predictions.shape == (3, units)
    assert labels_above(predictions).tolist() == labels


@pytest.mark.parametrize(
    ("name", "y", "predictions", "is_constant"),
    [
        ("accuracy", [0, 1, 0], [[0.1], [0.4], [0.3]], True),
        ("accuracy", [0, 1, 0], [[0.1], [0.6], [0.3]], False),
        ("accuracy", [0, 1, 0], [[0.6], [0.4], [0.3]], True),  # worse than 0 of all
        ("accuracy", [0, 1, 0], [[0.6], [0.7], [0.3]], True),  # a hit for a false alarm
        ("balanced_accuracy", [0, 1, 0], [[0.6], [0.7], [0.3]], False),
        ("f1", [1, 1, 0, 0], [[0.9], [0.1], [0.1], [0.1]], True),  # 1 of all gives as much: 2/3
        ("f1", [0, 1], [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], True),
        ("accuracy", [0, 1, 2, 2], np.eye(3)[[0, 1, 2, 0]], False),
        ("accuracy", [0, 1, 2, 2], np.eye(3)[[1, 0, 2, 2]], True),
        ("auc", [0, 1, 0], [[0.1], [0.4], [0.3]], False),
        ("log_loss", [0, 1, 0], [[0.1], [0.1], [0.1 + 1e-9]], True),
        ("rmse", [5.0, 6.0], [[5.0], [5.0]], True),
        ("rmse", [5.0, 6.0], [[5.0], [5.1]], False),
    ],
)
def test_predictions_no_better_than_the_same_of_every_row_are_noticed(
    name, y, predictions, is_constant
):
    assert METRICS[name].is_constant(np.array(y), np.array(predictions)) == is_constant
