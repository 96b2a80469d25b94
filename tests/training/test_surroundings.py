"""A trial leaves the process as it has found it, so that the next one gives what it gives alone."""

import gc
import locale
import logging
import os
import random
import signal
import sys
import threading
import warnings
from contextlib import suppress

import numpy as np
import pytest
from conftest import make_data

from hpopt.training.objective import Objective
from hpopt.training.settings import Training
from hpopt.training.surroundings import _umask, surroundings_kept

pytestmark = pytest.mark.keras

# A builder that changes all there is to change where it is asked to, and gives the same network.
NETS = """
import gc, logging, os, random, signal, sys, threading, warnings
import keras, numpy as np, tensorflow as tf

def build(input_shape, output, *, spoils=False):
    if spoils:
        keras.config.set_dtype_policy("mixed_float16")
        keras.config.set_floatx("float64")
        keras.config.set_epsilon(1e-2)
        keras.config.set_image_data_format("channels_first")
        keras.config.set_max_epochs(1)
        tf.config.run_functions_eagerly(True)
        tf.config.optimizer.set_jit(True)
        random.seed(1)
        np.random.seed(1)
        np.seterr(all="raise")
        os.chdir("/")
        os.environ["SPOILT"] = "yes"
        os.environ.pop("HOME", None)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        warnings.simplefilter("error")
        sys.setrecursionlimit(5000)
        gc.disable()
        gc.set_threshold(7)
        os.umask(0o777)
        sys.path.insert(0, "/spoilt")
        sys.stdout = sys.stderr = sys.stdin = None
        sys.excepthook = threading.excepthook = print
        logging.disable(logging.CRITICAL)
        logging.root.setLevel(1)
        logging.root.addHandler(logging.NullHandler())
        logging.getLogger("hpopt.training.fit").disabled = True
        np.set_printoptions(precision=1)
        keras.config.disable_traceback_filtering()
        keras.config.disable_interactive_logging()
    x = keras.Input(input_shape)
    h = keras.layers.BatchNormalization()(keras.layers.Dense(4, "relu")(x))
    return keras.Model(x, keras.layers.Dense(output.units, output.activation, dtype="float32")(h))
"""


def process_state():
    import keras
    import tensorflow as tf

    return [
        *(keras.config.dtype_policy().name, keras.config.floatx(), keras.config.epsilon()),
        *(keras.config.image_data_format(), keras.config.max_epochs()),
        *(tf.config.functions_run_eagerly(), tf.config.optimizer.get_jit()),
        *(random.getstate(), str(np.random.get_state()), np.geterr()),
        *(os.getcwd(), dict(os.environ), signal.getsignal(signal.SIGTERM)),
        *(list(warnings.filters), sys.getrecursionlimit(), gc.isenabled(), gc.get_threshold()),
        *(_umask(), list(sys.path), sys.stdin, sys.stdout, sys.stderr),
        *(sys.excepthook, threading.excepthook, logging.root.manager.disable),
        *(logging.root.level, list(logging.root.handlers), np.get_printoptions()),
        *(logging.getLogger("hpopt.training.fit").disabled, locale.setlocale(locale.LC_ALL)),
        keras.config.is_traceback_filtering_enabled(),
        keras.config.is_interactive_logging_enabled(),
    ]


@pytest.fixture
def objective(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    builder = f"{tmp_path / 'nets.py'}:build"
    return Objective(builder, {}, Training(epochs=2), "accuracy", make_data(tmp_path / "data"))


def test_a_trial_gives_the_same_behind_one_that_changes_the_whole_process(objective, tmp_path):
    alone = objective({}, seed=3, folder=tmp_path / "alone")
    before = process_state()
    with suppress(Exception):  # such a network may well give no value
        objective({"spoils": True}, seed=3, folder=tmp_path / "spoiler")
    assert process_state() == before
    behind = objective({}, seed=3, folder=tmp_path / "behind")
    assert (behind.value, behind.curves) == (alone.value, alone.curves)


def test_a_network_that_is_only_built_changes_nothing_either(objective, tmp_path):
    objective({}, seed=3, folder=tmp_path)
    before = process_state()
    objective.trained({"spoils": True}, seed=3, weights=tmp_path / "weights.npz")
    assert process_state() == before


def test_what_the_builders_file_sets_when_it_is_imported_is_there_for_every_trial(tmp_path):
    import keras

    (tmp_path / "nets.py").write_text(NETS + "\nkeras.config.set_epsilon(1e-3)\n")
    builder = f"{tmp_path / 'nets.py'}:build"
    objective = Objective(builder, {}, Training(epochs=1), "accuracy", make_data(tmp_path / "data"))
    try:
        for number in (1, 2):
            objective({}, seed=number, folder=tmp_path / str(number))
            assert keras.config.epsilon() == 1e-3
    finally:
        keras.config.set_epsilon(1e-7)


def test_a_folder_that_is_gone_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    with surroundings_kept():
        os.chdir(tmp_path)
        (tmp_path / "gone").rmdir()
