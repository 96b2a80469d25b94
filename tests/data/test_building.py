"""From a CSV file to parts that are split, typed and prepared."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpopt.data.building import build_table
from hpopt.data.prepared import Prepared, fingerprints, prepare
from hpopt.data.reading import of_frame, read_csv
from hpopt.data.settings import Features
from hpopt.data.splits import split_rows
from hpopt.data.targets import encode_target
from hpopt.errors import DataError, SettingError
from hpopt.inputs.raw import raw_columns

SHARES = {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 0, "stratify": "auto"}
N = 300
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "age": np.where(RNG.random(N) < 0.2, np.nan, RNG.integers(18, 90, N)),
        "city": RNG.choice(["Rome", "Oslo", None], N),
        "signup": pd.date_range("2020-01-01", periods=N).strftime("%Y-%m-%d"),
        "customer_id": RNG.integers(0, 60, N),
        "note": [f"what customer number {i} wrote" for i in range(N)],
        "paid": RNG.choice(["yes", "no"], N),
    }
)


def build(frame=FRAME, target="paid", task=None, **options):
    return build_table(of_frame(frame, "it"), target=target, task=task, **options)


def verdicts(table):
    return {column.name: (column.kind, column.use) for column in table.columns}


def test_a_table_has_its_columns_typed_and_its_target_encoded():
    table = build()
    assert verdicts(table) == {
        "age": ("numeric", "feature"),
        "city": ("categorical", "feature"),
        "signup": ("date", "feature"),
        "customer_id": ("id", "left out"),
        "note": ("text", "left out"),
        "paid": ("boolean", "target"),
    }
    assert table.labels == ("no", "yes")
    assert table.target.tolist() == (FRAME["paid"] == "yes").tolist()
    assert table.feature_names[:3] == ("age", "city", "signup.days")
    assert table.task == "binary"


def test_rows_without_a_target_are_left_out_with_their_count():
    frame = FRAME.assign(paid=FRAME["paid"].where(FRAME.index >= 7))
    table = build(frame)
    assert "7 rows without `paid` are left out" in table.notes
    assert len(table.target) == len(table.features["age"]) == N - 7


@pytest.mark.parametrize(
    ("values", "task", "labels"),
    [
        (["b", "a", "b"] * 9, "binary", ("b", "a")),
        ([10, 2, 2] * 9, "binary", ("2", "10")),
        ([3, 5, 10] * 9, "multiclass", ("3", "5", "10")),
        (["10", "2", "?", "7"] * 9, "multiclass", ("2", "7", "10")),
        ([True, False] * 9, "binary", ("False", "True")),
        (np.arange(40) / 3, "regression", ()),
        (np.arange(400), "regression", ()),
        ([f"{i},000" for i in range(1, 60)], "regression", ()),
    ],
)
def test_the_task_comes_from_the_target(values, task, labels):
    found = encode_target("it", of_frame(pd.DataFrame({"y": values}), "it").columns["y"])
    assert (found.task, found.labels) == (task, labels)


@pytest.mark.parametrize(
    ("values", "positive", "labels"),
    [
        (["churned", "stayed", "stayed"], None, ("stayed", "churned")),  # the rarer
        (["stayed", "stayed", "zz"], None, ("stayed", "zz")),
        (["a", "b"], None, ("a", "b")),
        ([1, 1, 0], None, ("1", "0")),
        ([1, 1, 0], 1, ("0", "1")),
        (["churned", "stayed", "stayed"], "stayed", ("churned", "stayed")),
        (["TRUE", "TRUE", "FALSE"], True, ("FALSE", "TRUE")),
        (["01", "01", "1"], "01", ("1", "01")),
    ],
)
def test_the_positive_class_is_the_second_label(values, positive, labels):
    column = of_frame(pd.DataFrame({"y": values * 9}), "it").columns["y"]
    encoded = encode_target("it", column, positive=positive)
    assert encoded.labels == labels
    assert [encoded.labels[index] for index in encoded.values] == list(map(str, values)) * 9


@pytest.mark.parametrize(
    ("values", "positive", "words"),
    [
        (["a", "b"], "c", 'never "c"'),
        (["a", "b", "c"], "c", "one of two"),
        (np.arange(40) / 3, 1, "one of two"),
    ],
)
def test_a_positive_class_that_is_none_is_an_error_of_its_key(values, positive, words):
    column = of_frame(pd.DataFrame({"y": list(values) * 9}), "it").columns["y"]
    with pytest.raises(SettingError, match=words) as caught:
        encode_target("it", column, positive=positive)
    assert caught.value.key == ("target", "positive")


@pytest.mark.parametrize(
    ("values", "task", "words"),
    [
        (["yes"] * 9, None, 'is "yes" in every row'),
        ([None] * 9, None, "no values"),
        ([2.5] * 9, "regression", "nothing to predict"),
        ([1.0, np.inf, 2.5], None, "1 infinite"),
        ([f"t{i}" for i in range(50)], None, "neither classes nor numbers"),
        (["a", "b", "c"] * 9, "binary", "3 classes"),
        (["a", "b", "c"] * 9, "regression", "holds texts"),
        (pd.date_range("2020-01-01", periods=9), None, "dates"),
    ],
)
def test_a_target_that_can_not_be_learned_is_refused(values, task, words):
    stored = of_frame(pd.DataFrame({"y": values}), "it").columns["y"]
    with pytest.raises(DataError, match=words):
        encode_target("it", stored, task)


def test_a_class_of_a_single_row_is_named():
    [note] = build(FRAME.assign(paid=["once", *FRAME["paid"][1:]])).notes
    assert '"once"' in note


def test_the_owner_says_which_columns_are_used_and_as_what():
    features = Features(exclude=["age"], types={"customer_id": "categorical"})
    found = verdicts(build(features=features))
    assert found["age"] == ("numeric", "left out")
    assert found["customer_id"] == ("categorical", "feature")
    found = verdicts(build(features=Features(include=["age", "note"])))
    assert found["note"] == ("categorical", "feature")
    assert found["city"] == ("categorical", "left out")


@pytest.mark.parametrize(
    ("options", "key", "help"),
    [
        ({"target": "payed"}, ("target",), "did you mean `paid`?"),
        ({"features": Features(exclude=["aeg"])}, ("features", "exclude", 0), "`age`"),
        ({"features": Features(types={"note": "numeric"})}, ("features", "types", "note"), None),
        ({"features": Features(exclude=["paid"])}, ("features", "exclude", 0), "leave it out"),
        ({"groups": "customer"}, ("split", "groups"), "`customer_id`"),
        ({"order": "sign"}, ("split", "order"), "`signup`"),
        ({"target_transform": "log1p"}, ("target_transform",), None),
    ],
)
def test_a_setting_that_does_not_fit_the_table_is_blamed(options, key, help):
    with pytest.raises(SettingError) as caught:
        build(**options)
    assert caught.value.key == key
    assert help is None or help in caught.value.problems[0].help


def test_a_table_without_a_feature_says_why():
    with pytest.raises(DataError) as caught:
        build(FRAME[["note", "paid"]])
    assert "free text" in caught.value.problems[0].help


def test_rows_of_a_group_stay_together_near_the_shares():
    table = build(groups="customer_id")
    assert verdicts(table)["customer_id"] == ("id", "groups")
    parts = split_rows(table, **SHARES)
    groups = [set(FRAME["customer_id"][rows]) for _, rows in parts.items()]
    assert groups[0].isdisjoint(groups[1] | groups[2])
    assert groups[1].isdisjoint(groups[2])
    assert sum(len(rows) for _, rows in parts.items()) == N
    assert abs(len(parts.train) / N - 0.6) < 0.03
    shares = [table.target[rows].mean() for _, rows in parts.items()]
    assert max(shares) - min(shares) < 0.1
    again = split_rows(table, **SHARES)
    assert all((a == b).all() for (_, a), (_, b) in zip(parts.items(), again.items(), strict=True))


@pytest.mark.parametrize("order", ["signup", "time"])
def test_rows_in_order_are_cut_where_it_goes_on(order):
    shuffled = FRAME.sample(frac=1, random_state=0).reset_index(drop=True)
    table = build(shuffled, order=order)
    assert verdicts(table)["signup"] == ("date", "order")
    parts = split_rows(table, **SHARES)
    days = [shuffled["signup"][rows] for _, rows in parts.items()]
    assert days[0].max() < days[1].min() <= days[1].max() < days[2].min()
    assert [len(rows) for _, rows in parts.items()] == [180, 60, 60]


def test_parts_with_files_of_their_own_stay():
    given = np.repeat([0, 1, 2], [200, 60, 40])
    both = split_rows(build(given=given), **SHARES)
    assert [len(rows) for _, rows in both.items()] == [200, 60, 40]
    test_only = split_rows(build(given=np.where(given == 1, 0, given)), **SHARES)
    assert [len(rows) for _, rows in test_only.items()] == [195, 65, 40]
    assert (test_only.test == np.arange(260, 300)).all()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    table = build()
    return table, prepare(table, split_rows(table, **SHARES), tmp_path_factory.mktemp("data"))


def test_prepared_parts_are_their_raw_columns_through_the_spec(prepared):
    table, data = prepared
    for part in ("train", "validation", "test"):
        raw = data.raw(part)
        assert list(raw) == list(table.feature_names)
        np.testing.assert_array_equal(data.inputs(part), data.features.apply(raw))
    assert {values.dtype.kind for values in raw.values()} == {"f", "U"}


def test_what_is_known_of_a_table_comes_back_from_json(prepared):
    _, data = prepared
    again = Prepared.from_json(json.loads(json.dumps(data.to_json())), data.folder)
    assert again == data


def test_the_statistics_are_those_of_the_training_part(tmp_path):
    table = build()
    parts = split_rows(table, **SHARES)
    ages = table.features["age"].copy()
    ages[parts.test] = 1e6
    changed = dataclasses.replace(table, features={**table.features, "age": ages})
    one, other = prepare(table, parts, tmp_path / "a"), prepare(changed, parts, tmp_path / "b")
    assert one.features == other.features
    np.testing.assert_array_equal(one.inputs("train"), other.inputs("train"))
    assert fingerprints(table, parts)["data"] != fingerprints(changed, parts)["data"]


def test_a_long_tailed_target_may_be_learned_as_its_logarithm(tmp_path):
    frame = FRAME.assign(paid=np.exp(RNG.normal(size=N) * 3))
    table = build(frame, target_transform="log1p")
    data = prepare(table, split_rows(table, **SHARES), tmp_path)
    learned = data.target.apply(table.target)
    assert abs(learned).max() < 10
    np.testing.assert_allclose(data.target.restore(learned)[:, 0], table.target, 1e-5, 1e-6)


def test_the_parts_of_a_date_overwrite_no_column():
    frame = pd.DataFrame(
        {
            "built.year": np.arange(60) % 7 + 1913,
            "built": pd.date_range("2019-01-01", periods=60, freq="29D").strftime("%Y-%m-%d"),
            "built_.year": np.arange(60) % 5 + 0.5,
            "y": ["old", "new"] * 30,
        }
    )
    built = build_table(of_frame(frame, "it"), target="y", task=None)
    assert {"built.year", "built_.year", "built__.year", "built__.days"} <= set(built.features)
    np.testing.assert_array_equal(built.features["built.year"], frame["built.year"])
    readers = built.settings["readers"]
    for name, values in raw_columns(frame, readers).items():
        np.testing.assert_array_equal(values, built.features[name])


ROWS = [
    "row",
    "nr",
    "row_number",
    "seq",
    "line",
    "lfd. Nr",
    "#",
    "no",
    "record",
    "Row No.",
    "index",
]


@pytest.mark.parametrize("name", ROWS)
def test_numbers_of_rows_are_left_out_with_a_word(name):
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(1000)[:60]
    for numbers in (shuffled, np.tile(np.arange(30), 2)):
        frame = pd.DataFrame({name: numbers, "x": rng.normal(size=60), "y": ["a", "b"] * 30})
        built = build_table(of_frame(frame, "it"), target="y", task=None)
        assert built.feature_names == ("x",)
        assert "numbers of rows, by its name" in built.columns[0].reason
    for quantity in (rng.integers(0, 40, 60), rng.normal(size=60)):
        frame = frame.assign(**{name: quantity})
        assert name in build_table(of_frame(frame, "it"), target="y", task=None).feature_names


@pytest.mark.parametrize("numbers", [np.tile(np.arange(30), 2), np.repeat(np.arange(30), 2)])
def test_the_index_of_several_frames_is_left_out(numbers):
    frame = pd.DataFrame({"Unnamed: 0": numbers, "x": np.arange(60) / 7, "y": ["a", "b"] * 30})
    assert build_table(of_frame(frame, "it"), target="y", task=None).feature_names == ("x",)


@pytest.mark.parametrize("name", ["Unnamed: 0", "level_0", "__index_level_0__"])
def test_the_index_of_a_saved_frame_is_left_out_with_a_word(name):
    rng = np.random.default_rng(0)
    index = rng.permutation(1000)[:60]
    frame = pd.DataFrame({name: index, "x": rng.normal(size=60), "y": ["a", "b"] * 30})
    built = build_table(of_frame(frame, "it"), target="y", task=None)
    assert built.feature_names == ("x",)
    assert "index of a saved DataFrame" in built.columns[0].reason
    wanted = build_table(
        of_frame(frame, "it"), target="y", task=None, features=Features(types={name: "numeric"})
    )
    assert wanted.feature_names == (name, "x")


NAMES = ["built", "built_", "built__", "built.year", "built_.year", "built__.year", "built.days"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)),
)
def test_no_part_of_a_date_takes_the_place_of_another(names, are_dates):
    days = pd.date_range("2020-01-01", periods=60, freq="41D")
    columns = {
        name: days.strftime("%Y-%m-%d") if is_date else np.arange(60) / 7 + place
        for place, (name, is_date) in enumerate(zip(names, are_dates, strict=False))
    }
    sheet = of_frame(pd.DataFrame({**columns, "y": ["a", "b"] * 30}), "it")
    table = build_table(sheet, target="y", task=None)
    dates = sum(are_dates[: len(names)])
    numbers = len(names) - dates
    parts = {len(reader["parts"]) for reader in table.settings["readers"] if "parts" in reader}
    assert len(table.features) == numbers + dates * max(parts, default=0)
    for place, name in enumerate(names):
        if not are_dates[place]:
            np.testing.assert_array_equal(table.features[name], columns[name])


@pytest.mark.parametrize("values", [["1.1", "1.10", "2"], ["1.9", "1.10", "1.11"]])
def test_a_target_spelled_like_versions_is_said_to_be_taken_for_numbers(values):
    frame = FRAME.assign(version=(values * N)[:N])
    table = build(frame, "version")
    assert table.task == "regression"
    [note] = [note for note in table.notes if "spelling" in note]
    assert '"1.10" is 1.1' in note
    assert "`task: multiclass`" in note
    assert not build(frame, "version", "regression").notes
    assert build(frame, "version", "multiclass").labels == tuple(sorted(values, key=float))


@pytest.mark.parametrize(
    "values", [["1.10", "2.50", "3.25"], ["1.0", "2.5", "3.25"], ["1.125", "2", "3.5"]]
)
def test_numbers_as_programs_write_them_are_no_versions(values):
    assert not build(FRAME.assign(y=(values * N)[:N]), "y").notes


def test_prices_of_many_kinds_are_no_versions():
    prices = [f"{value:g}" + "0" * int(value % 1 > 0) for value in np.arange(N) / 4]
    assert not build(FRAME.assign(y=prices), "y").notes


def target_notes(tmp_path, texts):
    rows = pd.DataFrame({"x": np.arange(len(texts)) % 7 / 3, "y": texts})
    rows.to_csv(tmp_path / "t.csv", index=False)
    table = build_table(read_csv(tmp_path / "t.csv"), target="y", task=None)
    return table, [note for note in table.notes if "target" in note]


def test_a_target_whose_numbers_could_be_others_is_said(tmp_path):
    table, [note] = target_notes(tmp_path, [f"{i}.{669 + i}" for i in range(1, 61)])
    assert note == (
        'the target `y`: "1.670" is read as 1.67, and could be 1670: no value says which'
    )
    assert table.columns[1].reader["decimal"] == "."


def test_values_of_a_target_that_are_no_numbers_are_named(tmp_path):
    texts = [f"${i}.50" for i in range(1, 61)]
    table, [note] = target_notes(tmp_path, [*texts, ">60.50", ""])
    assert note == 'the target `y`: 1 value is no number, and counts as a gap: ">60.50"'
    assert "2 rows without `y` are left out" in table.notes
    column = table.columns[1]
    assert column.reader["unit"] == "$"
    assert "$1.50" in column.examples


def test_the_limits_of_a_target_of_time_stamps_are_told_apart():
    frame = pd.DataFrame({"x": np.arange(40) / 7, "y": 1_700_000_000_000 + 101 * np.arange(40)})
    table = build_table(of_frame(frame, "it"), target="y", task=None)
    assert table.columns[1].reason == "regression, 1700000000000 to 1700000003939"
