"""The fit in a graph beside `model.fit`: the same weights where chance plays no part."""

import numpy as np
import pytest
from conftest import rest_long

from hpopt.backend import load_keras
from hpopt.training.drivers import InGraph
from hpopt.training.fit import Fit, Rows
from hpopt.training.optimizers import OPTIMIZERS

pytestmark = pytest.mark.keras

EPOCHS = 5
ROWS = 24
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(ROWS, 6)).astype(np.float32)
IMAGES = RNG.normal(size=(ROWS, 8, 8, 1)).astype(np.float32)
SEQUENCES = RNG.normal(size=(ROWS, 7, 3)).astype(np.float32)
WORDS = RNG.integers(0, 9, size=(ROWS, 4)).astype(np.float32)
TARGET = (TABLE.sum(axis=1, keepdims=True) > 0).astype(np.float32)
WEIGHTS = RNG.uniform(0.2, 3.0, size=ROWS).astype(np.float32)


def table_network(**dense):
    layers = load_keras().layers
    return load_keras().Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, activation="tanh", **dense),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def compare(make, inputs=TABLE, weights=None, tolerance=1e-5):
    """Fit two networks, one each way; one batch holds all rows, so their order plays no part."""
    keras = load_keras()
    models = []
    for _ in range(2):
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(7)
        models.append(make())
    mine, theirs = models
    for a, b in zip(mine.variables, theirs.variables, strict=True):
        b.assign(a)
    train = Rows(inputs, TARGET, weights)
    fit = Fit(mine, train, Rows(inputs[:9], TARGET[:9]), batch_size=ROWS, seed=7)
    assert isinstance(fit._driver, InGraph)
    fit.run(2)
    fit.run(EPOCHS - 2)
    fit.finish()
    history = theirs.fit(
        inputs,
        TARGET,
        sample_weight=weights,
        batch_size=ROWS,
        epochs=EPOCHS,
        verbose=0,
        validation_data=(inputs[:9], TARGET[:9]),
    ).history
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=tolerance)
    for curve in ("loss", "val_loss"):
        np.testing.assert_allclose(fit.curves[curve], history[curve], rtol=100 * tolerance)
    assert history["loss"][-1] != history["loss"][0]


def compiled(model, optimizer="adam"):
    model.compile(optimizer, "binary_crossentropy")
    return model


@pytest.mark.parametrize("name", rest_long(OPTIMIZERS.values(), short=4))
def test_every_optimizer(name):
    keras = load_keras()
    optimizer = getattr(keras.optimizers, name)
    compare(lambda: compiled(table_network(), optimizer(learning_rate=0.01)))


@pytest.mark.parametrize(
    "options",
    [
        {"weight_decay": 0.1},
        {"clipnorm": 0.05},
        {"global_clipnorm": 0.05},
        {"clipvalue": 0.01},
        {"use_ema": True, "ema_momentum": 0.5},
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2},
        {"momentum": 0.7, "nesterov": True},
    ],
    ids=lambda options: "-".join(options),
)
def test_every_option_of_an_optimizer(options):
    keras = load_keras()
    compare(lambda: compiled(table_network(), keras.optimizers.SGD(0.1, **options)))


@pytest.mark.parametrize("name", ["ExponentialDecay", "CosineDecay", "PiecewiseConstantDecay"])
def test_schedules(name):
    schedules = load_keras().optimizers.schedules
    made = {
        "ExponentialDecay": lambda: schedules.ExponentialDecay(0.1, 2, 0.5),
        "CosineDecay": lambda: schedules.CosineDecay(0.01, 4, warmup_target=0.1, warmup_steps=2),
        "PiecewiseConstantDecay": lambda: schedules.PiecewiseConstantDecay([1, 3], [0.3, 0.1, 0.0]),
    }[name]
    compare(lambda: compiled(table_network(), load_keras().optimizers.SGD(made())))


def test_sample_weights():
    compare(lambda: compiled(table_network()), weights=WEIGHTS)


def normalised():
    layers = load_keras().layers
    x = inputs = load_keras().Input((6,))
    x = layers.Dense(5, use_bias=False)(x)  # a bias would be rounding errors, blown up by Adam
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.LayerNormalization()(layers.Concatenate()([x, inputs]))
    return load_keras().Model(inputs, layers.Dense(1, activation="sigmoid")(x))


