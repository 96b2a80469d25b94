"""Every family's fit gives the same bits, whether its graph was traced for it or for another."""

import numpy as np
import pytest
from conftest import rest_long

from hpopt.backend import begin_names_anew, load_keras
from hpopt.builders.registry import load_builder, read_signature
from hpopt.task import Output
from hpopt.training import drivers, graph
from hpopt.training.fit import Fit, Rows
from hpopt.training.graph import gains_in_xla

pytestmark = pytest.mark.keras
RNG = np.random.default_rng(0)
BINARY = Output.of("binary")

FAMILIES = {
    "conv with batch normalisation": ("conv", (6, 6, 1), np.uint8, {"num_blocks": 2}),
    "residual conv on series, causal": (
        *("conv", (7, 2), np.float32),
        {"residual": True, "normalization": "layer", "causal": True, "dilation": 2, "head": "last"},
    ),
    "masked GRU in both directions": (
        *("recurrent", (5, 2), np.float32),
        {"bidirectional": True, "mask_zeros": True, "recurrent_dropout": 0.2},
    ),
    "LSTMs with attention": (
        *("recurrent", (5, 2), np.float32),
        {"cell": "lstm", "num_layers": 2, "head": "attention"},
    ),
    "members with waves of numbers": (
        *("tabular", (6,), np.float32),
        {"members": 3, "embedding": "periodic", "residual": True},
    ),
    "masked GRU compiled by XLA": (
        *("recurrent", (5, 2), np.float32),
        {"mask_zeros": True, "recurrent_dropout": 0.2},
    ),
}


@pytest.fixture
def graphs(monkeypatch):
    store = type(drivers._GRAPHS)()
    monkeypatch.setattr(drivers, "_GRAPHS", store)
    return store


@pytest.mark.parametrize("family", rest_long(FAMILIES, short=2))
def test_a_fit_gives_the_same_bits_in_a_graph_of_another(family, graphs, monkeypatch):
    monkeypatch.setattr(graph, "_MANY_TIME_STEPS", 1 if "XLA" in family else 10**9)
    builder, shape, dtype, arguments = FAMILIES[family]
    inputs = (RNG.normal(size=(30, *shape)) * 50 + 100).astype(dtype)
    target = RNG.integers(0, 2, size=(30, 1)).astype(np.float32)
    train, validation = Rows(inputs[:20], target[:20]), Rows(inputs[20:], target[20:])

    def fit(dropout, learning_rate, *stretches):
        keras = load_keras()
        begin_names_anew()
        keras.utils.set_random_seed(3)
        build = load_builder(builder)
        numbers = {"dropout_prob": dropout, "l2": 0.01 * dropout}
        numbers = {n: v for n, v in numbers.items() if n in read_signature(build).arguments}
        model = build(shape, BINARY, **arguments, **numbers)
        optimizer = keras.optimizers.Adam(learning_rate)
        model.compile(optimizer, "binary_crossentropy", jit_compile=False)
        job = Fit(model, train, validation, batch_size=10, seed=1)
        for epochs in stretches:
            job.run(epochs)
        job.finish()
        return job

    other = fit(0.5, 0.1, 2)
    served = fit(0.2, 0.01, 1, 1)
    assert len(graphs) == 1
    graphs.clear()
    anew = fit(0.2, 0.01, 2)
    assert served.curves == anew.curves != other.curves
    for a, b in zip(served.model.get_weights(), anew.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def compiled(model):
    model.compile("sgd", "binary_crossentropy", jit_compile=False)
    return model


def test_long_loops_over_time_steps_alone_are_compiled():
    keras = load_keras()
    long, images = (40, 2), (8, 8, 1)
    gru = compiled(load_builder("recurrent")(long, BINARY, head="attention"))
    assert gains_in_xla(gru, batches=25)
    assert not gains_in_xla(gru, batches=24)
    assert not gains_in_xla(compiled(load_builder("conv")(images, BINARY)), batches=9999)
    layers = keras.layers
    beside = [layers.Input(long), layers.Conv1D(2, 2), layers.GRU(2), layers.Dense(1, "sigmoid")]
    assert not gains_in_xla(compiled(keras.Sequential(beside)), batches=9999)


def test_xla_gives_what_tensorflow_gives(monkeypatch, graphs):
    keras = load_keras()
    inputs = RNG.normal(size=(32, 6, 2)).astype(np.float32)
    target = (inputs[:, :1, 0] > 0).astype(np.float32)
    losses = []
    for least in (10**9, 1):
        monkeypatch.setattr(graph, "_MANY_TIME_STEPS", least)
        keras.utils.set_random_seed(0)
        model = compiled(load_builder("recurrent")((6, 2), BINARY))
        rows = Rows(inputs, target)
        job = Fit(model, rows, rows, batch_size=16, seed=1)
        job.run(3)
        job.finish()
        losses.append(job.curves["val_loss"])
        graphs.clear()
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
