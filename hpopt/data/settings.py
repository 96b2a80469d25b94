"""The grammar of the YAML's section `dataset`: where the rows come from, and how they are split."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from hpopt.data.sources import SKLEARN_DATASETS
from hpopt.data.target_settings import TargetColumn, TargetName
from hpopt.data.verdicts import ColumnKind
from hpopt.grammar import Section, one_of
from hpopt.inputs.scaling import Scaling
from hpopt.own_code import absolute_reference
from hpopt.task import Task

# A key with everything behind it commented out is an empty mapping, not null.
EMPTY = BeforeValidator(lambda value: {} if value is None else value)

Name = Annotated[str, MinLen(1)]


class Split(Section):
    """How the rows fall into the parts: shares of all rows, that add up to 1."""

    train: Annotated[float, Gt(0), Lt(1)] = 0.6
    """The share of the rows that networks are fitted to."""
    validation: Annotated[float, Gt(0), Lt(1)] = 0.24
    """The share of the rows that trials are scored on, and the best is chosen by."""
    test: Annotated[float, Gt(0), Lt(1)] = 0.16
    """The share of the rows that no trial sees: the best network is scored on it at the end."""
    seed: Annotated[int, Ge(0), Lt(2**32)] = 0
    """The seed of the split, of its own, so that runs of other seeds have the same rows."""
    stratify: Literal["auto"] | bool = "auto"
    """Keep the shares of the classes in every part; `auto` does so wherever it is possible."""

    @model_validator(mode="after")
    def _adds_up(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(
                f"train + validation + test ({self.train:g} + {self.validation:g} + "
                f"{self.test:g}) is {total:g}, not 1; give all three"
            )
        return self


def _checked_format(format: str) -> str:
    if not re.search(r"%[YyGsjf]", format):
        raise ValueError("write the form with its signs, such as %d/%m/%Y")
    return format


def _checked_encoding(name: str) -> str:
    try:
        with suppress(UnicodeError):
            b"a".decode(name)  # base64 and the like are found, and make no texts of bytes
        return codecs.lookup(name).name
    except LookupError:
        raise ValueError(
            f"Python knows no encoding `{name}`; write utf-8, cp1252, latin-1, cp1251 or the like"
        ) from None


class TableSplit(Split):
    """How the rows of a table fall into the parts: shares of all rows, that add up to 1."""

    groups: Name | None = None
    """A column whose rows of one value stay in one part: a customer, a patient. It is no feature
    then."""
    order: Name | None = None
    """A column that the rows are sorted by: the first are for training, the last for the test, as
    for a forecast. `time` stands for the only column of dates, too. It is no feature then."""


class WindowSettings(Section):
    """How rows in the order of time become windows: a past, and the steps ahead of it.

    `split.order` is the column of the time stamps, and `split.groups` one that tells series apart.
    The parts follow one another in time, and no window stands in two.
    """

    length: Annotated[int, Ge(1), Le(10_000)]
    """How many steps of the past a forecast is made of."""
    horizon: Annotated[int, Ge(1), Le(1_000)] = 1
    """How many steps ahead are forecast."""
    stride: Annotated[int, Ge(1)] = 1
    """How many steps lie between a window and the next."""
    known: list[Name] = Field(default_factory=list)
    """Columns whose values are known ahead, such as holidays or a planned price: those of the steps
    to be forecast are given too. Of the column of time stamps it is the calendar."""
    season: Literal["auto"] | Annotated[int, Ge(1)] = "auto"
    """How many steps a season has: what the forecast has to beat is the value one season ago, and
    `mase` counts in its errors. `auto` takes that of the day, the week or the year that says most
    of the training part; 1 is none."""


def _split_one_way(split: TableSplit, others: ValidationInfo) -> TableSplit:
    if others.data.get("windows") is None and split.groups and split.order:
        raise ValueError(
            "rows are split by `groups` or by `order`, not by both, but for `windows` of several "
            "series"
        )
    return split


# Behind `windows`, which it looks at.
OneWaySplit = Annotated[TableSplit, EMPTY, AfterValidator(_split_one_way)]


class DateColumn(Section):
    """A column of dates in a form that its owner names."""

    date: Annotated[str, MinLen(1), AfterValidator(_checked_format)]
    """The form, as Python's `strptime` has it: `"%d/%m/%Y"`. Where it names no hour, a clock and a
    zone may stand behind the day."""


def _two_sides(sides: list[int]) -> list[int]:
    if len(sides) != 2:
        raise ValueError("has two sides: [height, width]")
    return sides


# Of images: both sides, or height and width; from a pixel to what fits into memory by the batch.
Side = Annotated[int, Ge(1), Le(4096)]
ImageSize = Literal["auto"] | Side | Annotated[list[Side], AfterValidator(_two_sides)]
Channels = Literal["auto", 1, 3, 4]


def _range(text: str) -> str:
    first, dots, last = (part.strip() for part in text.partition(".."))
    if not (first and dots and last):
        raise ValueError('write the first and the last column, "t00..t39", or a list of them')
    return text


# The columns of a channel, step by step: the first and the last, or all of them.
SeriesColumns = Annotated[str, AfterValidator(_range)] | Annotated[list[Name], MinLen(2)]


class Features(Section):
    """Which columns are used, as what, and how finely."""

    include: list[Name] | None = None
    """The only columns that are used, also where they would be left out by themselves."""
    exclude: list[Name] = Field(default_factory=list)
    """Columns that are not used."""
    types: dict[str, ColumnKind | DateColumn] = Field(default_factory=dict)
    """What columns are, where looking at them gets it wrong: `{zip: categorical, year: date}`. Of
    dates also in which form: `{when: {date: "%d/%m/%Y"}}`. An `image` is a column of paths of image
    files, seen from the table; it is the only feature then."""
    series: dict[Name, SeriesColumns] = Field(default_factory=dict)
    """Columns that are the steps of one series, by the name of the channel: `{signal: "t00..t39"}`,
    from the first column to the last, by the numbers in their names; or a list of columns. Of
    several channels each has its own. A series is the only feature then."""
    size: ImageSize = "auto"
    """The size that images are stretched to, as in `source: images`."""
    channels: Channels = "auto"
    """How many channels images have, as in `source: images`."""
    pieces: Annotated[int, Ge(0), Le(256)] = 0
    """Into how many pieces of the same number of training rows a number's range falls at most, of
    each of which the network sees how much lies below the number, besides the number itself. 0 is
    the number alone; 48 helps with thousands of rows, and harms with hundreds."""


Gaps = list[Annotated[str, MinLen(1)] | int | float] | None


class SklearnData(Section):
    """A data set that comes with scikit-learn."""

    source: Literal["sklearn"]
    """The data sets that come with scikit-learn."""
    name: Annotated[str, one_of(SKLEARN_DATASETS)]
    """The name of the data set."""
    scaling: Scaling = "standard"
    """How features are scaled: by the training part's mean and deviation, or not at all."""
    split: Annotated[Split, EMPTY] = Split()
    """How the rows fall into the parts that train, choose and test; the shares add up to 1."""


