"""Fits one compiled Keras model in stretches of epochs.

An epoch is one graph: it shuffles, runs Keras' own `train_step` on every batch and `test_step` on
the validation part. That is what `model.fit` does, without its Python between the steps, which for
small networks is nearly all of the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpopt.errors import TrialError
from hpopt.training.settings import EarlyStopping

_LARGE_BATCH = 1024  # for passes without gradients, which need little memory


@dataclass(frozen=True)
class Rows:
    """Network inputs [n, ...] and what the network is to say of them [n, 1]."""

    inputs: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)


class Fit:
    """A fit in progress. `run` may be called again and again; `finish` leaves the kept weights.

    The same model, rows and seed give the same weights, however the epochs are cut into stretches.
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
    ) -> None:
        self.model = model
        self.curves: dict[str, list[float]] = {"loss": [], "val_loss": []}
        self.stopped = False
        self._early_stopping = early_stopping
        self._best_epoch = 0
        self._best_weights: list[np.ndarray] | None = None
        self._run_epoch = _epoch_graph(model, train, validation, batch_size, seed)

    @property
    def epoch(self) -> int:
        """How many epochs have been trained."""
        return len(self.curves["loss"])

    def run(self, epochs: int) -> None:
        """Train for `epochs` more, fewer where early stopping ends the fit.

        Raises TrialError as soon as a loss is not finite.
        """
        for _ in range(epochs):
            if self.stopped:
                return
            loss, val_loss = self._run_epoch(self.epoch)
            self.curves["loss"].append(loss)
            self.curves["val_loss"].append(val_loss)
            for name, value in (("the loss", loss), ("the validation loss", val_loss)):
                if not math.isfinite(value):
                    raise TrialError(f"{name} became {value} in epoch {self.epoch}")
            if self._early_stopping is not None:
                self._heed(self._early_stopping)

    def finish(self) -> None:
        """Put the weights in place that are kept: the best epoch's under early stopping."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)

    def _heed(self, rule: EarlyStopping) -> None:
        curve = self.curves[rule.monitor]
        best = curve[self._best_epoch - 1] if self._best_epoch else math.inf
        if curve[-1] < best - rule.min_delta:
            self._best_epoch = self.epoch
            self._best_weights = self.model.get_weights()
        self.stopped = self.epoch - self._best_epoch >= rule.patience


def predict(model: Any, inputs: np.ndarray) -> np.ndarray:
    """The model's outputs [n, units] for network inputs [n, ...]."""
    batches = range(0, len(inputs), _LARGE_BATCH)
    outputs = [model(inputs[first : first + _LARGE_BATCH], training=False) for first in batches]
    return np.concatenate([np.asarray(output) for output in outputs])


def _epoch_graph(
    model: Any, train: Rows, validation: Rows, batch_size: int, seed: int
) -> Callable[[int], tuple[float, float]]:
    """A function of the epoch's number that trains one epoch and gives loss and validation loss."""
    import tensorflow as tf

    x, y = tf.constant(train.inputs), tf.constant(train.target)
    x_val, y_val = tf.constant(validation.inputs), tf.constant(validation.target)
    rows, rows_val = len(train), len(validation)
    # Optimisers make their variables on first use, which a graph allows only in its first trace.
    model.optimizer.build(model.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]
    def run(epoch: Any) -> Any:
        model.reset_metrics()
        order = tf.random.experimental.stateless_shuffle(
            tf.range(rows), seed=tf.stack([tf.constant(seed % 2**31), epoch])
        )
        for first in tf.range(0, rows, batch_size):
            batch = order[first : first + batch_size]
            model.train_step((tf.gather(x, batch), tf.gather(y, batch)))
        loss = model.get_metrics_result()["loss"]
        model.reset_metrics()
        for first in tf.range(0, rows_val, _LARGE_BATCH):
            last = first + _LARGE_BATCH
            model.test_step((x_val[first:last], y_val[first:last]))
        return loss, model.get_metrics_result()["loss"]

    def run_epoch(epoch: int) -> tuple[float, float]:
        loss, val_loss = run(tf.constant(epoch))
        return float(loss), float(val_loss)

    return run_epoch
