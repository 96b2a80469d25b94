"""Splits rows into the parts that train, choose and test."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpopt.data.sources import Table
from hpopt.errors import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """The row numbers of each part."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

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

    try:
        return _cut_twice(target, train, validation, test, seed, stratified)
    except ValueError as error:
        if not stratified:
            raise DataError(f"{len(target)} rows can't be split so: {error}") from None
        if stratify is True:
            raise DataError(f"the split can't be stratified: {error}") from None
        log.warning("the split is not stratified, for a class is too rare: %s", error)
        return _cut_twice(target, train, validation, test, seed, stratified=False)


def _cut_twice(
    target: np.ndarray, train: float, validation: float, test: float, seed: int, stratified: bool
) -> Parts:
    from sklearn.model_selection import train_test_split

    def cut(rows: np.ndarray, share: float) -> Sequence[np.ndarray]:
        # 1 - 0.7 is 0.30000000000000004, which would cost a row where it is rounded up.
        classes = target[rows] if stratified else None
        pieces: Sequence[np.ndarray] = train_test_split(
            rows, test_size=round(share, 9), random_state=seed, stratify=classes
        )
        return pieces

    train_rows, rest = cut(np.arange(len(target)), 1 - train)
    validation_rows, test_rows = cut(rest, test / (validation + test))
    return Parts(train_rows, validation_rows, test_rows)
