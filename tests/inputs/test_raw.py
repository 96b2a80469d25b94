import numpy as np
import pandas as pd
import pytest

from hpopt.inputs.raw import booleans, categories, date_parts, numbers, raw_columns


def test_numbers_are_read_however_they_are_written():
    texts = ["1,234.5", " 12 % ", "-3e2", "?", "NA", None, "x", "inf", "1,23", "+7"]
    expected = [1234.5, 12, -300, *[np.nan] * 6, 7]
    np.testing.assert_array_equal(numbers(pd.Series(texts)), expected)
    german = ["1.234,5", "0,25", "3"]
    np.testing.assert_array_equal(numbers(pd.Series(german), ","), [1234.5, 0.25, 3])
    np.testing.assert_array_equal(numbers(pd.Series([1, 0, np.inf])), [1, 0, np.nan])


@pytest.mark.parametrize("three", [3, 3.0, "3", "3.0", " 03 ", np.int8(3), np.float32(3)])
def test_a_number_is_one_category_however_it_came(three):
    assert categories(pd.Series([three], dtype=object)).tolist() == ["3"]


def test_categories_keep_their_spelling_and_gaps_are_empty():
    texts = ["Red", " red", None, np.nan, "NA", "?", "1_000", "nan", ""]
    expected = ["Red", "red", "", "", "", "?", "1_000", "", ""]
    assert categories(pd.Series(texts, dtype=object)).tolist() == expected


def test_booleans_in_whatever_case():
    found = booleans(pd.Series(["YES", "no", "maybe", None]), ["yes"], ["no"])
    np.testing.assert_array_equal(found, [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(booleans(pd.Series([1, 0.0, 2]), ["1"], ["0"]), [1, 0, np.nan])
    np.testing.assert_array_equal(booleans(pd.Series([True, False]), ["true"], ["false"]), [1, 0])


def test_the_parts_of_a_date():
    found = date_parts(
        pd.Series(["1970-01-02T12:00:00", None, "no date"]),
        "ISO8601",
        ["year", "month", "day", "weekday", "hour", "days"],
    )
    assert {part: values[0] for part, values in found.items()} == {
        "year": 1970, "month": 1, "day": 2, "weekday": 4, "hour": 12, "days": 1.5,
    }  # fmt: skip
    assert all(np.isnan(values[1:]).all() for values in found.values())


def test_other_columns_do_not_matter_and_missing_ones_are_named():
    readers = [{"column": "a", "kind": "numeric", "decimal": "."}]
    frame = pd.DataFrame({"b": ["x"], " a ": [1]})
    assert raw_columns(frame, readers)["a"].tolist() == [1.0]
    with pytest.raises(KeyError, match="a"):
        raw_columns(frame[["b"]], readers)
