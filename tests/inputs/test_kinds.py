"""What every kind of input keeps to, and what a new one takes: its class, and a line."""

import inspect
import json
import math
import pickle
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import hpopt
from hpopt.data.sources import Table
from hpopt.data.target_spec import TargetSpec
from hpopt.errors import RunError
from hpopt.export.example import usage_of
from hpopt.export.exporting import export_run
from hpopt.export.formats import FORMATS
from hpopt.export.raw_rows import predict_raw
from hpopt.export.twin import raw_model
from hpopt.inputs.array import ArrayKind
from hpopt.inputs.image.kind import ImageKind
from hpopt.inputs.kind import CardParts, Kind, Runtime, count_rows
from hpopt.inputs.registry import KINDS, read_kind, write_kind
from hpopt.inputs.series.kind import SeriesKind
from hpopt.inputs.stored import Texts, array_named, numbers_of
from hpopt.inputs.table.kind import TableKind
from hpopt.inputs.windows.kind import WindowsKind
from hpopt.inputs.windows.rows import Windows
from hpopt.runs.folder import Run
from hpopt.task import Output
from hpopt.training.stem import with_stem


@dataclass(frozen=True)
class Angle:
    """Angles [n] in degrees, as sine and cosine of what they are from the middle of all."""

    middle: float

    name: ClassVar[str] = "angle"
    names: ClassVar[tuple[str, ...]] = ("angle",)
    input_shape: ClassVar[tuple[int, ...]] = (2,)
    input_dtype: ClassVar[str] = "float32"
    is_as_prepared: ClassVar[bool] = False
    is_padded: ClassVar[bool] = False
    stem: ClassVar[None] = None
    places_of_features: ClassVar[dict[str, range]] = {}

    @staticmethod
    def check(raw, names):
        assert np.isfinite(raw).all()

    @staticmethod
    def take(raw, rows):
        return raw[rows]

    @staticmethod
    def fingerprint(raw):
        yield raw

    @staticmethod
    def named_columns(raw):
        return {}

    @classmethod
    def fit(cls, raw, names, settings):
        return cls(float(np.mean(raw)))

    @classmethod
    def from_json(cls, form, names):
        return cls(form["middle"])

    def to_json(self):
        return asdict(self)

    def apply(self, raw):
        radians = (raw - self.middle) * (math.pi / 180)
        return np.column_stack([np.sin(radians), np.cos(radians)]).astype(np.float32)

    def write(self, raw, rows, path):
        np.save(f"{path}.angles.npy", raw[rows])

    def read(self, path):
        return np.load(f"{path}.angles.npy")

    def twin(self, runtime):
        import keras

        inputs = keras.Input((1,), name="rows")
        radians = keras.ops.multiply(keras.ops.subtract(inputs, self.middle), math.pi / 180)
        both = [keras.ops.sin(radians), keras.ops.cos(radians)]
        return inputs, keras.layers.Concatenate()(both)

    def feed(self, rows):
        return rows[:, None].astype(np.float32)

    def made_up(self, count):
        return np.random.default_rng(0).uniform(-180, 180, count)

    def pictures(self, rows):
        return None

    def columns_needed(self):
        return self.names

    def line_a_row(self, sheet, source, alike):
        return sheet

    def rows_of_sheet(self, sheet, source):
        return numbers_of(sheet, "angle"), []

    def rows_of_arrays(self, arrays, source):
        return array_named("x", arrays, 1, source)

    def columns_form(self, runtime, files):
        return list(self.names)

    def example(self, usage):
        text = (
            f"import json\nfrom pathlib import Path\n\n{usage.imports}{usage.own_code}"
            "import numpy as np\n\n"
            f"HERE = Path(__file__).parent\n{usage.load}\n\n\n"
            "def predict(rows):\n"
            "    rows = np.asarray(rows, np.float32)[:, None]\n"
            f"    return {usage.call}\n"
        )
        return {"example.py": text}

    def card(self, runtime, left_out):
        return CardParts(
            inside="the circle is inside",
            packages="",
            inputs="## Inputs\n\n`rows`: angles [n] in degrees.\n",
            columns="the name of the input",
            training="## To train it further\n\n`model.fit(angles[:, None], y)`; y: {target}.\n",
            limits=["- It expects degrees."],
        )


