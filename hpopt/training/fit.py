"""Fits one compiled Keras model in stretches of epochs: as `model.fit` does, only faster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from hpopt.errors import TrialError, in_words
from hpopt.training.curves import Plan, Progress
from hpopt.training.drivers import Driver, InGraph, ThroughKeras, needs_keras, network_outputs
from hpopt.training.pausing import PausedFit
from hpopt.training.rows import Rows
from hpopt.training.schedules import Schedule
from hpopt.training.settings import Augmentation, EarlyStopping

__all__ = ["Fit", "Rows", "network_outputs"]

log = logging.getLogger(__name__)


class Fit:
    """A fit in progress. `run` may be called again and again; `finish` leaves the kept weights.

    The same model, rows and seed give the same weights, however the epochs are cut into stretches,
    unless the fit goes through `model.fit`. It does where a graph can't hold it, and the log says
    so; or where `driver` is "keras". A `schedule` sets the learning rate at each step. Where it is
    `averaged`, the optimiser averages the weights (`use_ema`), and an epoch is judged by the
    averages, which are kept.
    """

    def __init__(
        self,
        model: Any,
        train: Rows,
        validation: Rows,
        *,
        batch_size: int,
        seed: int,
        early_stopping: EarlyStopping | None = None,
        metrics: Mapping[str, Callable[[np.ndarray], float]] | None = None,
        to_value: Callable[[float], float] = float,
        augmentation: Augmentation | None = None,
        schedule: Schedule | None = None,
        averaged: bool = False,
        driver: Literal["auto", "keras"] = "auto",
    ) -> None:
        self.model = model
        rules = early_stopping, metrics or {}, to_value, augmentation, schedule, averaged
        plan = Plan(train, validation, batch_size, seed, *rules)
        self._progress = Progress(plan)
        self._driver = _choose_driver(model, plan, driver)
        self._is_finished = False

    @property
    def curves(self) -> dict[str, list[float]]:
        """One number an epoch: `loss`, `val_loss`, `learning_rate`, and `val_<name>` of metrics."""
        return self._progress.curves

    @property
    def epoch(self) -> int:
        """How many epochs have been trained."""
        return self._progress.epoch

    @property
    def kept_epoch(self) -> int:
        """The epoch whose weights are kept: the best one under early stopping, else the last."""
        return self._progress.best_epoch or self.epoch

    @property
    def stopped(self) -> bool:
        """Whether early stopping has ended the fit."""
        return self._progress.stopped

    def run(self, epochs: int) -> None:
        """Train for `epochs` more, fewer where early stopping ends the fit.

        Raises TrialError as soon as a loss is not finite or a metric has no value; RuntimeError
        where the fit is finished.
        """
        if self._is_finished:
            raise RuntimeError("the fit is finished")
        if epochs > 0 and not self.stopped:
            try:
                self._driver.run(self._progress, epochs)
            except TrialError:  # its graph may serve another fit from now on
                self._is_finished = True
                raise

    @property
    def can_pause(self) -> bool:
        """Whether it can go on elsewhere bit for bit; else it has to be made in one go."""
        return self._driver.can_pause

    def pause(self, of: str, seconds: float) -> PausedFit:
        """What it takes to go on from here, in another process too, bit for bit.

        `of` tells whose fit it is, and `seconds` how long it took so far. RuntimeError where it
        can't be paused.
        """
        progress = self._progress
        watched = progress.best, progress.best_epoch, progress.stopped
        return PausedFit(of, seconds, progress.curves, *watched, self._driver.state())

    def take_up(self, paused: PausedFit) -> bool:
        """Become what a like fit was when it was paused; whether it can."""
        try:
            self._driver.take_up(paused.variables)
        except ValueError as error:
            log.warning("the fit begins anew: %s", in_words(error))
            return False
        watched = paused.best, paused.best_epoch, paused.stopped
        self._progress.take_up(paused.curves, *watched)
        return True

    def finish(self) -> None:
        """Put the weights in place that are kept: the best epoch's under early stopping."""
        if not self._is_finished:
            self._driver.finish(self._progress)
            self._is_finished = True


def _choose_driver(model: Any, plan: Plan, wanted: Literal["auto", "keras"]) -> Driver:
    if wanted == "keras":
        return ThroughKeras(model, plan)
    reason = needs_keras(model)
    if reason is None:
        try:
            return InGraph(model, plan)
        except Exception as error:  # whatever a user's layers do while they are traced
            log.debug("no graph can be made of the model", exc_info=True)
            reason = f"no graph can be made of it: {in_words(error)}"
    log.warning("this fit goes through model.fit: %s", reason)
    return ThroughKeras(model, plan)
