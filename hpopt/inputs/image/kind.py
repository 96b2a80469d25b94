"""The kind `image`: pixels as uint8 [n, height, width, channels], from files or from arrays.

They stay uint8 on the disk, in memory and on their way into a graph: the network's first layer
makes floats of a batch. So an exported model takes them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpopt.backend import load_keras
from hpopt.errors import DataError
from hpopt.inputs.image import telling
from hpopt.inputs.image.files import COLOURS, PATH, read_images
from hpopt.inputs.kind import CardParts, RawRows, Runtime, Stem, Usage
from hpopt.inputs.row_files import blocks_of, row_file
from hpopt.inputs.stored import Sheet, Texts, array_named, as_texts, resolved

_LEVELS = 256
_NO_SETTINGS: Mapping[str, Any] = {}


@dataclass(frozen=True)
class ImageKind:
    """A network sees (pixel - mean) / scale, channel by channel, `mean` and `scale` [channels].

    Unscaled ones have mean 0 and scale 1. `size` is height and width; files of images stand in the
    `column` of a table.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    column: str = PATH
    names: tuple[str, ...] = field(default=(), compare=False)

    name: ClassVar[str] = "image"
    input_dtype: ClassVar[str] = "uint8"
    is_as_prepared: ClassVar[bool] = True
    is_padded: ClassVar[bool] = False

    @staticmethod
    def check(raw: np.ndarray, names: Sequence[str]) -> None:
        """See `Kind`: every pixel is a number."""

    @staticmethod
    def take(raw: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        """See `Kind`."""
        return raw[rows]

    @staticmethod
    def fingerprint(raw: np.ndarray) -> Iterator[bytes | np.ndarray]:
        """See `Kind`."""
        for block in blocks_of(np.arange(len(raw)), raw[:1].nbytes):
            yield raw[block]

    @staticmethod
    def named_columns(raw: np.ndarray) -> Mapping[str, np.ndarray | Texts]:
        """See `Kind`."""
        return {}

    @classmethod
    def fit(
        cls, raw: np.ndarray, names: Sequence[str] = (), settings: Mapping[str, Any] = _NO_SETTINGS
    ) -> ImageKind:
        """The kind of the training part's pixels, uint8 [n, height, width, channels].

        The settings: `scaling`, as of arrays, and the `column` that paths stand in. Mean and
        deviation are taken from how often each of the 256 levels is there.
        """
        height, width, channels = raw.shape[1:]
        column = settings.get("column", PATH)
        if settings.get("scaling") == "none":
            mean, scale = np.zeros(channels), np.ones(channels)
        else:
            mean, scale = _mean_and_scale(_counts(raw))
        return cls(
            (height, width), tuple(mean.tolist()), tuple(scale.tolist()), column, tuple(names)
        )

    @classmethod
    def from_json(cls, form: Mapping[str, Any], names: Sequence[str]) -> ImageKind:
        """See `Kind`."""
        height, width = form["size"]
        mean, scale = tuple(form["mean"]), tuple(form["scale"])
        return cls((height, width), mean, scale, form["column"], tuple(names))

    def to_json(self) -> dict[str, Any]:
        """See `Kind`."""
        return {
            "size": list(self.size),
            "mean": list(self.mean),
            "scale": list(self.scale),
            "column": self.column,
        }

    @property
    def channels(self) -> int:
        """How many numbers a pixel has."""
        return len(self.mean)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return (*self.size, self.channels)

    @property
    def places_of_features(self) -> Mapping[str, range]:
        """See `Kind`: a channel of pixels tells nobody anything."""
        return {}

    @property
    def places_of_numbers(self) -> None:
        """See `Kind`."""

    @property
    def stem(self) -> Stem:
        """See `Kind`: what makes floats of pixels."""
        scale = np.asarray(self.scale)
        factor, offset = 1 / scale, -np.asarray(self.mean) / scale

        def layers(pixels: Any) -> Any:
            rescaling = load_keras().layers.Rescaling
            return rescaling(factor.tolist(), offset.tolist())(pixels)

        return Stem(
            shape=self.input_shape,
            layers=layers,
            words="the scaling of images",
            instead="give the images as arrays of floats",
        )

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Pixels are prepared as they are."""
        return np.asarray(raw, np.uint8)

    def write(self, raw: np.ndarray, rows: np.ndarray, path: Path) -> None:
        """See `Kind`."""
        with row_file(f"{path}.raw.npy", "|u1", (len(rows), *self.input_shape)) as write:
            for block in blocks_of(rows, raw[:1].nbytes):
                write(raw[block])

    def read(self, path: Path) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(np.load(f"{path}.raw.npy", mmap_mode="r", allow_pickle=False))

    def twin(self, runtime: Runtime) -> tuple[Any, Any]:
        """See `Kind`: the stem is what takes pixels."""
        inputs = load_keras().Input(self.input_shape, dtype=self.input_dtype, name="rows")
        return inputs, inputs

    def feed(self, rows: RawRows) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(rows, np.uint8)

    def made_up(self, count: int) -> np.ndarray:
        """Noise of the channels' means and deviations."""
        draws = np.random.default_rng(0).normal(size=(count, *self.input_shape))
        mean, scale = np.asarray(self.mean), np.asarray(self.scale)
        if not mean.any():
            mean, scale = mean + 127.5, scale * 64
        return np.asarray(np.clip(np.rint(draws * scale + mean), 0, _LEVELS - 1), np.uint8)

    def pictures(self, rows: RawRows) -> np.ndarray | None:
        """See `Kind`: without alpha."""
        assert isinstance(rows, np.ndarray)
        return {1: rows, 3: rows, 4: rows[..., :3]}.get(self.channels)

    def columns_needed(self) -> Sequence[str]:
        """See `Kind`."""
        if self.channels not in COLOURS:
            raise DataError(
                f"the model takes images of {self.channels} channels, which no file holds",
                help="give an .npy or an .npz file, or an array",
            )
        return [self.column]

    def line_a_row(self, sheet: Sheet, source: str, alike: Sequence[str]) -> Sheet:
        """See `Kind`: a line is a row."""
        return sheet

    def rows_of_sheet(self, sheet: Sheet, source: str) -> tuple[np.ndarray, list[str]]:
        """The images whose paths stand in a column, seen from where the table is."""
        place = Path(source)
        sheet = resolved(sheet, self.column, place if place.is_dir() else place.parent)
        paths = as_texts(sheet.columns[self.column])
        if not all(paths):
            row = int((paths == "").argmax()) + 1
            raise DataError(f"the column `{self.column}` of {source} holds no path in row {row}")
        return read_images(paths.tolist(), self.size, self.channels), []

    def rows_of_arrays(self, arrays: Mapping[str, np.ndarray], source: str) -> np.ndarray:
        """See `Kind`: whole numbers from 0 to 255, of whatever type."""
        rows = array_named("x", arrays, 4, source)
        shape = ", ".join(["n", *map(str, self.input_shape)])
        if rows.dtype.kind not in "biuf" or rows.shape[1:] != self.input_shape:
            raise DataError(
                f"{source} holds {rows.dtype} {list(rows.shape)}, where the model takes uint8 "
                f"[{shape}]",
                help="it takes files of images of any size, too",
            )
        if rows.dtype != np.uint8 and not (np.isin(rows, np.arange(_LEVELS)).all()):
            raise DataError(
                f"{source} holds {rows.dtype} that are no whole numbers from 0 to 255, where the "
                f"model takes uint8 [{shape}]"
            )
        return rows.astype(np.uint8, copy=False)

    def columns_form(self, runtime: Runtime, files: Mapping[str, Any]) -> dict[str, Any]:
        """See `Kind`."""
        return {"size": list(self.size), "channels": self.channels}

    def example(self, usage: Usage) -> dict[str, str]:
        """See `Kind`."""
        reads_files = self.channels in COLOURS
        return telling.example(usage, reads_files)

    def card(self, runtime: Runtime, left_out: Sequence[str]) -> CardParts:
        """See `Kind`."""
        return telling.card(self.size, self.channels)


def _counts(raw: np.ndarray) -> np.ndarray:
    """How often each channel has each level, [channels, 256]."""
    channels = raw.shape[-1]
    counts = np.zeros((channels, _LEVELS), np.int64)
    # NumPy counts in 8 bytes for each pixel.
    for block in blocks_of(np.arange(len(raw)), 16 * raw[:1].nbytes):
        pixels = raw[block].reshape(-1, channels)
        counts += [np.bincount(each, minlength=_LEVELS) for each in pixels.T]
    return counts


def _mean_and_scale(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each channel; the deviation of a constant one counts as 1."""
    shares, levels = counts / counts.sum(axis=1, keepdims=True), np.arange(_LEVELS)
    mean = shares @ levels
    deviation = np.sqrt((shares * (levels - mean[:, None]) ** 2).sum(axis=1))
    return mean, np.where(counts.max(axis=1) == counts.sum(axis=1), 1.0, deviation)
