"""The rows a fit works on, and how a graph gets at them: in memory, or from the disk as it goes.

Both ways give the same batches in the same order.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

LARGE_BATCH = 1024  # rows, for passes without gradients, which need little memory

# Rows that take more than an eighth of the memory are read as they are needed.
LARGEST_IN_MEMORY_BYTES = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 8


@dataclass(frozen=True, eq=False)
class Rows:
    """Network inputs [n, ...], what the network is to say of them [n, 1], and weights [n] or None.

    A weight says how much a row counts in the loss, as Keras' `sample_weight` does.
    """

    inputs: np.ndarray
    target: np.ndarray
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """Inputs, target and, where there are any, weights."""
        every = (self.inputs, self.target, self.weights)
        return tuple(array for array in every if array is not None)

    @cached_property
    def tensors(self) -> tuple[Any, ...]:
        """The arrays on the device, where they stay for every fit on these rows."""
        import tensorflow as tf

        return tuple(tf.constant(array) for array in self.arrays)


class Batches(Protocol):
    """Rows in batches, for a graph that is traced once and run on whatever `source` gives."""

    @property
    def count(self) -> int:
        """How many batches an epoch has."""
        ...

    @property
    def kind(self) -> Hashable:
        """What a graph that was traced for these batches depends on."""
        ...

    def source(self, first: int, last: int, seed: int) -> Any:
        """What the graph is given for the epochs from `first` up to `last`."""
        ...

    def order(self, epoch: Any, seed: Any) -> Any:
        """In the graph: what `batch` wants to know of an epoch."""
        ...

    def batch(self, source: Any, order: Any, step: Any) -> tuple[Any, ...]:
        """In the graph: the batch of a step, `(inputs, target)` or `(inputs, target, weights)`."""
        ...


def in_batches(rows: Rows, size: int, *, shuffled: bool) -> Batches:
    """The rows in batches of `size`, the last one smaller; anew in each epoch where `shuffled`."""
    size_bytes = sum(array.nbytes for array in rows.arrays)
    kind = _Streamed if size_bytes > LARGEST_IN_MEMORY_BYTES else _InMemory
    return kind(rows, size, shuffled)


def in_memory(rows: Rows, size: int, *, shuffled: bool) -> Batches:
    """The same batches, of rows that are on the device however many they are."""
    return _InMemory(rows, size, shuffled)


def as_dataset(batches: Batches, first: int, last: int, seed: int) -> Any:
    """The batches of the epochs from `first` up to `last`, which have to be in memory."""
    import tensorflow as tf

    source = batches.source(first, last, seed)

    def of_epoch(epoch: Any) -> Any:
        order = batches.order(epoch, seed)
        steps = tf.data.Dataset.range(batches.count)
        return steps.map(lambda step: batches.batch(source, order, step))

    return tf.data.Dataset.range(first, last).flat_map(of_epoch)


def _shuffled(count: int, epoch: Any, seed: Any) -> Any:
    import tensorflow as tf

    seeds = tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)])
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed=seeds)


class _Batches:
    def __init__(self, rows: Rows, size: int, shuffled: bool) -> None:
        self._rows, self._size, self._is_shuffled = rows, size, shuffled

    @property
    def count(self) -> int:
        return -(-len(self._rows) // self._size)

    @property
    def kind(self) -> Hashable:
        shapes = tuple((array.shape, array.dtype.str) for array in self._rows.arrays)
        return type(self).__name__, shapes, self._size, self._is_shuffled


class _InMemory(_Batches):
    """Batches gathered from tensors on the device."""

    def source(self, first: int, last: int, seed: int) -> Any:
        return self._rows.tensors

    def order(self, epoch: Any, seed: Any) -> Any:
        return _shuffled(len(self._rows), epoch, seed) if self._is_shuffled else epoch

    def batch(self, source: Any, order: Any, step: Any) -> tuple[Any, ...]:
        import tensorflow as tf

        rows = slice(step * self._size, (step + 1) * self._size)
        if not self._is_shuffled:
            return tuple(tensor[rows] for tensor in source)
        return tuple(tf.gather(tensor, order[rows]) for tensor in source)


class _Streamed(_Batches):
    """Batches read from arrays, which may be mapped from files larger than memory."""

    def source(self, first: int, last: int, seed: int) -> Any:
        import tensorflow as tf

        def of_epoch(epoch: Any) -> Any:
            count = len(self._rows)
            order = _shuffled(count, epoch, seed) if self._is_shuffled else tf.range(count)
            return tf.data.Dataset.from_tensor_slices(order).batch(self._size)

        batches = tf.data.Dataset.range(first, last).flat_map(of_epoch).map(self._read)
        return iter(batches.prefetch(2))

    def order(self, epoch: Any, seed: Any) -> Any:
        return epoch  # the dataset keeps it

    def batch(self, source: Any, order: Any, step: Any) -> tuple[Any, ...]:
        batch: tuple[Any, ...] = source.get_next()
        return batch

    def _read(self, indices: Any) -> tuple[Any, ...]:
        import tensorflow as tf

        arrays = self._rows.arrays
        types = [tf.as_dtype(array.dtype) for array in arrays]

        def read(rows: np.ndarray) -> Sequence[np.ndarray]:
            return [array[rows] for array in arrays]

        batch = tf.numpy_function(read, [indices], types)
        for tensor, array in zip(batch, arrays, strict=True):
            tensor.set_shape([None, *array.shape[1:]])
        return tuple(batch)
