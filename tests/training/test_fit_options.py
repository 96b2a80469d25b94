"""The options of a fit, beside the same ones of `model.fit` and from graph to graph."""

import numpy as np
import pytest
from conftest import rest_long

from hpopt.backend import load_keras
from hpopt.training import drivers
from hpopt.training.fit import Fit, Rows, network_outputs
from hpopt.training.schedules import Schedule
from hpopt.training.settings import EarlyStopping

pytestmark = pytest.mark.keras

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(32, 6)).astype(np.float32)
TARGET = (INPUTS[:, :1] + 0.5 * RNG.normal(size=(32, 1)) > 0).astype(np.float32)
# One batch holds all rows, so that their order plays no part.
TRAIN, VALIDATION = Rows(INPUTS[:24], TARGET[:24]), Rows(INPUTS[24:], TARGET[24:])
EPOCHS = 6


def network(optimizer="Adam", **options):
    keras = load_keras()
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(4)
    stack = [keras.layers.Input((6,)), keras.layers.Dense(5, "tanh")]
    model = keras.Sequential([*stack, keras.layers.Dense(1, "sigmoid")])
    made = getattr(keras.optimizers, optimizer)(options.pop("learning_rate", 0.05), **options)
    model.compile(made, "binary_crossentropy", jit_compile=False)
    return model


def fit(model, *, driver="auto", stretches=(EPOCHS,), **ways):
    job = Fit(model, TRAIN, VALIDATION, batch_size=24, seed=3, driver=driver, **ways)
    for epochs in stretches:
        job.run(epochs)
    job.finish()
    return job


@pytest.fixture
def graphs(monkeypatch):
    store = type(drivers._GRAPHS)()
    monkeypatch.setattr(drivers, "_GRAPHS", store)
    return store


EMA = {"use_ema": True, "ema_momentum": 0.7}
SCHEDULE = Schedule(0.05, "coslog4", 0.1, EPOCHS)
CASES = [
    ({}, {"schedule": SCHEDULE}),
    ({"beta_2": 0.9}, {}),
    ({"beta_2": 0.9999, "global_clipnorm": 0.05, "weight_decay": 0.1}, {}),
    ({"optimizer": "SGD", "global_clipnorm": 0.02, "learning_rate": 1.0}, {}),
    (EMA, {"averaged": True}),
    (EMA, {"averaged": True, "schedule": SCHEDULE, "early_stopping": EarlyStopping(patience=2)}),
]


@pytest.mark.parametrize(("options", "ways"), rest_long(CASES[::-1], short=3))
def test_a_graph_gives_what_model_fit_gives(options, ways, graphs):
    mine, theirs = (fit(network(**options), driver=driver, **ways) for driver in ("auto", "keras"))
    for name, curve in mine.curves.items():
        assert curve == pytest.approx(theirs.curves[name], rel=1e-4), name
    assert mine.kept_epoch == theirs.kept_epoch
    for a, b in zip(mine.model.get_weights(), theirs.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.parametrize(("options", "ways"), CASES)
@pytest.mark.parametrize("driver", rest_long(["auto", "keras"]))
def test_stretches_change_nothing(options, ways, driver, graphs):
    whole = fit(network(**options), driver=driver, **ways)
    cut = fit(network(**options), driver=driver, stretches=(1, 2, EPOCHS - 3), **ways)
    assert whole.curves == cut.curves
    for a, b in zip(whole.model.get_weights(), cut.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"beta_2": 0.9}, {"beta_2": 0.99}),
        ({"global_clipnorm": 0.05}, {"global_clipnorm": 0.5}),
        (EMA, EMA | {"ema_momentum": 0.3}),
    ],
    ids=lambda options: "-".join(options),
)
def test_a_graph_serves_the_next_number_as_if_it_were_its_own(first, second, graphs):
    ways = {"averaged": "use_ema" in first}
    fit(network(**first), **ways)
    served = fit(network(**second), **ways)
    assert len(graphs) == 1
    graphs.clear()
    assert served.curves == fit(network(**second), **ways).curves
    assert served.curves != fit(network(**first), **ways).curves


def test_one_graph_serves_all_schedules(graphs):
    fit(network(), schedule=SCHEDULE)
    served = fit(network(), schedule=Schedule(0.2, "linear", 0.0, 40))
    assert len(graphs) == 1
    assert served.curves["learning_rate"] == pytest.approx(
        Schedule(0.2, "linear", 0, 40).rates(0, 6)
    )
    fit(network())
    assert len(graphs) == 2


def test_the_average_is_what_is_kept_and_judged(graphs):
    model = network(**EMA)
    job = fit(model, averaged=True)
    means = [v.numpy() for v in model.optimizer.variables if "average" in v.path]
    assert len(means) == len(model.trainable_variables)
    for weight, mean in zip(model.get_weights(), means, strict=True):
        np.testing.assert_array_equal(weight, mean)
    evaluated = model.evaluate(VALIDATION.inputs, VALIDATION.target, verbose=0)
    assert job.curves["val_loss"][-1] == pytest.approx(evaluated, rel=1e-5)


@pytest.mark.parametrize("driver", ["auto", "keras"])
@pytest.mark.parametrize("options", [{}, EMA])
def test_early_stopping_may_watch_the_metric_whose_best_epoch_is_kept(driver, options, graphs):
    scores = {"sure": lambda outputs: float(np.abs(outputs).mean())}
    ways = {
        "early_stopping": EarlyStopping(monitor="metric", patience=EPOCHS),
        "metrics": scores,
        "averaged": bool(options),
        "driver": driver,
    }
    for sign, best_of in ((-1.0, np.argmax), (1.0, np.argmin)):
        done = fit(network(**options), to_value=sign.__mul__, **ways)
        curve = done.curves["val_sure"]
        assert len(curve) == EPOCHS
        assert done.kept_epoch == best_of(curve) + 1
        said = network_outputs(done.model, VALIDATION.inputs)
        assert scores["sure"](said) == pytest.approx(curve[done.kept_epoch - 1], rel=1e-5)
    ways["early_stopping"] = EarlyStopping(monitor="metric", patience=1, min_delta=10.0)
    assert fit(network(**options), **ways).epoch == 2  # the first epoch is the best there is
