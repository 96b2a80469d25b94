"""What a task asks for is there, and fits it."""

import pytest

from hpopt.metrics.metrics import METRICS, default_metric, metrics_for
from hpopt.task import TASKS, Output


@pytest.mark.parametrize("task", TASKS)
def test_the_usual_metric_of_a_task_fits_it(task):
    assert default_metric(task) in metrics_for(task)
    needs = {metric.needs for metric in metrics_for(task)}
    assert needs == ({"labels", "probabilities"} if TASKS[task].has_labels else {"values"})


def test_every_metric_is_of_some_task():
    assert all(metric.tasks and set(metric.tasks) <= TASKS.keys() for metric in METRICS.values())


@pytest.mark.parametrize(
    ("task", "classes", "output"),
    [
        ("binary", 2, Output(1, "sigmoid", "binary")),
        ("multiclass", 5, Output(5, "softmax", "multiclass")),
        ("regression", 0, Output(1, "linear", "regression")),
    ],
)
def test_a_task_declares_its_output(task, classes, output):
    assert Output.of(task, classes) == output
    assert (output.name, output.shape) == ("prediction", (output.units,))


def test_labels_of_two_alone_hang_on_a_threshold():
    assert [task for task, kind in TASKS.items() if kind.has_threshold] == ["binary"]


@pytest.mark.keras
@pytest.mark.parametrize("task", TASKS)
def test_keras_has_the_losses_of_a_task(task):
    import keras

    kind = TASKS[task]
    assert kind.loss("auto") == kind.losses[0]
    for name in kind.losses:
        assert kind.loss(name) == name
        assert callable(keras.losses.get(name))
