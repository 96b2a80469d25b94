import math

import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.errors import TrialError
from hpopt.training.fit import Fit, Rows, network_outputs
from hpopt.training.settings import EarlyStopping

pytestmark = pytest.mark.keras


def rows(count, seed=0) -> Rows:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(count, 5)).astype(np.float32)
    return Rows(inputs, (inputs[:, :1] > 0).astype(np.float32))


TRAIN, VALIDATION = rows(75), rows(30, seed=1)


def network(dropout=0.0, optimizer="adam", loss="binary_crossentropy"):
    keras = load_keras()
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(8, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(dropout),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer, loss)
    return model


def fitted(stretches=(6,), early_stopping=None, seed=11, validation=VALIDATION, **options) -> Fit:
    model = network(**options)
    fit = Fit(model, TRAIN, validation, batch_size=32, seed=seed, early_stopping=early_stopping)
    for epochs in stretches:
        fit.run(epochs)
    fit.finish()
    return fit


def same_weights(one, other) -> bool:
    pairs = zip(one.model.get_weights(), other.model.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_fit_learns():
    curve = fitted((30,), optimizer="rmsprop").curves["val_loss"]
    assert curve[-1] < curve[0] - 0.05


def test_it_is_keras_own_fit_when_that_is_given_the_same_order():
    import tensorflow as tf

    many = rows(1100, seed=2)  # more than one batch of the validation pass
    mine, theirs = network(), network()
    fit = Fit(mine, TRAIN, many, batch_size=32, seed=5)
    fit.run(4)
    fit.finish()
    for epoch in range(4):
        order = tf.random.experimental.stateless_shuffle(np.arange(75), seed=[5, epoch]).numpy()
        told = theirs.fit(
            TRAIN.inputs[order],
            TRAIN.target[order],
            batch_size=32,
            shuffle=False,
            verbose=0,
            validation_data=(many.inputs, many.target),
        ).history
        assert fit.curves["loss"][epoch] == pytest.approx(told["loss"][0], rel=1e-5)
        assert fit.curves["val_loss"][epoch] == pytest.approx(told["val_loss"][0], rel=1e-5)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_stretches_make_no_difference():
    whole, cut = fitted((6,), dropout=0.4), fitted((1, 3, 2), dropout=0.4)
    assert cut.curves == whole.curves
    assert same_weights(cut, whole)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    first, again, other = (fitted(seed=seed, dropout=0.4) for seed in (1, 1, 2))
    assert same_weights(first, again)
    assert not same_weights(first, other)


def test_there_is_a_loss_and_a_learning_rate_for_each_epoch():
    keras = load_keras()
    halving = keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5)
    fit = fitted((4,), optimizer=keras.optimizers.Adam(halving))
    assert fit.epoch == 4
    assert [len(curve) for curve in fit.curves.values()] == [4, 4, 4]
    assert all(type(value) is float for curve in fit.curves.values() for value in curve)
    # 75 rows make batches of 32, 32 and 11: three steps an epoch.
    assert fit.curves["learning_rate"] == pytest.approx([0.005, 0.0025, 0.00125, 0.000625])


def test_a_finished_fit_stays_as_it_is():
    fit = fitted((2,))
    kept = fit.model.get_weights()
    fitted((3,))  # in the same graph
    fit.finish()
    assert all(map(np.array_equal, kept, fit.model.get_weights()))
    with pytest.raises(RuntimeError, match="finished"):
        fit.run(1)


def test_a_metric_is_a_curve_of_what_the_network_says_after_each_epoch():
    fit = Fit(
        network(), TRAIN, VALIDATION, batch_size=32, seed=0, metrics={"mean": lambda p: p.mean()}
    )
    fit.run(3)
    assert len(set(fit.curves["val_mean"])) == 3
    fit.finish()
    said = network_outputs(fit.model, VALIDATION.inputs).mean()
    assert fit.curves["val_mean"][-1] == pytest.approx(said, rel=1e-5)


@pytest.mark.parametrize("driver", ["auto", "keras"])
def test_early_stopping_ends_the_fit_and_keeps_the_best_epochs_weights(driver):
    noise = Rows(VALIDATION.inputs, np.flip(VALIDATION.target))
    fit = Fit(
        network(optimizer="rmsprop"),
        TRAIN,
        noise,
        batch_size=32,
        seed=0,
        early_stopping=EarlyStopping(patience=3),
        driver=driver,
    )
    fit.run(2)
    fit.run(200)
    best = int(np.argmin(fit.curves["val_loss"])) + 1
    assert fit.stopped
    assert fit.epoch == best + 3
    fit.finish()
    loss = fit.model.evaluate(noise.inputs, noise.target, verbose=0)
    assert loss == pytest.approx(min(fit.curves["val_loss"]), rel=1e-5)


@pytest.mark.parametrize("driver", ["auto", "keras"])
def test_a_loss_that_is_not_finite_ends_the_trial_in_its_epoch(driver):
    broken = Rows(TRAIN.inputs.copy(), TRAIN.target)
    broken.inputs[7, 2] = math.nan
    fit = Fit(network(), broken, VALIDATION, batch_size=32, seed=0, driver=driver)
    with pytest.raises(TrialError, match="the loss became nan in epoch 1"):
        fit.run(10)
    assert fit.epoch == 1


def test_no_epoch_leaves_the_weights_alone():
    keras = load_keras()
    model = network(optimizer=keras.optimizers.Adam(use_ema=True))
    before = model.get_weights()
    fit = Fit(model, TRAIN, VALIDATION, batch_size=32, seed=0)
    fit.run(0)
    fit.finish()
    assert all(map(np.array_equal, before, model.get_weights()))


def test_rows_that_do_not_fit_into_memory_are_read_as_they_are_needed(tmp_path, monkeypatch):
    in_memory = fitted(dropout=0.4)
    np.save(tmp_path / "inputs.npy", TRAIN.inputs)
    monkeypatch.setattr("hpopt.training.rows.LARGEST_IN_MEMORY_BYTES", 0)
    mapped = Rows(np.load(tmp_path / "inputs.npy", mmap_mode="r"), TRAIN.target)
    streamed = Fit(network(dropout=0.4), mapped, VALIDATION, batch_size=32, seed=11)
    for epochs in (2, 4):
        streamed.run(epochs)
    streamed.finish()
    assert "tensors" not in vars(mapped)
    assert streamed.curves == in_memory.curves
    assert same_weights(streamed, in_memory)


def test_predictions_are_the_models_own_for_any_number_of_rows():
    model, many = network(), rows(2500)
    np.testing.assert_allclose(
        network_outputs(model, many.inputs), model.predict(many.inputs, verbose=0), atol=1e-6
    )
