import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.errors import TrialError
from hpopt.training import drivers
from hpopt.training.fit import Fit, Rows
from hpopt.training.surroundings import surroundings_kept
from hpopt.training.twins import key_of

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(40, 6)).astype(np.float32)
TARGET = (INPUTS[:, :1] > 0).astype(np.float32)
TRAIN, VALIDATION = Rows(INPUTS[:30], TARGET[:30]), Rows(INPUTS[30:], TARGET[30:])


@pytest.fixture
def graphs(monkeypatch):
    """An empty store of graphs."""
    store = type(drivers._GRAPHS)()
    monkeypatch.setattr(drivers, "_GRAPHS", store)
    return store


def network(
    activation="relu",
    rate=0.3,
    l2=0.01,
    learning_rate=0.01,
    decay=None,
    momentum=0.0,
    units=5,
    layer=None,
):
    keras = load_keras()
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(4)
    layers = keras.layers
    hidden = layers.Dense(units, activation, kernel_regularizer=keras.regularizers.L2(l2))
    stack = [layers.Input((6,)), hidden, layers.Dropout(rate)]
    model = keras.Sequential([*stack, *(layer or []), layers.Dense(1, activation="sigmoid")])
    if decay is not None:
        learning_rate = keras.optimizers.schedules.ExponentialDecay(learning_rate, 3, decay)
    optimizer = keras.optimizers.SGD(learning_rate, momentum=momentum)
    model.compile(optimizer, "binary_crossentropy", jit_compile=False)
    return model


def fit(model) -> Fit:
    job = Fit(model, TRAIN, VALIDATION, batch_size=16, seed=2)
    job.run(3)
    job.finish()
    return job


FED = [
    {"rate": 0.6},
    {"l2": 0.3},
    {"learning_rate": 0.2},
    {"decay": 0.2},
    {"momentum": 0.9},
]
BASE = {"decay": 0.9, "momentum": 0.5}


@pytest.mark.parametrize("change", FED, ids=str)
def test_a_graph_serves_the_next_value_as_if_it_were_its_own(change, graphs):
    reused = [fit(network(**BASE)), fit(network(**BASE | change))]
    assert len(graphs) == 1
    graphs.clear()
    anew = fit(network(**BASE | change))
    assert reused[1].curves == anew.curves
    assert reused[0].curves != anew.curves
    for a, b in zip(reused[1].model.get_weights(), anew.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("learning_rate", [0.01, 0.3])
def test_a_plain_learning_rate_is_fed_too(learning_rate, graphs):
    fit(network(learning_rate=0.1))
    served = fit(network(learning_rate=learning_rate))
    assert len(graphs) == 1
    assert served.curves["learning_rate"] == pytest.approx([learning_rate] * 3)


@pytest.mark.parametrize(
    "change",
    [
        {"activation": "sigmoid"},
        {"units": 6},
        {"rate": 0.0},
        {"rate": 1.0},
        {"l2": 0.0},
        {"momentum": 0.0},
        {"decay": None},
    ],
    ids=str,
)
def test_whatever_changes_the_graph_gets_one_of_its_own(change, graphs):
    fit(network(**BASE))
    served = fit(network(**BASE | change))
    assert len(graphs) == 2
    graphs.clear()
    assert served.curves == fit(network(**BASE | change)).curves


def test_the_model_stays_plain_keras_with_the_real_values_in_it(graphs, tmp_path):
    keras = load_keras()
    fit(network(rate=0.1, l2=0.1))
    model = network(rate=0.7, l2=0.2, learning_rate=0.05)
    before = [w.copy() for w in model.get_weights()]
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.layers[1].rate == 0.7
    assert loaded.layers[0].kernel_regularizer.l2 == pytest.approx(0.2)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.05)
    assert not np.allclose(before[0], loaded.get_weights()[0])
    assert int(loaded.optimizer.iterations) == 6
    loaded.fit(INPUTS, TARGET, verbose=0)  # and it can be trained further


