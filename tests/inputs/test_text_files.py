"""What an export reads files by, which is what hpopt itself reads of them."""

import gzip

import numpy as np
import pandas as pd
import pytest

from hpopt.inputs.raw import raw_columns
from hpopt.inputs.text_files import read_text_file, readers_that_fit

NUMBER = {"column": "x", "kind": "numeric", "decimal": ".", "thousands": ","}
TEXT = {"column": "größe", "kind": "categorical", "gaps": ["-999"], "spelled": {}}
DATE = {"column": "when", "kind": "date", "formats": ["%Y-%m-%d"], "parts": ["year"]}
FORM = {"readers": [NUMBER, TEXT], "files": {"encoding": "cp1252", "gaps": ["-999"]}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_file_is_read_whatever_its_delimiter_and_encoding(delimiter, encoding, tmp_path):
    rows = [["größe", " x", "more"], ["ä", "1.5", ""], ["-999", "-999", "z"]]
    text = "".join(delimiter.join(row) + "\n" for row in rows)
    (tmp_path / "new.csv").write_bytes(text.encode(encoding))
    with gzip.open(tmp_path / "new.csv.gz", "wb") as file:
        file.write(text.encode(encoding))
    for name in ("new.csv", "new.csv.gz"):
        frame = read_text_file(tmp_path / name, FORM)
        columns = raw_columns(frame, FORM["readers"])
        np.testing.assert_array_equal(columns["x"], [1.5, np.nan])
        assert columns["größe"].tolist() == ["ä", ""]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16", "utf-32", "hz"])
def test_a_file_is_read_as_the_training_data_were(encoding, tmp_path):
    form = {"readers": [NUMBER, {**TEXT, "column": "город"}], "files": {"encoding": encoding}}
    if encoding == "hz":
        form["readers"][1]["column"] = "城市"
    name = form["readers"][1]["column"]
    (tmp_path / "new.csv").write_bytes(f"{name},x\n{name},1.5\n".encode(encoding))
    assert read_text_file(tmp_path / "new.csv", form).to_numpy().tolist() == [[name, "1.5"]]


def test_a_stray_byte_of_utf_8_is_said_and_no_other_encoding(tmp_path):
    form = {"readers": [TEXT], "files": {"encoding": "utf-8"}}
    content = "größe,x\n".encode() + "für,1\n".encode() * 9 + b"f\xfcr,1\n"
    (tmp_path / "new.csv").write_bytes(content)
    with pytest.warns(UserWarning, match="not all in UTF-8"):
        frame = read_text_file(tmp_path / "new.csv", form)
    assert frame["größe"].tolist() == ["für"] * 9 + ["f\ufffdr"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"y,x\n1,2\n", "no column 'größe'"),
        (b"", "No columns"),
        ("größe,x\nа,1\n".encode("utf-16"), "not in UTF-8, nor in cp1252|no column"),
    ],
)
def test_a_file_of_another_kind_is_told(content, told, tmp_path):
    (tmp_path / "new.csv").write_bytes(content)
    with pytest.raises(ValueError, match=told):
        read_text_file(tmp_path / "new.csv", FORM)


def test_what_does_not_fit_is_counted_and_gaps_are_not():
    x = ["1", "foo", "", "na", "bar"]
    frame = pd.DataFrame({"x": x, "when": ["2024-01-01", "0000-00-00", "", "soon", None]})
    readers, words = readers_that_fit(frame, [NUMBER, DATE])
    assert readers == [NUMBER, DATE]
    assert words == [
        "column 'x': 2 of 5 values do not fit and count as gaps, first 'foo' in row 2",
        "column 'when': 1 of 5 values do not fit and count as gaps, first 'soon' in row 4",
    ]
    assert readers_that_fit(pd.DataFrame({"x": [1.5, np.nan]}), [NUMBER]) == ([NUMBER], [])
    with pytest.raises(ValueError, match="no column 'when'"):
        readers_that_fit(frame[["x"]], [NUMBER, DATE])


@pytest.mark.parametrize("thousands", ["", ","])
def test_other_signs_are_read_column_by_column_with_a_word(thousands):
    number = {**NUMBER, "thousands": thousands}
    texts = {"x": ["3,25", "0,5"], "z": ["1", "2"], "point": ["0.25", "0.644"]}
    frame = pd.DataFrame(texts)
    readers, [word] = readers_that_fit(frame, [{**number, "column": name} for name in texts])
    assert "signs of numbers are not those of the training data, by column 'x'" in word
    columns = raw_columns(frame, readers)
    np.testing.assert_array_equal(columns["x"], [3.25, 0.5])
    np.testing.assert_array_equal(columns["z"], [1, 2])
    np.testing.assert_array_equal(columns["point"], [0.25, 0.644])


def test_where_training_had_no_groups_a_point_or_comma_in_doubt_is_a_decimal_sign():
    number = {**NUMBER, "thousands": ""}
    readers, [_] = readers_that_fit(pd.DataFrame({"x": ["3,250", "1,125"]}), [number])
    assert raw_columns(pd.DataFrame({"x": ["3,250"]}), readers)["x"] == [3.25]
    readers, [_] = readers_that_fit(pd.DataFrame({"x": ["1.234,5", "2,5"]}), [number])
    assert raw_columns(pd.DataFrame({"x": ["1.234,5"]}), readers)["x"] == [1234.5]


def test_thousands_or_decimals_where_training_had_whole_numbers_are_a_gap_that_is_said():
    whole = {**NUMBER, "thousands": "", "whole": True}
    readers, words = readers_that_fit(pd.DataFrame({"x": ["3,250", "7"]}), [whole])
    np.testing.assert_array_equal(raw_columns(pd.DataFrame({"x": ["3,250"]}), readers)["x"], np.nan)
    assert "'3,250' may have thousands, or decimals" in words[0]
    _, [word] = readers_that_fit(pd.DataFrame({"x": ["3.250", "7"]}), [whole])
    assert "'3.250' may have thousands, or decimals" in word
    assert readers_that_fit(pd.DataFrame({"x": ["3.25", "7"]}), [whole]) == ([whole], [])


def test_a_number_that_is_spelled_in_several_ways_is_said():
    reader = {"column": "x", "kind": "categorical", "gaps": [], "several": ["1.1"]}
    _, [word] = readers_that_fit(pd.DataFrame({"x": [1.1, 2.0]}), [reader])
    assert "1.1 is spelled in several ways" in word
    assert readers_that_fit(pd.DataFrame({"x": ["1.1", "1.10"]}), [reader])[1] == []


def test_a_number_that_stands_for_a_gap_is_no_value_that_does_not_fit():
    reader = {"column": "x", "kind": "numeric", "decimal": ".", "thousands": "", "gaps": ["-999"]}
    for values in (["1.5", "-999", "NA"], [1.5, -999, None]):
        assert readers_that_fit(pd.DataFrame({"x": values}), [reader]) == ([reader], [])
    _, [word] = readers_that_fit(pd.DataFrame({"x": ["2,125", "3.250"]}), [reader])
    assert "1 of 2 values do not fit" in word