class FileData(Section):
    """A table in a file: a line of names, then a row a line."""

    source: Literal["csv", "parquet"]
    """`csv`: text with any common delimiter and encoding, also .tsv and .gz; `parquet` needs
    `pip install "hpopt[parquet]"`."""
    path: Name
    """The file, relative to the config."""
    validation: Name | None = None
    """A file of its own for the validation part."""
    test: Name | None = None
    """A file of its own for the test part."""
    target: TargetName
    """The column to predict: its name, or `{name: churned, positive: "yes"}`."""
    task: Literal["auto"] | Task = "auto"
    """What is predicted: classes, or a number; `auto` looks at the target's column. With `windows`
    it is a forecast."""
    target_transform: Literal["none", "log"] = "none"
    """`log` fits a regression to log(1 + y), for a target that is never negative and spans several
    magnitudes. Scores stay in the target's own units."""
    features: Annotated[Features, EMPTY] = Features()
    """Which columns are used, and as what; if left out, all but ids, constants and free text."""
    sample_weight: Name | None = None
    """A column that says how much each row counts, in fits and in scores: a number from 0 on. It is
    no feature then."""
    gaps: Gaps = None
    """The words that stand for a gap, as an empty field does, in whatever case, and numbers that
    do: `[NA, unknown, -999]`. If left out, NA, N/A, NaN, null, none and nil are, and what pandas
    and R write besides; in `parquet`, whose texts are trusted, no word is."""
    encoding: Annotated[str, AfterValidator(_checked_encoding)] | None = None
    """The encoding of a `csv` file, such as `cp1251`, by Python's name for it. If left out it is
    found by looking, and said where it is not UTF-8 or UTF-16."""
    windows: WindowSettings | None = None
    """Makes a forecast of the table: the next steps of the target, from windows of the past."""
    split: OneWaySplit = TableSplit()
    """How the rows fall into the parts that train, choose and test; of parts that have files of
    their own, the shares do not count."""