def regularised():
    keras = load_keras()
    inputs = keras.Input((6,))
    x = keras.layers.Dense(
        5,
        activation="tanh",
        kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02),
        bias_regularizer=keras.regularizers.L1(0.01),
        activity_regularizer=keras.regularizers.L2(0.01),
        kernel_constraint=keras.constraints.MaxNorm(1.0),
    )(inputs)
    x = keras.layers.ActivityRegularization(l2=0.05)(x)  # an add_loss
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))


def nested():
    keras = load_keras()
    inner = keras.Sequential([keras.layers.Dense(4, activation="gelu"), keras.layers.Dense(3)])
    inputs = keras.Input((6,))
    frozen = keras.layers.Dense(2, trainable=False)
    x = keras.layers.Concatenate()([inner(inputs), inner(inputs * 2.0), frozen(inputs)])
    return keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))


def mixed_precision():
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, activation="tanh", dtype="mixed_bfloat16"),
            layers.Dense(1, activation="sigmoid", dtype="float32"),
        ]
    )


def subclassed():
    keras = load_keras()

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.hidden = keras.layers.Dense(5, activation="tanh")
            self.head = keras.layers.Dense(1, activation="sigmoid")

        def call(self, x, training=False):
            x = self.hidden(x)
            self.add_loss(0.01 * keras.ops.mean(keras.ops.square(x)))
            return self.head(x * 2.0 if training else x)

    model = Net()
    model(TABLE[:1])
    return model


@pytest.mark.parametrize("make", [normalised, regularised, nested, mixed_precision, subclassed])
def test_networks_for_tables(make):
    compare(lambda: compiled(make()), tolerance=1e-3 if make is mixed_precision else 1e-5)


def test_convolutions_with_augmentation():
    keras = load_keras()
    layers = keras.layers

    def make():
        stack = [
            layers.Input((8, 8, 1)),
            # One possible outcome each, for what falls to which row depends on their order.
            layers.RandomTranslation((0.2, 0.2), (-0.1, -0.1)),
            layers.RandomRotation((0.1, 0.1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
        return compiled(keras.Sequential(stack))

    compare(make, IMAGES)


@pytest.mark.parametrize("name", rest_long(["GRU", "LSTM", "Bidirectional"], short=2))
def test_recurrent_networks(name):
    keras = load_keras()
    layers = keras.layers

    def make():
        cell = layers.Bidirectional(layers.GRU(4)) if name == "Bidirectional" else None
        stack = [layers.Input((7, 3)), cell or getattr(layers, name)(4)]
        return compiled(keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")]))

    compare(make, SEQUENCES)


def test_embeddings():
    keras = load_keras()
    layers = keras.layers

    def make():
        stack = [layers.Input((4,)), layers.Embedding(9, 3), layers.Flatten()]
        return compiled(keras.Sequential([*stack, layers.Dense(1, activation="sigmoid")]))

    compare(make, WORDS)


@pytest.mark.long
def test_dropout_and_shuffling_end_in_the_same_distribution():
    """Thirty seeds each way; the two-sample Kolmogorov-Smirnov test would see another dropout."""
    from scipy.stats import ks_2samp

    keras = load_keras()
    keras.utils.set_random_seed(5)  # what model.fit shuffles by
    inputs = np.random.default_rng(5).normal(size=(60, 6)).astype(np.float32)
    target = (inputs[:, :1] * inputs[:, 1:2] > 0).astype(np.float32)

    train, held_out = Rows(inputs[:40], target[:40]), Rows(inputs[40:], target[40:])

    def by_keras(model, seed):
        options = {"batch_size": 16, "epochs": 4, "verbose": 0}
        return model.fit(inputs[:40], target[:40], **options).history["loss"][-1]

    def by_fit(model, seed):
        fit = Fit(model, train, held_out, batch_size=16, seed=seed)
        fit.run(4)
        fit.finish()
        return fit.curves["loss"][-1]

    def losses(last_loss, rate):
        model = keras.Sequential(
            [
                keras.layers.Input((6,)),
                keras.layers.Dense(8, activation="relu"),
                keras.layers.Dropout(rate),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy", jit_compile=False)
        first, last = model.get_weights(), []
        for seed in range(30):
            rng = np.random.default_rng(seed)
            model.set_weights([rng.normal(0.0, 0.5, size=w.shape) for w in first])
            for variable in model.non_trainable_variables:  # the dropout's seed
                variable.assign(rng.integers(2**31, size=variable.shape))
            last.append(last_loss(model, seed))
        return last

    theirs = losses(by_keras, 0.5)
    assert ks_2samp(losses(by_fit, 0.5), theirs).pvalue > 0.01
    assert ks_2samp(losses(by_fit, 0.05), theirs).pvalue < 0.01
