import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from hpopt.data.sources import SKLEARN_DATASETS, Table, load_sklearn
from hpopt.data.splits import split_rows
from hpopt.errors import DataError

SHARES = {"train": 0.6, "validation": 0.24, "test": 0.16}


def table_of(*counts, task="multiclass") -> Table:
    """A table with so many rows of each class, or of a regression."""
    target = np.repeat(np.arange(len(counts)), counts)
    target = np.random.default_rng(0).permutation(target)
    return Table(np.zeros((len(target), 1)), target, ("x",), tuple(map(str, counts)), task)


def split(table, stratify=False, seed=0, **shares):
    return split_rows(table, **(shares or SHARES), seed=seed, stratify=stratify)


def sizes(parts):
    return tuple(len(rows) for _, rows in parts.items())


@st.composite
def percentages(draw):
    train = draw(st.integers(10, 80))
    validation = draw(st.integers(10, 90 - train))
    return train, validation, 100 - train - validation


def shares_of(percentages):
    return dict(zip(SHARES, (percentage / 100 for percentage in percentages), strict=True))


def test_the_reference_programs_rows_are_met_to_the_last():
    train, rest = train_test_split(np.arange(569), test_size=0.4, random_state=2)
    validation, test = train_test_split(rest, test_size=0.4, random_state=2)
    parts = split(load_sklearn("breast_cancer"), seed=2)
    assert sizes(parts) == (341, 136, 92)
    assert parts.train.tolist() == train.tolist()
    assert parts.validation.tolist() == validation.tolist()
    assert parts.test.tolist() == test.tolist()


@settings(deadline=None)
@given(shares=percentages().map(shares_of), rows=st.integers(30, 300), seed=st.integers(0, 99))
def test_every_row_is_in_exactly_one_part(shares, rows, seed):
    parts = split(table_of(rows), seed=seed, **shares)
    together = np.concatenate([rows for _, rows in parts.items()])
    assert sorted(together) == list(range(rows))
    assert min(sizes(parts)) > 0


@settings(deadline=None)
@given(shares=percentages(), rows=st.integers(30, 300))
def test_no_row_is_lost_to_the_rounding_of_floats(shares, rows):
    _, validation, test = shares
    rest = math.ceil(Fraction(rows * (validation + test), 100))
    tested = math.ceil(Fraction(rest * test, validation + test))
    parts = split(table_of(rows), **shares_of(shares))
    assert sizes(parts) == (rows - rest, rest - tested, tested)


@pytest.mark.parametrize(
    ("rows", "shares", "expected"),
    [
        (100, (0.7, 0.15, 0.15), (70, 15, 15)),
        (100, (0.7, 0.2, 0.1), (70, 20, 10)),
        (100, (0.7, 0.1, 0.2), (70, 10, 20)),
        (300, (1 / 3, 1 / 3, 1 / 3), (100, 100, 100)),
        (1000, (0.9, 0.05, 0.05), (900, 50, 50)),
        (10, (0.6, 0.2, 0.2), (6, 2, 2)),
    ],
)
def test_shares_that_come_out_even_are_met_exactly(rows, shares, expected):
    assert sizes(split(table_of(rows), **dict(zip(SHARES, shares, strict=True)))) == expected


@pytest.mark.parametrize("stratify", ["auto", True])
@settings(deadline=None)
@given(
    counts=st.lists(st.integers(20, 100), min_size=2, max_size=4),
    shares=percentages().map(shares_of),
)
def test_a_stratified_split_keeps_the_shares_of_the_classes(stratify, counts, shares):
    table = table_of(*counts)
    parts = split(table, stratify, **shares)
    for _, rows in parts.items():
        expected = np.array(counts) * len(rows) / sum(counts)
        # Each of the two cuts rounds to whole rows.
        assert np.abs(np.bincount(table.target[rows]) - expected).max() < 2


def test_an_unstratified_split_lets_chance_decide():
    table = table_of(300, 300)
    assert split(table, False).train.tolist() != split(table, True).train.tolist()


@pytest.mark.parametrize("stratify", [True, False, "auto"])
def test_a_seed_gives_the_same_rows_each_time(stratify):
    table = table_of(50, 60)
    first, second = split(table, stratify, seed=5), split(table, stratify, seed=5)
    other = split(table, stratify, seed=6)
    assert [rows.tolist() for _, rows in first.items()] == [
        rows.tolist() for _, rows in second.items()
    ]
    assert first.train.tolist() != other.train.tolist()


@pytest.mark.parametrize("dataset", SKLEARN_DATASETS)
def test_every_data_set_can_be_split_by_default(dataset):
    table = load_sklearn(dataset)
    parts = split(table, "auto")
    assert sum(sizes(parts)) == len(table.target)
    assert parts.note is None


@pytest.mark.parametrize("counts", [(50, 1), (50, 3), (50, 2, 2)])
def test_a_class_too_rare_to_stratify_is_split_by_chance_with_a_note(counts):
    table = table_of(*counts)
    parts = split(table, "auto")
    assert sizes(parts) == sizes(split(table, False))
    moved = set(parts.train) ^ set(split(table, False).train)
    assert len(moved) <= 2 * (len(counts) - 1)  # but for a row that a rare class is given
    assert "not stratified" in parts.note


@pytest.mark.parametrize("counts", [(50, 1), (50, 3), (50, 2, 2)])
def test_a_class_too_rare_to_stratify_is_an_error_where_that_is_demanded(counts):
    with pytest.raises(DataError, match="a class has too few rows"):
        split(table_of(*counts), stratify=True)


@pytest.mark.parametrize("stratify", [True, False, "auto"])
@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows_are_a_data_error(rows, stratify):
    with pytest.raises(DataError):
        split(table_of(rows), stratify)


def test_a_regression_is_split_without_strata_and_without_a_note():
    table = table_of(*[1] * 60, task="regression")
    assert split(table, "auto").train.tolist() == split(table, False).train.tolist()
    assert split(table, "auto").note is None


def test_a_regression_can_not_be_stratified():
    with pytest.raises(DataError, match="regression"):
        split(table_of(*[1] * 60, task="regression"), stratify=True)


def test_rows_of_one_time_stand_in_one_part():
    order = np.repeat(np.arange(7.0), [9, 1, 30, 2, 28, 20, 10])
    table = dataclasses.replace(table_of(50, 50), order=np.random.default_rng(1).permutation(order))
    train, validation, test = (set(table.order[rows]) for _, rows in split(table).items())
    assert max(train) < min(validation)
    assert max(validation) < min(test)


@pytest.mark.parametrize("rare", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("seed", range(5))
def test_a_rare_class_stands_in_every_part_that_it_has_rows_for(rare, seed):
    target = np.zeros(300, dtype=np.int64)
    target[np.random.default_rng(seed).permutation(300)[:rare]] = 1
    table = Table(np.zeros((300, 1)), target, ("x",), ("a", "b"), "binary")
    shares = {"train": 0.6, "validation": 0.2, "test": 0.2}
    parts = split_rows(table, **shares, seed=seed, stratify="auto")
    counts = [int(target[rows].sum()) for _, rows in parts.items()]
    assert counts[0] > 0
    assert all(counts) == (rare >= 3)
    assert [len(rows) for _, rows in parts.items()] == [180, 60, 60]
    assert sorted(np.concatenate([rows for _, rows in parts.items()])) == list(range(300))
