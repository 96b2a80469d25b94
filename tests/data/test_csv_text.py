"""Files that a stranger's program may write are read back as they were meant."""

import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hpopt.data.csv_text import look_at
from hpopt.data.settings import FileData
from hpopt.errors import DataError

DELIMITERS = [",", ";", "\t", "|"]
# Texts of the West, which every encoding below can write; with what has to be quoted.
TEXTS = st.text(st.sampled_from("abzÄéß019 .,;|\t\"'\n-%"), max_size=12).map(str.strip)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(TEXTS, min_size=width, max_size=width), max_size=12)
)


def written(rows, delimiter, line_end="\n", quoting=csv.QUOTE_ALL) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows(rows)
    return text.getvalue()


def records(text) -> list[list[str]]:
    return [fields for _, fields in text.records()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    TABLES,
    st.sampled_from(DELIMITERS),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_a_quoted_table_comes_back(tmp_path, rows, delimiter, encoding, line_end, is_packed):
    width = len(rows[0]) if rows else 2
    rows = [[f"name {n}" for n in range(width)], *rows]
    content = written(rows, delimiter, line_end).encode(encoding)
    (tmp_path / "rows.csv").write_bytes(gzip.compress(content) if is_packed else content)
    text = look_at(tmp_path / "rows.csv", encoding if encoding == "cp1252" else None)
    assert (text.delimiter, text.is_gzip) == (delimiter, is_packed)
    assert list(text.header) == rows[0]
    assert records(text) == rows


WORDS = {
    "cp1252": ["Café", "Müller", "Straße", "naïve", "10 €", "Æble"],
    "cp1250": ["Łódź", "Gdańsk", "Kraków", "Wrocław", "środa", "piątek"],
    "cp1251": ["Москва", "Казань", "да", "нет", "город"],
    "koi8-r": ["Москва", "Казань", "да", "нет", "город"],
    "cp1253": ["Αθήνα", "Θεσσαλονίκη", "ναι", "όχι"],
    "koi8_r": ["размер", "город", "да"],
    "cp866": ["Москва", "Казань", "размер", "да", "нет"],
    "cp850": ["größe", "Köln", "Düsseldorf"],
    "mac_roman": ["größe", "Köln", "Düsseldorf"],
    "iso8859_2": ["odpowiedź", "wielkość", "Łódź"],
    "cp1254": ["Muğla", "şehir", "hayır"],
    "cp932": ["東京", "大阪", "名古屋"],
    "shift_jis": ["温度", "センサー", "正常", "大きさ"],
    "euc_jp": ["センサー", "はい", "いいえ", "大きさ"],
    "gb18030": ["北京", "上海", "广州"],
    "gbk": ["温度", "湿度"],
    "big5": ["溫度", "濕度", "狀態"],
    "cp949": ["서울", "부산", "대구"],
    "utf-16-le": ["город", "大阪", "größe"],
    "utf-16-be": ["город", "大阪", "größe"],
}


@pytest.mark.parametrize("encoding", WORDS)
def test_an_encoding_is_found_said_and_settable(tmp_path, encoding):
    path = tmp_path / "t.csv"
    rows = [[str(i), WORDS[encoding][i % len(WORDS[encoding])]] for i in range(60)]
    path.write_bytes(written([["number", "word"], *rows], ",").encode(encoding))
    text = look_at(path)
    assert records(text)[1:] == rows
    if not encoding.startswith("utf"):
        [note] = text.notes
        assert WORDS[encoding][0].split()[-1] in note
    assert look_at(path, encoding).notes == ()
    assert look_at(path, expected=text.encoding).notes == ()


def test_a_stray_byte_makes_no_other_encoding_of_utf_8(tmp_path):
    content = written([["größe", "wort"], *[["1,5", "für"]] * 40], ";").encode()
    (tmp_path / "t.csv").write_bytes(content + b'"2";"M\xfcnchen"\n')
    text = look_at(tmp_path / "t.csv")
    assert text.header == ("größe", "wort")
    assert records(text)[-1] == ["2", "M\ufffdnchen"]
    [note] = text.notes
    assert "line 42" in note


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-16"])
def test_a_mark_is_no_part_of_the_first_name(tmp_path, encoding):
    content = "größe,b\n1,2\n"
    written = (
        content.encode(encoding) if encoding == "utf-16" else f"\ufeff{content}".encode(encoding)
    )
    (tmp_path / "t.csv").write_bytes(written)
    assert look_at(tmp_path / "t.csv", encoding).header == ("größe", "b")
    assert look_at(tmp_path / "t.csv").header == ("größe", "b")


def test_utf_16_without_its_mark_is_told(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b\n1,2\n")
    with pytest.raises(DataError, match="is no utf-16"):
        look_at(tmp_path / "t.csv", "utf-16")


@pytest.mark.parametrize("name", ["rot13", "base64", "cp-1252", ""])
def test_what_is_no_encoding_of_text_is_told_in_the_config(name):
    with pytest.raises(ValidationError, match="knows no encoding"):
        FileData(source="csv", path="t.csv", target="y", encoding=name)


def test_lines_in_two_encodings_are_said(tmp_path):
    lines = [b"wort\n", *["für\n".encode()] * 5, *["für\n".encode("cp1252")] * 20]
    (tmp_path / "t.csv").write_bytes(b"".join(lines))
    [note] = look_at(tmp_path / "t.csv").notes
    assert "two files" in note


def test_what_is_not_in_the_named_encoding_is_told_with_its_line(tmp_path):
    (tmp_path / "t.csv").write_bytes("a,b\n1,x\n2,für\n".encode("cp1252"))
    with pytest.raises(DataError, match="is no utf-8") as caught:
        look_at(tmp_path / "t.csv", "utf-8")
    assert caught.value.problems[0].location.line == 3


@given(st.lists(st.floats(-1e6, 1e6).map(lambda x: f"{x:.3f}"), min_size=2, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_decimal_sign_is_the_one_that_numbers_have(tmp_path, delimiter, numbers):
    path = tmp_path / "numbers.csv"
    for sign in (".", ","):
        rows = [[number.replace(".", sign), "text"] for number in numbers]
        path.write_text(written([["number", "word"], *rows], delimiter, quoting=csv.QUOTE_MINIMAL))
        assert look_at(path).decimal == sign
        assert look_at(path).delimiter == delimiter


@given(st.lists(TEXTS, min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_record_knows_its_line(tmp_path, texts):
    assume(any(texts))
    path = tmp_path / "lines.csv"
    path.write_text(written([["a", "b"], *([text, "end"] for text in texts)], ","), newline="")
    line = 2
    for (number, fields), text in zip(list(look_at(path).records())[1:], texts, strict=True):
        assert (number, fields[0]) == (line, text)
        line += 1 + text.count("\n")


def test_a_column_of_decimals_in_a_comma_file_stays_with_points(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n1.5,"2,5"\n2.5,"3,5"\n')
    assert look_at(tmp_path / "a.csv").decimal == "."


def test_a_place_in_the_file_shows_its_text_without_what_a_terminal_obeys(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,\x1b[31mred\n")
    location = look_at(tmp_path / "a.csv").location(2)
    assert (location.line, location.text) == (2, "1, [31mred ")
