import itertools

import numpy as np
import pytest

from hpopt.backend import load_keras
from hpopt.builders.conv import build
from hpopt.errors import SetupError
from hpopt.task import Output

pytestmark = pytest.mark.keras
MULTICLASS, REGRESSION = Output.of("multiclass", 5), Output.of("regression")


@pytest.fixture(autouse=True)
def keras():
    return load_keras()


def kinds(shape=(8, 8, 1), **arguments) -> str:
    model = build(shape, MULTICLASS, **{"num_blocks": 1, **arguments})
    return " ".join(type(layer).__name__ for layer in model.layers[1:])


def convolutions(shape=(16, 16, 1), **arguments):
    layers = build(shape, MULTICLASS, **arguments).layers
    return [layer for layer in layers if type(layer).__name__.startswith("Conv")]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "Conv2D BatchNormalization Activation MaxPooling2D Dropout GlobalAveragePooling2D"),
        ({"shape": (9, 2), "head": "flatten"}, "Conv1D BatchNormalization Activation MaxPooling1D "
         "Dropout Flatten"),
        ({"normalization": "layer", "pooling": "none"}, "Conv2D LayerNormalization Activation "
         "Dropout GlobalAveragePooling2D"),
        ({"normalization": "none", "convolutions": 2, "pooling": "average", "head": "max"},
         "Conv2D Activation Conv2D Activation AveragePooling2D Dropout GlobalMaxPooling2D"),
        ({"normalization": "none", "residual": True, "pooling": "none"},
         "Conv2D Conv2D Add Activation Dropout GlobalAveragePooling2D"),
        ({"shape": (8, 8, 32), "normalization": "none", "residual": True, "pooling": "none"},
         "Conv2D Add Activation Dropout GlobalAveragePooling2D"),
        ({"head_layers": 2, "pooling": "stride"}, "Conv2D BatchNormalization Activation Dropout "
         "GlobalAveragePooling2D Dense Dropout Dense Dropout"),
    ],
)  # fmt: skip
def test_a_block_is_what_was_asked_for(arguments, expected):
    assert kinds(**arguments) == f"{expected} Dense"


def test_filters_grow_or_are_a_blocks_own():
    widths = [layer.filters for layer in convolutions(filters=10, growth=1.5)]
    assert widths == [10, 15, 22]
    widths = [layer.filters for layer in convolutions(filters=10, growth=1.5, filters_2=7)]
    assert widths == [10, 7, 22]
    with pytest.raises(SetupError) as caught:
        build((8, 8, 1), MULTICLASS, num_blocks=2, filters_3=4)
    assert 'when: {num_blocks: ">= 3"}' in caught.value.render()


def test_kernels_move_apart_as_far_as_the_series_goes():
    layers = convolutions((40, 2), dilation=4, num_blocks=4, pooling="none")
    assert [layer.dilation_rate for layer in layers] == [(1,), (4,), (16,), (20,)]


@pytest.mark.parametrize("causal", [False, True])
def test_a_kernel_that_jumps_is_dilated_too(causal):
    """A step of the second block sees places 4 apart: two of its input's, which has every other."""
    network = build(
        (32, 1), MULTICLASS, num_blocks=2, filters=2, dilation=2, pooling="stride", head="flatten",
        normalization="none", activation="linear", causal=causal,
    )  # fmt: skip
    first, second = (layer for layer in network.layers if type(layer).__name__ == "Conv1D")
    assert (first.dilation_rate, second.dilation_rate) == ((1,), (2,))
    flatten = next(layer for layer in network.layers if type(layer).__name__ == "Flatten")
    assert flatten.input.shape[1:] == (8, 4)
    steps = load_keras().Model(second.input, flatten.input)
    impulse = np.zeros((1, 16, 2), np.float32)
    impulse[0, 8] = 1
    seen = np.flatnonzero(np.asarray(steps(impulse))[0].any(axis=-1))
    assert seen.tolist() == ([4, 5, 6] if causal else [3, 4, 5])  # steps 8, 10, 12; or 6, 8, 10


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("pooling", ["max", "average", "stride", "none"])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (2, 3), (1, 1), pytest.param((3, 50, 2), marks=pytest.mark.long)]
)
def test_no_picture_is_too_small(shape, pooling, residual):
    rows = np.zeros((2, *shape), np.float32)
    for pool_size, kernel_size, dilation in itertools.product((2, 5), (1, 7), (1, 3)):
        model = build(
            shape, MULTICLASS, num_blocks=3, filters=2, pooling=pooling, pool_size=pool_size,
            kernel_size=kernel_size, residual=residual, dilation=dilation, convolutions=2,
        )  # fmt: skip
        assert np.isfinite(np.asarray(model(rows))).all()


