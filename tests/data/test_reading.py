import gzip

import numpy as np
import pandas as pd
import pytest

from hpopt.data.reading import joined, of_frame, read_csv, read_parquet
from hpopt.errors import DataError
from hpopt.inputs.stored import Texts, numbers_of

ROWS = [("1.5", "red", "yes"), ("2.25", "blue", "no"), ("", "grün", "yes")] * 10
PLAIN = "num,col,y\n" + "".join(",".join(row) + "\n" for row in ROWS)
SEMICOLON = "num;col;y\n" + "".join(
    ";".join((number.replace(".", ","), colour, y)) + "\n" for number, colour, y in ROWS
)
ZIPPED = gzip.compress(PLAIN.encode(), mtime=0)


@pytest.fixture
def read(tmp_path):
    def read(content, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path)

    return read


@pytest.fixture
def refused(read):
    """The error of a file that can't be read."""

    def refused(content, name="data.csv"):
        with pytest.raises(DataError) as caught:
            read(content, name)
        assert caught.value.exit_code == 3
        return caught.value.problems[0]

    return refused


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.encode("latin-1"),
        PLAIN.encode("cp1252"),
        ZIPPED,
        SEMICOLON.encode(),
        SEMICOLON.encode("latin-1"),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", "|").encode(),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\r").encode(),
        PLAIN.replace("\n", "\r\n", 7).encode(),
        PLAIN.replace(",", " , ").encode(),
        PLAIN.replace("blue", '"blue"').encode(),
        ("\n\n" + PLAIN).encode(),
    ],
    ids=range(18),
)
def test_a_table_is_the_same_however_it_is_written(read, content):
    sheet = read(content)
    assert sheet.rows == 30
    assert list(sheet.columns) == ["num", "col", "y"]
    np.testing.assert_array_equal(numbers_of(sheet, "num"), [1.5, 2.25, np.nan] * 10)
    assert sheet.columns["col"].to_array()[:3].tolist() == ["red", "blue", "grün"]


def test_quoted_fields_hold_delimiters_quotes_and_line_ends(read):
    sheet = read('a,b\n1,"x, ""y""\n z"\n2,plain\n')
    assert sheet.columns["b"].distinct == ('x, "y"\n z', "plain")


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("a,b\n1,2\n1,2,3\n", 3, "2 columns, but this row has 3 fields"),
        ("a,b\n1,2\n\n1\n1,2\n", 4, "this row has 1 field"),
        ('a,b\n"1\n2",2\n1,2,3\n', 4, "3 fields"),
        ("a,b\n" + "1,2,3\n" * 5, 2, "so it is with 5 rows"),
        ('a,b\n1,2\n1,"2\n3,4\n', 3, "never closed"),
        ("a,b\n1,2\n1,\0\n", 3, "NUL"),
        ("1,2\n3,4\n", 1, "not the names of the columns"),
        ("sep=;\na;b\n1;2\n", 1, "a word to Excel"),
        ("# made by me, today\n# again\na,b,c\n1,2,3\n", 1, "is a comment"),
        ("a,b\n", 1, "a header and no rows"),
    ],
)
def test_what_is_no_table_is_said_with_the_line(refused, content, line, words):
    problem = refused(content)
    assert problem.location.line == line
    assert words in problem.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (bytes(range(1, 256)) * 20, "is no text"),
        (b"PK\x03\x04" + b"x" * 20, "an Excel workbook or a zip archive"),
        (b"PAR1" + b"x" * 20, "a Parquet file"),
        (ZIPPED[:40], "can't be read"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "does not stay so"),
        ("a, a \n1,2\n", "two columns"),
    ],
    ids=range(8),
)
def test_what_is_no_csv_is_said(refused, content, words):
    assert words in refused(content).message


def test_a_damaged_archive_is_said_or_gives_the_rows_it_had(read, refused):
    rng = np.random.default_rng(0)
    table = ("a,b\n" + "".join(f"{value:.5f},1\n" for value in rng.normal(size=500))).encode()
    packed = gzip.compress(table, mtime=0)
    whole = read(packed)
    for place in range(10, len(packed), len(packed) // 60):
        damaged = bytearray(packed)
        damaged[place] ^= 0x55
        for content in (bytes(damaged), packed[:place]):
            try:
                assert read(content).rows == whole.rows
            except DataError:
                assert refused(content).help


def test_a_file_that_is_not_there_has_its_name_guessed(tmp_path):
    (tmp_path / "titanic.csv").write_text(PLAIN)
    with pytest.raises(DataError) as caught:
        read_csv(tmp_path / "titanik.csv")
    assert "titanic.csv" in caught.value.problems[0].help
    with pytest.raises(DataError, match="is a folder"):
        read_csv(tmp_path)


def test_a_name_may_begin_with_a_hash(read):
    assert list(read("#a,b\n1,2\n").columns) == ["#a", "b"]


def test_a_name_that_stands_twice_is_noted(read):
    sheet = read("a,a,b\n1,2,3\n")
    assert list(sheet.columns) == ["a", "a.1", "b"]
    assert sheet.repeated == ("a",)
    assert "more than once" in sheet.notes[0]


def test_a_column_that_turns_to_text_in_a_later_chunk_keeps_its_numbers(read, monkeypatch):
    monkeypatch.setattr("hpopt.data.reading._TEXTS_AT_ONCE", 1)
    monkeypatch.setattr("hpopt.data.chunks._MOST_TEXTS", 100)
    rows = [str(number) for number in range(1500)] + ["", "x", "7"]
    sheet = read("a,b\n" + "".join(f"{row},1\n" for row in rows))
    assert sheet.columns["a"].to_array().tolist() == rows
    assert sheet.columns["b"].distinct == ("1",)


def test_a_frame_gives_the_columns_that_its_csv_would(read):
    frame = pd.DataFrame(
        {
            "number": [1, 2, 3],
            "gap": [0.5, None, 1.5],
            "text": ["a", None, "b"],
            "flag": [True, False, True],
            "kind": pd.Categorical(["u", "v", "u"]),
        }
    )
    sheet, csv = of_frame(frame, "it"), read(frame.to_csv(index=False))
    for name, stored in sheet.columns.items():
        written = csv.columns[name]
        if isinstance(stored, Texts):
            assert stored.to_array().tolist() == written.to_array().tolist()
        else:
            np.testing.assert_array_equal(stored, numbers_of(csv, name))


def test_parquet_gives_the_columns_of_its_frame(tmp_path):
    frame = pd.DataFrame(
        {"n": [1.5, None], "t": ["a", None], "d": pd.to_datetime(["2020-01-02"] * 2)}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    sheet = read_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(sheet.columns["n"], [1.5, np.nan])
    assert sheet.columns["t"].to_array().tolist() == ["a", ""]
    assert sheet.columns["d"].dtype.kind == "M"
    (tmp_path / "not.parquet").write_text("a,b\n")
    with pytest.raises(DataError, match="can't be read as Parquet"):
        read_parquet(tmp_path / "not.parquet")


def test_sheets_are_joined_row_by_row(read):
    first, second = read("a,b\n1,x\n2,y\n"), read("b,a,c\ny,3,0\n,4,0\n", "second.csv")
    sheet = joined([first, second])
    assert sheet.rows == 4
    assert sheet.columns["a"].to_array().tolist() == ["1", "2", "3", "4"]
    assert sheet.columns["b"].to_array().tolist() == ["x", "y", "y", ""]
