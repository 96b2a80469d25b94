import numpy as np
import pandas as pd
import pytest

from hpopt.inputs.raw import booleans, categories, date_parts, numbers, raw_columns, spelling


def test_numbers_are_read_however_they_are_written():
    texts = ["1,234.5", " 12 % ", "-3e2", "?", "NA", None, "x", "inf", "1,23", "+7"]
    expected = [1234.5, 12, -300, *[np.nan] * 6, 7]
    np.testing.assert_array_equal(numbers(pd.Series(texts), {"decimal": "."}), expected)
    german = ["1.234,5", "0,25", "3"]
    np.testing.assert_array_equal(numbers(pd.Series(german), {"decimal": ","}), [1234.5, 0.25, 3])
    np.testing.assert_array_equal(
        numbers(pd.Series([1, 0, np.inf]), {"decimal": "."}), [1, 0, np.nan]
    )


@pytest.mark.parametrize("three", [3, 3.0, np.int8(3), np.float32(3)])
def test_a_number_is_one_category_however_it_came(three):
    assert categories(pd.Series([three], dtype=object), {"gaps": []}).tolist() == ["3"]


def test_categories_keep_their_spelling_and_gaps_are_empty():
    texts = ["Red", " red", None, np.nan, "NA", "?", "1_000", "None", "", "1.10", "007", "1E5", "3"]
    expected = ["Red", "red", "", "", "", "?", "1_000", "None", "", "1.10", "007", "1E5", "3"]
    assert categories(pd.Series(texts, dtype=object), {"gaps": ["na"]}).tolist() == expected


def test_a_reader_of_0_1_makes_one_category_of_a_number_and_gaps_of_words():
    texts = pd.Series(["03", "3.0", "TRUE", "NA", None, "?"], dtype=object)
    assert categories(texts, {}).tolist() == ["3", "3", "TRUE", "", "", "?"]


def test_numbers_and_truth_values_are_spelled_as_the_model_knows_them():
    spelled = spelling(["007", "TRUE", "1.0", "2.5", "3.1", "3.10", "other"])
    assert spelled == {"7": "007", "True": "TRUE", "1": "1.0"}
    reader = {"gaps": [], "spelled": spelled}
    for value, text in [
        (7, "007"),
        ("7", "7"),
        (True, "TRUE"),
        (1, "1.0"),
        (2.5, "2.5"),
        ("1", "1"),
    ]:
        assert categories(pd.Series([value], dtype=object), reader).tolist() == [text]


def test_booleans_in_whatever_case():
    found = booleans(pd.Series(["YES", "no", "maybe", None]), ["yes"], ["no"])
    np.testing.assert_array_equal(found, [1, 0, np.nan, np.nan])
    np.testing.assert_array_equal(booleans(pd.Series([1, 0.0, 2]), ["1"], ["0"]), [1, 0, np.nan])
    np.testing.assert_array_equal(booleans(pd.Series([True, False]), ["true"], ["false"]), [1, 0])


def test_the_parts_of_a_date():
    found = date_parts(
        pd.Series(["1970-01-02T12:00:00", None, "no date"]),
        {"format": "ISO8601"},
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


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("13:30 Uhr", 13.5),
        ("13h30", 13.5),
        ("8:15 h", 8.25),
        ("午前1:30", 1.5),
        ("午後12:15", 12.25),
        ("오후 1:30", 13.5),
        ("１３：３０", 13.5),
        ("13h30m", 13.5),
        ("3:75", np.nan),
    ],
)
def test_clocks_are_read_as_people_elsewhere_write_them(text, hours):
    reader = {"decimal": ".", "thousands": "", "form": "clock"}
    np.testing.assert_array_equal(numbers(pd.Series([text]), reader), [hours])
