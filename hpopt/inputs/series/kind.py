"""The kind `series`: rows [steps, channels] of numbers, of which any may be shorter or have gaps.

Rows are kept as they are, in float32: NaN is what is not known. Behind the last known step of a
series it pads; before that it is a gap, which counts as the channel's mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpopt.backend import load_keras
from hpopt.errors import DataError
from hpopt.inputs.kind import CardParts, RawRows, Runtime, Usage
from hpopt.inputs.naming import OURS, box
from hpopt.inputs.row_files import blocks_of, row_file
from hpopt.inputs.scaling import as_keras_hands_over
from hpopt.inputs.series import telling
from hpopt.inputs.series.sheets import line_a_series, series_of_sheet
from hpopt.inputs.series.steps import lengths_of, readers_of, series_of_arrays, with_steps
from hpopt.inputs.stored import Sheet, Texts, array_named

_NO_SETTINGS: Mapping[str, Any] = {}
_FLOAT32_MAX = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class SeriesKind:
    """A network sees (number - mean) / scale, channel by channel, and 0 behind the end of a series.

    `mean`, `scale` and `fill`, what gaps count as, are [channels]. Where series are padded, a last
    channel is 1 as long as a series goes on, and 0 behind its end: no step of a series is all
    zeros, so what pads can be told from it. `layout` says how series stand in columns, as in
    `steps.py`, and `lengths` what an array of their lengths is called, where they come so.
    """

    steps: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    fill: tuple[float, ...]
    is_padded: bool
    layout: Mapping[str, Any] | None = None
    lengths: str | None = None
    names: tuple[str, ...] = field(default=(), compare=False)

    name: ClassVar[str] = "series"
    input_dtype: ClassVar[str] = "float32"
    is_as_prepared: ClassVar[bool] = False
    stem: ClassVar[None] = None

    @staticmethod
    def check(raw: np.ndarray, names: Sequence[str]) -> None:
        """See `Kind`; whatever is no number is a gap, but for a channel of nothing else."""
        empty = np.isnan(raw).all(axis=(0, 1))
        if empty.any():
            named = [name for name, is_empty in zip(names, empty, strict=True) if is_empty]
            raise DataError(f"no number is in the channel {', '.join(named[:5])}")

    @staticmethod
    def take(raw: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """See `Kind`."""
        return raw[rows]

    @staticmethod
    def fingerprint(raw: np.ndarray) -> Iterator[bytes | np.ndarray]:
        """See `Kind`."""
        yield raw

    @staticmethod
    def named_columns(raw: np.ndarray) -> Mapping[str, np.ndarray | Texts]:
        """See `Kind`."""
        return {}

    @classmethod
    def fit(
        cls, raw: np.ndarray, names: Sequence[str] = (), settings: Mapping[str, Any] = _NO_SETTINGS
    ) -> SeriesKind:
        """The kind of the training part's series, float32 [n, steps, channels].

        The settings: `scaling`, as of arrays; whether any series of all parts `is_padded`; their
        `layout` in columns, and the name of an array of their `lengths`.
        """
        fill, scale = _mean_and_scale(raw)
        mean = fill
        if settings.get("scaling") == "none":
            mean, scale = np.zeros_like(fill), np.ones_like(scale)
        return cls(
            raw.shape[1],
            mean=tuple(mean.tolist()),
            scale=tuple(scale.tolist()),
            fill=tuple(fill.tolist()),
            is_padded=settings.get("is_padded", False),
            layout=settings.get("layout"),
            lengths=settings.get("lengths"),
            names=tuple(names),
        )

    @classmethod
    def from_json(cls, form: Mapping[str, Any], names: Sequence[str]) -> SeriesKind:
        """See `Kind`."""
        mean, scale, fill = (tuple(form[name]) for name in ("mean", "scale", "fill"))
        padded, layout, lengths = form["is_padded"], form["layout"], form["lengths"]
        return cls(form["steps"], mean, scale, fill, padded, layout, lengths, tuple(names))

    def to_json(self) -> dict[str, Any]:
        """See `Kind`."""
        return {
            "steps": self.steps,
            "mean": list(self.mean),
            "scale": list(self.scale),
            "fill": list(self.fill),
            "is_padded": self.is_padded,
            "layout": self.layout,
            "lengths": self.lengths,
        }

    @property
    def channels(self) -> int:
        """How many numbers a step has."""
        return len(self.mean)

    @property
    def places_of_features(self) -> Mapping[str, range]:
        """See `Kind`: the channels."""
        names = () if self.is_padded else self.names
        return {name: range(place, place + 1) for place, name in enumerate(names)}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Steps and channels, and one more where series are padded."""
        return (self.steps, self.channels + self.is_padded)

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Raw series as network inputs, float32 [n, steps, channels (+ 1)]; see `SeriesKind`."""
        rows = as_keras_hands_over(raw)
        rows = np.where(np.isfinite(rows), rows, self.fill)
        prepared = (rows - np.asarray(self.mean)) / np.asarray(self.scale)
        if self.is_padded:
            goes_on = np.arange(self.steps) < lengths_of(raw)[:, None]
            prepared = np.concatenate([prepared * goes_on[..., None], goes_on[..., None]], axis=2)
        return np.asarray(prepared, np.float32)

    def write(self, raw: np.ndarray, rows: np.ndarray, path: Path) -> None:
        """See `Kind`."""
        shape = (len(rows), self.steps, self.channels)
        with row_file(f"{path}.raw.npy", "<f4", shape) as write:
            for block in blocks_of(rows, raw[:1].nbytes):
                write(raw[block])

    def read(self, path: Path) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(np.load(f"{path}.raw.npy", mmap_mode="r", allow_pickle=False))

    def twin(self, runtime: Runtime) -> tuple[Any, Any]:
        """See `Kind`: an input [n, steps, channels], in which NaN is what is not known."""
        inputs = load_keras().Input((self.steps, self.channels), name="rows")
        return inputs, box(f"{OURS}inputs", lambda rows: self._inputs(rows, runtime.dtype), inputs)

    def _inputs(self, rows: Any, dtype: str) -> Any:
        """What `apply` does, computed in `dtype`."""
        keras = load_keras()
        ops = keras.ops
        mean, scale, fill = (np.asarray(each) for each in (self.mean, self.scale, self.fill))
        # In halves, so that the bound is one of float32; a NaN is not less.
        is_known = ops.less(ops.multiply(ops.abs(rows), 0.5), 2e38)
        # tf2onnx makes sums and products of a `where`, in which what is not finite would live on.
        finite = ops.where(ops.isnan(rows), 0.0, rows)
        finite = ops.clip(finite, -_FLOAT32_MAX, _FLOAT32_MAX)
        coarse = mean.astype(dtype).astype(np.float64)
        z = ops.divide(
            ops.subtract(ops.cast(finite, dtype), coarse.astype(dtype)), scale.astype(dtype)
        )
        if dtype == "float32":
            # What it loses of the mean is taken off behind the division: TensorFlow's graphs make
            # one difference of two that follow each other.
            z = ops.subtract(z, ((mean - coarse) / scale).astype(dtype))
        z = ops.where(is_known, z, ((fill - mean) / scale).astype(dtype))
        z = ops.cast(z, "float32")
        if not self.is_padded:
            return z
        place = np.arange(1, self.steps + 1, dtype=np.float32)
        has_any = ops.max(ops.cast(ops.logical_not(ops.isnan(rows)), "float32"), axis=2)
        length = ops.max(ops.multiply(has_any, place), axis=1, keepdims=True)
        goes_on = ops.expand_dims(ops.cast(ops.less_equal(place, length), "float32"), -1)
        return ops.concatenate([ops.multiply(z, goes_on), goes_on], axis=2)

    def feed(self, rows: RawRows) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(rows, np.float32)

    def made_up(self, count: int) -> np.ndarray:
        """Noise of the channels' means and scales; every other series ends early where any does."""
        draws = np.random.default_rng(0).normal(size=(count, self.steps, self.channels))
        rows = np.asarray(draws * np.asarray(self.scale) + np.asarray(self.fill), np.float32)
        if self.is_padded:
            rows[1::2, self.steps // 2 + 1 :] = np.nan
        return rows

    def pictures(self, rows: RawRows) -> None:
        """See `Kind`."""

    def columns_needed(self) -> Sequence[str]:
        """See `Kind`."""
        if self.layout is None:
            raise DataError(
                f"the model takes series [{self._shape}] that came as arrays, and no table",
                help="give an .npy or an .npz file, or an array",
            )
        return [reader["column"] for reader in readers_of(self.layout)]

    def line_a_row(self, sheet: Sheet, source: str, alike: Sequence[str]) -> Sheet:
        """See `Kind`."""
        return sheet if self.layout is None else line_a_series(sheet, source, self.layout, alike)

    def rows_of_sheet(self, sheet: Sheet, source: str) -> tuple[np.ndarray, list[str]]:
        """See `Kind`."""
        assert self.layout is not None
        series, notes = series_of_sheet(sheet, source, self.layout)
        return self._as_long(series, notes, source), notes

    def rows_of_arrays(self, arrays: Mapping[str, np.ndarray], source: str) -> np.ndarray:
        """See `Kind`: [n, steps, channels], of one channel also [n, steps]; or one for each."""
        rows = array_named("x", arrays, 3, source)
        lengths = arrays.get(self.lengths) if self.lengths is not None else None
        try:
            series = series_of_arrays(rows, lengths)
        except ValueError as error:
            raise DataError(f"{source}: {error}") from None
        if series.shape[2] != self.channels:
            raise DataError(
                f"{source} holds series of {series.shape[2]} channels, where the model takes "
                f"[{self._shape}]"
            )
        notes: list[str] = []
        series = self._as_long(series, notes, source)
        if notes:
            raise DataError(notes[0])
        return series

    def _as_long(self, series: np.ndarray, notes: list[str], source: str) -> np.ndarray:
        """The series with the steps that the model takes, and words on those that have others."""
        lengths = lengths_of(series)
        if (longer := lengths > self.steps).any():
            row = int(longer.argmax())
            raise DataError(
                f"{source} holds {int(longer.sum())} series of more than {self.steps} steps, which "
                f"is the longest that the model takes: the first is series {row + 1}, of "
                f"{lengths[row]}",
                help=f"give {self.steps} steps of it, or tune on longer series",
            )
        shorter = (lengths < self.steps) & (not self.is_padded)
        if shorter.any():
            notes.append(
                f"{int(shorter.sum())} of {len(series)} series end before step {self.steps}, which "
                "none did in training: what is missing counts as the channels' means"
            )
        if (empty := int((lengths == 0).sum())) and self.is_padded:
            notes.append(f"{empty} of {len(series)} series hold no number")
        return with_steps(series, self.steps)

    def columns_form(self, runtime: Runtime, files: Mapping[str, Any]) -> dict[str, Any]:
        """See `Kind`."""
        form: dict[str, Any] = {"steps": self.steps, "channels": list(self.names)}
        if self.layout is None:
            return form
        readers = readers_of(self.layout)
        return form | {"files": dict(files), "readers": readers, "layout": self.layout}

    def example(self, usage: Usage) -> dict[str, str]:
        """See `Kind`."""
        return telling.example(usage, reads_files=self.layout is not None)

    def card(self, runtime: Runtime, left_out: Sequence[str]) -> CardParts:
        """See `Kind`."""
        return telling.card(self.steps, self.names, self.is_padded, self.layout)

    @property
    def _shape(self) -> str:
        return f"n, {self.steps}, {self.channels}"


def _mean_and_scale(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation [channels] of what is known; the deviation of a constant counts as 1."""
    means, scales = [], []
    for channel in range(raw.shape[2]):
        numbers = raw[..., channel]
        known = numbers[~np.isnan(numbers)].astype(np.float64)
        is_constant = not len(known) or known.min() == known.max()
        means.append(0.0 if not len(known) else known[0] if is_constant else known.mean())
        scales.append(1.0 if is_constant else known.std())
    return np.array(means), np.array(scales)