class LongData(Section):
    """Series in a table with a row for each step: an id says of which series it is a step. The
    target is the same in all rows of an id.
    """

    source: Literal["long"]
    """A table with a row for each step of a series, CSV or, by its ending, Parquet."""
    path: Name
    """The file, relative to the config."""
    validation: Name | None = None
    """A file of its own for the validation part."""
    test: Name | None = None
    """A file of its own for the test part."""
    id: Name
    """The column whose rows of one value are one series."""
    time: Name | None = None
    """The column that says when a step was, a number or a date; if left out, rows stand in
    order."""
    channels: Annotated[list[Name], MinLen(1)] | None = None
    """The columns that are measured at each step; if left out, all other columns of numbers."""
    target: TargetName
    """The column to predict: its name, or `{name: gesture, positive: wave}`."""
    task: Literal["auto"] | Task = "auto"
    """What is predicted: classes, or a number; `auto` looks at the target's column."""
    target_transform: Literal["none", "log"] = "none"
    """`log` fits a regression to log(1 + y), as for a table."""
    gaps: Gaps = None
    """The words that stand for a gap, as for a table."""
    encoding: Annotated[str, AfterValidator(_checked_encoding)] | None = None
    """The encoding of a text file, as for a table."""
    scaling: Scaling = "standard"
    """How channels are scaled: by the training part's mean and deviation, or not at all."""
    split: Annotated[TableSplit, EMPTY] = TableSplit()
    """How the series fall into the parts that train, choose and test; of parts that have files of
    their own, the shares do not count."""


class ImageData(Section):
    """Image files in folders: a sub-folder for each class, or `train`, `validation` and `test` with
    a sub-folder for each class.
    """

    source: Literal["images"]
    """Files of images (PNG, JPEG, BMP, GIF, TIFF, WebP, PPM), each in the folder of its class."""
    path: Name
    """The folder, relative to the config."""
    size: ImageSize = "auto"
    """The size that images are stretched to, in pixels: one number for both sides, or
    `[height, width]`. `auto` is the median of the files' sizes, with the longer side at most 64: a
    fit's time goes by the number of pixels."""
    channels: Channels = "auto"
    """1 is grey, 3 colours, 4 colours with alpha; `auto` is 3 where any file has colours, else 1.
    Without alpha, what is transparent lies on white."""
    scaling: Scaling = "standard"
    """How pixels are scaled: by the training part's mean and deviation in each channel, or not at
    all, which leaves 0 to 255."""
    split: Annotated[Split, EMPTY] = Split()
    """How the rows fall into the parts that train, choose and test; of parts that have folders of
    their own, the shares do not count."""


class ArrayData(Section):
    """Arrays of numbers in files: rows and their target [n]. Rows are [n, features], or shaped as
    images [n, height, width, channels] and series [n, steps, channels] are: the last axis counts
    the features. Images of uint8 stay so: the exported model takes them.
    """

    source: Literal["npz", "npy"]
    """`npz`: one file with both arrays; `npy`: a file for each."""
    path: Name
    """The file, relative to the config; of `npy` the one with the rows."""
    features: Name = "x"
    """The name of the array of rows in an `npz` file."""
    target: TargetName = "y"
    """The name of the array of targets in an `npz` file; of `npy` its file. Or, as for a table,
    `{name: y, positive: 1}`."""
    task: Literal["auto", "binary", "multiclass", "regression"] = "auto"
    """What is predicted: classes, or a number; `auto` looks at the targets."""
    sample_weight: Name | None = None
    """The name of an array [n] in an `npz` file that says how much each row counts."""
    series: bool = False
    """Whether the rows are series: [n, steps, channels], or [n, steps] of one channel, in which NaN
    is a gap, or pads a series that is shorter."""
    lengths: Name | None = None
    """The name of an array [n] in an `npz` file: how many steps each series has, where they differ
    and are not padded with NaN. It makes series of the rows."""
    scaling: Scaling = "standard"
    """How features are scaled: by the training part's mean and deviation, or not at all. Of shaped
    rows a feature has one of each, over all its places."""
    split: Annotated[Split, EMPTY] = Split()
    """How the rows fall into the parts that train, choose and test; the shares add up to 1."""


