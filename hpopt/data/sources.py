"""Where rows come from: each source gives a `Table` of raw features and encoded targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hpopt.data.column_kinds import Column
from hpopt.data.csv_text import check_file
from hpopt.data.forecast import Forecast
from hpopt.data.precision import loss_in_words
from hpopt.data.target_settings import Label
from hpopt.data.target_spec import TargetTransform
from hpopt.data.targets import encode_target
from hpopt.data.weights import checked_weights
from hpopt.errors import DataError, SettingError, in_words, suggest_name
from hpopt.task import TASKS, Task

SKLEARN_DATASETS: dict[str, Task] = {
    "breast_cancer": "binary",
    "digits": "multiclass",
    "iris": "multiclass",
    "wine": "multiclass",
    "diabetes": "regression",
}


_MOST_LOOKED = 100  # features of an array, as to what float32 loses of them


@dataclass(frozen=True)
class Table:
    """Rows as their owner has them.

    `features` are the raw rows of their `kind` (`hpopt/inputs/registry.py`), which is fitted by the
    `settings`: an array [n, ...], or the raw columns of a table, each [n], by name. `target` [n]
    holds class indices into `labels`, or values in their own units, where `labels` is empty; of a
    forecast it is [n, horizon].
    """

    features: Any
    target: np.ndarray
    feature_names: tuple[str, ...]
    labels: tuple[str, ...]
    task: Task
    target_transform: TargetTransform = "none"
    kind: str = "array"
    settings: Mapping[str, Any] = field(default_factory=dict)
    groups: np.ndarray | None = None  # [n]: rows of one number stay together
    order: np.ndarray | None = None  # [n]: what the rows are sorted by
    weights: np.ndarray | None = None  # [n]: how much each row counts
    # What these were called, `groups` and `weights`, where their owner has a name for them.
    sources: Mapping[str, str] = field(default_factory=dict)
    given: np.ndarray | None = None  # [n]: 1 validation, 2 test by its own file; 0 is to be split
    columns: tuple[Column, ...] = ()  # what each column of a table is, left out or not
    notes: tuple[str, ...] = ()  # what people should know of how it was read
    target_reader: Mapping[str, Any] | None = None  # how the target of other rows is read
    encoding: str | None = None  # of a text file
    ids: Mapping[str, np.ndarray] = field(default_factory=dict)  # the order [n] of ids left out
    # Of a forecast, whose rows are windows: what naive forecasts say [n, horizon], by name, how far
    # the value one season ago is off [n, horizon], and the time stamp of the latest step [n].
    forecast: Forecast | None = None
    naive: Mapping[str, np.ndarray] = field(default_factory=dict)
    season_errors: np.ndarray | None = None
    stamps: np.ndarray | None = None
    series: np.ndarray | None = None  # the number of the series that each window is of

    @property
    def width(self) -> int:
        """How many values a row has; of windows each of their steps."""
        if self.forecast is not None:
            return len(self.feature_names)
        if isinstance(self.features, Mapping):
            return len(self.features)
        return math.prod(self.features.shape[1:])

    @property
    def positive(self) -> str | None:
        """Of two classes the one that metrics and the threshold are about: the second label."""
        return self.labels[1] if TASKS[self.task].has_threshold else None

    @property
    def shares(self) -> dict[str, float]:
        """The share of the rows that each class has, by label; none of a regression."""
        return {
            label: float((self.target == index).mean()) for index, label in enumerate(self.labels)
        }

    def with_positive(self, label: str) -> Table:
        """The table with this label as the positive one, if it is one of the two."""
        if self.positive is None or label != self.labels[0]:
            return self
        return replace(self, target=1 - self.target, labels=self.labels[::-1])


def load_sklearn(name: str) -> Table:
    """One of the data sets that come with scikit-learn."""
    import sklearn.datasets

    bunch: Any = getattr(sklearn.datasets, f"load_{name}")()
    task = SKLEARN_DATASETS[name]
    has_labels = TASKS[task].has_labels
    labels = tuple(str(label) for label in bunch.target_names) if has_labels else ()
    dtype = np.int64 if has_labels else np.float64
    return Table(
        features=np.asarray(bunch.data, dtype=np.float64),
        target=np.asarray(bunch.target, dtype=dtype),
        feature_names=tuple(str(feature) for feature in bunch.feature_names),
        labels=labels,
        task=task,
    )


class Arrays(NamedTuple):
    """What NumPy's files hold: rows [n, ...], their target [n], and what is said of rows [n]."""

    rows: np.ndarray
    target: np.ndarray
    lengths: np.ndarray | None = None
    weights: np.ndarray | None = None

    def at(self, rows: np.ndarray) -> Arrays:
        """The arrays of some rows."""
        return Arrays(*(None if each is None else each[rows] for each in self))  # type: ignore[arg-type]


