"""The metrics by name: the table that the YAML, its documentation and the statistics read."""

from __future__ import annotations

from collections.abc import Sequence

from hpopt.metrics.costs import COST, Costs, cost_metric
from hpopt.metrics.labels import ACCURACY, BALANCED_ACCURACY, F1
from hpopt.metrics.metric import Metric
from hpopt.metrics.probabilities import AUC, AVERAGE_PRECISION, LOG_LOSS
from hpopt.metrics.values import MAE, R2, RMSE
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
    )
}


def metric_of(name: str, costs: Costs | None, labels: Sequence[str]) -> Metric:
    """The metric of that name, for these classes."""
    if name != COST:
        return METRICS[name]
    assert costs is not None  # which the config's check has seen to
    return cost_metric(costs, labels)


def metrics_for(task: Task, costs: Costs | None = None, labels: Sequence[str] = ()) -> list[Metric]:
    """The metrics that fit a task; that of costs where there are some."""
    fitting = [metric for metric in METRICS.values() if task in metric.tasks]
    return fitting if costs is None else [*fitting, cost_metric(costs, labels)]


def default_metric(task: Task) -> Metric:
    """What `metric: auto` means for a task."""
    return METRICS[TASKS[task].metric]
