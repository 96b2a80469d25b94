"""The two ways to train a compiled model for some epochs: in graphs, or through `model.fit`."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hpopt.errors import TrialError
from hpopt.training.augmentation import augmented
from hpopt.training.curves import Plan, Progress
from hpopt.training.graph import Graph, averages_of, gains_in_xla
from hpopt.training.rows import LARGE_BATCH, as_dataset, in_batches, in_memory
from hpopt.training.twins import Twin, key_of

log = logging.getLogger(__name__)

# How long a stretch should last, so that an interrupt is heard; how much it may bring back.
_STRETCH_S = 0.5
_STRETCH_NUMBERS = 2**24
# What is kept for fits to come: so many graphs, and so many numbers in their variables.
_MOST_GRAPHS = 32
_MOST_NUMBERS = 2**26


class Driver(Protocol):
    """Trains a model as its plan says."""

    def run(self, progress: Progress, epochs: int) -> None:
        """Train up to `epochs` more, fewer where early stopping ends the fit.

        Raises TrialError as soon as a loss is not finite or a metric has no value.
        """
        ...

    def finish(self, progress: Progress) -> None:
        """Put the weights in place that are kept."""
        ...

    @property
    def can_pause(self) -> bool:
        """Whether all that the fit is can be told, so that a like fit can go on from there."""
        ...

    def state(self) -> list[np.ndarray]:
        """All that the fit is, besides its progress, as arrays; RuntimeError if it can't pause."""
        ...

    def take_up(self, state: Sequence[np.ndarray]) -> None:
        """Become what a like fit was. ValueError where the arrays are no such state."""
        ...


@dataclass
class _Traced:
    """A graph, the twin whose it is (None if it is the model's own), and how long it may run."""

    graph: Graph
    twin: Twin | None
    epochs_a_stretch: int = 1


_GRAPHS: OrderedDict[Hashable, _Traced] = OrderedDict()


class InGraph:
    """Trains in a graph, which the next fit of a like model takes up again.

    A graph belongs to one fit at a time: it is taken out of the store and put back at the end.
    """

    def __init__(self, model: Any, plan: Plan) -> None:
        self._model, self._plan = model, plan
        train = in_batches(plan.train, plan.batch_size, shuffled=True)
        self._train = augmented(train, plan.augmentation)
        self._validation = in_batches(plan.validation, LARGE_BATCH, shuffled=False)
        kinds = self._train.kind, self._validation.kind, repr(plan.early_stopping)
        ways = plan.schedule is not None, plan.averaged
        network = key_of(model)
        self._key: Hashable = None if network is None else (network, *kinds, *ways)
        self._traced = _GRAPHS.pop(self._key) if self._key in _GRAPHS else self._trace()
        self._traced.graph.reset()
        if self._traced.twin is not None:
            self._traced.twin.take_over(model)

    def run(self, progress: Progress, epochs: int) -> None:
        """See `Driver`."""
        traced, last = self._traced, progress.epoch + epochs
        rule = self._plan.early_stopping
        is_judged = rule is not None and rule.monitor == "metric"  # by what no graph can score
        while progress.epoch < last and not progress.stopped:
            count = max(1, min(traced.epochs_a_stretch, last - progress.epoch))
            count = 1 if is_judged else count
            began = time.perf_counter()
            rates = _rates(self._plan, progress.epoch, progress.epoch + count, self._train.count)
            rows = self._train, self._validation
            done = traced.graph.run(progress, count, *rows, self._plan.seed, rates)
            epoch_s = (time.perf_counter() - began) / len(done.losses)
            traced.epochs_a_stretch = int(
                min(_STRETCH_S / epoch_s, _STRETCH_NUMBERS / done.outputs[0].size)
            )
            curves = (done.losses.tolist(), done.val_losses.tolist(), done.learning_rates.tolist())
            try:
                for epoch in zip(*curves, done.outputs, strict=True):
                    progress.add(*epoch)
            except TrialError:  # of this fit: the graph is as good as ever
                self._give_back()
                raise
            if rule is not None and is_judged:
                if progress.watch(rule):
                    traced.graph.remember()
                continue
            progress.best, progress.best_epoch = float(done.best), int(done.best_epoch)
            progress.stopped = bool(done.stopped)

    def finish(self, progress: Progress) -> None:
        """See `Driver`."""
        traced, model = self._traced, self._traced.graph.model
        if progress.epoch:
            model.optimizer.finalize_variable_values(model.trainable_variables)
        if progress.best_epoch:
            traced.graph.keep_best()
        if traced.twin is not None:
            traced.twin.hand_back(self._model)
        self._give_back()

    @property
    def can_pause(self) -> bool:
        """See `Driver`. Of what is not all Keras' own, variables need not tell everything."""
        return self._traced.twin is not None

    def state(self) -> list[np.ndarray]:
        """See `Driver`."""
        if not self.can_pause:
            raise RuntimeError("a fit with parts that are not Keras' own can't be paused")
        return [np.asarray(variable) for variable in self._traced.graph.variables]

    def take_up(self, state: Sequence[np.ndarray]) -> None:
        """See `Driver`."""
        import tensorflow as tf

        variables = self._traced.graph.variables
        shapes = [tuple(variable.shape) for variable in variables]
        if [array.shape for array in state] != shapes:
            raise ValueError("its arrays are of another network")
        for variable, array in zip(variables, state, strict=True):
            # A file has but the bytes of what NumPy does not know, such as bfloat16.
            variable.assign(array.view(tf.as_dtype(variable.dtype).as_numpy_dtype))

    def _give_back(self) -> None:
        """Keep the graph for fits to come."""
        if self._traced.twin is not None:
            _GRAPHS[self._key] = self._traced
            while len(_GRAPHS) > _MOST_GRAPHS or _numbers_kept() > _MOST_NUMBERS:
                _GRAPHS.popitem(last=False)

    def _trace(self) -> _Traced:
        twin = None
        if self._key is not None:
            try:
                twin = Twin(self._model)
            except Exception as error:  # a graph of the model itself does too, but serves it alone
                log.debug("no twin: %s", error)
                self._key = None
        model = self._model if twin is None else twin.model
        in_xla = twin is not None and gains_in_xla(model, self._train.count)
        rows = self._train, self._validation
        graph = Graph(
            model,
            *rows,
            self._plan.early_stopping,
            scheduled=self._plan.schedule is not None,
            averaged=self._plan.averaged,
            in_xla=in_xla,
        )
        return _Traced(graph, twin)


