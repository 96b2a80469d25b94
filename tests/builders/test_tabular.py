import inspect

import numpy as np
import pandas as pd
import pytest

from hpopt.backend import load_keras
from hpopt.builders.tabular import build
from hpopt.data.building import build_table
from hpopt.data.prepared import prepare
from hpopt.data.reading import of_frame
from hpopt.data.splits import Parts
from hpopt.task import Output
from hpopt.training.fit import Fit, Rows
from hpopt.training.objective import Objective
from hpopt.training.settings import Training

pytestmark = pytest.mark.keras
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5)).astype(np.float32)
TASKS = {
    "binary": (Output.of("binary"), RNG.integers(0, 2, (40, 1)), "binary_crossentropy"),
    "multiclass": (
        *(Output.of("multiclass", 3), RNG.integers(0, 3, 40)),
        "sparse_categorical_crossentropy",
    ),
    "regression": (Output.of("regression"), RNG.normal(size=(40, 1)), "mean_squared_error"),
    "forecast": (Output.of("forecast", steps=3), RNG.normal(size=(40, 3)), "mean_squared_error"),
}


@pytest.fixture(autouse=True)
def keras():
    keras = load_keras()
    keras.utils.set_random_seed(0)
    return keras


def own_words(model, keras):
    """What each member says [k, n, units], by its own output layer."""
    [heads] = [layer for layer in model.layers if getattr(layer, "equation", "") == "nkd,kdu->nku"]
    said = keras.Model(model.inputs[0], heads.output)(X)
    activation = model.layers[-1].activation if hasattr(model.layers[-1], "activation") else None
    said = said if activation is None else activation(said)
    return np.moveaxis(np.asarray(said), 1, 0)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("embedding", ["none", "periodic"])
def test_what_is_minimised_is_the_mean_loss_of_the_members(task, embedding, keras):
    output, y, loss = TASKS[task]
    model = build((5,), output, members=4, embedding=embedding, dropout_prob=0.0)
    model.compile("sgd", loss)
    each = [np.mean(keras.losses.get(loss)(y, said)) for said in own_words(model, keras)]
    assert len(each) == 4
    assert np.ptp(each) > 1e-4
    assert model.evaluate(X, y, verbose=0) == pytest.approx(np.mean(each), rel=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_what_is_said_is_the_members_mean_of_probabilities_the_geometric_one(task, keras):
    output, _, _ = TASKS[task]
    model = build((5,), output, members=4, num_dense_nodes=16)
    each = own_words(model, keras).astype(np.float64)
    expected = each.mean(axis=0)
    if task == "binary":
        yes, no = np.exp(np.log(each).mean(axis=0)), np.exp(np.log(1 - each).mean(axis=0))
        expected = yes / (yes + no)
    elif task == "multiclass":
        means = np.exp(np.log(each).mean(axis=0))
        expected = means / means.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(model(X)), expected, rtol=1e-4, atol=1e-6)


def test_members_begin_with_inputs_of_their_own_signs():
    model = build((5,), Output.of("binary"), members=8)
    [factors] = [layer for layer in model.layers if getattr(layer, "equation", "") == "nd,kd->nkd"]
    kernel = np.asarray(factors.kernel)
    assert set(np.unique(kernel)) == {-1, 1}
    assert len(np.unique(kernel, axis=0)) > 4


def test_one_member_is_a_plain_network():
    model = build((5,), Output.of("regression"), members=1, residual=True)
    kinds = [type(layer).__name__ for layer in model.layers[1:]]
    assert kinds == ["Dense", "Dropout", *["Dense", "Dropout", "Add"] * 2, "Dense"]


def test_an_embedding_stands_beside_the_inputs_and_can_be_learnt(keras):
    model = build((5,), Output.of("regression"), members=1, embedding="periodic", embedding_size=3)
    [first] = [layer for layer in model.layers if type(layer).__name__ == "Dense"][:1]
    assert first.kernel.shape[0] == 5 * (1 + 3)
    x = RNG.uniform(-2, 2, size=(400, 1)).astype(np.float32)
    y = np.sin(9 * x)
    errors = {}
    for embedding in ("none", "periodic"):
        keras.utils.set_random_seed(0)
        options = {"embedding": embedding, "embedding_frequency": 1.0, "dropout_prob": 0.0}
        model = build((1,), Output.of("regression"), members=1, **options)
        model.compile(keras.optimizers.Adam(1e-2), "mse", jit_compile=False)
        fit = Fit(model, Rows(x[:300], y[:300]), Rows(x[300:], y[300:]), batch_size=50, seed=0)
        fit.run(20)
        errors[embedding] = fit.curves["val_loss"][-1]
    assert errors["periodic"] < errors["none"] / 3


def test_a_saved_network_says_the_same_and_holds_keras_layers_alone(keras, tmp_path):
    output, _, _ = TASKS["multiclass"]
    model = build((5,), output, embedding="periodic", residual=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(np.asarray(loaded(X)), np.asarray(model(X)))
    modules = {inspect.getmodule(type(layer)).__name__.partition(".")[0] for layer in model.layers}
    assert modules == {"keras"}


def test_waves_are_made_of_quantities_alone(keras):
    options = {"members": 1, "embedding": "periodic", "embedding_size": 2}
    widths = {}
    for places in (None, (1, 4), ()):
        model = build((5,), Output.of("binary"), places_of_numbers=places, **options)
        [first] = [layer for layer in model.layers if type(layer).__name__ == "Dense"][:1]
        widths[places] = first.kernel.shape[0]
    assert widths == {None: 5 + 2 * 5, (1, 4): 5 + 2 * 2, (): 5}


def test_a_table_says_which_inputs_are_quantities(tmp_path):
    frame = pd.DataFrame({"a": RNG.normal(size=60), "colour": ["red", "blue", "green"] * 20})
    frame["b"] = np.where(np.arange(60) % 7, RNG.normal(size=60), np.nan)
    frame["y"] = ["yes", "no"] * 30
    table = build_table(of_frame(frame, "the frame"), target="y", task=None)
    rows = np.arange(60)
    data = prepare(table, Parts(rows[:40], rows[40:50], rows[50:]), tmp_path)
    assert data.features.places_of_numbers == (0, 4)  # one input a colour between them
    objective = Objective("tabular", {"embedding": "periodic"}, Training(), "accuracy", data)
    network = objective.network({}, seed=0)
    [waves] = [layer for layer in network.layers if getattr(layer, "equation", "") == "nd,df->ndf"]
    assert waves.kernel.shape[0] == 2
