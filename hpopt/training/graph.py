"""A stretch of epochs as one TensorFlow graph around Keras' own training step.

`model.fit` comes back to Python after every step and every epoch, which for small networks is
nearly all of its time. Here Python is met again after a stretch of epochs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from hpopt.training.curves import Progress
from hpopt.training.rows import Batches
from hpopt.training.settings import EarlyStopping


class Stretch(NamedTuple):
    """What some epochs [epochs] brought, and what early stopping has to remember after them.

    `outputs` [epochs, n, units] are the network's for the validation part.
    """

    losses: Any
    val_losses: Any
    learning_rates: Any
    outputs: Any
    best: Any
    best_epoch: Any
    stopped: Any


# From so many time steps an epoch on, machine code for the loops over them repays its making.
_MANY_TIME_STEPS = 1000
_LOOPS = ("SimpleRNN", "GRU", "LSTM")
# What XLA is known to do well on a CPU; convolutions are slower in it than in TensorFlow.
_IN_XLA = (
    *("SimpleRNN", "GRU", "LSTM", "SimpleRNNCell", "GRUCell", "LSTMCell", "Bidirectional"),
    *("InputLayer", "Masking", "Dense", "Activation", "Softmax", "Dropout", "Dot", "Flatten"),
    *("BatchNormalization", "LayerNormalization", "Functional", "Sequential"),
)


def gains_in_xla(model: Any, batches: int) -> bool:
    """Whether the training step of a model of Keras' own layers is better compiled by XLA.

    TensorFlow's loop over the time steps of a series spends nearly all of its time between its
    operations. XLA takes seconds to compile it, and it is several times faster then. A GPU has code
    of its own for recurrent layers.
    """
    import tensorflow as tf

    kinds = [type(layer).__name__ for layer in model._flatten_layers(include_self=False)]
    loops = sum(kind in _LOOPS for kind in kinds)
    steps = model.inputs[0].shape[1] if loops else None
    if steps is None or not set(kinds) <= set(_IN_XLA):
        return False
    is_much = bool(loops * steps * batches >= _MANY_TIME_STEPS)
    return is_much and not tf.config.list_physical_devices("GPU")


class Graph:
    """The graph of one compiled model. It holds no rows, so it can serve one fit after another.

    A fit's state between two stretches is: the variables of the model (the weights that are
    trained, and those of layers such as the seeds of dropout); the optimiser's (the number of
    steps, the learning rate unless it is a schedule of Keras, its means, and where weights are
    averaged an average beside each trainable variable); with early stopping the best epoch's
    weights; and the `Progress`. The learning rate of a schedule of ours is a function of the step's
    number.
    """

    def __init__(
        self,
        model: Any,
        train: Batches,
        validation: Batches,
        rule: EarlyStopping | None,
        *,
        scheduled: bool = False,
        averaged: bool = False,
        in_xla: bool = False,
    ) -> None:
        import tensorflow as tf

        # Variables are made on first use, which is too late inside a graph.
        model.optimizer.build(model.trainable_variables)
        self.model = model
        self._fresh_optimizer = [v.numpy() for v in model.optimizer.variables]
        self._best_weights = [] if rule is None else [tf.Variable(w) for w in model.weights]
        train_step = tf.autograph.experimental.do_not_convert(model.train_step)
        if in_xla:
            train_step = tf.function(train_step, jit_compile=True, autograph=False)
        self._averages = averages_of(model) if averaged else []
        ways = scheduled, averaged
        stretch = tf.function(
            _stretch(model, train_step, train, validation, rule, self._best_weights, *ways)
        )
        rows = train.source(0, 1, 0), validation.source(0, 1, 0)
        rates = tf.TensorSpec([None], tf.float32)
        self._stretch = stretch.get_concrete_function(*_state(0, 1, 0, np.inf, 0), *rows, rates)

    @property
    def variables(self) -> list[Any]:
        """The variables of the model and of its optimiser, and the best epoch's weights."""
        return [*self.model.variables, *self.model.optimizer.variables, *self._best_weights]

    def count_numbers(self) -> int:
        """How many numbers its variables hold."""
        return sum(math.prod(variable.shape) for variable in self.variables)

    def reset(self) -> None:
        """Forget the optimiser's state of an earlier fit."""
        optimizer = self.model.optimizer
        for variable, value in zip(optimizer.variables, self._fresh_optimizer, strict=True):
            variable.assign(value)

    def run(
        self,
        progress: Progress,
        epochs: int,
        train: Batches,
        validation: Batches,
        seed: int,
        rates: np.ndarray,
    ) -> Stretch:
        """Train up to `epochs` epochs behind those of `progress`.

        `rates` are the learning rates of all their steps, where a schedule sets them. Ends earlier
        with the epoch in which early stopping ends the fit or a loss is not finite.
        """
        import tensorflow as tf

        first, last = progress.epoch, progress.epoch + epochs
        arrays = self._stretch(
            *_state(first, last, seed, progress.best, progress.best_epoch),
            train.source(first, last, seed),
            validation.source(first, last, seed),
            tf.constant(rates, tf.float32),
        )
        return Stretch(*(array.numpy() for array in arrays))

    def remember(self) -> None:
        """Take the weights, or the averages of those that have one, for the best epoch's."""
        averages = {id(variable): mean for variable, mean in self._averages}
        for best, variable in zip(self._best_weights, self.model.weights, strict=True):
            best.assign(averages.get(id(variable), variable))

    def keep_best(self) -> None:
        """Put the best epoch's weights in place."""
        for variable, best in zip(self.model.weights, self._best_weights, strict=True):
            variable.assign(best)


