"""Splits rows into the parts that train, choose and test."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpopt.data.sources import Table
from hpopt.errors import DataError
from hpopt.task import TASKS


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

    A table with an `order` is sorted by it and cut, one with `groups` is cut between them. Others
    are cut by chance, by two calls of scikit-learn's `train_test_split` with one seed: train from
    the rest, then validation from test. `stratify: auto` keeps the classes' shares in every part
    wherever that is possible. Rows whose part is given by their file stay there; the shares of the
    others count among themselves.

    Raises DataError where there are too few rows, or too few of a class to stratify.
    """
    shares = {"train": train, "validation": validation, "test": test}
    given: dict[str, np.ndarray] = {}
    free = np.arange(len(table.target))
    if table.given is not None:
        parts = {"validation": table.given == 1, "test": table.given == 2}
        given = {part: np.flatnonzero(is_in) for part, is_in in parts.items() if is_in.any()}
        free = np.flatnonzero(table.given == 0)
    wanted = [share for part, share in shares.items() if part not in given]
    note = None
    if table.order is not None:
        pieces = _cut_in_order(table, free, wanted)
    elif table.groups is not None:
        pieces = cut_between_groups(table, free, wanted, seed)
    else:
        pieces, note = _cut_by_chance(table, free, wanted, seed, stratify)
    names = [part for part in shares if part not in given]
    return Parts(**given, **dict(zip(names, pieces, strict=True)), note=note)


def _cut_by_chance(
    table: Table,
    rows: np.ndarray,
    shares: Sequence[float],
    seed: int,
    stratify: Literal["auto"] | bool,
) -> tuple[list[np.ndarray], str | None]:
    """The rows of each share, and what people should know of how they came about."""
    target, is_classification = table.target, TASKS[table.task].has_labels
    stratified = is_classification if stratify == "auto" else stratify
    if stratified and not is_classification:
        raise DataError("a regression target can't be stratified", help="set `stratify: auto`")

    if stratified:
        try:
            pieces = _cut_repeatedly(target, rows, shares, seed, stratified=True)
            return _with_every_class(target, pieces), None
        except ValueError:
            if stratify is True:
                raise DataError(
                    "a class has too few rows to stand in every part", help="set `stratify: auto`"
                ) from None
    try:
        pieces = _cut_repeatedly(target, rows, shares, seed, stratified=False)
    except ValueError:
        raise _too_few(len(rows)) from None
    if not stratified:
        return pieces, None
    note = "the split is not stratified: a class is too rare, or a part too small, for that"
    return _with_every_class(target, pieces), note


def _with_every_class(target: np.ndarray, pieces: list[np.ndarray]) -> list[np.ndarray]:
    """The pieces, in each of which a class stands that has rows enough for it.

    The shares of a class of a few rows may leave a piece without one: it exchanges a row of its
    most frequent class for one of the piece that has the most. Of fewer rows the first piece has
    one, which networks are fitted to.
    """
    pieces = [piece.copy() for piece in pieces]
    for label, total in enumerate(np.bincount(target[np.concatenate(pieces)])):
        wanted = len(pieces) if total >= len(pieces) else min(int(total), 1)
        for piece in pieces[:wanted]:
            if (target[piece] == label).any():
                continue
            counts = [int((target[other] == label).sum()) for other in pieces]
            giver = pieces[int(np.argmax(counts))]
            most = int(np.bincount(target[piece]).argmax())
            here = int(np.flatnonzero(target[piece] == most)[0])
            there = int(np.flatnonzero(target[giver] == label)[0])
            if max(counts) > 1 or total < len(pieces):
                piece[here], giver[there] = giver[there], piece[here]
    return pieces


def _cut_repeatedly(
    target: np.ndarray, rows: np.ndarray, shares: Sequence[float], seed: int, stratified: bool
) -> list[np.ndarray]:
    from sklearn.model_selection import train_test_split

    def cut(rows: np.ndarray, share: float) -> Sequence[np.ndarray]:
        # Rounded up, as scikit-learn does; but 1 - 0.7 is a little over 0.3, and must cost no row.
        count = math.ceil(share * len(rows) - 1e-6)
        classes = target[rows] if stratified else None
        pieces: Sequence[np.ndarray] = train_test_split(
            rows, test_size=count, random_state=seed, stratify=classes
        )
        return pieces

    pieces: list[np.ndarray] = []
    while len(shares) > 1:
        rest = sum(shares[1:])
        piece, rows = cut(rows, rest / (shares[0] + rest))
        pieces.append(piece)
        shares = shares[1:]
    return [*pieces, rows]