RNG = np.random.default_rng(0)
TEXTS = np.array(["a", "b", ""])[RNG.integers(3, size=60)]
FEW = np.array([f"c{n}" for n in range(20)])[np.arange(60) % 20]
TABLE = {"x": RNG.normal(size=60), "text": Texts.of(TEXTS), "city": Texts.of(FEW)}
READERS = [
    {"column": "x", "kind": "numeric", "decimal": "."},
    {"column": "text", "kind": "categorical"},
    {"column": "city", "kind": "categorical"},
]
PIXELS = RNG.integers(0, 200, (60, 5, 4, 3), np.uint8) + np.array([0, 10, 50], np.uint8)
UNEVEN = RNG.normal(size=(60, 7, 2)).astype(np.float32) * np.float32([1, 1000]) + np.float32(500)
UNEVEN[np.arange(7) >= RNG.integers(1, 8, 60)[:, None]] = np.nan
UNEVEN[::5, 0, 0] = np.nan  # gaps
NUMERIC = {"kind": "numeric", "decimal": ".", "thousands": ""}
WIDE = {"form": "wide", "channels": [{"name": "a", "columns": ["a", "c"], "reader": NUMERIC}]}
LONG = {
    "form": "long",
    "id": {"column": "id", "kind": "categorical", "gaps": []},
    "time": None,
    "channels": [{"name": n, "reader": {**NUMERIC, "column": n}} for n in "ab"],
}
# 60 windows of 4 steps, and 2 ahead, over 70 steps in which gaps are.
STEPS = {
    "y": np.where(np.arange(70) % 13 == 5, np.nan, RNG.normal(size=70) * 10 + 500),
    "price": RNG.normal(size=70) + 3,
    "day": Texts.of(np.array(["mon", "tue", ""])[np.arange(70) % 3]),
}
PAST = Windows(STEPS, np.arange(60), 4, 2)
AHEAD = replace(PAST, known=("price", "day"))
# Raw rows, the names of their features, and the settings that they are fitted by.
EXAMPLES = {
    "flat": (ArrayKind, RNG.normal(size=(60, 3)) * [1, 10, 1000] + 500, "abc", {}),
    "unscaled": (ArrayKind, RNG.normal(size=(60, 3)), "abc", {"scaling": "none"}),
    "shaped": (ArrayKind, RNG.normal(size=(60, 5, 4, 2)) * [1, 1000] + 500, "ab", {}),
    "table": (TableKind, TABLE, tuple(TABLE), {"readers": READERS}),
    "pieces": (TableKind, TABLE, tuple(TABLE), {"readers": READERS, "pieces": 4}),
    "colour": (ImageKind, PIXELS, ("red", "green", "blue"), {}),
    "grey": (ImageKind, PIXELS[..., :1], ("grey",), {"scaling": "none"}),
    "spectral": (ImageKind, PIXELS.repeat(4, axis=-1), [f"x{n}" for n in range(12)], {}),
    "series": (SeriesKind, UNEVEN, "ab", {"is_padded": True, "layout": LONG}),
    "raw series": (SeriesKind, UNEVEN, "ab", {"is_padded": True, "scaling": "none"}),
    "even series": (SeriesKind, UNEVEN[:, :2, :1], "a", {"layout": WIDE}),
    "past": (WindowsKind, PAST, tuple(STEPS), {}),
    "ahead": (WindowsKind, AHEAD, tuple(STEPS), {}),
    "angle": (Angle, RNG.uniform(-180, 180, 60), ("angle",), {}),
}


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(KINDS, "angle", f"{__name__}:Angle")


@pytest.fixture(params=EXAMPLES)
def example(request):
    """A kind's class, raw rows, and the kind fitted to the first 40 of them."""
    kind, raw, names, settings = EXAMPLES[request.param]
    return kind, raw, kind.fit(kind.take(raw, np.arange(40)), tuple(names), settings)


