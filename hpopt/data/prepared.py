"""The rows as trials use them: split, turned into float arrays once, and kept as files.

Trials map the files into memory, so any number of workers share one copy. The test part is kept
apart from what a trial loads.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hpopt.data.features import FeatureSpec, Scaling, TargetSpec
from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.data.tables import CategoricalColumn, RawColumns, TableSpec, Texts, table_spec
from hpopt.errors import DataError
from hpopt.files import writing
from hpopt.task import Output

PartName = Literal["train", "validation", "test"]

# The distinct texts of a table's categories, in the folder of its rows.
_TEXTS = "texts.json"
_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class Prepared:
    """What is known of the data besides its rows, which stand in `folder`."""

    folder: Path
    features: FeatureSpec | TableSpec
    target: TargetSpec
    output: Output
    feature_names: tuple[str, ...]
    labels: tuple[str, ...]
    sizes: dict[str, int]
    columns: tuple[Mapping[str, str], ...] = ()  # of a table: the name, kind and use of each

    @property
    def target_name(self) -> str | None:
        """The column of a table that is predicted."""
        return next((c["name"] for c in self.columns if c["use"] == "target"), None)

    @classmethod
    def from_json(cls, form: Mapping[str, Any], folder: Path) -> Prepared:
        """What `to_json` wrote, with the rows in `folder`, where they need not be any more."""
        features, target, output = form["features"], form["target"], form["output"]
        return cls(
            folder=folder,
            features=TableSpec.from_json(features)
            if "columns" in features
            else FeatureSpec(tuple(features["mean"]), tuple(features["scale"])),
            target=TargetSpec(**target),
            output=Output(output["units"], output["activation"], output["task"]),
            feature_names=tuple(form["feature_names"]),
            labels=tuple(form["labels"]),
            sizes=dict(form["sizes"]),
            columns=tuple(form.get("columns", ())),
        )

    def to_json(self) -> dict[str, Any]:
        """All but the rows, in strict JSON."""
        form = dataclasses.asdict(self)
        del form["folder"]
        if isinstance(self.features, TableSpec):
            form["features"] = self.features.to_json()
        return form

    def inputs(self, part: PartName) -> np.ndarray:
        """Network inputs of a part, float32 [n, ...], mapped from their file."""
        return self._array(part, "inputs")

    def raw(self, part: PartName) -> np.ndarray | dict[str, np.ndarray]:
        """Raw features of a part [n, d]; of a table its raw columns, each [n], by name."""
        if not isinstance(self.features, TableSpec):
            return self._array(part, "raw")
        distinct = json.loads((self.folder / _TEXTS).read_text(encoding="utf-8"))
        found: dict[str, np.ndarray] = {}
        if names := _numeric(self.features):
            found |= zip(names, self._array(part, "numbers").T, strict=True)
        if names := _categorical(self.features):
            for name, codes in zip(names, self._array(part, "codes").T, strict=True):
                found[name] = Texts(codes, tuple(distinct[name])).to_array()
        return {column.name: found[column.name] for column in self.features.columns}

    def y(self, part: PartName) -> np.ndarray:
        """The target of a part [n]: class indices, or values in the target's units."""
        return self._array(part, "target")

    def groups(self, part: PartName) -> np.ndarray | None:
        """The group of each row of a part [n], where rows belong together."""
        has_groups = (self.folder / f"{part}.groups.npy").is_file()
        return self._array(part, "groups") if has_groups else None

    def _array(self, part: PartName, kind: str) -> np.ndarray:
        path = self.folder / f"{part}.{kind}.npy"
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def prepare(table: Table, parts: Parts, folder: Path, scaling: Scaling = "standard") -> Prepared:
    """Fit the specs on the training part, and write every part's arrays into `folder`.

    `scaling` is that of arrays; the columns of a table are each scaled by their own kind. Raises
    DataError where a feature of an array or a target is not a finite number.
    """
    _check_finite(table)
    regression = table.task == "regression"
    target = TargetSpec()
    if regression:
        target = TargetSpec.of(table.target[parts.train], table.target_transform)
    with writing(folder):
        if isinstance(table.features, np.ndarray):
            features: FeatureSpec | TableSpec = FeatureSpec.of(table.features[parts.train], scaling)
            folder.mkdir(parents=True, exist_ok=True)
            for part, rows in parts.items():
                raw = table.features[rows]
                np.save(folder / f"{part}.raw.npy", raw)
                np.save(folder / f"{part}.inputs.npy", features.apply(raw))
        else:
            features = _prepare_columns(table, table.features, parts, folder)
        for part, rows in parts.items():
            np.save(folder / f"{part}.target.npy", table.target[rows])
            if table.groups is not None:
                np.save(folder / f"{part}.groups.npy", table.groups[rows])
    return Prepared(
        folder=folder,
        features=features,
        target=target,
        output=Output.of(table.task, len(table.labels)),
        feature_names=table.feature_names,
        labels=table.labels,
        sizes={part: len(rows) for part, rows in parts.items()},
        columns=tuple({"name": c.name, "kind": c.kind, "use": c.use} for c in table.columns),
    )


