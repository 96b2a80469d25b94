"""The rows as trials use them: split, turned into float arrays once, and kept as files.

Trials map the files into memory, so any number of workers share one copy. The test part is kept
apart from what a trial loads.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hpopt.data.column_kinds import Column
from hpopt.data.forecast import Forecast
from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.data.target_spec import TargetSpec
from hpopt.errors import DataError
from hpopt.files import writing
from hpopt.inputs.kind import Kind, RawRows
from hpopt.inputs.registry import kind_named, read_kind, write_kind
from hpopt.inputs.row_files import blocks_of, row_file
from hpopt.task import TASKS, Output

PartName = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Prepared:
    """What is known of the data besides its rows, which stand in `folder`."""

    folder: Path
    features: Kind
    target: TargetSpec
    output: Output
    labels: tuple[str, ...]
    sizes: dict[str, int]
    columns: tuple[Mapping[str, str], ...] = ()  # of a table: name, kind and use, and `decimal`
    # The columns or arrays that `groups` and `weights` came from; hpopt 0.1 left it open.
    sources: Mapping[str, str] = field(default_factory=dict)
    # How the target of other rows is read, with the words for a gap; hpopt 0.1 left it open.
    target_reader: Mapping[str, Any] | None = None
    encoding: str | None = None  # of the text file, which other files are likely to have too
    forecast: Forecast | None = None
    season_error: float | None = None  # of the training part: what `mase` counts in

    @property
    def gaps(self) -> tuple[str, ...] | None:
        """The words that stand for a gap in text files, in small letters."""
        return None if self.target_reader is None else tuple(self.target_reader["gaps"])

    @property
    def files(self) -> dict[str, Any]:
        """What text files were like: their encoding, and the words for a gap, where it is known."""
        gaps = {} if self.gaps is None else {"gaps": list(self.gaps)}
        return gaps if self.encoding is None else {"encoding": self.encoding, **gaps}

    @property
    def readers(self) -> Sequence[Mapping[str, Any]]:
        """How the columns of a table are read; none of other rows."""
        return tuple(self.features.to_json().get("readers", ()))

    @property
    def target_name(self) -> str | None:
        """The column of a table that is predicted."""
        return next((c["name"] for c in self.columns if c["use"] == "target"), None)

    @classmethod
    def from_json(cls, form: Mapping[str, Any], folder: Path) -> Prepared:
        """What `to_json` wrote, with the rows in `folder`, where they need not be any more."""
        output = form["output"]
        return cls(
            folder=folder,
            features=read_kind(form["features"], form["feature_names"]),
            target=TargetSpec(**form["target"]),
            output=Output(output["units"], output["activation"], output["task"]),
            labels=tuple(form["labels"]),
            sizes=dict(form["sizes"]),
            columns=tuple(form.get("columns", ())),
            sources=dict(form.get("sources", {})),
            target_reader=form.get("target_reader"),
            encoding=form.get("encoding"),
            forecast=Forecast.from_json(form["forecast"]) if form.get("forecast") else None,
            season_error=form.get("season_error"),
        )

    def to_json(self) -> dict[str, Any]:
        """All but the rows, in strict JSON."""
        return {
            "features": write_kind(self.features),
            "target": asdict(self.target),
            "output": asdict(self.output),
            "feature_names": list(self.features.names),
            "labels": list(self.labels),
            "sizes": dict(self.sizes),
            "columns": [dict(column) for column in self.columns],
            "sources": dict(self.sources),
            "target_reader": self.target_reader and dict(self.target_reader),
            "encoding": self.encoding,
            **(
                {}
                if self.forecast is None
                else {"forecast": self.forecast.to_json(), "season_error": self.season_error}
            ),
        }

    def inputs(self, part: PartName) -> np.ndarray:
        """Network inputs of a part [n, ...], mapped from their file."""
        if self.features.is_as_prepared:
            return np.asarray(self.raw(part))
        return self._array(part, "inputs")

    def raw(self, part: PartName) -> RawRows:
        """Raw rows of a part: an array [n, ...], or, of a table, columns [n] by name."""
        return self.features.read(self.folder / part)

    def y(self, part: PartName) -> np.ndarray:
        """The target of a part [n]: class indices, or values in the target's units."""
        return self._array(part, "target")

    def groups(self, part: PartName) -> np.ndarray | None:
        """The group of each row of a part [n], where rows belong together."""
        has_groups = (self.folder / f"{part}.groups.npy").is_file()
        return self._array(part, "groups") if has_groups else None

    def naive(self, part: PartName) -> dict[str, np.ndarray]:
        """What naive forecasts say of a part [n, steps ahead], by name."""
        paths = sorted(self.folder.glob(f"{part}.naive.*.npy"))
        return {
            path.name.removeprefix(f"{part}.naive.").removesuffix(".npy"): np.load(path)
            for path in paths
        }

    def stamps(self, part: PartName) -> np.ndarray:
        """The time stamps of a forecast's latest steps [n]: seconds since 1970, or numbers."""
        return self._array(part, "stamps")

    def series(self, part: PartName) -> np.ndarray:
        """The number of the series that each forecast of a part [n] is of."""
        return self._array(part, "series")

    def weights(self, part: PartName) -> np.ndarray | None:
        """How much each row of a part counts [n], where they do not all count the same.

        A row of the training part counts 1 on average.
        """
        has_weights = (self.folder / f"{part}.weights.npy").is_file()
        return self._array(part, "weights") if has_weights else None

    @property
    def weight_name(self) -> str | None:
        """The column or array that says how much each row counts."""
        return self.sources.get("weights")

    @property
    def group_name(self) -> str | None:
        """The column that says which rows belong together."""
        by_use = next((c["name"] for c in self.columns if c["use"] == "groups"), None)
        return self.sources.get("groups", by_use)

    def _array(self, part: PartName, kind: str) -> np.ndarray:
        path = self.folder / f"{part}.{kind}.npy"
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def prepare(table: Table, parts: Parts, folder: Path) -> Prepared:
    """Fit the statistics to the training part, and write every part's arrays into `folder`.

    Raises DataError where a feature of an array or a target is not a finite number.
    """
    kind = kind_named(table.kind)
    kind.check(table.features, table.feature_names)
    if not np.isfinite(table.target).all():
        raise DataError("gaps or infinite numbers in the target")
    target = TargetSpec()
    if not TASKS[table.task].has_labels:
        target = TargetSpec.of(table.target[parts.train], table.target_transform)
    with writing(folder):
        train = kind.take(table.features, parts.train)
        features = kind.fit(train, table.feature_names, table.settings)
        folder.mkdir(parents=True, exist_ok=True)
        for part, rows in parts.items():
            features.write(table.features, rows, folder / part)
            if not features.is_as_prepared:
                _write_inputs(features, table.features, rows, folder / f"{part}.inputs.npy")
            np.save(folder / f"{part}.target.npy", table.target[rows])
            if table.groups is not None:
                np.save(folder / f"{part}.groups.npy", table.groups[rows])
            for name, said in table.naive.items():
                np.save(folder / f"{part}.naive.{name}.npy", said[rows])
            if table.stamps is not None:
                np.save(folder / f"{part}.stamps.npy", table.stamps[rows])
            if table.series is not None:
                np.save(folder / f"{part}.series.npy", table.series[rows])
            if table.weights is not None:
                mean = table.weights[parts.train].mean()
                np.save(folder / f"{part}.weights.npy", table.weights[rows] / mean)
    return Prepared(
        folder=folder,
        features=features,
        target=target,
        output=Output.of(table.task, len(table.labels), steps=math.prod(table.target.shape[1:])),
        labels=table.labels,
        sizes={part: len(rows) for part, rows in parts.items()},
        columns=tuple(map(_column_form, table.columns)),
        sources=table.sources,
        target_reader=table.target_reader,
        encoding=table.encoding,
        forecast=table.forecast,
        season_error=_season_error(table, parts.train),
    )