def test_two_fits_of_one_kind_can_go_on_side_by_side(graphs):
    alone = fit(network())
    jobs = [Fit(network(), TRAIN, VALIDATION, batch_size=16, seed=2) for _ in range(2)]
    for _ in range(3):
        for job in jobs:
            job.run(1)
    for job in jobs:
        job.finish()
        assert job.curves == alone.curves
    for a, b in zip(jobs[0].model.get_weights(), alone.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_later_fit_leaves_an_earlier_ones_model_alone(graphs):
    first = fit(network())
    kept = [w.copy() for w in first.model.get_weights()]
    fit(network(learning_rate=0.5))
    assert all(map(np.array_equal, kept, first.model.get_weights()))


def test_a_users_own_layer_or_function_is_never_served_another_ones_graph(graphs):
    keras = load_keras()

    @keras.saving.register_keras_serializable(package="tests")
    class Scale(keras.layers.Layer):
        factor = 1.0

        def call(self, x):
            return x * self.factor

        def get_config(self):  # which forgets the factor
            return super().get_config()

    def scaled(factor):
        layer = Scale()
        layer.factor = factor
        return network(layer=[layer])

    assert key_of(scaled(2.0)) is None
    assert key_of(network(activation=lambda x: x * 2.0)) is None
    assert key_of(network(layer=[keras.layers.Lambda(lambda x: x)])) is None
    assert key_of(network(layer=[keras.layers.Normalization(mean=0.0, variance=1.0)])) is None
    losses = [fit(scaled(factor)).curves["loss"][0] for factor in (1.0, 50.0)]
    assert losses[0] != losses[1]
    assert not graphs


def with_constraint(model):
    model.layers[0].kernel.constraint = load_keras().constraints.MaxNorm(0.01)
    return model


def with_regularizer(model):
    model.layers[0].kernel.regularizer = load_keras().regularizers.OrthogonalRegularizer(0.5)
    return model


def with_exclusion(model):
    model.optimizer.weight_decay = 0.5
    model.optimizer.exclude_from_weight_decay(var_names=["kernel"])
    return model


def with_loss_of_arguments(model):
    model.compile("sgd", load_keras().losses.BinaryCrossentropy(label_smoothing=0.5))
    return model


@pytest.mark.parametrize(
    "change", [with_constraint, with_regularizer, with_exclusion, with_loss_of_arguments]
)
def test_what_is_in_no_config_is_neither_lost_nor_served_to_others(change, graphs):
    fit(network())
    changed = fit(change(network()))
    assert len(graphs) == 1
    assert changed.curves["loss"] != fit(network()).curves["loss"]
    if change is with_constraint:
        norms = np.linalg.norm(changed.model.layers[0].kernel.numpy(), axis=0)
        assert norms.max() == pytest.approx(0.01, rel=1e-3)


def test_a_number_that_two_things_share_is_not_fed(graphs):
    keras = load_keras()

    def make(strength):
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(1)
        shared = keras.regularizers.L2(strength)
        hidden = keras.layers.Dense(4, kernel_regularizer=shared, activity_regularizer=shared)
        model = keras.Sequential([keras.layers.Input((6,)), hidden, keras.layers.Dense(1)])
        model.compile("adam", "mse", jit_compile=False)
        return model

    fit(make(0.5))
    served = fit(make(0.01))
    graphs.clear()
    assert served.curves == fit(make(0.01)).curves


def test_a_learning_rate_that_is_a_function_leaves_the_model_as_it_was():
    keras = load_keras()
    model = network(rate=0.1)
    model.compile(keras.optimizers.SGD(lambda: 0.1), "binary_crossentropy")
    fit(model)
    assert model.layers[1].rate == 0.1


def test_a_fit_that_fails_gives_its_graph_back(graphs):
    broken = Rows(INPUTS[:30] * np.float32("inf"), TARGET[:30])
    job = Fit(network(), broken, VALIDATION, batch_size=16, seed=2)
    with pytest.raises(TrialError):
        job.run(2)
    assert len(graphs) == 1
    before = job.model.get_weights()
    served = fit(network())
    job.finish()  # is over: the graph's weights are another fit's by now
    assert all(map(np.array_equal, before, job.model.get_weights()))
    graphs.clear()
    assert served.curves == fit(network()).curves


def test_the_store_of_graphs_is_bounded(graphs, monkeypatch):
    monkeypatch.setattr(drivers, "_MOST_GRAPHS", 2)
    for units in (2, 3, 4):
        fit(network(units=units))
    assert len(graphs) == 2
    assert key_of(network(units=2)) not in [key[0] for key in graphs]


def test_networks_that_are_too_large_to_keep_are_not_kept(graphs, monkeypatch):
    monkeypatch.setattr(drivers, "_MOST_NUMBERS", 200)
    fit(network(units=3))
    assert len(graphs) == 1
    fit(network(units=90))
    assert not graphs


def test_what_is_in_a_network_within_the_network_is_fed_too(graphs):
    keras = load_keras()
    layers = keras.layers

    def make(strength, rate):
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(1)
        both = keras.regularizers.L1L2(strength, 2 * strength)
        inner = keras.Sequential(
            [
                layers.Conv1D(4, 2, kernel_regularizer=both, bias_regularizer="l1"),
                layers.Dropout(rate, noise_shape=(None, 1, 4)),
            ]
        )
        inputs = keras.Input((6,))
        x = layers.Flatten()(inner(layers.Reshape((3, 2))(inputs)))
        model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    fit(make(0.1, 0.2))
    served = fit(make(0.4, 0.5))
    assert len(graphs) == 1
    graphs.clear()
    assert served.curves == fit(make(0.4, 0.5)).curves


def test_what_no_graph_can_hold_goes_through_keras_and_the_log_says_so(caplog):
    keras = load_keras()

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(1, activation="sigmoid")
            self.steps = 0

        def call(self, x):
            return self.head(x)

        def train_step(self, data):
            self.steps += 1
            return super().train_step(data)

    keras.utils.set_random_seed(0)
    model = Own()
    model(INPUTS[:1])
    model.compile("sgd", "binary_crossentropy", run_eagerly=False)
    with caplog.at_level("INFO"):
        job = fit(model)
    assert model.steps
    assert "through model.fit: the model has its own train_step" in caplog.text
    assert job.epoch == 3
    assert job.curves["loss"][2] < job.curves["loss"][0]


def _own_loss(model):
    loss = model.compute_loss
    model.compute_loss = lambda *args, **options: 10 * loss(*args, **options)


def _own_train_step(model):
    model.train_step = lambda data: {"loss": 1.0}


def _own_optimizer(model):
    model.optimizer.apply = lambda *args: None


@pytest.mark.parametrize("change", [_own_loss, _own_train_step])
def test_a_step_that_one_model_alone_has_goes_through_keras(change):
    model = network()
    assert drivers.needs_keras(model) is None
    change(model)
    assert "its own" in drivers.needs_keras(model)


def test_a_metric_inside_a_layer_goes_through_keras():
    keras = load_keras()

    class Counts(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seen = keras.metrics.Mean(name="seen")

        def call(self, inputs):
            self.seen.update_state(inputs)
            return inputs

    assert "seen" in drivers.needs_keras(network(layer=[Counts()]))


@pytest.mark.parametrize("floatx", ["float64", "float16"])
def test_what_is_not_in_float32_goes_through_keras(floatx):
    import keras

    assert drivers.needs_keras(network()) is None
    with surroundings_kept():
        keras.config.set_floatx(floatx)
        model = network()
        assert "float32" in drivers.needs_keras(model)
        job = Fit(model, TRAIN, VALIDATION, batch_size=16, seed=2)
        job.run(1)
        job.finish()
        assert np.isfinite(job.curves["loss"]).all()
    if floatx == "float64":
        assert "float32" in drivers.needs_keras(model)  # whatever the process is in by now


def test_functions_that_are_to_run_eagerly_go_through_keras():
    import tensorflow as tf

    model = network()
    tf.config.run_functions_eagerly(True)
    try:
        assert "eagerly" in drivers.needs_keras(model)
    finally:
        tf.config.run_functions_eagerly(False)


def test_what_a_graph_takes_from_the_process_makes_another_graph():
    keras = load_keras()
    before = key_of(network())
    keras.config.set_epsilon(1e-3)
    try:
        assert key_of(network()) not in (None, before)
    finally:
        keras.config.set_epsilon(1e-7)
    assert key_of(network()) == before


def test_an_object_with_a_method_of_its_own_shares_no_graph():
    model = network()
    _own_optimizer(model)
    assert key_of(model) is None


def test_a_layer_whose_call_is_a_function_of_keras_shares_no_graph():
    keras, model = load_keras(), network()
    assert key_of(model) is not None
    model.layers[-1].call = keras.ops.sigmoid
    assert key_of(model) is None