def test_every_kind_that_is_registered_is_tried_here():
    assert {kind.name for kind, *_ in EXAMPLES.values()} == set(KINDS)


def test_a_kind_has_what_the_protocol_has(example):
    kind, _, _ = example
    for name, member in vars(Kind).items():
        if inspect.isfunction(member) and not name.startswith("_"):
            asked = list(inspect.signature(member).parameters)
            assert list(inspect.signature(getattr(kind, name)).parameters) in (asked, asked[1:])


def test_a_kind_is_small_and_comes_back_from_json_and_from_a_pickle(example):
    _, _, fitted = example
    form = json.loads(json.dumps(write_kind(fitted), allow_nan=False))
    again = read_kind(form, fitted.names)
    assert again == fitted
    assert again.names == fitted.names
    assert pickle.loads(pickle.dumps(fitted)) == fitted
    assert len(pickle.dumps(fitted)) < 5000


def test_a_kind_that_is_not_named_is_an_array_or_has_columns():
    """The data.json of hpopt 0.1."""
    array = read_kind({"mean": [1.0, 2.0], "scale": [1.0, 3.0]}, ["a", "b"])
    assert array == ArrayKind((1.0, 2.0), (1.0, 3.0))
    assert array.names == ("a", "b")
    _, raw, names, settings = EXAMPLES["table"]
    table = TableKind.fit(raw, names, settings)
    assert read_kind(json.loads(json.dumps(table.to_json())), names) == table


def test_rows_that_are_written_and_read_are_the_same_to_a_network(example, tmp_path):
    kind, raw, fitted = example
    rows = np.array([50, 3, 41])
    fitted.write(raw, rows, tmp_path / "test")
    read = fitted.read(tmp_path / "test")
    expected = fitted.apply(kind.take(raw, rows))
    assert (expected.dtype, expected.shape) == (fitted.input_dtype, (3, *fitted.input_shape))
    np.testing.assert_array_equal(fitted.apply(read), expected)
    if fitted.is_as_prepared:
        np.testing.assert_array_equal(read, expected)
    assert count_rows(read) == 3
    assert all(path.name.startswith("test.") for path in tmp_path.iterdir())


def test_features_share_the_last_axis_out_among_themselves(example):
    _, _, fitted = example
    places = fitted.places_of_features
    assert set(places) <= set(fitted.names)
    filled = [place for each in places.values() for place in each]
    assert sorted(filled) == list(range(len(filled)))
    assert not filled or len(filled) == fitted.input_shape[-1]


def test_made_up_rows_are_fit_for_a_network(example):
    _, _, fitted = example
    rows = fitted.made_up(7)
    assert count_rows(rows) == 7
    assert np.isfinite(fitted.apply(rows)).all()


@pytest.mark.keras
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_twin_says_of_kept_rows_what_numpy_says(example, dtype, tmp_path):
    import keras

    _, raw, fitted = example
    fitted.write(raw, np.arange(60), tmp_path / "all")
    shape = fitted.input_shape if fitted.stem is None else fitted.stem.shape
    inputs = keras.Input(shape)
    network = with_stem(keras.Model(inputs, keras.layers.Flatten()(inputs)), fitted)
    assert network.input.dtype == fitted.input_dtype
    model = raw_model(network, fitted, TargetSpec(), Runtime(dtype=dtype))
    outputs = predict_raw(model, fitted, fitted.read(tmp_path / "all"))
    expected = np.asarray(network(fitted.apply(raw)))
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-5)
    _, coded = fitted.twin(Runtime(takes_texts=False, dtype=dtype))
    assert tuple(coded.shape[1:]) == fitted.input_shape


class _Data:
    """As much of the prepared data as an example needs."""

    output, labels = Output.of("binary"), ("no", "yes")
    target = TargetSpec(mean=1.7e12, scale=2e4)  # of which float32 has too few digits


