"""From the section `dataset` to its table, for each source but scikit-learn's."""

import contextlib

import numpy as np
import pytest
from conftest import dirty_frame

from hpopt.data.loading import load_table
from hpopt.data.settings import DATASETS, dataset_tag, located
from hpopt.data.sources import load_file, of_arrays
from hpopt.errors import DataError, SettingError

ROWS, TARGET = np.arange(60.0).reshape(20, 3), np.tile(["a", "b"], 10)

LOAD = """
import numpy as np

from conftest import dirty_frame


def arrays():
    return np.arange(60.0).reshape(20, 3), np.tile(["a", "b"], 10)


def frame():
    return dirty_frame(60).sample(frac=1, random_state=0)


def nothing():
    return None


def broken():
    raise OSError("the server is down")
"""


@pytest.fixture
def load(tmp_path):
    np.savez(tmp_path / "both.npz", x=ROWS, y=TARGET)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "both.npz").read_bytes()[:200])
    np.save(tmp_path / "x.npy", ROWS)
    np.save(tmp_path / "y.npy", TARGET)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    dirty_frame(60).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "load.py").write_text(LOAD)

    def load(**form):
        settings = DATASETS[dataset_tag(form)].model_validate(form)
        return load_table(located(settings, tmp_path))

    return load


@pytest.mark.parametrize(
    "form",
    [
        {"source": "npz", "path": "both.npz"},
        {"source": "npy", "path": "x.npy", "target": "y.npy"},
        {"source": "load.py:arrays"},
    ],
)
def test_arrays_come_from_files_and_functions(load, form):
    table = load(**form)
    np.testing.assert_array_equal(table.features, ROWS)
    assert (table.task, table.labels) == ("binary", ("a", "b"))
    assert table.target.tolist() == [0, 1] * 10


def test_shaped_arrays_keep_their_shape(load, tmp_path):
    rows = np.arange(20 * 4 * 4 * 2).reshape(20, 4, 4, 2)
    np.savez(tmp_path / "shaped.npz", x=rows, y=TARGET)
    table = load(source="npz", path="shaped.npz", scaling="none")
    np.testing.assert_array_equal(table.features, rows)
    assert (table.feature_names, table.width) == (("x0", "x1"), 32)
    assert (table.kind, table.settings) == ("array", {"scaling": "none"})


@pytest.mark.parametrize(
    "form", [{"source": "parquet", "path": "t.parquet"}, {"source": "load.py:frame"}]
)
def test_tables_come_from_parquet_and_functions(load, form):
    table = load(**form, target="churn", split={"groups": "city"})
    assert (table.task, table.labels) == ("binary", ("no", "yes"))
    assert len(table.target) == len(table.groups) == 60
    uses = {column.name: column.use for column in table.columns}
    assert (uses["customer id"], uses["city"], uses["plan"]) == ("left out", "groups", "feature")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_archive_is_told(save, tmp_path):
    rng = np.random.default_rng(0)
    save(tmp_path / "rows.npz", x=rng.normal(size=(40, 3)), y=rng.integers(2, size=40))
    whole = (tmp_path / "rows.npz").read_bytes()
    path = tmp_path / "damaged.npz"
    for place in range(0, len(whole), len(whole) // 80):
        for content in (whole[:place], whole[:place] + b"\x55\xaa" + whole[place + 2 :]):
            path.write_bytes(content)
            with contextlib.suppress(DataError):
                load_file(path)


@pytest.mark.parametrize(
    ("form", "error", "said"),
    [
        ({"source": "npz", "path": "both.npz", "features": "X"}, SettingError, "no array `X`"),
        ({"source": "npz", "path": "none.npz"}, DataError, "there is no file"),
        ({"source": "npz", "path": "load.py"}, DataError, "can't be read"),
        ({"source": "npz", "path": "cut.npz"}, DataError, "can't be read"),
        ({"source": "npy", "path": "objects.npy", "target": "y.npy"}, DataError, "can't be read"),
        ({"source": "npy", "path": "y.npy", "target": "y.npy"}, DataError, "array of numbers"),
        ({"source": "load.py:frame"}, SettingError, "not said what to predict"),
        ({"source": "load.py:nothing"}, SettingError, "gives a NoneType"),
        ({"source": "load.py:broken"}, SettingError, "the server is down"),
        ({"source": "load.py:arrays", "split": {"groups": "a"}}, SettingError, "no columns by"),
    ],
)
def test_what_can_t_be_used_is_told(load, form, error, said):
    with pytest.raises(error, match=said):
        load(**form)


def test_a_one_hot_target_is_named():
    with pytest.raises(DataError, match="one-hot") as caught:
        of_arrays(ROWS, np.eye(2)[np.arange(20) % 2], None)
    assert "argmax" in caught.value.problems[0].help
