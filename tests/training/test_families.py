"""Every family's fit gives the same bits, whether its graph was traced for it or for another."""

import numpy as np
import pytest

from hpopt.backend import begin_names_anew, load_keras
from hpopt.builders.registry import load_builder
from hpopt.task import Output
from hpopt.training import drivers
from hpopt.training.fit import Fit, Rows

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
}


@pytest.fixture
def graphs(monkeypatch):
    store = type(drivers._GRAPHS)()
    monkeypatch.setattr(drivers, "_GRAPHS", store)
    return store


@pytest.mark.parametrize("family", FAMILIES)
def test_a_fit_gives_the_same_bits_in_a_graph_of_another(family, graphs):
    builder, shape, dtype, arguments = FAMILIES[family]
    inputs = (RNG.normal(size=(30, *shape)) * 50 + 100).astype(dtype)
    target = RNG.integers(0, 2, size=(30, 1)).astype(np.float32)
    train, validation = Rows(inputs[:20], target[:20]), Rows(inputs[20:], target[20:])

    def fit(dropout, learning_rate, *stretches):
        keras = load_keras()
        begin_names_anew()
        keras.utils.set_random_seed(3)
        numbers = {"dropout_prob": dropout, "l2": 0.01 * dropout}
        model = load_builder(builder)(shape, BINARY, **arguments, **numbers)
        optimizer = keras.optimizers.Adam(learning_rate)
        model.compile(optimizer, "binary_crossentropy", jit_compile=False)
        job = Fit(model, train, validation, batch_size=8, seed=1)
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
