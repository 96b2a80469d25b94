"""`output.keep_rows: 0`: no row, and no value of one, is in what a run leaves behind.

But for what the model itself needs, which docs/data.md lists: texts that are common enough to have
an input of their own, labels, and of each number its median, its spread and the ends of its pieces.
"""

import contextlib
import gzip
import io
import json
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hpopt import load_config
from hpopt.export.exporting import export_run
from hpopt.tracking.observer import Observer
from hpopt.tuning.tune import tune

pytestmark = pytest.mark.keras

ROWS = 160
# Every text of the table but the common categories and the labels holds one of these.
MARKS = ("zyx-", "1937-")
NETS = """
import keras


def build(input_shape, output, *, units=3):
    if units == 5:
        raise ValueError("no network of five units")
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(units, "relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""


def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    income = (71_350_000 + rng.integers(0, 9_000_000, ROWS) + rng.integers(1, 97, ROWS) / 97).round(
        6
    )
    plan = rng.choice(["basic", "plus"], ROWS).astype(object)
    plan[::40] = [f"zyx-plan-{n}" for n in range(4)]
    age = rng.integers(20, 80, ROWS).astype(object)
    age[3:9:3] = "zyx-forty"
    return pd.DataFrame(
        {
            "customer": [f"zyx-customer-{n}" for n in range(ROWS)],
            "household": [f"zyx-house-{n // 2}" for n in range(ROWS)],
            "income": income,
            "age": age,
            "plan": plan,
            "comment": [f"zyx what customer {n} wrote, at length" for n in range(ROWS)],
            "country": "zyx-land",
            "since": pd.date_range("1937-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "churn": np.where(income > np.median(income), "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The run folder in its search and at its end, an export of it, and all words in pictures."""
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    folder = tmp_path_factory.mktemp("private")
    frame().to_csv(folder / "customers.csv", index=False)
    (folder / "nets.py").write_text(NETS)
    words = []

    class Watcher(Observer):
        def closing(self, steps):
            [path] = (folder / "runs").iterdir()
            shutil.copytree(path, folder / "searching")

    draw = Figure.savefig

    def listen(figure, *arguments, **options):
        words.extend(text.get_text() for text in figure.findobj(Text))
        return draw(figure, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(Figure, "savefig", listen)
        config = {
            "dataset": {
                "source": "csv",
                "path": "customers.csv",
                "target": "churn",
                "features": {"types": {"age": "numeric"}, "pieces": 3},
                "split": {"groups": "household"},
            },
            "model": {"builder": "nets.py:build"},
            "training": {"epochs": 2},
            "space": {"units": [3, 5, 4], "learning_rate": [0.01, 0.1]},
            "search": {"engine": "grid", "n_calls": 6},
            "execution": {"workers": 0},
            "output": {"keep_rows": 0, "refit": True},
            "tracking": {"tensorboard": True},
        }
        run = tune(load_config(config), output_dir=folder / "runs", observer=Watcher())
    return run, folder, words


def unpacked(content: bytes):
    """The bytes of a file, and of whatever is packed into it."""
    yield content
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from unpacked(archive.read(name))
    elif content.startswith(b"\x1f\x8b"):
        yield from unpacked(gzip.decompress(content))
    elif content.startswith(b"\x78"):
        with contextlib.suppress(zlib.error):
            yield from unpacked(zlib.decompress(content))


def traces(folder: Path, incomes) -> set[str]:
    """The files with a mark of the rows or one of the incomes, as text, as float64, as float32."""
    wanted = [mark.encode() for mark in MARKS]
    for income in incomes:
        wanted += [f"{int(income)}.".encode(), np.float64(income).tobytes()]
        wanted += [np.float32(income).tobytes()]
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file()
        and any(form in content for content in unpacked(path.read_bytes()) for form in wanted)
    }


def private_incomes(run) -> list[float]:
    """All but those that the model needs: where a half of the rows, or a piece of them, ends."""
    needed = set()
    for name in ("data.json", "best/data.json"):
        columns = json.loads((run.path / name).read_text())["features"]["columns"]
        [income] = [column for column in columns if column["name"] == "income"]
        needed |= {income["center"], income["fill"], *income["edges"]}
    needed = np.array(sorted(needed), np.float32)
    return [income for income in frame()["income"] if np.float32(income) not in needed]


def test_nothing_of_a_row_stays_when_a_run_is_over(written, tmp_path):
    run, _, words = written
    assert {trial.state for trial in run.trials()} == {"finished", "failed"}
    assert (run.path / "tensorboard").is_dir()
    incomes = private_incomes(run)
    assert len(incomes) > ROWS - 20
    assert traces(run.path, incomes) == set()
    assert len(words) > 100
    assert not [word for word in words if any(mark in word for mark in MARKS)]
    exported, _ = export_run(run, "keras", folder=tmp_path / "out")
    assert traces(exported, incomes) == set()


def test_in_the_search_the_rows_are_in_one_folder_alone(written):
    run, folder, _ = written
    found = traces(folder / "searching", private_incomes(run))
    assert {Path(name).parts[0] for name in found} == {"data"}
    assert not run.data_folder.exists()


def test_a_rare_text_is_no_word_of_the_model(written):
    columns = json.loads((written[0].path / "data.json").read_text())["features"]["columns"]
    [plan] = [column for column in columns if column["name"] == "plan"]
    assert set(plan["vocabulary"]) == {"basic", "plus"}


def test_what_is_packed_is_looked_into(tmp_path):
    np.savez_compressed(tmp_path / "rows.npz", rows=np.array([1.0, 71_234_567.25]))
    with gzip.open(tmp_path / "log.gz", "wt") as file:
        file.write("of 71234567.25 each")
    (tmp_path / "other.txt").write_text("71234568.25")
    assert traces(tmp_path, [71_234_567.25]) == {"rows.npz", "log.gz"}
