"""Arrays of numbers: rows [n, d] of features, or shaped ones, as images and series are.

The last axis counts the features: the columns of a table without names, the channels of an image
[n, height, width, channels] or of a series [n, steps, channels]. Each has one mean and one
deviation, over all rows and all places of a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from hpopt.backend import load_keras
from hpopt.errors import DataError
from hpopt.inputs.kind import CardParts, RawRows, Runtime, Stem, Usage
from hpopt.inputs.naming import OURS, box
from hpopt.inputs.row_files import blocks_of, row_file
from hpopt.inputs.scaling import as_keras_hands_over, mean_and_scale
from hpopt.inputs.stored import Sheet, Texts, array_named, numbers_of
from hpopt.shown import in_markdown

_NO_SETTINGS: Mapping[str, Any] = {}
_MOST_NAMES = 40


@dataclass(frozen=True)
class ArrayKind:
    """input = (raw - mean) / scale, feature by feature, `mean` and `scale` [d].

    Unscaled features have mean 0 and scale 1. `places` are the axes between the rows and the
    features, of which flat rows [n, d] have none.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    places: tuple[int, ...] = ()
    names: tuple[str, ...] = field(default=(), compare=False)

    name: ClassVar[str] = "array"
    input_dtype: ClassVar[str] = "float32"
    is_as_prepared: ClassVar[bool] = False
    is_padded: ClassVar[bool] = False

    @staticmethod
    def check(raw: np.ndarray, names: Sequence[str]) -> None:
        """See `Kind`."""
        # A model sees float32, in which larger numbers are infinite; a NaN is not <= either.
        is_number = np.abs(raw) <= np.finfo(np.float32).max
        bad = ~is_number.reshape(-1, raw.shape[-1]).all(axis=0)
        if bad.any():
            named = [name for name, is_bad in zip(names, bad, strict=True) if is_bad]
            raise DataError(f"gaps or infinite numbers in {', '.join(named[:5])}")

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
    ) -> ArrayKind:
        """The kind of the training part's rows [n, ..., d].

        The setting `scaling`: `standard`, which it is by itself, takes the features' mean and
        deviation, where a constant feature keeps scale 1; `none` hands them to the network as they
        are.
        """
        features, places = raw.shape[-1], raw.shape[1:-1]
        if settings.get("scaling") == "none":
            return cls((0.0,) * features, (1.0,) * features, places, tuple(names))
        mean, scale = mean_and_scale(as_keras_hands_over(raw).reshape(-1, features))
        return cls(tuple(mean.tolist()), tuple(scale.tolist()), places, tuple(names))

    @classmethod
    def from_json(cls, form: Mapping[str, Any], names: Sequence[str]) -> ArrayKind:
        """See `Kind`."""
        places = tuple(form.get("places", ()))
        return cls(tuple(form["mean"]), tuple(form["scale"]), places, tuple(names))

    def to_json(self) -> dict[str, Any]:
        """See `Kind`."""
        form = {"mean": list(self.mean), "scale": list(self.scale)}
        return form | {"places": list(self.places)} if self.places else form

    @property
    def is_unscaled(self) -> bool:
        """Whether network inputs are the raw features."""
        return not any(self.mean) and set(self.scale) <= {1.0}

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one row, raw or prepared."""
        return (*self.places, len(self.mean))

    @property
    def places_of_numbers(self) -> None:
        """See `Kind`."""

    @property
    def places_of_features(self) -> Mapping[str, range]:
        """See `Kind`: the columns of flat rows, and the channels of a series."""
        is_image = len(self.places) > 1
        names = () if is_image else self.names
        return {name: range(place, place + 1) for place, name in enumerate(names)}

    @property
    def stem(self) -> Stem | None:
        """See `Kind`."""
        return None

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """Raw rows [n, ..., d] as network inputs, float32 [n, ..., d].

        The features are rounded to float32 first, because that is how Keras hands raw rows to an
        exported model; the arithmetic is in float64.
        """
        rows = as_keras_hands_over(raw)
        prepared = (rows - np.asarray(self.mean)) / np.asarray(self.scale)
        return np.asarray(prepared, dtype=np.float32)

    def write(self, raw: np.ndarray, rows: np.ndarray, path: Path) -> None:
        """See `Kind`."""
        with row_file(f"{path}.raw.npy", raw.dtype.str, (len(rows), *raw.shape[1:])) as write:
            for block in blocks_of(rows, raw[:1].nbytes):
                write(raw[block])

    def read(self, path: Path) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(np.load(f"{path}.raw.npy", mmap_mode="r", allow_pickle=False))

    def twin(self, runtime: Runtime) -> tuple[Any, Any]:
        """See `Kind`."""
        keras = load_keras()
        inputs = keras.Input(self.input_shape, name="rows")
        if self.is_unscaled:
            return inputs, inputs
        return inputs, box(f"{OURS}inputs", lambda rows: self._scaled(rows, runtime.dtype), inputs)

    def _scaled(self, rows: Any, dtype: str) -> Any:
        """Raw rows as network inputs, in layers that compute in `dtype`."""
        keras = load_keras()
        mean, scale = np.asarray(self.mean), np.asarray(self.scale)
        # Scales as arrays: Keras makes float32 of a list, which loses the digits of large means.
        if dtype == "float32":
            # What it loses of a mean is taken off in a second step.
            coarse = mean.astype(np.float32).astype(np.float64)
            rows = keras.layers.Rescaling(np.ones_like(mean), -coarse, dtype=dtype)(rows)
            mean = mean - coarse
        standardise = keras.layers.Rescaling(1 / scale, -mean / scale, dtype=dtype)
        return keras.layers.Identity(dtype="float32")(standardise(rows))

    def feed(self, rows: RawRows) -> np.ndarray:
        """See `Kind`."""
        return np.asarray(rows, np.float32)

    def made_up(self, count: int) -> np.ndarray:
        """Rows of a normal distribution with the features' means and scales."""
        draws = np.random.default_rng(0).normal(size=(count, *self.input_shape))
        return np.asarray(draws * np.asarray(self.scale) + np.asarray(self.mean))

    def pictures(self, rows: RawRows) -> np.ndarray | None:
        """See `Kind`: of shaped rows with one channel or three, from their least to their most."""
        assert isinstance(rows, np.ndarray)
        if len(self.places) != 2 or self.input_shape[-1] not in (1, 3) or not len(rows):
            return None
        low, high = float(rows.min()), float(rows.max())
        return np.asarray((rows - low) * (255 / max(high - low, 1e-300)), np.uint8)

    def columns_needed(self) -> Sequence[str]:
        """See `Kind`."""
        if self.places:
            raise DataError(
                f"the model takes rows [{self._shape}], which columns can't hold",
                help="give an .npy or an .npz file, or an array",
            )
        return self.names

    def line_a_row(self, sheet: Sheet, source: str, alike: Sequence[str]) -> Sheet:
        """See `Kind`: a line is a row."""
        return sheet

    def rows_of_sheet(self, sheet: Sheet, source: str) -> tuple[np.ndarray, list[str]]:
        """See `Kind`."""
        columns = []
        for name in self.names:
            numbers = numbers_of(sheet, name)
            if not np.isfinite(numbers.astype(np.float32)).all():
                row = int((~np.isfinite(numbers.astype(np.float32))).argmax())
                raise DataError(
                    f"the column `{name}` of {source} has no number in row {row + 1}",
                    help="this model was tuned on arrays, and takes no gaps",
                )
            columns.append(numbers)
        return np.column_stack(columns), []

    def rows_of_arrays(self, arrays: Mapping[str, np.ndarray], source: str) -> np.ndarray:
        """See `Kind`."""
        rows = array_named("x", arrays, 1 + len(self.input_shape), source)
        if rows.dtype.kind not in "biuf" or rows.shape[1:] != self.input_shape:
            raise DataError(
                f"{source} holds {rows.dtype} {list(rows.shape)}, where the model takes numbers "
                f"[{self._shape}]"
            )
        bad = ~np.isfinite(rows.astype(np.float32))
        if bad.any():
            row, *place = np.argwhere(bad)[0].tolist()
            where = f"at index {place}" if self.places else f"column {place[0] + 1}"
            raise DataError(
                f"{source} has no number in row {row + 1}, {where} (`{self.names[place[-1]]}`)"
            )
        return rows

    def columns_form(self, runtime: Runtime, files: Mapping[str, Any]) -> list[str]:
        """See `Kind`."""
        return list(self.names)

    def example(self, usage: Usage) -> dict[str, str]:
        """See `Kind`."""
        columns = "" if self.places else ", columns as in columns.json,"
        json_import = "import json\n" if usage.constants else ""
        constants = "".join(
            f'{key.upper()} = json.loads((HERE / "labels.json").read_text())["{key}"]\n'
            for key in usage.constants
        )
        text = f'''"""How the model of this folder is used. hpopt is not needed for it:

    pip install numpy{usage.packages}
    python example.py
"""

{json_import}from pathlib import Path

{usage.imports}{usage.own_code}import numpy as np

HERE = Path(__file__).parent
{constants}{usage.load}


def predict(rows):
    """Raw rows [{self._shape}]{columns} to outputs.

    {usage.outputs}.
    """
    rows = np.asarray(rows, dtype=np.float32)
    return {usage.call}


if __name__ == "__main__":
    kept = np.load(HERE / "check.npz")  # a few rows, and what was said of them
    outputs = predict(kept["rows"])
{usage.show}    difference = np.abs(outputs - kept["outputs"]).max()
    print(f"largest difference from what it said when it was tuned: {{difference:.2g}}")
'''
        return {"example.py": text}

    def card(self, runtime: Runtime, left_out: Sequence[str]) -> CardParts:
        """See `Kind`."""
        named = [
            f"{index}. {in_markdown(name)}" for index, name in enumerate(self.names[:_MOST_NAMES])
        ]
        more = len(self.names) - len(named)
        if more > 0:
            named.append(f"... and {more} more, in `columns.json`")
        listed = "\n".join(named)
        what = ", without gaps, in these columns and in this order:"
        columns = "the names of the input columns, in order"
        limits = "- It expects the columns above, in their order and units, and no gaps."
        if self.places:
            what = ", without gaps. Along the last axis are, in this order:"
            columns = "the names along the last axis of the input, in order"
            limits = "- It expects rows of the shape above, in their units, and no gaps."
        return CardParts(
            inside="all scaling is inside",
            packages="",
            inputs=f"## Inputs\n\n`rows`: float32 [{self._shape}]{what}\n\n{listed}\n",
            columns=columns,
            training=_TRAINING,
            limits=[limits],
        )

    @property
    def _shape(self) -> str:
        return ", ".join(["n", *map(str, self.input_shape)])


_TRAINING = """\
## To train it further

It is compiled with the optimiser, the learning rate and the loss of its trial; the optimiser begins
afresh.

```python
model = keras.saving.load_model("model.keras")
model.fit(rows, y, epochs=5)  # rows raw, as for predict; y: {target}
```
"""
