import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.config.loading import load_config
from hpopt.errors import ConfigError
from hpopt.training import drivers
from hpopt.training.augmentation import augmented, changed
from hpopt.training.fit import Fit, Rows
from hpopt.training.rows import in_batches
from hpopt.training.settings import Augmentation, Training

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(40, 6, 8, 2)).astype(np.float32)
TARGET = (IMAGES[:, :1, 0, 0] > 0).astype(np.float32)
TRAIN, VALIDATION = Rows(IMAGES[:30], TARGET[:30]), Rows(IMAGES[30:], TARGET[30:])


def change(images, seed=1, flip=None, **numbers):
    load_keras()
    import tensorflow as tf

    numbers = {name: tf.constant(number, tf.float32) for name, number in numbers.items()}
    seeds = tf.constant([seed, 0], tf.int64)
    return changed(tf.constant(images), flip, numbers, seeds).numpy()


@pytest.mark.keras
@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [2]), ("vertical", [1])])
def test_about_half_of_the_images_are_mirrored(flip, axes):
    mirrored = np.flip(IMAGES, axes)
    given = change(IMAGES, flip=flip)
    is_mirrored = [np.allclose(a, b, atol=1e-5) for a, b in zip(given, mirrored, strict=True)]
    expected = np.where(np.array(is_mirrored)[:, None, None, None], mirrored, IMAGES)
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert 8 < sum(is_mirrored) < 32


@pytest.mark.keras
def test_an_image_moves_turns_and_grows_no_further_than_was_said():
    dot = np.zeros((200, 21, 21, 1), np.float32)
    dot[:, 10, 15] = 1.0  # five to the right of the middle

    def places(**numbers):
        weights = change(dot, **numbers)[..., 0]
        total = weights.sum((1, 2))
        grid = np.arange(21) - 10
        down = (weights.sum(2) * grid).sum(1) / total
        return (weights.sum(1) * grid).sum(1) / total, down

    right, down = places(shift=0.1)
    assert np.abs(right - 5).max() <= 2.1 + 1e-3 >= np.abs(down).max()
    assert np.ptp(right) > 3 < np.ptp(down)
    right, down = places(rotation=30.0)
    assert np.hypot(right, down) == pytest.approx(5, abs=0.3)
    angles = np.degrees(np.arctan2(down, right))
    assert 20 < angles.max() < 33
    assert -33 < angles.min() < -20
    right, down = places(zoom=0.2)
    assert np.abs(down).max() < 0.3
    assert 3.7 < right.min() < 4.3 < 5.7 < right.max() < 6.3


@pytest.mark.keras
def test_contrast_keeps_the_mean_and_changes_each_image_by_its_own_share():
    given = change(IMAGES, contrast=0.5)
    centre = IMAGES.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(given.mean((1, 2)), IMAGES.mean((1, 2)), atol=1e-5)
    shares = ((given - centre) / (IMAGES - centre)).reshape(40, -1)
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1], shares.shape), rtol=1e-2)
    assert 0.5 <= shares[:, 0].min() < 0.7 < 1.3 < shares[:, 0].max() <= 1.5


@pytest.mark.keras
def test_bytes_stay_bytes():
    images = RNG.integers(0, 256, size=(20, 6, 6, 3), dtype=np.uint8)
    given = change(images, contrast=1.0, rotation=90.0, flip="both")
    assert given.dtype == np.uint8
    assert (given.min(), given.max()) == (0, 255)
    assert (change(images, seed=1, zoom=0.1) != change(images, seed=2, zoom=0.1)).any()


def network():
    keras = load_keras()
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(4)
    layers = keras.layers
    stack = [layers.Input((6, 8, 2)), layers.Conv2D(3, 3), layers.BatchNormalization()]
    stack += [layers.Activation("relu"), layers.Flatten(), layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential(stack)
    model.compile("adam", "binary_crossentropy", jit_compile=False)
    return model


def fit(settings, stretches=(4,), driver="auto") -> Fit:
    job = Fit(
        network(), TRAIN, VALIDATION, batch_size=16, seed=2, augmentation=settings, driver=driver
    )
    for epochs in stretches:
        job.run(epochs)
    job.finish()
    return job


@pytest.fixture
def graphs(monkeypatch):
    store = type(drivers._GRAPHS)()
    monkeypatch.setattr(drivers, "_GRAPHS", store)
    return store


@pytest.mark.keras
def test_a_graph_serves_other_strengths_and_gives_the_same_bits_however_it_is_cut(graphs):
    weak = fit(Augmentation(flip="horizontal", rotation=5, shift=0.1))
    strong = Augmentation(flip="horizontal", rotation=90, shift=0.3)
    served = fit(strong, (1, 3))
    assert len(graphs) == 1
    graphs.clear()
    anew = fit(strong)
    assert served.curves == anew.curves != weak.curves
    for a, b in zip(served.model.get_weights(), anew.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    fit(Augmentation(flip="horizontal"))
    assert len(graphs) == 2


@pytest.mark.keras
@pytest.mark.parametrize("driver", ["auto", "keras"])
def test_what_is_fitted_sees_changed_images_and_the_network_stays_as_it_is(driver):
    plain = fit(None, driver=driver)
    job = fit(Augmentation(contrast=1.0, rotation=180), driver=driver)
    assert job.epoch == 4
    assert job.curves["loss"] != plain.curves["loss"]
    assert [type(layer).__name__ for layer in job.model.layers][:1] == ["Conv2D"]


@pytest.mark.keras
def test_nothing_is_done_where_nothing_was_said():
    batches = in_batches(TRAIN, 16, shuffled=True)
    assert augmented(batches, None) is augmented(batches, Augmentation()) is batches


TABLE = {
    "dataset": {"source": "sklearn", "name": "iris"},
    "model": {"builder": "dense_dropout"},
    "space": {"training": {"augmentation": {"rotation": {"type": "real", "low": 0, "high": 9}}}},
}


def test_each_setting_is_a_dimension_and_the_others_keep_their_constants():
    config = load_config(TABLE | {"training": {"augmentation": {"flip": "horizontal"}}})
    assert config.binding.space.names == ["augmentation.rotation"]
    settings = config.binding.training.with_values({"augmentation.rotation": 4.0})
    assert settings.augmentation == Augmentation(flip="horizontal", rotation=4.0)
    assert Training().augmentation is None


@pytest.mark.parametrize(
    "given",
    [TABLE, TABLE | {"training": {"augmentation": {}}, "space": {"num_layers": [1, 2]}}],
)
def test_rows_that_are_no_images_are_refused(given):
    config = load_config(given)
    config.check_augmentation((8, 8, 1))
    with pytest.raises(ConfigError) as caught:
        config.check_augmentation((4,))
    assert "a row here is [4]" in caught.value.render()
    assert caught.value.problems[0].location.line == 6
