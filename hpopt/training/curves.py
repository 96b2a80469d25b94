"""What a fit is to do and what it has done so far, whichever way it is driven."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from hpopt.errors import TrialError
from hpopt.training.rows import Rows
from hpopt.training.schedules import Schedule
from hpopt.training.settings import Augmentation, EarlyStopping


@dataclass(frozen=True, eq=False)
class Plan:
    """The rows of a fit, and the rules it keeps to.

    `metrics` are numbers to be had of the network's outputs [n, units] on the validation part, and
    `to_value` turns them into what is better the less it is. Where it is `averaged`, the averages
    that the optimiser keeps of weights are judged and kept.
    """

    train: Rows
    validation: Rows
    batch_size: int
    seed: int
    early_stopping: EarlyStopping | None = None
    metrics: Mapping[str, Callable[[np.ndarray], float]] = field(default_factory=dict)
    to_value: Callable[[float], float] = float
    augmentation: Augmentation | None = None
    schedule: Schedule | None = None
    averaged: bool = False


class Progress:
    """A fit's curves, one number an epoch, and what early stopping has to remember."""

    def __init__(self, plan: Plan) -> None:
        self.curves: dict[str, list[float]] = {"loss": [], "val_loss": [], "learning_rate": []}
        self.curves |= {f"val_{name}": [] for name in plan.metrics}
        self.best = math.inf
        self.best_epoch = 0
        self.stopped = False
        self._plan = plan

    @property
    def epoch(self) -> int:
        """How many epochs have been trained."""
        return len(self.curves["loss"])

    def take_up(
        self, curves: Mapping[str, list[float]], best: float, best_epoch: int, stopped: bool
    ) -> None:
        """Become what the progress of a paused fit was."""
        self.curves = {name: list(curve) for name, curve in curves.items()}
        self.best, self.best_epoch, self.stopped = best, best_epoch, stopped

    def add(self, loss: float, val_loss: float, learning_rate: float, outputs: np.ndarray) -> None:
        """Add an epoch, after which the network gives `outputs` [n, units] for the validation part.

        Raises TrialError where a loss is not finite, or a metric has no value.
        """
        self.curves["loss"].append(loss)
        self.curves["val_loss"].append(val_loss)
        self.curves["learning_rate"].append(learning_rate)
        for name, value in (("the loss", loss), ("the validation loss", val_loss)):
            if not math.isfinite(value):
                raise TrialError(f"{name} became {value} in epoch {self.epoch}")
        for name, metric in self._plan.metrics.items():
            self.curves[f"val_{name}"].append(metric(outputs))

    def watch(self, rule: EarlyStopping) -> bool:
        """Whether the last epoch is the best so far; `stopped` says whether it ends the fit."""
        watched = self._watched(rule)
        is_best = watched < self.best - rule.min_delta
        if is_best:
            self.best, self.best_epoch = watched, self.epoch
        self.stopped = self.epoch - self.best_epoch >= rule.patience
        return is_best

    def _watched(self, rule: EarlyStopping) -> float:
        if rule.monitor != "metric":
            return self.curves[rule.monitor][-1]
        return self._plan.to_value(self.curves[f"val_{next(iter(self._plan.metrics))}"][-1])
