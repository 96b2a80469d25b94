"""The metrics by name: the table that the YAML, its documentation and the statistics read."""

from __future__ import annotations

from hpopt.metrics.labels import ACCURACY, BALANCED_ACCURACY, F1
from hpopt.metrics.metric import Metric
from hpopt.metrics.probabilities import AUC, AVERAGE_PRECISION, LOG_LOSS
from hpopt.metrics.values import MAE, MASE, R2, RMSE, WAPE
from hpopt.task import TASKS, Task

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        ACCURACY,
        BALANCED_ACCURACY,
        AUC,
        AVERAGE_PRECISION,
        F1,
        LOG_LOSS,
        RMSE,
        MAE,
        R2,
        MASE,
        WAPE,
    )
}


def metrics_for(task: Task) -> list[Metric]:
    """The metrics that fit a task."""
    return [metric for metric in METRICS.values() if task in metric.tasks]


def default_metric(task: Task) -> Metric:
    """What `metric: auto` means for a task."""
    return METRICS[TASKS[task].metric]
