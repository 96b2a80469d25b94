"""A column means the same in every file and frame: what it is, is decided once, by its texts."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpopt.data.building import build_table
from hpopt.data.column_kinds import look
from hpopt.data.date_forms import date_form
from hpopt.data.loading import load_table
from hpopt.data.new_rows import new_rows_of, read_new_rows
from hpopt.data.prepared import Prepared, prepare
from hpopt.data.reading import of_frame, read_csv, read_parquet
from hpopt.data.settings import FileData, FunctionData
from hpopt.data.sources import of_arrays
from hpopt.data.splits import Parts
from hpopt.errors import DataError
from hpopt.inputs.kind import Runtime
from hpopt.inputs.raw import raw_columns
from hpopt.inputs.stored import Texts, is_gap

# Columns of texts that programs type by the rows they happen to see.
WORDS = {
    "flag": ["TRUE", "FALSE", "Unknown"],
    "truth": ["TRUE", "FALSE"],
    "answer": ["Yes", "no", ""],
    "zero_one": ["0", "1"],
    "zip": ["01234", "12345", "99999", "00501"],
    "floats": ["1.0", "2.0", "10.0", "NA"],
    "version": ["1.1", "1.2", "2.0", "dev"],
    "number": ["1.5", "-2", "3e2", "", "7", "0.25"],
    "amount": ["1,234.5", "2", "17", "12,000"],
    "when": ["19/08/2022", "22/03/2021", "05/12/2023", "31/01/2020"],
    "country": ["NA", "DE", "None", "FR"],
    "same_number": ["01", "1", "1.0", "2"],
    "price": ["$1,234.50", "($3.20)", "-$7", "$1,000"],
    "weight": ["1.5 kg", "2 kg", "0.25kg", "17 kg"],
    "months": ["1 month", "12 months", "36 months"],
    "percent": ["12 %", "0.5%", "7 %"],
    "fraction": ["12 %", "0.5", "0.07"],
    "euro": ["1.234,50", "7,5", "-2.000,25", "3"],
    "spaced": ["1 234,5", "7,25", "12 000,0"],
    "clock": ["04:40", "23:15:10", "1:05 pm", "12:00"],
    "lasted": ["1h 30m", "2d 3h", "45m"],
    "stamp": ["07/02/2020 10:47 PM", "04/13/2020 2:43 AM", "03/15/2021 12:00 PM"],
    "zoned": ["2020-10-26T04:40:00+01:00", "2020-10-27 04:40:00 UTC", "2021-01-02 00:00:00.25"],
    "mixed": ["26/10/2020", "2020-05-21", "1/2/2021 10:30", "0000-00-00"],
    "long_day": ["Monday, 26 October 2020", "Tuesday, 3 March 2020"],
    "quarter": ["2020Q4", "2021-Q1", "2020Q2"],
    "milliseconds": [str(1_700_000_000_000 + 1_001 * i) for i in range(20)],
    "to_the_second": [f"2020-10-26 04:{40 + i // 60}:{i % 60:02}" for i in range(60)],
}
# What a frame that has lost the spelling, or took a comma for one of thousands, can't give back.
LOSSY = ("same_number", "euro", "spaced")
TYPES = {"floats": "categorical", "same_number": "categorical", "version": "categorical"}
N = 60


def table_of(seed):
    rng = np.random.default_rng(seed)
    columns = {name: [*texts, *rng.choice(texts, N - len(texts))] for name, texts in WORDS.items()}
    frame = pd.DataFrame({name: rng.permutation(texts) for name, texts in columns.items()})
    return frame.assign(y=rng.permutation(["007", "7.0", "TRUE"] * (N // 3)))


def trained(frame, folder, **dataset):
    """The texts of a frame, as a CSV file, prepared; written down and read again."""
    frame.to_csv(folder / "train.csv", index=False)
    form = {"source": "csv", "path": str(folder / "train.csv"), "target": "y", **dataset}
    table = load_table(FileData.model_validate(form))
    rows = np.arange(len(frame))
    data = prepare(table, Parts(rows, rows[:5], rows[:5]), folder / "data")
    return Prepared.from_json(json.loads(json.dumps(data.to_json())), folder / "data")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    frame = table_of(0)
    data = trained(frame, tmp_path_factory.mktemp("trained"), features={"types": TYPES})
    return frame, data, np.array(data.inputs("train")), np.array(data.y("train"))


def assert_same(data, new, inputs, y):
    np.testing.assert_array_equal(data.features.apply(new.rows), inputs)
    np.testing.assert_array_equal(new.target, y)
    assert not [note for note in new.notes if "column" in note]


SUBSETS = st.lists(st.integers(0, N - 1), min_size=1, max_size=N)
PROPERTY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@PROPERTY
@given(SUBSETS, st.permutations([*WORDS, "y"]), st.integers(1, 400), st.integers(0, 6))
def test_any_rows_in_any_order_of_columns_and_any_chunks_are_as_in_training(
    case, tmp_path, rows, order, cells, most
):
    frame, data, inputs, y = case
    frame.iloc[rows][order].to_csv(tmp_path / "new.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hpopt.data.reading._TEXTS_AT_ONCE", cells)
        patch.setattr("hpopt.data.chunks._MOST_TEXTS", most)
        new = read_new_rows(tmp_path / "new.csv", data, with_target=True)
    assert_same(data, new, inputs[rows], y[rows])


@PROPERTY
@given(SUBSETS, st.sampled_from(["object", "str", "category"]))
def test_frames_and_parquet_of_texts_are_as_in_training(case, tmp_path, rows, dtype):
    frame, data, inputs, y = case
    given = frame.iloc[rows].replace("", None).astype(dtype)
    assert_same(data, new_rows_of(given, data, with_target=True), inputs[rows], y[rows])
    given.to_parquet(tmp_path / "new.parquet")
    new = read_new_rows(tmp_path / "new.parquet", data, with_target=True)
    assert_same(data, new, inputs[rows], y[rows])
    kept = raw_columns(given, data.features.columns_form(Runtime(), {})["readers"])
    np.testing.assert_array_equal(data.features.apply(kept), inputs[rows])


@PROPERTY
@given(SUBSETS, st.sampled_from([None, "numpy_nullable", "pyarrow"]))
def test_frames_that_pandas_has_typed_afresh_are_as_in_training(case, tmp_path, rows, backend):
    frame, data, inputs, _ = case
    frame.iloc[rows].to_csv(tmp_path / "new.csv", index=False)
    options = {} if backend is None else {"dtype_backend": backend}
    typed = pd.read_csv(tmp_path / "new.csv", thousands=",", **options)
    typed[list(LOSSY)] = frame.iloc[rows][list(LOSSY)].to_numpy()
    typed["when"] = pd.to_datetime(typed["when"], format="%d/%m/%Y")
    for frame_given in (typed, typed.assign(when=typed["when"].dt.date)):
        new = new_rows_of(frame_given, data, with_target=False)
        np.testing.assert_array_equal(data.features.apply(new.rows), inputs[rows])
        kept = raw_columns(frame_given, data.features.columns_form(Runtime(), {})["readers"])
        np.testing.assert_array_equal(data.features.apply(kept), inputs[rows])


def test_many_numbers_are_read_as_numbers_and_what_breaks_them_is_read_again(tmp_path):
    rows = 5_000
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"clean": rng.normal(size=rows), "late": rng.normal(size=rows)})
    texts = frame.astype(str)
    texts["code"] = texts["late"]
    texts.loc[rows - 1, ["late", "code"]] = ["NA", "007"]
    texts.to_csv(tmp_path / "many.csv", index=False)
    sheet = read_csv(tmp_path / "many.csv")
    np.testing.assert_array_equal(sheet.columns["clean"], frame["clean"])
    assert sheet.columns["code"].to_array().tolist() == texts["code"].tolist()
    assert sheet.words == {"late": {"NA": 1}}


@pytest.mark.parametrize(
    "labels",
    [
        ["900000000000207008", "900000000000207010"],
        ["1.1", "1.10", "v2"],
        ["1.1", "1.10", "1.2"],
        ["007", "7"],
        ["1E5", "2D1", "3E2"],
        ["TRUE", "FALSE"],
    ],
)
def test_labels_keep_their_spelling_in_files_and_frames(tmp_path, labels):
    frame = pd.DataFrame({"x": np.arange(60) % 7 / 3, "y": (labels * 30)[:60]})
    data = trained(frame, tmp_path, task="binary" if len(labels) == 2 else "multiclass")
    assert sorted(data.labels) == sorted(labels)
    for new in (
        read_new_rows(tmp_path / "train.csv", data, with_target=True),
        new_rows_of(frame, data, with_target=True),
    ):
        assert [data.labels[index] for index in new.target] == frame["y"].tolist()


def test_labels_that_come_as_numbers_are_those_of_the_file(tmp_path):
    frame = pd.DataFrame({"x": np.arange(60) % 7 / 3, "y": ["007", "012"] * 30})
    data = trained(frame, tmp_path)
    new = new_rows_of(frame.assign(y=[7, 12] * 30), data, with_target=True)
    np.testing.assert_array_equal(new.target, data.y("train"))


@pytest.mark.parametrize("versions", [[1.1, 2.5], [1.1, "dev"]])
def test_numbers_that_training_spelled_in_several_ways_are_said(tmp_path, versions):
    columns = {"v": ["1.1", "1.10", "2.5", "dev"], "x": [1.5, 2.5, 3, 4]}
    frame = pd.DataFrame({name: values * 15 for name, values in columns.items()})
    data = trained(frame.assign(y=frame["v"]), tmp_path)
    new = pd.DataFrame({"v": versions, "x": [1, 2], "y": versions})
    read = new_rows_of(new, data, with_target=True)
    said = [note for note in read.notes if "1.1 is spelled in several ways" in note]
    assert [note.split(":")[0] for note in said] == ["column `v`", "column `y`"]
    assert read.rows["v"].tolist() == list(map(str, versions))
    assert not new_rows_of(new.astype(str), data, with_target=True).notes


def test_long_whole_numbers_of_a_frame_stay_apart():
    frame = pd.DataFrame({"x": [1.0, 2.5] * 30, "y": [2**60 + 1, 2**60 + 2] * 30})
    table = build_table(of_frame(frame, "it"), target="y", task=None)
    assert table.labels == (str(2**60 + 1), str(2**60 + 2))


def test_what_float32_would_lose_is_taken_away_before(tmp_path):
    stamps = 1_700_000_000_000 + np.random.default_rng(0).permutation(N) * 100
    frame = pd.DataFrame({"t": stamps, "c": 1e6 + stamps % 7 / 1000, "y": ["a", "b"] * (N // 2)})
    data = trained(frame, tmp_path)
    assert len(np.unique(np.array(data.inputs("train"))[:, 0])) == N
    assert [reader["offset"] for reader in data.features.readers] == [
        1_700_000_003_000,
        1_000_000.003,
    ]
    table = build_table(of_frame(frame, "it"), target="y", task=None)
    assert "1700000003000 is taken away" in table.columns[0].reason


def test_what_float32_loses_all_the_same_is_said():
    wide = np.concatenate([np.arange(30) * 10**12 + i for i in range(3)])
    frame = pd.DataFrame({"x": wide, "y": ["a", "b"] * 45})
    table = build_table(of_frame(frame, "it"), target="y", task=None)
    assert re.search("keeps 3. of 90", table.columns[0].reason)
    arrays = of_arrays(1_700_000_000_000 + np.arange(60.0)[:, None], ["a", "b"] * 30, None)
    assert "feature x0: float32" in arrays.notes[0]


def test_codes_that_begin_with_0_are_no_numbers(tmp_path):
    data = trained(table_of(1), tmp_path)
    kinds = {column["name"]: column["kind"] for column in data.columns}
    assert kinds["zip"] == "categorical"
    assert kinds["number"] == kinds["amount"] == "numeric"


@pytest.mark.parametrize(
    ("gaps", "word", "labels"),
    [
        (None, "None", ["high", "low"]),
        ([], None, ["None", "high", "low"]),
        (["high"], "high", ["None", "low"]),
    ],
)
def test_which_words_are_gaps_is_said_and_settable(tmp_path, gaps, word, labels):
    frame = pd.DataFrame({"x": np.arange(60) % 7 / 3, "y": ["None", "low", "high"] * 20})
    frame.to_csv(tmp_path / "t.csv", index=False)
    form = {"source": "csv", "path": str(tmp_path / "t.csv"), "target": "y", "gaps": gaps}
    table = load_table(FileData.model_validate(form))
    assert list(table.labels) == labels
    assert table.columns[1].words == ({word: 20} if word else {})
    assert bool(table.notes) == bool(word)
    if word:
        assert f'20 "{word}" taken for gaps' in table.notes[0]


@pytest.mark.parametrize("gap", [-999, -999.0, "-999"])
def test_a_number_that_stands_for_a_gap_is_one_wherever_it_comes_from(tmp_path, gap):
    numbers = [float(i % 7 + 1) if i % 5 else -999.0 for i in range(N)]
    frame = pd.DataFrame({"x": numbers, "z": np.arange(N) / 7, "y": [*numbers[1:], 3.5]})
    form = {"source": "parquet", "path": str(tmp_path / "t.parquet"), "target": "y", "gaps": [gap]}
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    is_gap = np.array(numbers) == -999
    lacks = frame["y"].to_numpy() == -999
    table = load_table(FileData.model_validate(form))
    np.testing.assert_array_equal(np.isnan(table.features["x"]), is_gap[~lacks])
    rows = np.arange(len(table.target))
    data = prepare(table, Parts(rows, rows[:5], rows[:5]), tmp_path / "data")
    for new in (
        read_new_rows(tmp_path / "t.csv", data, with_target=True),
        read_new_rows(tmp_path / "t.parquet", data, with_target=True),
        new_rows_of(frame.astype(str), data, with_target=True),
    ):
        np.testing.assert_array_equal(np.isnan(new.rows["x"]), is_gap)
        np.testing.assert_array_equal(np.isnan(new.target), lacks)
        assert not [note for note in new.notes if "column" in note]


@pytest.mark.parametrize("words", [["None", "some"], ["None"]])
def test_an_error_on_the_target_says_what_words_were_taken_for_gaps(tmp_path, words):
    frame = pd.DataFrame({"x": np.arange(60) % 7 / 3, "y": words * (60 // len(words))})
    frame.to_csv(tmp_path / "t.csv", index=False)
    form = {"source": "csv", "path": str(tmp_path / "t.csv"), "target": "y"}
    with pytest.raises(DataError) as caught:
        load_table(FileData.model_validate(form))
    [problem] = caught.value.problems
    assert f'{60 // len(words)} "None" were taken for gaps: `gaps: []`' in problem.help


def test_texts_in_a_frame_are_trusted(tmp_path, monkeypatch):
    (tmp_path / "none_source.py").write_text(
        "import pandas as pd\n\n\ndef f():\n"
        "    return pd.DataFrame({'x': [1.0, 2.5, 3.0] * 20, 'y': ['None', 'low', 'high'] * 20})\n"
    )
    form = {"source": f"{tmp_path}/none_source.py:f", "target": "y"}
    assert load_table(FunctionData.model_validate(form)).labels == ("None", "high", "low")
    table = load_table(FunctionData.model_validate({**form, "gaps": ["none"]}))
    assert table.labels == ("high", "low")


def test_the_decimal_sign_is_the_one_of_training(tmp_path):
    prices = ["24.640,5", "2.490", "55,25", "3,5", "117"] * 12
    frame = pd.DataFrame({"price": prices, "y": ["a", "b"] * 30})
    (tmp_path / "train.csv").write_text(frame.to_csv(index=False, sep=";"))
    form = {"source": "csv", "path": str(tmp_path / "train.csv"), "target": "y"}
    table = load_table(FileData.model_validate(form))
    rows = np.arange(60)
    data = prepare(table, Parts(rows, rows[:5], rows[:5]), tmp_path / "data")
    (tmp_path / "one.csv").write_text("price;y\n2.490;a\n117;b\n")
    new = read_new_rows(tmp_path / "one.csv", data)
    assert new.rows["price"].tolist() == [2490, 117]
    (tmp_path / "other.csv").write_text("price,y\n0.5,a\n117,b\n")
    other = read_new_rows(tmp_path / "other.csv", data)
    assert other.rows["price"].tolist() == [0.5, 117]
    assert "decimal sign" in other.notes[0]
    (tmp_path / "both.csv").write_text("price;y\n0.5;a\n1,5;b\n")
    both = read_new_rows(tmp_path / "both.csv", data)
    np.testing.assert_array_equal(both.rows["price"], [np.nan, 1.5])
    assert '"0.5" in row 1' in both.notes[0]


LONG = 900_000_000_000_207_000  # the next number that float64 has is 128 away


@pytest.mark.parametrize("most", [1, 20_000])
@pytest.mark.parametrize("source", ["csv", "parquet", "gaps in parquet", "frame", "gaps in frame"])
def test_long_codes_stay_apart(tmp_path, monkeypatch, source, most):
    monkeypatch.setattr("hpopt.data.chunks._MOST_TEXTS", most)
    monkeypatch.setattr("hpopt.data.reading._TEXTS_AT_ONCE", 50)
    codes = [LONG + 2 * (i % 3) if "gaps" not in source or i % 5 else None for i in range(N)]
    frame = pd.DataFrame({"c": pd.array(codes, dtype="Int64"), "x": np.arange(N) / 7})
    frame = frame.assign(y=["a", "b"] * (N // 2))
    path = tmp_path / "t.csv"
    if source == "csv":
        frame.to_csv(path, index=False)
        sheet = read_csv(path)
    elif "parquet" in source:
        pq.write_table(pa.Table.from_pandas(frame).replace_schema_metadata(None), path)
        sheet = read_parquet(path)
    else:
        sheet = of_frame(frame, "it")
    table = build_table(sheet, target="y", task=None)
    assert table.features["c"].distinct == tuple(str(LONG + 2 * i) for i in range(3))
    assert "as numbers some of them would be the same" in table.columns[0].reason


@pytest.mark.parametrize("other", ["9.00000000000207E17", "9.00000000000207E+17", "1E999"])
def test_long_codes_and_those_with_an_exponent_stay_apart(tmp_path, other):
    codes = [str(LONG + 8), other, "12"] * 20
    frame = pd.DataFrame({"c": codes, "y": ["a", "b"] * 30})
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = build_table(read_csv(tmp_path / "t.csv"), target="y", task=None)
    assert set(table.features["c"].distinct) == set(codes)
    measured = look("c", Texts.of(np.array(["6.02214076E23", "1.602E19", "12"] * 20)))
    assert measured.kind == "numeric"


def test_long_codes_among_many_numbers_stay_apart(tmp_path):
    frame = pd.DataFrame({"c": LONG + 2 * np.arange(3_000), "t": LONG + 1024 * np.arange(3_000)})
    frame = frame.assign(x=np.arange(3_000) / 7)
    frame.to_csv(tmp_path / "t.csv", index=False)
    c, t, x = read_csv(tmp_path / "t.csv").columns.values()
    assert look("c", c).kind == "id"
    assert look("t", t).kind == "numeric"
    assert isinstance(x, np.ndarray)


def test_a_category_that_nothing_was_learned_of_is_said(tmp_path):
    frame = pd.DataFrame({"c": ["red", "green"] * 30, "y": ["a", "b", "b"] * 20})
    data = trained(frame, tmp_path)
    new = new_rows_of(pd.DataFrame({"c": ["red", "RED", None]}), data, with_target=False)
    [note] = new.notes
    assert '"RED" in row 2' in note


def test_rows_in_a_list_get_a_clear_error(case):
    _, data, *_ = case
    with pytest.raises(DataError, match="can't come as a list"):
        new_rows_of([[1, 2]], data, with_target=False)


def test_a_target_of_numbers_is_read_as_in_training(tmp_path):
    frame = pd.DataFrame({"x": np.arange(60) % 7 / 3, "y": [f"1,{i:03}.5" for i in range(60)]})
    data = trained(frame, tmp_path)
    np.testing.assert_array_equal(data.y("train"), 1000.5 + np.arange(60))
    there = frame.assign(y=[f"1.{i:03},5" for i in range(60)])
    for table in (frame, there, frame.assign(y=1000.5 + np.arange(60))):
        new = new_rows_of(table, data, with_target=True)
        np.testing.assert_array_equal(new.target, data.y("train"))


BROKEN = {
    "numbers": [*map(str, range(100, 118)), "abc", "inf"],
    "infinite": [*map(str, range(100, 118)), "-inf", "inf"],
    "dates": [*(f"2020-01-{day:02}" for day in range(1, 20)), "31 june"],
}


@pytest.mark.parametrize("name", BROKEN)
def test_rows_of_what_training_could_not_read_are_gaps_as_they_were_there(tmp_path, name):
    texts = BROKEN[name] if name == "dates" else [*BROKEN[name], *map(str, range(200, 260))]
    frame = pd.DataFrame({"x": (texts * 60)[:240], "y": ["a", "b"] * 120})
    data = trained(frame, tmp_path)
    for rows in (frame[frame["x"] == texts[i]] for i in (0, 18, 19)):
        rows.to_csv(tmp_path / "new.csv", index=False)
        new = read_new_rows(tmp_path / "new.csv", data)
        np.testing.assert_array_equal(
            data.features.apply(new.rows), np.array(data.inputs("train"))[rows.index]
        )


def test_an_index_with_a_name_is_a_column(tmp_path):
    frame = pd.DataFrame({"c": ["red", "green"] * 30, "x": np.arange(60) / 7})
    frame = frame.assign(y=["a", "b", "b"] * 20)
    indexed = frame.set_index("c")
    indexed.to_parquet(tmp_path / "t.parquet")
    frame.set_index(np.arange(60)[::-1]).to_parquet(tmp_path / "nameless.parquet")
    for sheet in (read_parquet(tmp_path / "t.parquet"), of_frame(indexed, "it")):
        assert set(sheet.columns) == {"c", "x", "y"}
        assert sheet.columns["c"].distinct == ("red", "green")
    table = build_table(read_parquet(tmp_path / "nameless.parquet"), target="y", task=None)
    assert set(table.features) == {"c", "x"}
    new = new_rows_of(indexed, trained(frame, tmp_path), with_target=True)
    assert new.rows["c"].tolist() == ["red", "green"] * 30


@pytest.mark.parametrize("values", [[1, 2], [1.5, 2], ["a", "b"], [True, False]])
def test_gaps_among_categories_of_pandas_are_gaps(values):
    given = pd.Series(pd.Categorical([*values, None], categories=values))
    plain = pd.Series([*values, None], dtype=object)
    columns = [
        of_frame(pd.DataFrame({"c": column}), "it").columns["c"] for column in (given, plain)
    ]
    assert [look("c", column).kind for column in columns] == [look("c", columns[1]).kind] * 2
    assert [is_gap(column).tolist() for column in columns] == [[False, False, True]] * 2


@pytest.mark.parametrize("trained_zone", ["", "+01:00"])
@pytest.mark.parametrize("zone", ["", "+01:00"])
def test_a_zone_shifts_no_day_without_a_word(tmp_path, trained_zone, zone):
    clocks = pd.Series(pd.date_range("2023-01-07", periods=N, freq="37h"))
    texts, y = clocks.dt.strftime("%FT%T"), ["a", "b"] * (N // 2)
    data = trained(pd.DataFrame({"t": texts + trained_zone, "y": y}), tmp_path)
    later = pd.DataFrame({"t": texts + zone, "y": y})
    later.to_csv(tmp_path / "new.csv", index=False)
    typed = later.assign(t=pd.to_datetime(later["t"]))
    typed.to_parquet(tmp_path / "new.parquet")
    objects = later.assign(t=np.array(list(typed["t"].dt.to_pydatetime()), dtype=object))
    expected = clocks - pd.Timedelta(hours=1) if trained_zone and zone else clocks
    word = "column `t` names a zone" if zone else "column `t` names no zone"
    for new in (
        read_new_rows(tmp_path / "new.csv", data),
        read_new_rows(tmp_path / "new.parquet", data),
        *(new_rows_of(each, data, with_target=False) for each in (typed, objects, later)),
    ):
        np.testing.assert_array_equal(new.rows["t.day"], expected.dt.day)
        np.testing.assert_array_equal(new.rows["t.hour"], expected.dt.hour)
        assert [note.startswith(word) for note in new.notes] == [True] * (zone != trained_zone)
    for frame in (typed, objects, later):  # as in an export
        kept = raw_columns(frame, data.features.columns_form(Runtime(), {})["readers"])
        np.testing.assert_array_equal(kept["t.hour"], expected.dt.hour)


def test_zones_beside_none_are_said(tmp_path):
    frame = pd.DataFrame(
        {"t": ["2023-01-07 10:00", "2023-03-01T11:30Z"] * 30, "y": ["a", "b"] * 30}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    form = {"source": "csv", "path": str(tmp_path / "t.csv"), "target": "y"}
    [note] = load_table(FileData.model_validate(form)).notes
    assert note.endswith("some of its points in time name a zone: the others are taken for UTC")


@pytest.mark.parametrize("texts", [["2019", "2020", "2021"], ["20200113", "20210205", "20211230"]])
def test_dates_that_come_as_numbers_are_those_of_the_file(tmp_path, texts):
    frame = pd.DataFrame({"when": texts * (N // 3), "y": ["a", "b"] * (N // 2)})
    data = trained(frame, tmp_path, features={"types": {"when": "date"}})
    for dtype in (int, float, "Int64"):
        new = new_rows_of(
            frame.assign(when=frame["when"].astype(int).astype(dtype)), data, with_target=True
        )
        assert_same(data, new, np.array(data.inputs("train")), data.y("train"))


@pytest.mark.parametrize(
    "texts",
    [
        ["Sept 5, 2020", "Oct 6, 2021", "May 7, 2022"],
        ["5 Sept 2020 00:00", "6 Oct 2021 00:00", "7 May 2022 00:00"],
        ["Sat Sep  5 00:00:00 2020", "Wed Oct  6 00:00:00 2021", "Sat May 07 00:00:00 2022"],
    ],
)
def test_dates_as_journals_and_logs_have_them(texts):
    form = date_form(texts, np.ones(3))
    days = ["2020-09-05", "2021-10-06", "2022-05-07"]
    np.testing.assert_array_equal(form.times, np.array(days, dtype="datetime64[ns]"))
