"""Pieces of numbers and trainable embeddings before a builder's network."""

import keras
import numpy as np
import pytest

from hpopt.data.prepared import Prepared
from hpopt.data.target_spec import TargetSpec
from hpopt.errors import SetupError
from hpopt.inputs.table.columns import CategoricalColumn, NumericColumn
from hpopt.inputs.table.kind import TableKind
from hpopt.task import Output
from hpopt.training.objective import Objective, compile_model
from hpopt.training.settings import Training
from hpopt.training.stem import shape_behind_stem, with_stem
from hpopt.training.twins import key_of

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def objective(tmp_path_factory) -> Objective:
    """Rows whose class is known by their city, and by nothing else."""
    rng = np.random.default_rng(0)
    codes = rng.integers(24, size=600)
    raw = {"noise": rng.normal(size=600), "city": np.array([f"c{n}" for n in range(24)])[codes]}
    spec, target = (
        TableKind.fit(raw, settings={"pieces": 8}),
        np.isin(codes, rng.permutation(24)[:12]).astype(np.int64),
    )
    folder = tmp_path_factory.mktemp("stem")
    parts = {"train": slice(0, 400), "validation": slice(400, 500), "test": slice(500, 600)}
    for part, rows in parts.items():
        np.save(folder / f"{part}.inputs.npy", spec.apply(raw)[rows])
        np.save(folder / f"{part}.target.npy", target[rows])
    data = Prepared(
        folder, spec, TargetSpec(), Output.of("binary"),
        ("no", "yes"), {"train": 400, "validation": 100, "test": 100},
    )  # fmt: skip
    training = Training(epochs=30, batch_size=32, learning_rate=0.02)
    return Objective("dense_dropout", {}, training, "accuracy", data)


@pytest.mark.parametrize("driver", ["auto", "keras"])
def test_what_only_a_category_tells_is_learned(objective, driver, tmp_path):
    [(size, dimensions)] = objective.data.features.embeddings
    assert size == 25
    assert shape_behind_stem(objective.data.features) == (1 + 8 + dimensions,)
    epochs = 20 if driver == "auto" else 4
    training = objective.training.model_copy(update={"driver": driver, "epochs": epochs})
    learned = Objective("dense_dropout", {}, training, "accuracy", objective.data)
    result = learned({}, seed=1, folder=tmp_path)
    assert result.metrics["accuracy"] > (0.95 if driver == "auto" else 0.6)
    network = learned.trained({}, seed=1, weights=tmp_path / "weights.npz")
    assert learned.score(network) == result.metrics["accuracy"]


def test_networks_that_differ_in_numbers_share_a_graph(objective):
    keys = []
    for rate, nodes in ((0.01, 8), (0.02, 8), (0.02, 9)):
        model = objective.network({"num_dense_nodes": nodes}, seed=1)
        compile_model(model, Training(learning_rate=rate), objective.data)
        keys.append(key_of(model))
    assert keys[0] is not None
    assert keys[0] == keys[1] != keys[2]


def test_the_network_sees_how_much_of_each_piece_lies_below_a_number(tmp_path):
    spec = TableKind(
        (
            CategoricalColumn("kind", ("u", "v"), has_other=False),
            NumericColumn("x", 0.0, 0.0, 1.0, has_indicator=True, edges=(-1.0, 0.0, 2.0)),
            CategoricalColumn("city", ("a",), has_other=True, embedding=3),
        )
    )
    assert shape_behind_stem(spec) == (2 + 2 + 2 + 3,)
    inputs = keras.Input(shape_behind_stem(spec))
    model = with_stem(keras.Model(inputs, keras.layers.Identity()(inputs)), spec)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    rows = np.array([[1, 0, x, 0, 1] for x in (-2.0, -0.25, 0.5, 2.5)], np.float32)
    seen = loaded.predict(rows, verbose=0)
    np.testing.assert_array_equal(seen[:, :4], rows[:, :4])
    np.testing.assert_allclose(seen[:, 4:6], [[0, 0], [0.75, 0], [1, 0.25], [1, 1]])


def test_a_training_step_of_ones_own_is_not_passed_over(objective):
    class Own(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    inputs = keras.Input(shape_behind_stem(objective.data.features))
    network = Own(inputs, keras.layers.Dense(1)(inputs))
    with pytest.raises(SetupError, match=r"embeddings of city .* own train_step"):
        with_stem(network, objective.data.features)
    numbers = TableKind.fit({"x": np.arange(60.0)}, settings={"pieces": 4})
    with pytest.raises(SetupError, match="pieces of numbers") as caught:
        with_stem(network, numbers)
    assert "pieces: 0" in str(caught.value.problems[0].help)


def test_without_embeddings_a_network_stays_as_it_is():
    spec = TableKind.fit({"x": np.arange(5.0)})
    inputs = keras.Input((1,))
    network = keras.Model(inputs, inputs)
    assert with_stem(network, spec) is network
    assert shape_behind_stem(spec) == (1,)
