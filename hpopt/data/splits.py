"""Splits rows into the parts that train, choose and test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hpopt.data.sources import Table
from hpopt.errors import DataError


@dataclass(frozen=True)
class Parts:
    """The row numbers of each part."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    note: str | None = None  # what people should know of how they came about

    def items(self) -> Iterator[tuple[str, np.ndarray]]:
        """Each part's name with its rows."""
        return iter([("train", self.train), ("validation", self.validation), ("test", self.test)])


def split_rows(
    table: Table,
    *,
    train: float,
    validation: float,
    test: float,
    seed: int,
    stratify: Literal["auto"] | bool,
) -> Parts:
    """Split the rows of a table by shares that add up to 1.

    These are two calls of scikit-learn's `train_test_split` with one seed: train from the rest,
    then validation from test. `stratify: auto` keeps the classes' shares in every part wherever
    that is possible.

    Raises DataError where there are too few rows, or too few of a class to stratify.
    """
    target, is_classification = table.target, table.task != "regression"
    stratified = is_classification if stratify == "auto" else stratify
    if stratified and not is_classification:
        raise DataError("a regression target can't be stratified", help="set `stratify: auto`")

    if stratified:
        try:
            return _cut_twice(target, train, validation, test, seed, stratified=True)
        except ValueError:
            if stratify is True:
                raise DataError(
                    "a class has too few rows to stand in every part", help="set `stratify: auto`"
                ) from None
    try:
        parts = _cut_twice(target, train, validation, test, seed, stratified=False)
    except ValueError:
        raise DataError(
            f"{len(target)} rows are too few for these shares: a part would be empty",
            help="give every part a larger share",
        ) from None
    note = "the split is not stratified: a class is too rare, or a part too small, for that"
    return replace(parts, note=note) if stratified else parts


def _cut_twice(
    target: np.ndarray, train: float, validation: float, test: float, seed: int, stratified: bool
) -> Parts:
    from sklearn.model_selection import train_test_split

    def cut(rows: np.ndarray, share: float) -> Sequence[np.ndarray]:
        # Rounded up, as scikit-learn does; but 1 - 0.7 is a little over 0.3, and must cost no row.
        count = math.ceil(share * len(rows) - 1e-6)
        classes = target[rows] if stratified else None
        pieces: Sequence[np.ndarray] = train_test_split(
            rows, test_size=count, random_state=seed, stratify=classes
        )
        return pieces

    train_rows, rest = cut(np.arange(len(target)), 1 - train)
    validation_rows, test_rows = cut(rest, test / (validation + test))
    return Parts(train_rows, validation_rows, test_rows)
