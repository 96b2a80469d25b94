"""A run that goes on reads its table by what it has recorded of it, whatever is decided now."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from hpopt.data.loading import load_table
from hpopt.data.prepared import Prepared, fingerprints, prepare
from hpopt.data.settings import FileData
from hpopt.data.splits import Parts
from hpopt.errors import DataError

N = 60
ROWS = np.arange(N)
PARTS = Parts(ROWS[10:], ROWS[:5], ROWS[5:10])
FRAME = pd.DataFrame(
    {
        "Unnamed: 0": ROWS % 30,
        "price": [f"${i % 9 + 1},{i + 100}.50" for i in ROWS],
        "w": [f"{i % 7 + 1}.{i + 100}" for i in ROWS],
        "euro": [f"{i},5" for i in ROWS],
        "when": [f"{i % 12 + 1}/{i % 28 + 1}/2024" for i in ROWS],
        "zip": [f"0{1000 + i % 5}" for i in ROWS],
        "stamp": [1_700_000_000_000 + i for i in ROWS],
        "flag": ["TRUE", "FALSE"] * (N // 2),
        "y": ["1.1", "1.10", "2"] * (N // 3),
    }
)


@pytest.fixture
def settings(tmp_path):
    FRAME.to_csv(tmp_path / "t.csv", index=False, sep=";")
    form = {"source": "csv", "path": str(tmp_path / "t.csv"), "target": "y", "task": "multiclass"}
    return FileData.model_validate(form)


def recorded(table, folder):
    data = prepare(table, PARTS, folder)
    return Prepared.from_json(json.loads(json.dumps(data.to_json())), folder)


def test_rows_are_the_same_by_their_record_in_any_order_of_columns(settings, tmp_path):
    table = load_table(settings)
    data = recorded(table, tmp_path / "data")
    FRAME[FRAME.columns[::-1]].assign(new=1).to_csv(tmp_path / "t.csv", index=False, sep=";")
    again = load_table(settings, data)
    assert fingerprints(again, PARTS) == fingerprints(table, PARTS)
    same = recorded(again, tmp_path / "again")
    assert same.to_json()["features"] == data.to_json()["features"]
    uses = {column.name: column.use for column in again.columns}
    assert uses.pop("new") == "left out"
    assert uses == {column.name: column.use for column in table.columns}


# As hpopt 0.1 has recorded such columns.
OF_0_1 = [
    {"column": "Unnamed: 0", "kind": "numeric", "decimal": ","},
    {"column": "w", "kind": "numeric", "decimal": ","},
    {"column": "euro", "kind": "numeric", "decimal": ","},
    {"column": "when", "kind": "date", "format": "%m/%d/%Y", "parts": ["days", "month"]},
    {"column": "zip", "kind": "numeric", "decimal": ","},
    {"column": "flag", "kind": "boolean", "true": ["True"], "false": ["False"]},
]


def test_a_run_of_0_1_keeps_its_columns_and_its_labels(settings, tmp_path):
    table = dataclasses.replace(
        load_table(settings),
        features={"Unnamed: 0": ROWS * 1.0},
        feature_names=("Unnamed: 0",),
        settings={"readers": OF_0_1},
        labels=("1.1", "2"),
        target=np.array([0, 0, 1] * (N // 3)),
        target_reader=None,
    )
    data = recorded(table, tmp_path / "data")
    again = load_table(settings, data)
    names = ["Unnamed: 0", "w", "euro", "when.days", "when.month", "zip", "flag"]
    assert list(again.features) == names
    assert again.labels == ("1.1", "2")
    np.testing.assert_array_equal(again.target, table.target)
    np.testing.assert_array_equal(again.features["w"], 1000 * (ROWS % 7 + 1) + ROWS + 100)
    np.testing.assert_array_equal(again.features["zip"], 1000 + ROWS % 5)
    np.testing.assert_array_equal(again.features["flag"], 1.0 - ROWS % 2)
    assert again.settings["readers"] == data.readers


def test_a_column_that_is_gone_is_an_error(settings, tmp_path):
    data = recorded(load_table(settings), tmp_path / "data")
    FRAME.drop(columns="euro").to_csv(tmp_path / "t.csv", index=False, sep=";")
    with pytest.raises(DataError, match="no column `euro`"):
        load_table(settings, data)