def _season_error(table: Table, train: np.ndarray) -> float | None:
    """How far the value one season ago is off on average, in the training part of a forecast.

    Where that is nowhere known, or never off, mase would have no value: it counts in the target's
    own units then.
    """
    if table.season_errors is None:
        return None
    errors = table.season_errors[train]
    known = errors[np.isfinite(errors)]
    return float(known.mean()) if len(known) and known.mean() > 0 else 1.0


def _column_form(column: Column) -> dict[str, str]:
    decimal = (column.reader or {}).get("decimal", ".")
    other = {} if decimal == "." else {"decimal": decimal}
    return {"name": column.name, "kind": column.kind, "use": column.use, **other}


def _write_inputs(features: Kind, raw: Any, rows: np.ndarray, path: Path) -> None:
    shape = features.input_shape
    with row_file(path, "<f4", (len(rows), *shape)) as write:
        for block in blocks_of(rows, 4 * math.prod(shape)):
            write(features.apply(features.take(raw, block)))


def fingerprints(table: Table, parts: Parts) -> dict[str, str]:
    """Short hashes that change with the data or with the split."""
    header = json.dumps([table.feature_names, table.labels, table.task]).encode()
    rows = kind_named(table.kind).fingerprint(table.features)
    weights = () if table.weights is None else (table.weights,)
    return {
        "data": _hash(header, *rows, table.target, *weights),
        "split": _hash(parts.train, parts.validation, parts.test),
    }


def _hash(*pieces: bytes | np.ndarray) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        if isinstance(piece, np.ndarray):
            digest.update(f"{piece.dtype.str}{piece.shape}".encode())
            piece = np.ascontiguousarray(piece).tobytes()
        digest.update(piece)
    return digest.hexdigest()[:16]