def _prepare_columns(table: Table, raw: RawColumns, parts: Parts, folder: Path) -> TableSpec:
    """The spec of a table's training part; every part is written in blocks of rows."""
    readers = [c.reader for c in table.columns if c.use == "feature" and c.reader is not None]
    spec = table_spec(_at(raw, parts.train), readers, table.pieces)
    numeric, categorical = _numeric(spec), _categorical(spec)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        name: list(values.distinct) for name, values in raw.items() if isinstance(values, Texts)
    }
    (folder / _TEXTS).write_text(json.dumps(texts), encoding="utf-8")
    for part, rows in parts.items():
        with (
            _rows_file(folder / f"{part}.numbers.npy", "<f8", (len(rows), len(numeric))) as numbers,
            _rows_file(folder / f"{part}.codes.npy", "<i4", (len(rows), len(categorical))) as codes,
            _rows_file(
                folder / f"{part}.inputs.npy", "<f4", (len(rows), *spec.input_shape)
            ) as inputs,
        ):
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                block = _at(raw, rows[start : start + _ROWS_AT_ONCE])
                n = len(rows[start : start + _ROWS_AT_ONCE])
                numbers(_stacked([block[name] for name in numeric], n, np.float64))
                codes(_stacked([block[name] for name in categorical], n, np.int32))
                inputs(spec.apply(block))
    return spec


@contextmanager
def _rows_file(
    path: Path, dtype: str, shape: tuple[int, ...]
) -> Iterator[Callable[[np.ndarray], object]]:
    """An .npy file of this shape; what is given back writes its next rows."""
    with path.open("wb") as file:
        header = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        yield lambda rows: file.write(np.ascontiguousarray(rows, dtype=dtype).data)


def _at(raw: RawColumns, rows: np.ndarray) -> dict[str, np.ndarray | Texts]:
    return {name: values[rows] for name, values in raw.items()}


def _stacked(columns: Sequence[np.ndarray | Texts], n: int, dtype: Any) -> np.ndarray:
    arrays = [values.codes if isinstance(values, Texts) else values for values in columns]
    return np.column_stack([np.empty((n, 0), dtype), *arrays]).astype(dtype, copy=False)


def _numeric(spec: TableSpec) -> list[str]:
    return [c.name for c in spec.columns if not isinstance(c, CategoricalColumn)]


def _categorical(spec: TableSpec) -> list[str]:
    return [c.name for c in spec.columns if isinstance(c, CategoricalColumn)]


def fingerprints(table: Table, parts: Parts) -> dict[str, str]:
    """Short hashes that change with the data or with the split."""
    header = json.dumps([table.feature_names, table.labels, table.task]).encode()
    return {
        "data": _hash(header, *_pieces(table.features), table.target),
        "split": _hash(parts.train, parts.validation, parts.test),
    }


def _pieces(features: np.ndarray | RawColumns) -> Iterator[bytes | np.ndarray]:
    if isinstance(features, np.ndarray):
        yield features
        return
    for values in features.values():
        if isinstance(values, Texts):
            yield json.dumps(values.distinct).encode()
            yield values.codes
        else:
            yield values


def _hash(*pieces: bytes | np.ndarray) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        if isinstance(piece, np.ndarray):
            digest.update(f"{piece.dtype.str}{piece.shape}".encode())
            piece = np.ascontiguousarray(piece).tobytes()
        digest.update(piece)
    return digest.hexdigest()[:16]


def _check_finite(table: Table) -> None:
    if isinstance(table.features, np.ndarray):
        # A model sees float32, in which larger numbers are infinite; a NaN is not <= either.
        bad = ~(np.abs(table.features) <= np.finfo(np.float32).max).all(axis=0)
        if bad.any():
            names = [name for name, is_bad in zip(table.feature_names, bad, strict=True) if is_bad]
            raise DataError(f"gaps or infinite numbers in {', '.join(names[:5])}")
    if not np.isfinite(table.target).all():
        raise DataError("gaps or infinite numbers in the target")
