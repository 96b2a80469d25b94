import numpy as np
import pandas as pd
import pytest

from hpopt.data.column_kinds import look
from hpopt.data.reading import of_frame
from hpopt.inputs.raw import raw_columns
from hpopt.inputs.stored import raw_values

RNG = np.random.default_rng(0)
N = 200


def column(values, name="x", asked=None):
    stored = of_frame(pd.DataFrame({name: values}), "it").columns[name]
    return look(name, stored, asked=asked)


DATES = pd.date_range("2020-01-01", periods=N, freq="37h")
KINDS = {
    "numeric": RNG.normal(size=N),
    "few whole numbers": RNG.integers(0, 5, N),
    "whole, all different": RNG.permutation(10 * N)[:N],
    "text numbers": [f"{number:,}" for number in RNG.integers(0, 10**6, N)],
    "percent": [f"{number} %" for number in RNG.integers(0, 100, N)],
    "gap words": [["12.5", "?", "NA", "-", "3"][i % 5] for i in range(N)],
    "categorical": [["red", "green", "blue"][i % 3] for i in range(N)],
    "rare": [f"name{i}" if i < 30 else "often" for i in range(N)],
    "boolean": [["Yes", "no"][i % 2] for i in range(N)],
    "zero one": RNG.integers(0, 2, N),
    "flag": RNG.integers(0, 2, N).astype(bool),
    "iso": DATES.strftime("%Y-%m-%d"),
    "german": DATES.strftime("%d.%m.%Y"),
    "american": DATES.strftime("%m/%d/%Y"),
    "stamped": DATES.strftime("%Y-%m-%dT%H:%M:%S"),
    "times": DATES,
    "words": [f"a text of {i} words or more" for i in range(N)],
    "codes": [f"A{i:05}" for i in range(N)],
    "row": np.arange(N) + 1,
    "customer_id": RNG.integers(0, 10**6, N),
    "constant": ["same"] * N,
    "empty": [None] * N,
    "mostly missing": [f"C{i}" if i < 60 else None for i in range(N)],
}
EXPECTED = {
    "numeric": [
        "numeric",
        "few whole numbers",
        "whole, all different",
        "text numbers",
        "percent",
        "gap words",
    ],
    "categorical": ["categorical", "rare", "mostly missing"],
    "boolean": ["boolean", "zero one", "flag"],
    "date": ["iso", "german", "american", "stamped", "times"],
    "text": ["words"],
    "id": ["codes", "row", "customer_id"],
    "constant": ["constant", "empty"],
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in EXPECTED.items() for name in names]
)
def test_a_column_is_what_its_values_say(kind, name):
    found = column(KINDS[name], name)
    assert found.kind == kind, found.reason
    assert found.reason
    assert found.use == ("left out" if kind in ("text", "id", "constant") else "feature")


def test_gaps_and_different_values_are_counted():
    found = column(["a", "b", None, "b"] * 5)
    assert (found.gaps, found.distinct) == (5, 2)


def test_infinite_numbers_count_as_gaps_with_a_word():
    found = column([1.0, np.inf, -np.inf, 2.0] * 5)
    assert found.gaps == 10
    assert "10 infinite ones count as gaps" in found.reason


def test_texts_that_are_no_numbers_are_named():
    found = column([str(i / 7) for i in range(100)] + ["broken"])
    assert found.kind == "numeric"
    assert '"broken"' in found.reason


def test_words_for_a_gap_among_numbers_are_gaps():
    found = column(KINDS["gap words"])
    assert found.gaps == 120
    assert '"?" is a gap' in found.reason


def test_a_date_whose_day_could_be_the_month_says_so():
    found = column([f"{1 + i % 12:02}/{1 + i % 11:02}/2020" for i in range(100)])
    assert found.reader["format"] == "%m/%d/%Y"
    assert "the day?" in found.reason


def test_the_owner_has_the_last_word():
    assert column([1, 2, 3] * 10, asked="categorical").kind == "categorical"
    assert column(np.arange(50), asked="numeric").use == "feature"
    assert column([20200131, 20200201] * 10, asked="date").kind == "date"
    assert column(["a", "b"] * 10, asked="id").use == "left out"
    for values, asked in ((["a", "b"], "numeric"), (["a", "b"], "date"), ([1, 2, 3], "boolean")):
        with pytest.raises(ValueError):
            column(values, asked=asked)


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"constant", "empty"}))
def test_raw_columns_are_those_of_the_frame_by_the_same_reader(name):
    """What a table is trained on is what an exported model is given."""
    frame = pd.DataFrame({name: KINDS[name]})
    stored = of_frame(frame, "it").columns[name]
    found = look(name, stored)
    reader = found.reader or {"column": name, "kind": "categorical"}
    trained, given = raw_values(stored, reader), raw_columns(frame, [reader])
    assert trained.keys() == given.keys()
    for part, values in trained.items():
        array = values if isinstance(values, np.ndarray) else values.to_array()
        np.testing.assert_array_equal(array, given[part])