def _rates(plan: Plan, first: int, last: int, batches: int) -> np.ndarray:
    """The learning rates of all steps of the epochs from `first` up to `last`; none unscheduled."""
    if plan.schedule is None:
        return np.empty(0, np.float32)
    return plan.schedule.rates(first * batches, last * batches)


def _numbers_kept() -> int:
    return sum(traced.graph.count_numbers() for traced in _GRAPHS.values())


class ThroughKeras:
    """Trains through `model.fit`, which can do all that Keras can."""

    def __init__(self, model: Any, plan: Plan) -> None:
        self._model, self._plan = model, plan
        self._best_weights: list[Any] = []
        self._averages = averages_of(model) if plan.averaged else []
        self._own_weights: list[Any] = []

    def run(self, progress: Progress, epochs: int) -> None:
        """See `Driver`."""
        import keras

        model, plan = self._model, self._plan
        first, last = progress.epoch, progress.epoch + epochs
        callback = keras.callbacks.LambdaCallback(
            on_train_batch_begin=self._rate_setter(progress, epochs),
            on_epoch_end=lambda epoch, logs: self._end_epoch(progress, logs),
        )
        if progress.epoch == 0:
            keras.utils.set_random_seed(plan.seed % 2**32)
        # With averages, Keras' validation would be of the weights that are trained.
        held_out = None if self._averages else plan.validation.arrays
        model.fit(
            **self._rows(first, last),
            validation_data=held_out,
            validation_batch_size=LARGE_BATCH,
            initial_epoch=first,
            epochs=last,
            callbacks=[callback],
            verbose=0,
        )
        for (variable, _), value in zip(self._averages, self._own_weights, strict=True):
            variable.assign(value)  # for at its end Keras puts the averages in place

    def _rate_setter(self, progress: Progress, epochs: int) -> Callable[..., None] | None:
        """What sets the learning rate before a step, where a schedule does."""
        if self._plan.schedule is None:
            return None
        count = -(-len(self._plan.train) // self._plan.batch_size)
        first = progress.epoch
        rates = _rates(self._plan, first, first + epochs, count)

        def set_rate(batch: int, logs: Any = None) -> None:
            self._model.optimizer.learning_rate = float(
                rates[(progress.epoch - first) * count + batch]
            )

        return set_rate

    def _rows(self, first: int, last: int) -> dict[str, Any]:
        """The arguments of `model.fit` that say what it trains on in the epochs up to `last`."""
        plan = self._plan
        inputs, target, *_ = plan.train.arrays
        own = in_memory(plan.train, plan.batch_size, shuffled=True)
        batches = augmented(own, plan.augmentation)
        if batches is not own:
            dataset = as_dataset(batches, first, last, plan.seed)
            return {"x": dataset, "steps_per_epoch": batches.count, "shuffle": False}
        weights, size = plan.train.weights, plan.batch_size
        return {"x": inputs, "y": target, "sample_weight": weights, "batch_size": size}

    def finish(self, progress: Progress) -> None:
        """See `Driver`."""
        if progress.epoch:
            self._model.optimizer.finalize_variable_values(self._model.trainable_variables)
        if progress.best_epoch:
            self._model.set_weights(self._best_weights)

    @property
    def can_pause(self) -> bool:
        """See `Driver`. Where `model.fit` stands in its shuffling is not to be had."""
        return False

    def state(self) -> list[np.ndarray]:
        """See `Driver`."""
        raise RuntimeError("a fit through model.fit can't be paused")

    def take_up(self, state: Sequence[np.ndarray]) -> None:
        """See `Driver`."""
        raise ValueError("a fit through model.fit can't be taken up")

    def _end_epoch(self, progress: Progress, logs: dict[str, float]) -> None:
        model, rule = self._model, self._plan.early_stopping
        self._own_weights = [variable.numpy() for variable, _ in self._averages]
        for variable, mean in self._averages:
            variable.assign(mean)
        outputs = network_outputs(model, self._plan.validation.inputs)
        rate = float(model.optimizer.learning_rate)
        val_loss = self._val_loss(outputs) if self._averages else float(logs["val_loss"])
        progress.add(float(logs["loss"]), val_loss, rate, outputs)
        if rule is not None:
            if progress.watch(rule):
                self._best_weights = model.get_weights()
            model.stop_training = progress.stopped
        for (variable, _), value in zip(self._averages, self._own_weights, strict=True):
            variable.assign(value)

    def _val_loss(self, outputs: np.ndarray) -> float:
        """The loss of outputs [n, units] for the validation part."""
        held_out = self._plan.validation
        loss = self._model.compute_loss(
            y=held_out.target, y_pred=outputs, sample_weight=held_out.weights, training=False
        )
        return float(loss)


def network_outputs(model: Any, inputs: np.ndarray) -> np.ndarray:
    """The model's outputs [n, units] for network inputs [n, ...]."""
    batches = range(0, len(inputs), LARGE_BATCH)
    outputs = [model(inputs[first : first + LARGE_BATCH], training=False) for first in batches]
    return np.concatenate([np.asarray(output) for output in outputs])


def needs_keras(model: Any) -> str | None:
    """Why a compiled model has to go through `model.fit`, or None."""
    import keras
    import tensorflow as tf

    own = own_step(model)
    if own is not None:
        return f"the model has its own {own}"
    own_metrics = [metric.name for metric in model.metrics if metric is not model._loss_tracker]
    if own_metrics:
        return f"a layer keeps a metric of its own, {own_metrics[0]}"
    if model.run_eagerly or tf.config.functions_run_eagerly():
        return "the model is to run eagerly"
    if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        return "the loss is scaled"
    variables = (*model.variables, *model.optimizer.variables)
    if keras.config.floatx() != "float32" or any(v.dtype == "float64" for v in variables):
        return "it is not in float32, which the numbers of a graph are"
    return None


def own_step(model: Any) -> str | None:
    """What a model does in its own way of all that `model.fit` calls and a graph does not.

    Its class may say so, or the model alone: `model.compute_loss = ...`.
    """
    import keras

    steps = (
        *("fit", "make_train_function", "make_test_function", "train_step", "test_step"),
        *("compute_loss", "_compute_loss", "compute_metrics", "get_metrics_result"),
        *("metrics", "reset_metrics"),
    )
    for name in steps:
        is_of_class = getattr(type(model), name) is not getattr(keras.Model, name)
        if is_of_class or name in vars(model):
            return name
    return None
