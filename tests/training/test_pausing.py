import logging
import pickle
import subprocess
import sys

import numpy as np
import pytest
from conftest import make_data

from hpopt.training.fit import Fit, Rows
from hpopt.training.objective import Objective
from hpopt.training.optimizers import OPTIMIZERS
from hpopt.training.pausing import PausedFit
from hpopt.training.settings import Augmentation, EarlyStopping, Training
from hpopt.trials import STATE, WEIGHTS

pytestmark = pytest.mark.keras

PARAMS = {"num_layers": 2, "num_dense_nodes": 9}
SMALL = {"batch_size": 16, "learning_rate": 0.01}
KINDS = {
    "adam": Training(epochs=9, **SMALL),
    "momentum": Training(epochs=9, optimizer="sgd", momentum=0.9, learning_decay=0.01, **SMALL),
    "cosine": Training(epochs=9, learning_schedule="cosine", warmup=0.2, **SMALL),
    "averages": Training(epochs=9, ema_epochs=2.0, **SMALL),
    "patience": Training(
        epochs=40, early_stopping=EarlyStopping(patience=3), batch_size=16, learning_rate=0.05
    ),
    "patience with a metric": Training(
        epochs=40,
        early_stopping=EarlyStopping(patience=3, monitor="metric"),
        batch_size=16,
        learning_rate=0.05,
    ),
    "classes weighed": Training(epochs=9, class_weight="balanced", label_smoothing=0.1, **SMALL),
}


def make_objective(folder, training, arguments=None, builder="dense_dropout") -> Objective:
    data = make_data(folder / "data")
    arguments = (
        {"dropout_prob": 0.3, "batch_normalization": True} if arguments is None else arguments
    )
    return Objective(builder, arguments, training, "accuracy", data)


def everything(folder, result):
    """What must be the same to the last bit."""
    with np.load(folder / WEIGHTS) as arrays:
        weights = [arrays[name].tobytes() for name in arrays.files]
    told = result.value, result.metrics, result.scores, result.epochs, result.kept_epoch
    return weights, {name: list(curve) for name, curve in result.curves.items()}, told


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_that_was_paused_is_the_fit_that_was_not(kind, tmp_path):
    objective = make_objective(tmp_path, KINDS[kind])
    whole = objective(PARAMS, seed=3, folder=tmp_path / "whole")
    for share in (1 / 9, 1 / 3):
        part = objective(PARAMS, seed=3, folder=tmp_path / "parts", share=share)
        epochs = round(share * KINDS[kind].epochs)
        if part.state is not None:
            assert (part.epochs, part.weights) == (epochs, None)
            assert part.curves["loss"] == whole.curves["loss"][:epochs]
        # Another fit takes the graph meanwhile.
        objective(PARAMS, seed=4, folder=tmp_path / "other", share=share)
    last = objective(PARAMS, seed=3, folder=tmp_path / "parts")
    assert everything(tmp_path / "parts", last) == everything(tmp_path / "whole", whole)
    assert last.state is None


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name not in ("adam", "sgd")])
def test_each_optimizer_goes_on_as_it_was(optimizer, tmp_path):
    settings = {"momentum": 0.5, "gradient_clip": 1.0, "weight_decay": 0.01}
    training = Training(epochs=3, optimizer=optimizer, **settings, **SMALL)
    objective = make_objective(tmp_path, training)
    whole = objective(PARAMS, seed=3, folder=tmp_path / "whole")
    for seed in (3, 4):  # the other one takes the graph meanwhile
        objective(PARAMS, seed=seed, folder=tmp_path / str(seed), share=2 / 3)
    last = objective(PARAMS, seed=3, folder=tmp_path / "3")
    assert everything(tmp_path / "3", last) == everything(tmp_path / "whole", whole)


IN_ANOTHER = """
import pickle, sys
from pathlib import Path
objective, params, folder, share = pickle.load(sys.stdin.buffer)
result = objective(params, seed=3, folder=Path(folder), share=share)
sys.stdout.buffer.write(b"RESULT" + pickle.dumps(result))
"""


