"""The metrics by name: the table that the YAML, its documentation and the statistics read."""

from __future__ import annotations

from collections.abc import Sequence

from hpopt.metrics.costs import COST, Costs, cost_metric
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


def metric_of(
    name: str,
    costs: Costs | None = None,
    labels: Sequence[str] = (),
    season_error: float | None = None,
) -> Metric:
    """The metric of that name: for these classes, or for a forecast of this season error."""
    if name != COST:
        return METRICS[name].counted_in(season_error)
    assert costs is not None  # which the config's check has seen to
    return cost_metric(costs, labels)


def metrics_for(
    task: Task,
    costs: Costs | None = None,
    labels: Sequence[str] = (),
    season_error: float | None = None,
) -> list[Metric]:
    """The metrics that fit a task; that of costs where there are some."""
    fitting = [m.counted_in(season_error) for m in METRICS.values() if task in m.tasks]
    return fitting if costs is None else [*fitting, cost_metric(costs, labels)]


def default_metric(task: Task) -> Metric:
    """What `metric: auto` means for a task."""
    return METRICS[TASKS[task].metric]
