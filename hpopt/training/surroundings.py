"""What a builder may change of its whole process, put back behind it.

A policy, a generator or a folder that one trial has set would decide the values of those that
happen to run behind it in the same worker: a run that is killed and resumed would get others.
"""

from __future__ import annotations

import gc
import locale
import logging
import os
import pickle
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import numpy as np

# How to read a state, and how to set it.
_State = tuple[Callable[[], Any], Callable[[Any], object]]


@contextmanager
def surroundings_kept() -> Iterator[None]:
    """Put back what is changed meanwhile of the process, and of Keras and TensorFlow in it.

    What can't be undone is left: threads, files, and whatever own code keeps in itself.
    """
    states = [*_of_keras(), *_of_python(), *_of_messages()]
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
        (config.is_traceback_filtering_enabled, _switch(config, "traceback_filtering")),
        (config.is_interactive_logging_enabled, _switch(config, "interactive_logging")),
        (tf.config.functions_run_eagerly, tf.config.run_functions_eagerly),
        (tf.config.optimizer.get_jit, tf.config.optimizer.set_jit),
        (tuning.tensor_float_32_execution_enabled, tuning.enable_tensor_float_32_execution),
    ]


def _of_python() -> list[_State]:
    return [
        (random.getstate, random.setstate),
        (_numpy_state, _set_numpy_state),
        (np.geterr, lambda errors: np.seterr(**errors)),
        (_folder, _set_folder),
        (os.environ.copy, _set_environment),
        (_handlers, _set_handlers),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
        (gc.get_threshold, lambda counts: gc.set_threshold(*counts)),
        (_umask, os.umask),
        (sys.path.copy, lambda folders: sys.path.__setitem__(slice(None), folders)),
        (lambda: locale.setlocale(locale.LC_ALL), lambda all: locale.setlocale(locale.LC_ALL, all)),
    ]


def _of_messages() -> list[_State]:
    """Where words go, and which: of a trial that silences logging, others' faults are not seen."""
    root, manager = logging.root, logging.root.manager
    return [
        *(
            (partial(getattr, owner, name), partial(setattr, owner, name))
            for owner, names in (
                (sys, ("stdin", "stdout", "stderr", "excepthook")),
                (threading, ("excepthook",)),
            )
            for name in names
        ),
        (lambda: manager.disable, logging.disable),
        (lambda: root.level, root.setLevel),
        (root.handlers.copy, lambda handlers: root.handlers.__setitem__(slice(None), handlers)),
        (_silenced, _silence),
        (np.get_printoptions, lambda options: np.set_printoptions(**options)),
    ]


def _switch(config: Any, name: str) -> Callable[[bool], object]:
    def put(is_on: bool) -> object:
        return getattr(config, f"{'enable' if is_on else 'disable'}_{name}")()

    return put


def _umask() -> int:
    mask = os.umask(0o077)  # it can't be read but by setting it
    os.umask(mask)
    return mask


def _silenced() -> dict[str, bool]:
    """Whether each logger there is has been silenced, as `logging.config` may do to all."""
    loggers = logging.root.manager.loggerDict.items()
    return {name: log.disabled for name, log in loggers if isinstance(log, logging.Logger)}


def _silence(silenced: dict[str, bool]) -> None:
    for name, is_silenced in silenced.items():
        logging.getLogger(name).disabled = is_silenced


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return None


def _set_folder(path: str | None) -> None:
    if path is not None:
        os.chdir(path)


def _numpy_state() -> Any:
    """NumPy's own generator and its state, as bytes, which can be compared."""
    generator = np.random.get_bit_generator()  # type: ignore[attr-defined]
    return generator, pickle.dumps(generator.state)


def _set_numpy_state(state: Any) -> None:
    generator, numbers = state
    np.random.set_bit_generator(generator)  # type: ignore[attr-defined]
    generator.state = pickle.loads(numbers)


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