def test_it_goes_on_in_another_process(tmp_path):
    objective = make_objective(tmp_path, KINDS["patience"])
    whole = objective(PARAMS, seed=3, folder=tmp_path / "whole")
    objective(PARAMS, seed=3, folder=tmp_path / "parts", share=1 / 20)
    order = pickle.dumps((objective, PARAMS, str(tmp_path / "parts"), 1.0))
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER], input=order, capture_output=True, check=True
    )
    last = pickle.loads(done.stdout.partition(b"RESULT")[2])
    assert everything(tmp_path / "parts", last) == everything(tmp_path / "whole", whole)


def test_a_score_on_the_way_is_that_of_a_fit_which_ends_there(tmp_path):
    objective = make_objective(tmp_path, Training(epochs=9, **SMALL))
    part = objective(PARAMS, seed=3, folder=tmp_path / "part", share=1 / 3)
    short = make_objective(tmp_path / "short", Training(epochs=3, **SMALL))
    ended = short(PARAMS, seed=3, folder=tmp_path / "ended")
    assert (part.value, part.scores, part.curves) == (ended.value, ended.scores, ended.curves)


def test_a_fit_that_ended_early_says_the_same_again(tmp_path):
    training = Training(
        epochs=60, early_stopping=EarlyStopping(patience=2), batch_size=16, learning_rate=0.2
    )
    objective = make_objective(tmp_path, training)
    first = objective(PARAMS, seed=3, folder=tmp_path / "parts", share=0.9)
    assert first.state is None
    assert first.epochs < 54
    again = objective(PARAMS, seed=3, folder=tmp_path / "parts")
    assert everything(tmp_path / "parts", again) == everything(tmp_path / "parts", first)


