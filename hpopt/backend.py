"""The surroundings that Keras and TensorFlow need before they are first imported.

Importing TensorFlow costs seconds and hundreds of megabytes, so only code that fits or loads a
network does it, and all of it comes by here first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from hpopt.errors import SetupError


def load_keras() -> Any:
    """Import Keras on TensorFlow, with ops that give the same bits each time.

    Raises SetupError where something has already imported Keras on another backend.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever ~/.keras/keras.json says
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with silent_stderr() if "tensorflow" not in sys.modules else nullcontext():
        import keras
        import tensorflow as tf

        with suppress(RuntimeError):  # too late, where somebody has used the GPU already
            for gpu in tf.config.list_physical_devices("GPU"):
                tf.config.experimental.set_memory_growth(gpu, True)  # others may use it too
        tf.config.list_logical_devices()  # looks for devices now, and complains of what is missing
    if keras.backend.backend() != "tensorflow":
        raise SetupError(
            f"Keras was imported on the {keras.backend.backend()} backend",
            help="set KERAS_BACKEND=tensorflow, or import hpopt first",
        )
    tf.get_logger().setLevel("ERROR")  # else it takes a new network for one that is traced again
    tf.config.experimental.enable_op_determinism()
    return keras


def gpus_of_tensorflow() -> list[str]:
    """The GPUs that TensorFlow sees, by their names. Raises whatever a broken TensorFlow does."""
    load_keras()
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(each) for each in devices]
    return [str(each.get("device_name", "GPU")) for each in details]


def begin_names_anew() -> None:
    """Let Keras count its layers' names from the start again: like networks are named alike then.

    `keras.utils.clear_session` does so too, but makes TensorFlow forget the graphs it has compiled.
    """
    from keras.src.utils import naming

    naming.reset_uids()


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Close the mouth of TensorFlow's C++, which speaks before it heeds any log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
