import numpy as np
import pandas as pd
import pytest

from hpopt.data.loading import load_table
from hpopt.data.settings import ArrayData, Features, FileData, LongData
from hpopt.errors import DataError, SettingError

LABELS = ["a", "b"] * 10


def wide(path, **features):
    """The table of 20 series of 3 steps: step t of series n is n + t / 10."""
    frame = pd.DataFrame({f"t{t}": np.arange(20) + t / 10 for t in (2, 0, 1)})
    frame.loc[0, "t2"] = np.nan  # a shorter one
    frame.loc[1, "t1"] = np.nan  # a gap
    frame.assign(age=np.arange(20) % 7, label=LABELS).to_csv(path, index=False)
    form = Features(**{"series": {"x": "t0..t2"}, **features})
    return load_table(FileData(source="csv", path=str(path), target="label", features=form))


def test_columns_are_steps_by_their_numbers(tmp_path):
    table = wide(tmp_path / "wide.csv")
    assert (table.kind, table.features.shape) == ("series", (20, 3, 1))
    np.testing.assert_allclose(table.features[5, :, 0], [5, 5.1, 5.2], rtol=1e-6)
    assert table.settings["is_padded"]
    assert any("of 2 to 3 steps" in note for note in table.notes)
    assert any("1 in `x`" in note for note in table.notes)
    assert any("`age`: not used" in note for note in table.notes)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"series": {"x": "t0..t9"}}, "no column `t9`"),
        ({"series": {"x": "t0..t2", "y": ["t0", "age", "label"]}}, "`label` is the target"),
        ({"series": {"x": ["t0", "t1"], "y": ["t2"] * 2}}, "two steps of one channel"),
        ({"series": {"x": "t0..t2", "y": ["t0", "age"]}}, "a step of two channels"),
        ({"include": ["age"]}, "can't stand beside a series"),
    ],
)
def test_columns_that_are_no_series_are_named(features, message, tmp_path):
    with pytest.raises(SettingError, match=message):
        wide(tmp_path / "wide.csv", **features)


def long(path, frame, **settings):
    frame.to_csv(path, index=False)
    form = {"source": "long", "path": str(path), "target": "label", "id": "rec", **settings}
    return load_table(LongData(**form))


FRAME = pd.DataFrame(
    {"rec": f"r{n}", "t": t, "x": n + t / 10, "label": LABELS[n]}
    for n in range(20)
    for t in range(1 + n % 3)
)


def test_rows_of_one_id_are_a_series_by_their_time(tmp_path):
    table = long(tmp_path / "long.csv", FRAME[::-1], time="t")
    assert table.features.shape == (20, 3, 1)
    row = 19 - 5  # ids come in the order of the file
    np.testing.assert_allclose(table.features[row, :, 0], [5, 5.1, 5.2], rtol=1e-6)
    assert table.labels[table.target[row]] == "b"
    unsorted = long(tmp_path / "long.csv", FRAME[::-1], channels=["x"])
    np.testing.assert_allclose(unsorted.features[row, :, 0], [5.2, 5.1, 5], rtol=1e-6)


def test_what_contradicts_itself_is_named(tmp_path):
    twice = pd.concat([FRAME, FRAME[5:6]])
    with pytest.raises(DataError, match="have the same id and the same time"):
        long(tmp_path / "long.csv", twice, time="t")
    other = FRAME.assign(label=np.where(FRAME.index == 2, "a", FRAME.label))
    with pytest.raises(DataError, match=r"`label` of the table differs within the id r1"):
        long(tmp_path / "long.csv", other, time="t")
    with pytest.raises(SettingError, match="no column `time`"):
        long(tmp_path / "long.csv", FRAME, time="time")


def test_arrays_are_series_by_their_lengths_or_by_nan(tmp_path):
    lengths = np.arange(20) % 4 + 1
    rows = np.random.default_rng(0).normal(size=(20, 4, 2))
    padded = np.where(np.arange(4)[:, None] < lengths[:, None, None], rows, np.nan)
    tables = []
    for name, x, settings in (
        ("lengths", rows, {"lengths": "n"}),
        ("padded", padded, {"series": True}),
    ):
        np.savez(tmp_path / f"{name}.npz", x=x, y=LABELS, n=lengths)
        form = {"source": "npz", "path": str(tmp_path / f"{name}.npz"), **settings}
        tables.append(load_table(ArrayData(**form)))
    np.testing.assert_array_equal(tables[0].features, tables[1].features)
    assert tables[0].settings["is_padded"]