class FunctionData(Section):
    """What a function of your own gives: a DataFrame, or two arrays: rows, of any shape that a file
    of arrays may have, and target [n].
    """

    source: Annotated[str, Field(pattern=r".:[A-Za-z_]\w*$")]
    """`file.py:function`, relative to the config, or `package.module:function`; called without
    arguments."""
    target: TargetName | None = None
    """The column to predict of a DataFrame: its name, or `{name: churned, positive: "yes"}`."""
    task: Literal["auto"] | Task = "auto"
    """What is predicted: classes, or a number; `auto` looks at the target."""
    target_transform: Literal["none", "log"] = "none"
    """`log` fits a regression to log(1 + y), as for a file."""
    features: Annotated[Features, EMPTY] = Features()
    """Which columns of a DataFrame are used, and as what."""
    sample_weight: Name | None = None
    """A column of a DataFrame that says how much each row counts, as for a file."""
    gaps: Gaps = None
    """The words that stand for a gap, as for a file; if left out, no text of a DataFrame does."""
    series: bool = False
    """Whether arrays are series, as in a file; they may come as a list, too, of an array [steps,
    channels] for each."""
    scaling: Scaling = "standard"
    """How features of arrays are scaled; those of a DataFrame always are, column by column."""
    windows: WindowSettings | None = None
    """Makes a forecast of a DataFrame, as of a file."""
    split: OneWaySplit = TableSplit()
    """How the rows fall into the parts that train, choose and test; the shares add up to 1."""


# The grammar of a dataset, by the tag of its source.
DATASETS: dict[str, type[Section]] = {
    "sklearn": SklearnData,
    "csv": FileData,
    "parquet": FileData,
    "long": LongData,
    "images": ImageData,
    "npz": ArrayData,
    "npy": ArrayData,
    "module:function": FunctionData,
}


def dataset_tag(form: Any) -> str | None:
    """Which of DATASETS a mapping is; None where it does not say."""
    source = form.get("source") if isinstance(form, dict) else getattr(form, "source", None)
    if isinstance(source, str) and ":" in source:
        return "module:function"
    return source if isinstance(source, str) else None


Dataset = Annotated[
    Annotated[SklearnData, Tag("sklearn")]
    | Annotated[FileData, Tag("csv")]
    | Annotated[FileData, Tag("parquet")]
    | Annotated[LongData, Tag("long")]
    | Annotated[ImageData, Tag("images")]
    | Annotated[ArrayData, Tag("npz")]
    | Annotated[ArrayData, Tag("npy")]
    | Annotated[FunctionData, Tag("module:function")],
    Discriminator(dataset_tag),
]


AnyData = SklearnData | FileData | LongData | ImageData | ArrayData | FunctionData


def located(settings: AnyData, folder: Path) -> AnyData:
    """The settings with the paths of files made absolute, seen from `folder`."""
    if isinstance(settings, FunctionData):
        source = absolute_reference(settings.source, folder)
        return settings.model_copy(update={"source": source})
    names: tuple[str, ...] = ()
    if isinstance(settings, FileData | LongData):
        names = ("path", "validation", "test")
    elif isinstance(settings, ImageData):
        names = ("path",)
    elif isinstance(settings, ArrayData):
        names = ("path", "target") if settings.source == "npy" else ("path",)
    paths = {name: getattr(settings, name) for name in names}
    absolute = {n: _absolute(p, folder) for n, p in paths.items() if p is not None}
    return settings.model_copy(update=absolute)


def _absolute(path: str | TargetColumn, folder: Path) -> str | TargetColumn:
    if isinstance(path, TargetColumn):
        return path.model_copy(update={"name": str(folder / Path(path.name).expanduser())})
    return str(folder / Path(path).expanduser())
