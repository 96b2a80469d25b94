"""Further splits of the rows that may be learnt from: folds, fresh splits, and all of them.

The test part stays apart in each. A further split stands in a folder of its own below the prepared
rows, with statistics of its own training part, and has a number; 0 is the run's own split.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpopt.data.prepared import Prepared, prepare
from hpopt.data.sources import Table
from hpopt.data.splits import Parts, between_values, cut_between_groups, without_straddling
from hpopt.errors import DataError
from hpopt.files import writing

OWN = 0  # the run's own split
WHOLE = -1  # all rows but the test part's, to train on
_FRESH = 1000  # the first number of a fresh split; folds count from 1
_DESCRIPTION = "prepared.json"


@dataclass(frozen=True)
class Splits:
    """Makes further splits of the rows of the training and the validation part.

    `folds` is the number of folds, 1 where there are none. Classes keep their shares if
    `stratified`, groups stay whole, and rows with an order are never learnt from before their time.
    """

    table: Table
    parts: Parts
    folder: Path
    folds: int
    seed: int
    stratified: bool

    def write_folds(self) -> None:
        """Prepare the folds, 1 to `folds`. Raises DataError where the rows are too few for them."""
        for number, parts in enumerate(fold_parts(self), start=1):
            self._write(number, parts)

    def write_fresh(self, index: int) -> int:
        """Prepare a fresh split, another for each index, and give its number.

        Rows with an order have but one split that is true to it: that is their own.
        """
        parts = fresh_parts(self, index)
        return OWN if parts is None else self._write(_FRESH + index, parts)

    def write_whole(self) -> int:
        """Prepare all rows but the test part's as a training part, and give the split's number.

        Its validation part are the run's own validation rows, of which a model is to say something
        when it is saved and loaded; they are among those it has learnt from.
        """
        return self._write(WHOLE, replace(self.parts, train=self._pool))

    def remove(self, number: int) -> None:
        """Delete the rows of a fresh split."""
        if number != OWN:
            shutil.rmtree(split_folder(self.folder, number), ignore_errors=True)

    @property
    def validation_share(self) -> float:
        """The rows of a validation part for each row of its training part."""
        if self.folds > 1:
            return 1 / (self.folds - 1)
        return len(self.parts.validation) / len(self.parts.train)

    @property
    def _pool(self) -> np.ndarray:
        return np.sort(np.concatenate([self.parts.train, self.parts.validation]))

    def _write(self, number: int, parts: Parts) -> int:
        folder = split_folder(self.folder, number)
        data = prepare(self.table, parts, folder)
        with writing(folder):
            text = json.dumps(data.to_json(), allow_nan=False)
            (folder / _DESCRIPTION).write_text(text, encoding="utf-8")
        return number


def read_split(data: Prepared, number: int) -> Prepared:
    """The prepared rows of a further split; of OWN, `data` itself."""
    if number == OWN:
        return data
    folder = split_folder(data.folder, number)
    form: Any = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
    return Prepared.from_json(form, folder)


def split_folder(folder: Path, number: int) -> Path:
    """Where the rows of a split stand: OWN's in the `folder` itself, others' below it."""
    if number == OWN:
        return folder
    return folder / ("whole" if number == WHOLE else f"split_{number}")


def fold_parts(splits: Splits) -> list[Parts]:
    """The folds: each row is in one validation part; with an order, only rows after the first.

    Raises DataError where the rows, the groups, or the values of the order are too few.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

    table, rows, k = splits.table, splits._pool, splits.folds
    if table.order is not None:
        return _folds_in_order(splits, table.order)
    groups = None if table.groups is None else table.groups[rows]
    stratified = splits.stratified and _smallest_class(table.target[rows]) >= k
    options: dict[str, Any] = {"n_splits": k, "shuffle": True, "random_state": splits.seed}
    splitter: Any
    if groups is not None:
        # Shuffled, GroupKFold would count groups instead of their rows.
        splitter = StratifiedGroupKFold(**options) if stratified else GroupKFold(k)
    else:
        splitter = StratifiedKFold(**options) if stratified else KFold(**options)
    try:
        pieces = list(splitter.split(rows, table.target[rows], groups))
    except ValueError:
        raise _too_few(f"{len(rows)} rows", k) from None
    return [_parts(splits, rows[train], rows[validation]) for train, validation in pieces]


def _folds_in_order(splits: Splits, order: np.ndarray) -> list[Parts]:
    """Each validation part with all that lies before it, as scikit-learn's `TimeSeriesSplit`.

    But rows of one value stay together, as in every split by an order.
    """
    rows, k = splits._pool, splits.folds
    rows = rows[np.argsort(order[rows], kind="stable")]
    size = len(rows) // (k + 1)
    cuts = between_values(order[rows], len(rows) - size * np.arange(k, 0, -1))
    edges = [*cuts, len(rows)]
    if size == 0 or cuts[0] == 0 or min(np.diff(edges)) == 0:
        raise _too_few(f"{len(np.unique(order[rows]))} values of the order", k)
    pieces = [
        without_straddling(splits.table, [rows[:start], rows[start:end]])
        for start, end in itertools.pairwise(edges)
    ]
    if not all(len(train) and len(validation) for train, validation in pieces):
        raise _too_few(f"{len(rows)} windows", k)
    return [_parts(splits, train, validation) for train, validation in pieces]


def _too_few(what: str, folds: int) -> DataError:
    return DataError(f"{what} are too few for {folds} folds", help="set `training.folds` lower")


def fresh_parts(splits: Splits, index: int) -> Parts | None:
    """Another random split into parts of the same sizes; None where an order rules it out."""
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    table, rows = splits.table, splits._pool
    if table.order is not None:
        return None
    share = splits.validation_share
    seed = int(np.random.SeedSequence([splits.seed, index]).generate_state(1)[0])
    part = share / (1 + share)
    if table.groups is not None:
        return _parts(splits, *_fresh_groups(table, rows, part, seed))
    # Rounded: a row more or less may be a batch more or less, for which graphs are traced anew.
    options: dict[str, Any] = {
        "n_splits": 1,
        "test_size": round(part * len(rows)),
        "random_state": seed,
    }
    splitter = StratifiedShuffleSplit(**options) if splits.stratified else ShuffleSplit(**options)
    try:
        [(train, validation)] = splitter.split(rows, table.target[rows])
    except ValueError:  # a class too rare to be in both parts
        [(train, validation)] = ShuffleSplit(**options).split(rows)
    return _parts(splits, rows[train], rows[validation])


def _fresh_groups(
    table: Table, rows: np.ndarray, part: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows in whole groups, of which a `part` validates, cut as the run's own split was."""
    from sklearn.model_selection import GroupShuffleSplit

    assert table.groups is not None
    try:
        train, validation = cut_between_groups(table, rows, [1 - part, part], seed)
    except DataError:  # one group is nearly all of them
        splitter = GroupShuffleSplit(n_splits=1, test_size=part, random_state=seed)
        [(train, validation)] = splitter.split(rows, groups=table.groups[rows])
        return rows[train], rows[validation]
    return train, validation


def _parts(splits: Splits, train: np.ndarray, validation: np.ndarray) -> Parts:
    return Parts(train, validation, splits.parts.test[:0])


def _smallest_class(target: Sequence[int] | np.ndarray) -> int:
    return int(np.unique(target, return_counts=True)[1].min())
