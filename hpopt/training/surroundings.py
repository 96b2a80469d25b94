"""What a builder may change of its whole process, put back behind it.

A policy, a generator or a folder that one trial has set would decide the values of those that
happen to run behind it in the same worker: a run that is killed and resumed would get others.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

# How to read a state, and how to set it.
_State = tuple[Callable[[], Any], Callable[[Any], object]]


@contextmanager
def surroundings_kept() -> Iterator[None]:
    """Put back what is changed meanwhile of the process, and of Keras and TensorFlow in it.

    What can't be undone is left: threads, files, and whatever own code keeps in itself.
    """
    states = [*_of_keras(), *_of_python()]
    before = [get() for get, _ in states]
    with warnings.catch_warnings():
        try:
            yield
        finally:
            for (get, put), value in zip(states, before, strict=True):
                with suppress(OSError):  # the folder may be gone
                    if get() != value:
                        put(value)


def _of_keras() -> list[_State]:
    import keras
    import tensorflow as tf

    config, tuning = keras.config, tf.config.experimental
    return [
        (config.dtype_policy, config.set_dtype_policy),
        (config.floatx, config.set_floatx),
        (config.epsilon, config.set_epsilon),
        (config.image_data_format, config.set_image_data_format),
        (config.max_epochs, config.set_max_epochs),
        (config.max_steps_per_epoch, config.set_max_steps_per_epoch),
        (tf.config.functions_run_eagerly, tf.config.run_functions_eagerly),
        (tf.config.optimizer.get_jit, tf.config.optimizer.set_jit),
        (tuning.tensor_float_32_execution_enabled, tuning.enable_tensor_float_32_execution),
    ]


def _of_python() -> list[_State]:
    return [
        (random.getstate, random.setstate),
        (_numpy_state, np.random.set_state),
        (np.geterr, lambda errors: np.seterr(**errors)),
        (_folder, _set_folder),
        (os.environ.copy, _set_environment),
        (_handlers, _set_handlers),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
    ]


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return None


def _set_folder(path: str | None) -> None:
    if path is not None:
        os.chdir(path)


def _numpy_state() -> Any:
    """The state of NumPy's own generator, as plain numbers, which can be compared."""
    name, keys, *rest = np.random.get_state()
    return (name, tuple(keys), *rest)


def _set_environment(values: dict[str, str]) -> None:
    for name in os.environ.keys() - values.keys():
        del os.environ[name]
    os.environ.update(values)


def _handlers() -> dict[int, Any]:
    """The handlers of signals that Python knows of."""
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return {number: handler for number, handler in handlers.items() if handler is not None}


def _set_handlers(handlers: dict[int, Any]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return  # no other can
    for number, handler in handlers.items():
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)