def _cut_in_order(table: Table, rows: np.ndarray, shares: Sequence[float]) -> list[np.ndarray]:
    """The first rows by their order, the next, the last; rows of one value stay together.

    Windows that stand in two pieces are in none.
    """
    order = table.order
    assert order is not None
    if not len(rows):
        raise _too_few(0)
    ordered = rows[np.argsort(order[rows], kind="stable")]
    cuts = np.round(np.cumsum(shares)[:-1] / sum(shares) * len(rows)).astype(np.int64)
    pieces = np.split(ordered, between_values(order[ordered], cuts))
    if not all(map(len, pieces)):
        raise _too_few(len(rows))
    pieces = without_straddling(table, pieces)
    if not all(map(len, pieces)):
        assert table.forecast is not None
        before, ahead = table.forecast.reach
        raise DataError(
            f"a part has no window of {before + 1} steps and {ahead} ahead that is in no other",
            help="set `windows.length` lower, or give every part a larger share",
        )
    return list(pieces)


def without_straddling(table: Table, pieces: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Pieces of windows that follow one another in time, less those that stand in two of them.

    A piece begins with the step behind the latest one that the windows before it begin from: later
    windows see none before that, and earlier ones say none from there on.
    """
    if table.forecast is None:
        return list(pieces)
    order = table.order
    assert order is not None
    before, ahead = table.forecast.reach
    begins = [-np.inf, *(order[piece].max() + 1 for piece in pieces[:-1]), np.inf]
    return [
        piece[(order[piece] - before >= begins[i]) & (order[piece] + ahead < begins[i + 1])]
        for i, piece in enumerate(pieces)
    ]


def between_values(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Where sorted values [n] are cut so that equal ones stay together, nearest to the `cuts`."""
    there = values[np.minimum(cuts, len(values) - 1)]
    first = np.searchsorted(values, there, side="left")
    behind = np.searchsorted(values, there, side="right")
    return np.asarray(np.where(cuts - first <= behind - cuts, first, behind))


# How many ways to share groups out are tried; the one nearest to the wanted shares is taken.
_TRIES = 100


def cut_between_groups(
    table: Table, rows: np.ndarray, shares: Sequence[float], seed: int
) -> list[np.ndarray]:
    """Whole groups for each share: of a number of random ways the nearest to the shares asked for,
    in rows and, for classes, in the rows of each class.
    """
    assert table.groups is not None
    distinct, group = np.unique(table.groups[rows], return_inverse=True)
    if len(distinct) < len(shares):
        raise DataError(
            f"{len(distinct)} groups are too few for {len(shares)} parts",
            help="take another column for `groups`, or leave it out",
        )
    classes = table.target[rows] if TASKS[table.task].has_labels else np.zeros(len(rows), np.int64)
    counts = np.zeros((len(distinct), int(classes.max()) + 1))
    np.add.at(counts, (group, classes), 1)
    wanted = np.asarray(shares) / sum(shares)
    random = np.random.RandomState(seed)  # its numbers are the same on every machine, for good
    best, nearest = np.zeros(0, dtype=np.int64), math.inf
    for _ in range(_TRIES):
        permuted = random.permutation(len(distinct))
        sizes = counts[permuted].sum(axis=1)
        middles = (np.cumsum(sizes) - sizes / 2) / len(rows)
        part = np.empty(len(distinct), dtype=np.int64)
        part[permuted] = np.searchsorted(np.cumsum(wanted)[:-1], middles)
        part_counts = np.stack([counts[part == index].sum(axis=0) for index in range(len(shares))])
        if (part_counts.sum(axis=1) == 0).any():
            continue
        off = np.abs(part_counts / counts.sum(axis=0) - wanted[:, None]).mean()
        off += np.abs(part_counts.sum(axis=1) / len(rows) - wanted).mean()
        if off < nearest:
            best, nearest = part, off
    if not len(best):
        raise _too_few(len(rows))
    return [rows[best[group] == index] for index in range(len(shares))]


def _too_few(rows: int) -> DataError:
    return DataError(
        f"{rows} rows are too few for these shares: a part would be empty",
        help="give every part a larger share",
    )
