"""A model's twin: the same network, whose plain numbers are fed to its graph, not frozen in it.

A dropout rate or a learning rate is a Python number, which tracing turns into a constant. In a twin
such numbers stand in variables, so that one graph serves every model that differs in nothing else.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# The numbers that can be fed: of which class of Keras, under which names.
_NUMBERS = {
    "Dropout": ("rate",),
    "L1": ("l1",),
    "L2": ("l2",),
    "L1L2": ("l1", "l2"),
    "ExponentialDecay": ("initial_learning_rate", "decay_steps", "decay_rate"),
    "SGD": ("momentum", "weight_decay"),
    "RMSprop": ("momentum", "weight_decay"),
}
_OF_OTHER_OPTIMIZERS = ("weight_decay",)
# Numbers of optimisers that are fed where they are not Keras' own.
_IF_SET = ("beta_2", "global_clipnorm", "ema_momentum")
# The names under which Keras writes what has no class.
_FORMS_OF_KERAS = ("__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__slice__")
# What stands for a fed number in a key: what nobody writes, so no constant is taken for it.
_PLACEHOLDER = 0.7182818284590452


class Fed:
    """A number in a variable, which a graph reads when it runs.

    To what asks while the graph is traced it is greater than zero and equal to nothing: Keras
    leaves out what belongs to a zero, so only numbers above it are fed.
    """

    def __init__(self) -> None:
        import tensorflow as tf

        # In more digits than it is read in: of numbers just below one the rest to one counts.
        self.variable = tf.Variable(_PLACEHOLDER, dtype=tf.float64)

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        import tensorflow as tf

        return tf.cast(self.variable.read_value(), dtype or tf.float32)

    def __rsub__(self, other: float) -> Any:
        import tensorflow as tf

        return tf.cast(other - self.variable.read_value(), tf.float32)

    def __rtruediv__(self, other: float) -> Any:
        import tensorflow as tf

        return tf.cast(other / self.variable.read_value(), tf.float32)

    def __mul__(self, other: Any) -> Any:
        import tensorflow as tf

        return tf.convert_to_tensor(self, tf.float32) * other

    def __gt__(self, other: float) -> bool:
        if other != 0:
            raise TypeError("a number that is fed is known to be greater than zero, and no more")
        return True


class Twin:
    """A compiled copy of a model, which can take over the state and the numbers of its like.

    Raises ValueError, or whatever Keras does, where the model can't be copied.
    """

    def __init__(self, model: Any) -> None:
        self.model = type(model).from_config(model.get_config())
        self.model.compile_from_config(model.get_compile_config())
        if key_of(self.model) != key_of(model):
            raise ValueError("the copy is not what it was made from")
        numbers = list(_numbers(self.model))
        self._fed = [Fed() for _ in numbers]
        for fed, (owner, name) in zip(self._fed, numbers, strict=True):
            setattr(owner, name, fed)
            if name == "rate":
                owner.call = _dropout(owner, fed)

    def take_over(self, model: Any) -> None:
        """Become what `model` is now: its variables and its numbers."""
        for mine, theirs in zip(self.model.variables, model.variables, strict=True):
            mine.assign(theirs)
        for fed, (owner, name) in zip(self._fed, _numbers(model), strict=True):
            fed.variable.assign(float(getattr(owner, name)))
        if _schedule(model) is None:
            self.model.optimizer.learning_rate = float(model.optimizer.learning_rate)

    def hand_back(self, model: Any) -> None:
        """Make `model`, which stays plain Keras, what the twin is now, optimiser and all."""
        model.optimizer.build(model.trainable_variables)
        mine = [*self.model.variables, *self.model.optimizer.variables]
        theirs = [*model.variables, *model.optimizer.variables]
        for source, target in zip(mine, theirs, strict=True):
            target.assign(source)


def _dropout(layer: Any, rate: Fed) -> Any:
    """The call of a Dropout layer. TensorFlow's own takes no number that is not a plain one."""
    import keras

    def call(inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        ops = keras.ops
        shape = ops.shape(inputs)
        if layer.noise_shape is not None:
            pairs = zip(shape, layer.noise_shape, strict=True)
            shape = [size if noise is None else noise for size, noise in pairs]
        threshold = ops.convert_to_tensor(rate, inputs.dtype)
        kept = keras.random.uniform(shape, dtype=inputs.dtype, seed=layer.seed_generator)
        return ops.where(kept >= threshold, inputs / (1 - threshold), 0)

    return call


def key_of(model: Any) -> str | None:
    """A hash of all that the graph of a compiled model depends on, besides its rows.

    Numbers that can be fed are left out. None where a config need not tell everything: of what is
    not Keras' own, and of a few things of Keras that are in no config.
    """
    import keras

    if not isinstance(model.loss, str) or _has_more_than_its_config(model):
        return None
    try:
        with _masked(model):
            form = [
                keras.saving.serialize_keras_object(model),
                model.get_compile_config(),
                [_form_of_variable(variable) for variable in model.variables],
                _surroundings(),
            ]
        text = json.dumps(form, sort_keys=True)
    except Exception:  # of users' own layers that have no config, or one that is not plain
        return None
    return hashlib.sha256(text.encode()).hexdigest() if _is_all_keras(form) else None


def _surroundings() -> list[Any]:
    """What a graph takes from the whole process while it is traced."""
    import keras
    import tensorflow as tf

    config = keras.config
    return [
        *(config.epsilon(), config.floatx(), config.image_data_format()),
        *(config.dtype_policy().name, tf.config.optimizer.get_jit()),
        tf.config.experimental.tensor_float_32_execution_enabled(),
    ]


def _has_more_than_its_config(model: Any) -> bool:
    import keras

    optimizer = model.optimizer
    rate = optimizer._learning_rate
    schedules = keras.optimizers.schedules
    return (
        not isinstance(rate, keras.Variable | schedules.LearningRateSchedule)
        or bool(getattr(optimizer, "_exclude_from_weight_decay", None))
        or bool(getattr(optimizer, "_exclude_from_weight_decay_pattern", None))
        or any(hasattr(layer, "adapt") for layer in _layers(model))
        or not all(map(_is_keras, _functions(model)))
        # Of the layer alone, and yet of Keras' own functions: `layer.call = keras.ops.relu`.
        or any("call" in vars(layer) for layer in _layers(model))
    )


def _form_of_variable(variable: Any) -> list[Any]:
    """What a graph knows of a variable; its regulariser and its constraint may be set later."""
    import keras

    form = [list(variable.shape), variable.dtype, variable.trainable]
    for owned in (variable.regularizer, variable.constraint):
        form.append(None if owned is None else keras.saving.serialize_keras_object(owned))
    return form


@contextmanager
def _masked(model: Any) -> Iterator[None]:
    """Put placeholders for the numbers that can be fed, and put the numbers back."""
    kept = [(owner, name, getattr(owner, name)) for owner, name in _numbers(model)]
    rate = None if _schedule(model) else float(model.optimizer.learning_rate)
    try:
        for owner, name, _ in kept:
            setattr(owner, name, _PLACEHOLDER)
        if rate is not None:
            model.optimizer.learning_rate = _PLACEHOLDER
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)
        if rate is not None:
            model.optimizer.learning_rate = rate


