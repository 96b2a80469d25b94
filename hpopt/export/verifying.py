"""Checks an export: what it says in a fresh process against what was recorded."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np

from hpopt.data.target_spec import TargetSpec
from hpopt.errors import RunError, shorten
from hpopt.inputs.kind import RawRows, count_bytes, take_rows

# A loaded model differs from the one that was trained by rounding at most.
TOLERANCE = 1e-4
_MOST_BYTES = 10_000_000
_TIMEOUT_S = 600
_COLUMN = "rows/"  # before the name of a table's column in a file
_LEAST = -1 + 1e-12  # log(1 + y) of less is not a number

# Everything hpopt could add is out of reach, as it is where the export is used.
_PROGRAM = """
import sys
sys.modules["hpopt"] = None
folder, rows, outputs = sys.argv[1:]
sys.path.insert(0, folder)
import numpy as np
import example
kept = np.load(rows)
if "rows" in kept.files:
    predictions = example.predict(kept["rows"])
else:
    columns = {name.partition("/")[2]: kept[name] for name in kept.files}
    predictions = example.predict_columns(columns)
np.save(outputs, predictions)
"""


@dataclass(frozen=True)
class CheckRows:
    """Raw rows with what the network says of them, `outputs` [n, units].

    `target` [n] is what was observed; None for rows that are made up. `weights` [n] say how much
    each row counts, where they do not all count the same.
    """

    rows: RawRows
    outputs: np.ndarray
    target: np.ndarray | None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.outputs)

    def first(self, count: int) -> CheckRows:
        """The first of the rows: at most `count`, and fewer where they are large."""
        row_bytes = max(1, count_bytes(take_rows(self.rows, slice(1))))
        few = slice(0, min(count, max(1, _MOST_BYTES // row_bytes)))
        target, weights = (
            None if each is None else each[few] for each in (self.target, self.weights)
        )
        return CheckRows(take_rows(self.rows, few), self.outputs[few], target, weights)

    def write(self, file: BinaryIO) -> None:
        """Write the rows as an .npz file, which `read` reads: `rows`, or `rows/NAME` of a table."""
        others = {"outputs": self.outputs, "target": self.target, "weights": self.weights}
        arrays = _named(self.rows) | {n: each for n, each in others.items() if each is not None}
        np.savez(file, **arrays)

    @classmethod
    def read(cls, path: Path) -> CheckRows:
        """The rows of a file that `write` filled. Raises RunError where it can't be read."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                target, weights = (
                    arrays[name] if name in arrays.files else None for name in ("target", "weights")
                )
                rows: RawRows = {
                    name.removeprefix(_COLUMN): arrays[name]
                    for name in arrays.files
                    if name.startswith(_COLUMN)
                }
                return cls(rows or arrays["rows"], arrays["outputs"], target, weights)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise RunError(f"{path} can't be read: {error}") from None


def _named(rows: RawRows) -> dict[str, Any]:
    if isinstance(rows, np.ndarray):
        return {"rows": rows}
    return {_COLUMN + name: values for name, values in rows.items()}


def largest_difference(spoken: np.ndarray, expected: np.ndarray, target: TargetSpec) -> float:
    """How far two sets of outputs [n, units] lie apart at most; NaN where one is not a number.

    Values of a regression count in deviations of what the network learns; outputs beyond 1 count
    relatively.
    """
    if spoken.shape != expected.shape:
        return float("inf")
    a, b = (
        _in_deviations(np.asarray(outputs, np.float64), target) for outputs in (spoken, expected)
    )
    return float(np.abs(a - b).max(initial=0.0)) / max(1.0, float(np.abs(b).max(initial=0.0)))


def _in_deviations(outputs: np.ndarray, target: TargetSpec) -> np.ndarray:
    if target.transform == "log1p":
        outputs = np.log1p(np.maximum(outputs, _LEAST))
    return np.asarray((outputs - target.mean) / target.scale)


def spoken_elsewhere(folder: Path, rows: RawRows) -> np.ndarray:
    """What the export in `folder` says of raw rows, by its own example, in a fresh process.

    hpopt can't be imported there. Raises RunError where the export does not work.
    """
    with tempfile.TemporaryDirectory(prefix="hpopt-") as place:
        given, outputs = Path(place) / "rows.npz", Path(place) / "outputs.npy"
        np.savez(given, **_named(rows))
        environment = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-B", "-c", _PROGRAM, *map(str, (folder, given, outputs))]
        try:
            done = subprocess.run(
                command,
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"the export gave no answer within {_TIMEOUT_S} s") from None
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason"]
            raise RunError(
                f"the export does not work in a fresh process: {shorten(lines[-1], 300)}"
            )
        return np.asarray(np.load(outputs, allow_pickle=False))
