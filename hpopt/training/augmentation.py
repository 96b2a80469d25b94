"""Images that are changed at random, a batch at a time: what a fit sees of them anew each epoch.

The changes are drawn from the fit's seed, the epoch and the step alone, so they are the same
whichever graph draws them and however the epochs are cut into stretches.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from hpopt.training.rows import Batches
from hpopt.training.settings import Augmentation

_NUMBERS = ("shift", "rotation", "zoom", "contrast")


def augmented(batches: Batches, settings: Augmentation | None) -> Batches:
    """The batches, their images changed as the settings say; as they are where that is nothing."""
    if settings is None or settings == Augmentation():
        return batches
    return Augmented(batches, settings)


@dataclass(frozen=True)
class Augmented:
    """Batches whose inputs, images [n, height, width, channels], are changed at random.

    The numbers come with the rows: one graph serves all that differ in nothing else. What is zero
    is left out of the graph.
    """

    batches: Batches
    settings: Augmentation

    @property
    def count(self) -> int:
        """See `Batches`."""
        return self.batches.count

    @property
    def kind(self) -> Hashable:
        """See `Batches`."""
        return self.batches.kind, self.settings.flip, *_given(self.settings)

    def source(self, first: int, last: int, seed: int) -> Any:
        """See `Batches`."""
        import tensorflow as tf

        numbers = [getattr(self.settings, name) for name in _given(self.settings)]
        return self.batches.source(first, last, seed), tf.constant(numbers, tf.float32)

    def order(self, epoch: Any, seed: Any) -> Any:
        """See `Batches`."""
        import tensorflow as tf

        seeds = tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)])
        return self.batches.order(epoch, seed), seeds

    def batch(self, source: Any, order: Any, step: Any) -> tuple[Any, ...]:
        """See `Batches`."""
        import tensorflow as tf

        (rows, numbers), (places, seeds) = source, order
        images, *rest = self.batches.batch(rows, places, step)
        change = tf.autograph.experimental.do_not_convert(self._changed)
        return change(images, numbers, _folded(seeds, step)), *rest

    def _changed(self, images: Any, numbers: Any, seeds: Any) -> Any:
        names = _given(self.settings)
        given = {name: numbers[index] for index, name in enumerate(names)}
        return changed(images, self.settings.flip, given, seeds)


def _given(settings: Augmentation) -> list[str]:
    return [name for name in _NUMBERS if getattr(settings, name) > 0]


def _folded(seeds: Any, data: Any) -> Any:
    import tensorflow as tf

    return tf.random.experimental.stateless_fold_in(seeds, tf.cast(data, tf.int64))


def changed(images: Any, flip: str | None, numbers: dict[str, Any], seeds: Any) -> Any:
    """In a graph: images [n, height, width, channels], each changed by its own draws.

    Whole numbers, such as bytes, stay what they are: they are rounded and kept in their range.
    """
    import tensorflow as tf

    draws = _Draws(tf.shape(images)[0], seeds)
    pixels = tf.cast(images, tf.float32)
    if flip is not None or set(numbers) - {"contrast"}:
        pixels = _moved(pixels, flip, numbers, draws)
    if "contrast" in numbers:
        factor = 1 + draws.either_way(numbers["contrast"])[:, None, None, None]
        mean = tf.reduce_mean(pixels, axis=(1, 2), keepdims=True)
        pixels = mean + (pixels - mean) * factor
    if images.dtype.is_integer:
        pixels = tf.clip_by_value(tf.round(pixels), images.dtype.min, images.dtype.max)
    return tf.cast(pixels, images.dtype)


class _Draws:
    """Numbers for `count` images; each call draws others."""

    def __init__(self, count: Any, seeds: Any) -> None:
        self._count, self._seeds, self._calls = count, seeds, 0

    def either_way(self, most: Any) -> Any:
        """Numbers [n] between -most and most."""
        import tensorflow as tf

        self._calls += 1
        seeds = _folded(self._seeds, self._calls)
        return most * tf.random.stateless_uniform([self._count], seeds, -1.0, 1.0)


def _moved(pixels: Any, flip: str | None, numbers: dict[str, Any], draws: _Draws) -> Any:
    """The images mirrored, turned, zoomed and moved, all by one affine map a piece.

    The value at (x, y), in pixels from the middle, is taken from the image at A (x, y) + b, where
    A = R(angle) diag(flip_x, flip_y) / zoom, interpolated between the four pixels around.
    """
    import keras
    import tensorflow as tf

    height, width = pixels.shape[1:3]
    ones = tf.ones([tf.shape(pixels)[0]])
    angle, scale, right, down = 0 * ones, ones, 0 * ones, 0 * ones
    if "rotation" in numbers:
        angle = draws.either_way(numbers["rotation"]) * math.pi / 180
    if "zoom" in numbers:
        scale = 1 / (1 + draws.either_way(numbers["zoom"]))
    if "shift" in numbers:
        right = draws.either_way(numbers["shift"]) * width
        down = draws.either_way(numbers["shift"]) * height
    flip_x = tf.sign(draws.either_way(1.0)) if flip in ("horizontal", "both") else ones
    flip_y = tf.sign(draws.either_way(1.0)) if flip in ("vertical", "both") else ones
    a, b = scale * flip_x * tf.cos(angle), -scale * flip_y * tf.sin(angle)
    c, d = scale * flip_x * tf.sin(angle), scale * flip_y * tf.cos(angle)
    x, y = (width - 1) / 2, (height - 1) / 2
    rows: Sequence[Any] = [a, b, x + right - a * x - b * y, c, d, y + down - c * x - d * y]
    transforms = tf.stack([*rows, 0 * ones, 0 * ones], axis=1)
    return keras.ops.image.affine_transform(
        pixels,
        transforms,
        interpolation="bilinear",
        fill_mode="nearest",
        data_format="channels_last",
    )