def test_a_causal_step_sees_no_later_ones():
    network = build((12, 1), MULTICLASS, causal=True, pooling="none", dilation=2, head="flatten")
    steps = load_keras().Model(network.inputs[0], network.layers[-2].input)
    rows = np.random.default_rng(0).normal(size=(1, 12, 1)).astype(np.float32)
    changed = rows.copy()
    changed[:, 7:] += 1
    before, after = np.asarray(steps(rows)), np.asarray(steps(changed))
    np.testing.assert_array_equal(before[:, :7], after[:, :7])
    assert (before[:, 7:] != after[:, 7:]).any()


@pytest.mark.parametrize(
    ("shape", "arguments", "words"),
    [
        ((30,), {}, "a row here is [30]"),
        ((2, 8, 8, 1), {}, "a row here is [2, 8, 8, 1]"),
        ((8, 8, 1), {"causal": True}, "`causal: true` is for series"),
        ((8, 8, 1), {"head": "last"}, "`head: last` is for series"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(shape, arguments, words):
    with pytest.raises(SetupError) as caught:
        build(shape, MULTICLASS, **arguments)
    assert words in caught.value.render()
    assert "help:" in caught.value.render()


def test_a_short_fit_is_judged_by_averages_that_have_arrived():
    """Of 150 steps, momentum 0.99 leaves a fifth of what the averages were before the first."""
    norms = [n for n in build((8, 8, 1), MULTICLASS).layers if hasattr(n, "moving_mean")]
    assert [norm.momentum**150 < 1e-6 for norm in norms] == [True] * 3


@pytest.mark.parametrize(
    ("head", "pooling", "options"),
    [
        ("average", "max", {}),
        ("max", "average", {}),
        ("last", "stride", {"causal": True}),
        ("average", "none", {"normalization": "layer"}),
        ("max", "max", {"residual": True, "convolutions": 2}),
        ("last", "average", {"residual": True}),
        ("average", "stride", {"residual": True}),
    ],
)
def test_padded_steps_change_nothing(head, pooling, options, keras):
    keras.utils.set_random_seed(0)
    options = {"head": head, "pooling": pooling, "num_blocks": 2, "dilation": 2, **options}
    rows = np.random.default_rng(0).normal(size=(3, 8, 2)).astype(np.float32)
    padded = np.concatenate([rows, np.zeros((3, 8, 2), np.float32)], axis=1)
    short = build((8, 2), REGRESSION, filters=4, mask_zeros=True, **options)
    long = build((16, 2), REGRESSION, filters=4, mask_zeros=True, **options)
    for layer in short.layers:
        if isinstance(layer, keras.layers.BatchNormalization):  # not 0 where its input is
            layer.beta.assign(np.linspace(-1, 1, layer.beta.shape[0]))
            layer.moving_mean.assign(np.linspace(2, -2, layer.beta.shape[0]))
    long.set_weights(short.get_weights())
    expected = np.asarray(short(rows))
    np.testing.assert_allclose(np.asarray(long(padded)), expected, atol=1e-5)
    assert np.isfinite(np.asarray(long(0 * padded))).all()
    padded[:, 8:] = 1
    assert np.abs(np.asarray(long(padded)) - expected).min() > 1e-3


def test_the_statistics_of_a_batch_are_those_of_steps_that_do_not_pad(keras):
    rows = np.random.default_rng(0).normal(size=(16, 6, 1)).astype(np.float32)
    padded = np.concatenate([rows, np.zeros((16, 6, 1), np.float32)], axis=1)
    means = []
    for steps, given in ((6, rows), (12, padded)):
        keras.utils.set_random_seed(0)
        model = build((steps, 1), REGRESSION, num_blocks=1, filters=3, mask_zeros=True)
        model(given, training=True)
        [layer] = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        means.append(np.asarray(layer.moving_mean))
    np.testing.assert_allclose(*means, atol=1e-6)


def test_a_masked_network_loads_in_safe_mode_and_an_image_has_no_mask(keras, tmp_path):
    rows = np.random.default_rng(0).normal(size=(3, 9, 2)).astype(np.float32)
    rows[1, 4:] = 0
    for head in ("average", "max", "last", "flatten"):
        model = build((9, 2), REGRESSION, mask_zeros=True, head=head)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
        np.testing.assert_allclose(np.asarray(loaded(rows)), np.asarray(model(rows)), atol=1e-6)
    with pytest.raises(SetupError, match="`mask_zeros: true` is for series"):
        build((8, 8, 1), REGRESSION, mask_zeros=True)