@pytest.mark.parametrize("format", FORMATS)
def test_what_people_are_told_can_be_written(example, format):
    _, _, fitted = example
    form = FORMATS[format]
    texts = fitted.example(usage_of(form, _Data, "my_nets"))
    compile(texts["example.py"], "example.py", "exec")
    assert "import my_nets" in texts["example.py"]
    json.dumps(fitted.columns_form(form.runtime, {}), allow_nan=False)
    parts = fitted.card(form.runtime, ["left"])
    assert parts.inputs.startswith("## Inputs\n")
    assert "the class" in parts.training.format(target="the class")
    assert isinstance(parts.limits, list)
    predicts = "predict_columns" if isinstance(fitted.made_up(1), Mapping) else "predict"
    assert f"def {predicts}(" in texts["example.py"]


# What ends a string, a comment, a line, a cell or a template.
WILD = (
    '"""\nimport os\nos.abort()\n"""',
    "'''",
    "a\\",
    "{x}{}%s",
    "a\nb\r\u2028c",
    "\x00\x1b[31m",
    "`|<b>",
    "__import__('os').abort()",
)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("format", FORMATS)
def test_no_data_stand_in_a_generated_program(example, format, task):
    """Neither names nor labels nor categories: all are read from JSON."""
    kind, _, fitted = example
    plain = [f"x{n}" for n in range(len(fitted.names))]
    wild = [WILD[n % len(WILD)] + str(n) for n in range(len(fitted.names))]
    written = json.dumps(fitted.to_json())
    for name, text in zip(fitted.names, wild, strict=True):
        written = written.replace(json.dumps(name), json.dumps(text))
    renamed = [kind.from_json(fitted.to_json(), fitted.names)]
    renamed.append(kind.from_json(json.loads(written), wild))
    programs = []
    for each, labels in zip(renamed, (plain, WILD), strict=True):
        data = SimpleNamespace(output=Output.of(task), labels=labels, target=TargetSpec())
        programs.append(each.example(usage_of(FORMATS[format], data, "own_code")))
        card = each.card(FORMATS[format].runtime, list(WILD))
        shown = card.inputs + card.columns + "".join(card.limits)
        assert not re.search("[\x00\x1b\r\u2028]|^import|^os|^b|[^\\\\]<b", shown, re.M)
    assert programs[0] == programs[1]


def test_own_code_is_imported_by_a_name_and_nothing_else():
    data = SimpleNamespace(output=Output.of("regression"), labels=())
    for name in ("os; os.abort()", "my-net", "a b", "x\ny", ""):
        with pytest.raises(RunError, match="no name of a module"):
            usage_of(FORMATS["keras"], data, name)


@pytest.mark.keras
def test_a_new_kind_is_a_class_and_a_line(tmp_path, monkeypatch):
    """From the source to what the exported model says of new rows."""
    angles = RNG.uniform(-180, 180, 120)
    target = (np.sin(np.deg2rad(angles)) > 0).astype(np.int64)
    table = Table(angles, target, ("angle",), ("down", "up"), "binary", kind="angle")
    monkeypatch.setattr("hpopt.tuning.material.load_table", lambda *settings: table)
    config = {
        "dataset": {"source": "sklearn", "name": "iris"},  # in whose place the angles are
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 30, "batch_size": 16, "learning_rate": 0.05},
        "space": {"num_dense_nodes": [8, 4]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": False},
    }
    run = hpopt.tune(config, output_dir=tmp_path / "runs", progress=False)
    assert json.loads((run.path / "data.json").read_text())["features"]["kind"] == "angle"
    assert run.best.result.metrics["accuracy"] > 0.9

    run = Run.open(run.path)
    np.save(tmp_path / "new.npy", [90.0, -90.0, 60.0])
    assert list(hpopt.predict(run, tmp_path / "new.npy")["prediction"]) == ["up", "down", "up"]
    frame = pd.DataFrame({"angle": [90.0, -90.0], "target": ["up", "down"]})
    assert hpopt.predict(run, frame)["prediction"].tolist() == ["up", "down"]
    assert hpopt.evaluate(run, frame).scores["accuracy"] == 1
    folder, export = export_run(run, "keras")
    assert export.largest_difference < 1e-5
    assert "degrees" in (folder / "README.md").read_text()
