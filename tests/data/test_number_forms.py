"""Signs of decimals and of groups: each column by its own values, and later files by training's."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.data.building import build_table
from hpopt.data.column_kinds import look
from hpopt.data.loading import load_table
from hpopt.data.new_rows import new_rows_of, read_new_rows
from hpopt.data.number_forms import Shapes
from hpopt.data.prepared import prepare
from hpopt.data.reading import of_frame
from hpopt.data.settings import FileData
from hpopt.data.splits import Parts
from hpopt.errors import DataError
from hpopt.inputs import raw
from hpopt.inputs.stored import Texts
from hpopt.inputs.written import number_of, numbers_of

N = 40


def table_of(path, delimiter=";", **columns):
    frame = pd.DataFrame({name: (list(texts) * N)[:N] for name, texts in columns.items()})
    frame = frame.assign(y=["a", "b"] * (N // 2))
    path.write_text(frame.to_csv(index=False, sep=delimiter))
    form = {"source": "csv", "path": str(path), "target": "y"}
    return load_table(FileData.model_validate(form))


def prepared(table, folder):
    rows = np.arange(N)
    return prepare(table, Parts(rows, rows[:5], rows[:5]), folder / "data")


# The column, those beside it, and what it is; last whether its reader has a sign between groups.
GERMAN, ENGLISH = ("223,31", "7,5"), ("223.31", "7.5")
COLUMNS = {
    "decimals beside decimal commas": (("4.648", "0.644", "1.250"), GERMAN, 4.648, ""),
    "decimals of other lengths": (("4.648", "12.5"), GERMAN, 4.648, ""),
    "decimal commas beside points": (("4,648", "0,644"), ENGLISH, 4.648, ""),
    "groups beside decimal commas": (("4.648", "17", "12.000"), GERMAN, 4648, "."),
    "groups by several": (("4.648", "1.234.567"), ENGLISH, 4648, "."),
    "groups by both signs": (("4.648", "1.234,5"), ENGLISH, 4648, "."),
    "groups in English": (("4,648", "1,234.5"), GERMAN, 4648, ","),
    "decimals by default": (("4.648", "3.250"), ENGLISH, 4.648, ""),
    "groups by default": (("4,648", "3,250"), ENGLISH, 4648, ","),
}
IN_DOUBT = ("groups beside decimal commas", "decimals by default", "groups by default")


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_says_itself_how_its_numbers_are_written(tmp_path, name):
    texts, beside, first, thousands = COLUMNS[name]
    table = table_of(tmp_path / "t.csv", w=texts, price=beside)
    assert table.features["w"][0] == first
    assert table.features["price"][0] == 223.31
    reader = next(reader for reader in table.settings["readers"] if reader["column"] == "w")
    assert reader["thousands"] == thousands
    assert any('"4' in note and "could be" in note for note in table.notes) == (name in IN_DOUBT)


# Rows of training, a new file's, and its numbers; None where it is refused, NaN where one is said.
LATER = {
    "every value could be a group": (("3.250", "1.125"), ("3,250", "2,125"), (3.25, 2.125)),
    "exchanged": (("3.25", "1.125"), ("3,25", "2"), (3.25, 2)),
    "mixed": (("3.250", "1.125"), ("2,125", "3.250"), (np.nan, 3.25)),
    "groups that show themselves": (("3.25", "1.125"), ("1,234.5", "2"), (1234.5, 2)),
    "exchanged, with groups": (("3.25", "1.125"), ("1.234,5", "2"), (1234.5, 2)),
    "groups as in training": (("3,250.5", "1,125"), ("2,125", "7"), (2125, 7)),
    "groups exchanged": (("3,250.5", "1,125"), ("2.125", "7,5"), (2125, 7.5)),
    "neither": (("3.25", "1.125"), ("1.2,3", "1,2,3"), None),
}


@pytest.mark.parametrize("name", LATER)
def test_later_numbers_are_read_as_in_training_or_with_a_word(tmp_path, name):
    texts, later, numbers = LATER[name]
    data = prepared(table_of(tmp_path / "t.csv", x=texts), tmp_path)
    (tmp_path / "new.csv").write_text("x;y\n" + "".join(f"{text};a\n" for text in later))
    frame = pd.DataFrame({"x": later})
    for read in (lambda: read_new_rows(tmp_path / "new.csv", data),
                  lambda: new_rows_of(frame, data, with_target=False)):  # fmt: skip
        if numbers is None:
            with pytest.raises(DataError, match="can't be read as numbers"):
                read()
            continue
        new = read()
        np.testing.assert_array_equal(new.rows["x"], numbers)
        assert any("`x`" in note for note in new.notes) == (name != "groups as in training")


def test_a_column_that_can_only_be_as_in_training_stays_so_where_others_are_exchanged(tmp_path):
    data = prepared(table_of(tmp_path / "t.csv", a=("1.05", "7.5"), n=("0.5", "2.25")), tmp_path)
    (tmp_path / "new.csv").write_text("a;n\n1,05;0.5\n2,5;2.25\n")
    new = read_new_rows(tmp_path / "new.csv", data)
    assert (new.rows["a"].tolist(), new.rows["n"].tolist()) == ([1.05, 2.5], [0.5, 2.25])
    [note] = new.notes
    assert note.endswith('by `a`: "1,05" is read as 1.05')


SIGNS = st.sampled_from(
    ["", "$", "€ ", "-", "(", "kg", " kg", "%", " %", ")", " ", "'", "e3", "e-2"]
)
DIGITS = st.text("0179.,' ", min_size=1, max_size=9)
WRITTEN = st.lists(st.tuples(SIGNS, SIGNS, DIGITS, SIGNS).map("".join), min_size=1, max_size=9)
READERS = st.fixed_dictionaries(
    {
        "decimal": st.sampled_from(".,"),
        "thousands": st.sampled_from(["", ".", ",", " ", "'"]),
        "unit": st.sampled_from(["", "$", "€", "kg"]),
    }
).filter(lambda reader: reader["decimal"] != reader["thousands"])


@given(WRITTEN, READERS)
def test_texts_of_one_shape_are_numbers_or_none_alike(texts, reader):
    numbers = raw.numbers(pd.Series(texts, dtype=object), reader)
    np.testing.assert_array_equal(Shapes.of(texts).misread(reader), np.isnan(numbers))


@given(WRITTEN, READERS)
def test_the_short_way_to_a_number_says_what_the_long_one_does(texts, reader):
    signs = reader["decimal"], reader["thousands"], reader["unit"]
    short = [number_of(text, *signs) for text in texts]
    long = [number_of(f" {text}", *signs) for text in texts]  # a space needs the long way
    np.testing.assert_array_equal(short, long)
    np.testing.assert_array_equal(numbers_of(texts, *signs), short)


@pytest.mark.parametrize(
    ("texts", "new", "expected"),
    [
        (("1.040,-", "900,-", "1.200,-"), ["950,-", "12,50", "-3,-"], [950, 12.5, -3]),
        (("1.040,- EUR", "1.200,-- EUR"), ["1.250,- EUR", "7 EUR"], [1250, 7]),
        (("CHF 1'040.-", "CHF 900.\u2013"), ["CHF 2'950.-"], [2950]),
        (("5-", "7.5", "8"), ["6-", "6"], [-6, 6]),
    ],
)
def test_a_dash_in_place_of_decimals_makes_no_number_negative(tmp_path, texts, new, expected):
    data = prepared(table_of(tmp_path / "train.csv", x=texts), tmp_path)
    frame = pd.DataFrame({"x": new})
    [reader] = data.features.readers
    np.testing.assert_array_equal(raw.numbers(frame["x"], reader), expected)
    assert not new_rows_of(frame, data, with_target=False).notes


def test_per_cent_where_training_had_none_is_said(tmp_path):
    data = prepared(table_of(tmp_path / "train.csv", x=("0.12", "0.5", "0.07")), tmp_path)
    new = new_rows_of(pd.DataFrame({"x": ["12 %", "0.5", "7%"]}), data, with_target=False)
    assert new.notes == ["column `x`: 12 % is read as 12, in 2 rows: none had a % in training"]


def test_long_codes_that_a_program_wrote_as_decimals_stay_apart(tmp_path):
    codes = ("900000000000000042.0", "900000000000000048.0", "12.0")
    data = prepared(table_of(tmp_path / "train.csv", x=codes), tmp_path)
    inputs = data.features.apply(
        read_new_rows(tmp_path / "train.csv", data, with_target=False).rows
    )
    assert len(np.unique(inputs, axis=0)) == len(codes)


@pytest.mark.parametrize("whole", [("950", "1200", "14000"), ("5", "7", "1200")])
@pytest.mark.parametrize("new", ["1,234", "12.500", "2.345"])
def test_what_may_be_thousands_where_training_had_whole_numbers_is_said(tmp_path, whole, new):
    data = prepared(table_of(tmp_path / "train.csv", x=whole), tmp_path)
    read = new_rows_of(pd.DataFrame({"x": ["950", new]}), data, with_target=False)
    number = np.nan if "," in new else float(new)
    np.testing.assert_array_equal(read.rows["x"], [950, number])
    assert f'"{new}" is taken for' in read.notes[0]
    assert "thousands, or decimals" in read.notes[0]
    if "," in new:
        with pytest.raises(
            DataError, match=r"can.t be read as numbers(.|\n)*thousands, or decimals"
        ):
            new_rows_of(pd.DataFrame({"x": [new]}), data, with_target=False)


def test_whole_numbers_of_training_may_have_decimals_and_sure_groups_later(tmp_path):
    data = prepared(table_of(tmp_path / "train.csv", x=("950", "1200")), tmp_path)
    for new, number in (("950.5", 950.5), ("0,5", 0.5), ("1,234,567", 1_234_567)):
        read = new_rows_of(pd.DataFrame({"x": [new, "3"]}), data, with_target=False)
        np.testing.assert_array_equal(read.rows["x"], [number, 3])
        assert "thousands, or decimals" not in "".join(read.notes)


def test_whole_targets_of_training_are_not_thousandths_later(tmp_path):
    table_of(tmp_path / "train.csv", x=("1", "2"), price=range(950, 950 + N))
    form = {"source": "csv", "path": str(tmp_path / "train.csv"), "target": "price"}
    data = prepared(load_table(FileData.model_validate(form)), tmp_path)
    new = pd.DataFrame({"x": [1, 2], "y": ["a", "b"], "price": ["950", "1,234"]})
    with pytest.raises(DataError, match='"1,234" in row 2, which is no number'):
        new_rows_of(new, data, with_target=True)


@pytest.mark.parametrize("new", [["50", "0.5", "12 %"], [50, 0.5, 0.12]])
def test_a_bare_number_that_may_be_per_cent_is_said(tmp_path, new):
    texts = ("12 %", "0.5", "0.12")
    data = prepared(table_of(tmp_path / "train.csv", x=texts), tmp_path)
    read = new_rows_of(pd.DataFrame({"x": new}), data, with_target=False)
    np.testing.assert_array_equal(read.rows["x"], [50, 0.5, 0.12])
    [note] = read.notes
    assert "50 is read as 50, not as 50 %, in 1 row" in note


def test_per_cent_beside_fractions_and_a_bare_number_is_said(tmp_path):
    table = table_of(tmp_path / "train.csv", x=("12 %", "0.5", "0.12", "50"))
    [note] = [note for note in table.notes if "`x`" in note]
    assert '"12 %" is read as 12 beside "0.' in note
    assert '"50" stands there without a %' in note
    table = table_of(tmp_path / "train.csv", x=("12 %", "7", "3.5", "50"))
    assert not [note for note in table.notes if "`x`" in note]


def test_many_texts_of_which_the_most_are_gaps_are_numbers_still():
    prices = [f"${n / 100:,.2f}" for n in range(6_000)]
    values = Texts.of(np.array([*prices, *["?"] * 50_000]))
    column = look("price", values)
    assert column.kind == "numeric"
    assert column.gaps == 50_000
    words = np.array([f"what {n} others wrote of it" for n in range(6_000)])
    assert look("remark", Texts.of(words)).kind == "text"


def test_wide_digits_are_numbers_and_codes_as_others_are():
    wide = look("x", Texts.of(np.array(["３．５", "１２", "-７", "２，０００．５"])))
    assert wide.kind == "numeric"
    values = raw.numbers(pd.Series(["３．５", "２，０００．５", "7.25"]), wide.reader)
    assert values.tolist() == [3.5, 2000.5, 7.25]
    assert look("x", Texts.of(np.array(["００１", "００２", "０１２"] * 9))).kind == "categorical"
    per_cent = look("x", Texts.of(np.array(["55％", "７％", "6 %"])))
    assert per_cent.reader["percent"] == "all"


def test_a_number_far_from_all_others_is_said():
    rng = np.random.default_rng(0)
    measured = rng.normal(20, 2, 200)
    for filler, words in ((-999, "-999 stands in 5 rows"), (9999, "9999 stands in 5 rows")):
        values = np.where(np.arange(200) % 40 == 0, filler, measured)
        assert notes_on(values, "y")[0].startswith(f"the target `y`: {words}")
        assert notes_on(values, "x")[0].startswith(f"column `x`: {words}")
    for values in (measured, np.exp(measured / 5), np.maximum(measured, 18)):
        assert not notes_on(values, "x")


def notes_on(values, name):
    other = "x" if name == "y" else "y"
    frame = pd.DataFrame({name: values, other: np.random.default_rng(1).normal(size=len(values))})
    return build_table(of_frame(frame, "it"), target="y", task=None).notes
