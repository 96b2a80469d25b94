"""Batches: a row that is left out or seen twice an epoch would show in no error, only in scores."""

import numpy as np
import pytest

from hpopt.training import rows as module
from hpopt.training.rows import Rows, in_batches

pytestmark = pytest.mark.keras

N, SIZE = 23, 5


def numbered() -> Rows:
    """Rows that can be told apart, and whose target and weight belong to them."""
    number = np.arange(N, dtype=np.float32)
    return Rows(np.column_stack([number, -number]), number[:, None] * 2, number * 3)


def epochs(batches, first, last, seed) -> list[list[np.ndarray]]:
    """What a graph would see of each epoch: inputs, target and weights of all batches in turn."""
    source, seen = batches.source(first, last, seed), []
    for epoch in range(first, last):
        order = batches.order(epoch, seed)
        steps = [batches.batch(source, order, step) for step in range(batches.count)]
        assert [len(step[0]) for step in steps] == [5, 5, 5, 5, 3]
        seen.append(
            [np.concatenate([np.asarray(a) for a in arrays]) for arrays in zip(*steps, strict=True)]
        )
    return seen


@pytest.fixture(params=["in memory", "streamed"])
def batches_of(request, monkeypatch):
    if request.param == "streamed":
        monkeypatch.setattr(module, "LARGEST_IN_MEMORY_BYTES", 0)
    return lambda shuffled: in_batches(numbered(), SIZE, shuffled=shuffled)


@pytest.mark.parametrize("shuffled", [True, False])
def test_each_row_is_seen_once_an_epoch_with_its_own_target_and_weight(batches_of, shuffled):
    for inputs, target, weights in epochs(batches_of(shuffled), 0, 3, seed=4):
        assert sorted(inputs[:, 0]) == list(range(N))
        np.testing.assert_array_equal(inputs[:, 1], -inputs[:, 0])
        np.testing.assert_array_equal(target[:, 0], 2 * inputs[:, 0])
        np.testing.assert_array_equal(weights, 3 * inputs[:, 0])
        assert shuffled != (list(inputs[:, 0]) == list(range(N)))


def test_an_order_hangs_on_the_epoch_and_the_seed_and_on_nothing_else(batches_of):
    whole = [inputs[:, 0].tolist() for inputs, *_ in epochs(batches_of(True), 0, 4, seed=4)]
    later = [inputs[:, 0].tolist() for inputs, *_ in epochs(batches_of(True), 2, 4, seed=4)]
    other = [inputs[:, 0].tolist() for inputs, *_ in epochs(batches_of(True), 0, 4, seed=5)]
    assert later == whole[2:]
    assert len({tuple(order) for order in whole + other}) == 8


def test_a_graph_is_shared_by_rows_of_one_shape_alone():
    kind = in_batches(numbered(), SIZE, shuffled=True).kind
    assert in_batches(numbered(), SIZE, shuffled=True).kind == kind
    fewer = Rows(*(array[:-1] for array in numbered().arrays))
    without_weights = Rows(*numbered().arrays[:2])
    for rows, size, shuffled in [
        (fewer, SIZE, True),
        (without_weights, SIZE, True),
        (numbered(), SIZE + 1, True),
        (numbered(), SIZE, False),
    ]:
        assert in_batches(rows, size, shuffled=shuffled).kind != kind