def arrays_of(
    source: str,
    path: Path,
    features: str,
    target: str,
    lengths: str | None = None,
    sample_weight: str | None = None,
) -> Arrays:
    """The arrays of NumPy's files, by their names there.

    Of `npy`, `path` and `target` are a file each. Raises DataError where they can't be read.
    """
    if source == "npy":
        for key, name in (("lengths", lengths), ("sample_weight", sample_weight)):
            if name is not None:
                raise SettingError("an .npy file holds one array", (key,), help="use `npz`")
        return Arrays(load_file(path), load_file(Path(target)))
    arrays = load_file(path)
    named = {
        "features": features,
        "target": target,
        "lengths": lengths,
        "sample_weight": sample_weight,
    }
    for key, name in named.items():
        if name is not None and name not in arrays:
            raise SettingError(
                f"{path} holds no array `{name}`", (key,), help=suggest_name(name, arrays)
            )
    rows = arrays[features]
    weights = None
    if sample_weight is not None:
        weights = checked_weights(sample_weight, arrays[sample_weight], len(rows))
    return Arrays(rows, arrays[target], None if lengths is None else arrays[lengths], weights)


def of_arrays(
    features: Any, target: Any, task: Task | None, positive: Label | None = None
) -> Table:
    """The table of rows [n, ..., d] and targets [n]. Raises DataError where they are none."""
    rows, values = np.asarray(features), np.asarray(target)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if rows.ndim < 2 or rows.dtype.kind not in "biuf":
        raise DataError(
            "the rows must be an array of numbers [n, d], or [n, ..., d] of shaped ones, not "
            f"{rows.dtype} {list(rows.shape)}",
            help="reshape them, or give a DataFrame or a CSV file",
        )
    if values.ndim == 2 and len(values) == len(rows) and _is_one_hot(values):
        raise DataError(
            f"the target {list(values.shape)} is one-hot: a column for each class",
            help="give class indices [n] instead: `y.argmax(axis=1)`",
        )
    if values.shape != rows.shape[:1]:
        raise DataError(f"{len(rows)} rows, but a target of the shape {list(values.shape)}")
    if not rows.size:
        raise DataError("the array of rows is empty")
    encoded = encode_target("the target", values, task, positive=positive)
    if encoded.missing:
        raise DataError(f"{encoded.missing} rows have no target")
    are_images = rows.ndim == 4 and rows.dtype == np.uint8
    looked_at = 0 if are_images else _MOST_LOOKED
    losses = [loss_in_words(column) for column in rows.reshape(-1, rows.shape[-1]).T[:looked_at]]
    return Table(
        features=rows if are_images else rows.astype(np.float64),
        kind="image" if are_images else "array",
        target=encoded.values,
        feature_names=tuple(f"x{index}" for index in range(rows.shape[-1])),
        labels=encoded.labels,
        task=encoded.task,
        notes=(
            *encoded.notes,
            *(
                f"feature x{i}: {loss}; take a constant away"
                for i, loss in enumerate(losses)
                if loss
            ),
        ),
        target_reader=encoded.reader,
    )


def _is_one_hot(values: np.ndarray) -> bool:
    """Whether each row [n, k] is 1 in one place and 0 elsewhere."""
    if values.dtype.kind not in "biuf":
        return False
    return bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())


_NPY, _ZIP = b"\x93NUMPY", b"PK"
_WRITTEN_BY = "np.save and np.savez write such files; arrays of Python objects are not read"


def load_file(path: Path) -> Any:
    """The array of an .npy file, or those of an .npz file by name. Raises DataError otherwise."""
    check_file(path)
    with path.open("rb") as file:
        if not file.read(len(_NPY)).startswith((_NPY, _ZIP)):
            raise DataError(f"{path} can't be read: it is no file of NumPy's", help=_WRITTEN_BY)
    try:
        loaded = np.load(path, allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else {n: loaded[n] for n in loaded.files}
    except Exception as error:  # a damaged archive raises what zipfile, zlib and NumPy think of
        raise DataError(f"{path} can't be read: {in_words(error)}", help=_WRITTEN_BY) from None
