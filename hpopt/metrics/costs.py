"""What mistakes cost, as a metric: the setting `costs`, and the mean cost of a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import numpy as np
from annotated_types import Ge, MinLen

from hpopt.errors import suggest_name
from hpopt.metrics.metric import CLASSIFICATION, Metric, Share, Shares
from hpopt.metrics.weighted import Scorer, labels_above, mean_of

COST = "cost"

Cost = Annotated[float, Ge(0)]
# By true class what a row of it costs that is taken for another: any other, or each by its name.
Costs = Annotated[dict[str, Cost | dict[str, Cost]], MinLen(1)]


def misfit_of_costs(costs: Costs, labels: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with costs for these classes, and what would be right; None where they fit."""
    for label, cost in costs.items():
        if label not in labels:
            return f'there is no class "{label}"', suggest_name(label, labels)
        if not isinstance(cost, Mapping):
            continue
        others = [other for other in labels if other != label]
        for other in cost:
            if other == label:
                return f'`{label}` taken for "{label}" is no mistake', "leave it out"
            if other not in others:
                return f'there is no class "{other}"', suggest_name(other, others)
        for other in others:
            if other not in cost:
                return (
                    f'`costs` do not say what a row of "{label}" costs that is taken for "{other}"',
                    "name every other class, or give one number for all of them",
                )
    for label in labels:
        if label not in costs:
            return (
                f'`costs` do not say what a row of "{label}" costs that is taken for another class',
                f"one number for each class, as in {example_of_costs(labels)}",
            )
    if not cost_matrix(costs, labels).any():
        return "no mistake costs anything", "give at least one of them a cost above 0"
    return None


def example_of_costs(labels: Sequence[str]) -> str:
    """Costs for these classes, as they are written; of many only the first."""
    shown = [f'"{label}": {1 + 4 * (index == 1)}' for index, label in enumerate(labels[:3])]
    return "{" + ", ".join([*shown, *(["..."] if len(labels) > 3 else [])]) + "}"


def cost_matrix(costs: Costs, labels: Sequence[str]) -> np.ndarray:
    """What a row costs [classes, classes] by its true class and the one that it is taken for."""
    matrix = np.zeros((len(labels), len(labels)))
    for true, label in enumerate(labels):
        cost = costs[label]
        for said, other in enumerate(labels):
            if said != true:
                matrix[true, said] = cost[other] if isinstance(cost, Mapping) else cost
    return matrix


def cost_metric(costs: Costs, labels: Sequence[str]) -> Metric:
    """The mean cost of a row, where each of these classes has its costs: less is better."""
    matrix = cost_matrix(costs, labels)
    of_rows = _of_rows(matrix)
    return Metric(
        name=COST,
        function=lambda y, predictions: float(of_rows(y, predictions).mean()),
        weighted=_weighted(of_rows),
        shares=_shares(matrix),
        greater_is_better=False,
        tasks=CLASSIFICATION,
        needs="labels",
    )


def _of_rows(matrix: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    return lambda y, predictions: matrix[y, labels_above(predictions)]


def _weighted(
    of_rows: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Callable[[np.ndarray, np.ndarray], Scorer]:
    return lambda y, predictions: mean_of(of_rows(y, predictions))


def _shares(matrix: np.ndarray) -> Shares:
    """The share of each kind of mistake among the rows of its true class, with what it costs."""

    def shares(
        y: np.ndarray, said: np.ndarray, units: int, weights: np.ndarray | None
    ) -> list[Share]:
        of_class = np.bincount(y, weights, minlength=len(matrix))
        kinds = [(k, j) for k, j in np.argwhere(matrix > 0) if of_class[k] > 0]
        return [
            Share.of(said == j, y == k, weights)._replace(
                worth=float(len(kinds) * matrix[k, j] * of_class[k] / of_class.sum())
            )
            for k, j in kinds
        ]

    return shares