@pytest.mark.parametrize("damage", ["cut", "no archive", "of another seed", "empty"])
def test_a_file_that_is_no_state_of_it_costs_time_alone(damage, tmp_path, caplog):
    objective = make_objective(tmp_path, Training(epochs=9, **SMALL))
    whole = objective(PARAMS, seed=3, folder=tmp_path / "whole")
    objective(PARAMS, seed=3, folder=tmp_path / "parts", share=1 / 3)
    path = tmp_path / "parts" / STATE
    if damage == "of another seed":
        objective(PARAMS, seed=4, folder=tmp_path / "parts", share=1 / 3)
    else:
        text = path.read_bytes()
        path.write_bytes({"cut": text[: len(text) // 2], "no archive": b"x" * 99}.get(damage, b""))
    with caplog.at_level(logging.WARNING):
        last = objective(PARAMS, seed=3, folder=tmp_path / "parts")
    assert "begins anew" in caplog.text
    assert everything(tmp_path / "parts", last) == everything(tmp_path / "whole", whole)


def damaged(text):
    """A file with each of its bytes changed in turn, and cut at many places."""
    for place in range(len(text)):
        for bits in (0x01, 0xFF):
            yield text[:place] + bytes([text[place] ^ bits]) + text[place + 1 :]
    yield from (text[:length] for length in range(0, len(text), 50))


def test_whatever_has_become_of_a_file_it_holds_what_was_written_or_nothing(tmp_path, caplog):
    caplog.set_level(logging.CRITICAL, "hpopt")
    path = tmp_path / "trials" / "0001" / STATE
    path.parent.parent.mkdir()
    curves = {"loss": [1.0, 0.5], "val_loss": [2.0, 3.0]}
    PausedFit("it", 1.5, curves, 0.25, 2, False, [np.eye(2, dtype="f4")]).write(path)
    counts = {"nothing": 0, "all": 0}
    for text in damaged(path.read_bytes()):
        path.write_bytes(text)
        found = PausedFit.read(path, "it")
        if found is None:
            counts["nothing"] += 1
            continue
        told = (found.seconds, found.curves, found.best, found.best_epoch, found.stopped)
        assert told == (1.5, curves, 0.25, 2, False)
        assert [array.tolist() for array in found.variables] == [[[1.0, 0.0], [0.0, 1.0]]]
        counts["all"] += 1  # of what no reader looks at, such as times
    assert counts["nothing"] > counts["all"] > 0


def test_a_state_from_further_on_does_not_change_what_is_said_of_less(tmp_path):
    objective = make_objective(tmp_path, Training(epochs=9, **SMALL))
    first = objective(PARAMS, seed=3, folder=tmp_path / "t", share=1 / 3)
    objective(PARAMS, seed=3, folder=tmp_path / "t", share=2 / 3)
    again = objective(PARAMS, seed=3, folder=tmp_path / "t", share=1 / 3)
    assert (again.epochs, again.value, again.curves) == (3, first.value, first.curves)


def test_what_goes_through_keras_is_fitted_in_full_with_a_word(tmp_path, caplog):
    objective = make_objective(tmp_path, Training(epochs=4, driver="keras", **SMALL))
    whole = objective(PARAMS, seed=3, folder=tmp_path / "whole")
    with caplog.at_level(logging.WARNING):
        result = objective(PARAMS, seed=3, folder=tmp_path / "t", share=1 / 4)
    assert (result.epochs, result.state) == (4, None)
    assert everything(tmp_path / "t", result) == everything(tmp_path / "whole", whole)
    assert "can't be paused" in caplog.text


OWN = """
import keras

class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x

def build(input_shape, output):
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, output.layer()(Doubled()(inputs)))
"""


def test_so_is_a_network_with_layers_of_its_own(tmp_path, caplog):
    (tmp_path / "nets.py").write_text(OWN.replace("output.layer()", "keras.layers.Dense(1)"))
    builder = f"{tmp_path / 'nets.py'}:build"
    objective = make_objective(tmp_path, Training(epochs=4, **SMALL), {}, builder)
    result = objective({}, seed=3, folder=tmp_path / "t", share=1 / 4)
    assert (result.epochs, result.state) == (4, None)


HALF = """
import keras

def build(input_shape, output):
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(4, dtype="bfloat16")(inputs)
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
"""


def test_numbers_that_numpy_does_not_know_go_on_too(tmp_path, caplog):
    (tmp_path / "nets.py").write_text(HALF)
    builder = f"{tmp_path / 'nets.py'}:build"
    objective = make_objective(tmp_path, Training(epochs=4, **SMALL), {}, builder)
    whole = objective({}, seed=3, folder=tmp_path / "whole")
    assert objective({}, seed=3, folder=tmp_path / "t", share=1 / 2).state == STATE
    last = objective({}, seed=3, folder=tmp_path / "t")
    assert everything(tmp_path / "t", last) == everything(tmp_path / "whole", whole)
    assert "anew" not in caplog.text


@pytest.mark.long
def test_images_that_are_augmented_go_on_where_they_were(tmp_path):
    import keras

    rng = np.random.default_rng(0)
    rows = Rows(rng.random((40, 8, 8, 1), np.float32), rng.integers(0, 2, (40, 1)).astype("f4"))

    def make_fit():
        keras.utils.clear_session()
        keras.utils.set_random_seed(5)
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
        x = keras.layers.Dropout(0.3, seed=1)(keras.layers.GlobalAveragePooling2D()(x))
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
        model.compile(optimizer="adam", loss="binary_crossentropy")
        turned = Augmentation(flip="horizontal", shift=0.2, rotation=10)
        return Fit(model, rows, rows, batch_size=8, seed=7, augmentation=turned)

    whole, first, second = make_fit(), make_fit(), make_fit()
    whole.run(6)
    whole.finish()
    first.run(2)
    (tmp_path / "run").mkdir()
    first.pause("it", 0.0).write(tmp_path / "run" / STATE)
    first.finish()
    assert second.take_up(PausedFit.read(tmp_path / "run" / STATE, "it"))
    second.run(4)
    second.finish()
    assert whole.curves == second.curves
    for one, other in zip(whole.model.get_weights(), second.model.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()
