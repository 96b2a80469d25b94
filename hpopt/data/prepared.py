"""The rows as trials use them: split, turned into float arrays once, and kept as files.

Trials map the files into memory, so any number of workers share one copy. The test part is kept
apart from what a trial loads.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hpopt.builders.base import Output
from hpopt.data.features import FeatureSpec, Scaling, TargetSpec
from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.errors import DataError
from hpopt.files import writing

PartName = Literal["train", "validation", "test"]


@dataclass(frozen=True)
class Prepared:
    """What is known of the data besides its rows, which stand in `folder`."""

    folder: Path
    features: FeatureSpec
    target: TargetSpec
    output: Output
    feature_names: tuple[str, ...]
    labels: tuple[str, ...]
    sizes: dict[str, int]

    @classmethod
    def from_json(cls, form: Mapping[str, Any], folder: Path) -> Prepared:
        """What `to_json` wrote, with the rows in `folder`, where they need not be any more."""
        features, target, output = form["features"], form["target"], form["output"]
        return cls(
            folder=folder,
            features=FeatureSpec(tuple(features["mean"]), tuple(features["scale"])),
            target=TargetSpec(**target),
            output=Output(output["units"], output["activation"], output["task"]),
            feature_names=tuple(form["feature_names"]),
            labels=tuple(form["labels"]),
            sizes=dict(form["sizes"]),
        )

    def to_json(self) -> dict[str, Any]:
        """All but the rows, in strict JSON."""
        form = dataclasses.asdict(self)
        del form["folder"]
        return form

    def inputs(self, part: PartName) -> np.ndarray:
        """Network inputs of a part, float32 [n, ...], mapped from their file."""
        return self._array(part, "inputs")

    def raw(self, part: PartName) -> np.ndarray:
        """Raw features of a part [n, ...]."""
        return self._array(part, "raw")

    def y(self, part: PartName) -> np.ndarray:
        """The target of a part [n]: class indices, or values in the target's units."""
        return self._array(part, "target")

    def _array(self, part: PartName, kind: str) -> np.ndarray:
        path = self.folder / f"{part}.{kind}.npy"
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def prepare(table: Table, parts: Parts, folder: Path, scaling: Scaling = "standard") -> Prepared:
    """Fit the specs on the training part, and write every part's arrays into `folder`.

    Raises DataError where a feature or a target is not a finite number.
    """
    _check_finite(table)
    features = FeatureSpec.of(table.features[parts.train], scaling)
    regression = table.task == "regression"
    target = TargetSpec.of(table.target[parts.train]) if regression else TargetSpec()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for part, rows in parts.items():
            raw = table.features[rows]
            np.save(folder / f"{part}.raw.npy", raw)
            np.save(folder / f"{part}.inputs.npy", features.apply(raw))
            np.save(folder / f"{part}.target.npy", table.target[rows])
    return Prepared(
        folder=folder,
        features=features,
        target=target,
        output=Output.of(table.task, len(table.labels)),
        feature_names=table.feature_names,
        labels=table.labels,
        sizes={part: len(rows) for part, rows in parts.items()},
    )


def fingerprints(table: Table, parts: Parts) -> dict[str, str]:
    """Short hashes that change with the data or with the split."""
    header = json.dumps([table.feature_names, table.labels, table.task])
    return {
        "data": _hash(header.encode(), table.features, table.target),
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


def _check_finite(table: Table) -> None:
    # A model sees float32, in which larger numbers are infinite; a NaN is not <= either.
    bad = ~(np.abs(table.features) <= np.finfo(np.float32).max).all(axis=0)
    if bad.any():
        names = [name for name, is_bad in zip(table.feature_names, bad, strict=True) if is_bad]
        raise DataError(f"gaps or infinite numbers in {', '.join(names[:5])}")
    if not np.isfinite(table.target).all():
        raise DataError("gaps or infinite numbers in the target")