def averages_of(model: Any) -> list[tuple[Any, Any]]:
    """Each variable of a model that its optimiser averages, beside the average (`use_ema`)."""
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    means = optimizer._model_variables_moving_average
    pairs = zip(model.trainable_variables, means, strict=True)
    return [(variable, mean) for variable, mean in pairs if mean is not None]


def _state(first: int, last: int, seed: int, best: float, best_epoch: int) -> list[Any]:
    import tensorflow as tf

    whole = [tf.constant(number, tf.int64) for number in (first, last, seed, best_epoch)]
    return [*whole[:3], tf.constant(best, tf.float32), whole[3]]


def _stretch(
    model: Any,
    train_step: Any,
    train: Batches,
    validation: Batches,
    rule: EarlyStopping | None,
    best_weights: list[Any],
    scheduled: bool,
    averaged: bool,
) -> Any:
    """The function to be traced. It is plain TensorFlow, and Keras within it stays as it is."""
    import tensorflow as tf

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def evaluate(batch: Any) -> tuple[Any, Any, Any]:
        """The model's outputs for a batch, its loss, and its number of rows."""
        x, y, weights = (*batch, None)[:3]
        outputs = model(x, training=False)
        loss = model.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights, training=False)
        return tf.cast(outputs, tf.float32), tf.cast(loss, tf.float32), tf.shape(outputs)[0]

    averages = averages_of(model) if averaged else []

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def set_rate(rate: Any) -> None:
        model.optimizer.learning_rate = rate

    def stretch(
        first: Any,
        last: Any,
        seed: Any,
        best: Any,
        best_epoch: Any,
        rows: Any,
        held_out: Any,
        rates: Any,
    ) -> Stretch:
        arrays = [tf.TensorArray(tf.float32, 0, dynamic_size=True) for _ in range(4)]
        losses, val_losses, learning_rates, outputs = arrays
        epoch, stopped, finite = first, tf.constant(False), tf.constant(True)
        while epoch < last and finite and not stopped:
            model.reset_metrics()
            order = train.order(epoch, seed)
            for step in tf.range(train.count):
                if scheduled:
                    steps_before = tf.cast(epoch - first, tf.int32) * train.count
                    set_rate(rates[steps_before + step])
                train_step(train.batch(rows, order, step))
            # Not by name, which a layer's own metric may have too.
            loss = tf.cast(model._loss_tracker.result(), tf.float32)

            own = [tf.identity(variable) for variable, _ in averages]
            for variable, mean in averages:
                variable.assign(mean)
            val_loss, count = tf.constant(0.0), tf.constant(0)
            pieces = tf.TensorArray(tf.float32, validation.count, infer_shape=False)
            for step in tf.range(validation.count):
                batch = validation.batch(held_out, epoch, step)
                batch_outputs, batch_loss, size = evaluate(batch)
                pieces = pieces.write(step, batch_outputs)
                val_loss, count = val_loss + batch_loss * tf.cast(size, tf.float32), count + size
            val_loss /= tf.cast(count, tf.float32)

            at = tf.cast(epoch - first, tf.int32)
            losses = losses.write(at, loss)
            val_losses = val_losses.write(at, val_loss)
            learning_rates = learning_rates.write(at, model.optimizer.learning_rate)
            outputs = outputs.write(at, pieces.concat())
            finite = tf.math.is_finite(loss) and tf.math.is_finite(val_loss)
            epoch += 1
            if rule is not None and rule.monitor != "metric":  # that is the driver's to watch
                watched = loss if rule.monitor == "loss" else val_loss
                if watched < best - rule.min_delta:
                    best, best_epoch = watched, epoch
                    for kept, weights in zip(best_weights, model.weights):  # noqa: B905
                        kept.assign(weights)
                stopped = epoch - best_epoch >= rule.patience
            for (variable, _), value in zip(averages, own):  # noqa: B905
                variable.assign(value)
        curves = (losses.stack(), val_losses.stack(), learning_rates.stack(), outputs.stack())
        return Stretch(*curves, best, best_epoch, stopped)

    return stretch