def _numbers(model: Any) -> Iterator[tuple[Any, str]]:
    """The numbers of a model that can be fed, each as an attribute of an object, in fixed order.

    Zero can't be, nor a rate of one: Keras leaves out what such numbers belong to.
    """
    optimizer = model.optimizer
    owners = [*_layers(model), *(v.regularizer for v in model.trainable_variables), optimizer]
    for owner in filter(_is_keras, [*owners, _schedule(model)]):
        other = _OF_OTHER_OPTIMIZERS if owner is optimizer else ()
        names = _NUMBERS.get(type(owner).__name__, other)
        if owner is optimizer:
            names = *names, *_set_of(optimizer)
        for name in names:
            value = getattr(owner, name)
            if value is not None and value > 0 and not (name == "rate" and value >= 1):
                yield owner, name


def _set_of(optimizer: Any) -> list[str]:
    """Which numbers of an optimiser are not Keras' own."""
    own = {**inspect.signature(type(optimizer)).parameters}
    return [
        name
        for name in _IF_SET
        if name in own and getattr(optimizer, name) not in (None, own[name].default)
    ]


def _layers(model: Any) -> list[Any]:
    """All layers, those inside of others too, in fixed order. Keras has no public way to them."""
    return list(model._flatten_layers(include_self=False))


def _schedule(model: Any) -> Any:
    """The learning-rate schedule of a model's optimiser, or None. Keras has no public way to it."""
    import keras

    rate = model.optimizer._learning_rate
    return rate if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None


def _functions(model: Any) -> Iterator[Any]:
    """What a model calls besides its layers: a config has no more of a function than its name.

    A method that one object alone has, `layer.call = ...`, is in no config at all.
    """
    for owner in (model, model.optimizer, *_layers(model)):
        yield from (thing for thing in vars(owner).values() if callable(thing))
    for variable in model.variables:
        yield from filter(callable, (variable.regularizer, variable.constraint))


def _is_keras(thing: Any) -> bool:
    """Whether a function is Keras' own, or the class of anything else."""
    place = thing if inspect.isroutine(thing) else type(thing)
    return str(place.__module__).partition(".")[0] == "keras"


def _is_all_keras(form: Any) -> bool:
    """Whether a serialised form holds no class and no function that is not Keras' own."""
    if isinstance(form, dict):
        name, module = form.get("class_name"), str(form.get("module"))
        is_plain = name is None or name in _FORMS_OF_KERAS
        if not is_plain and (name == "Lambda" or module.partition(".")[0] != "keras"):
            return False
        return all(map(_is_all_keras, form.values()))
    return not isinstance(form, list | tuple) or all(map(_is_all_keras, form))
