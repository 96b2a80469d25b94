import dataclasses
import pickle

import numpy as np
import pytest

from hpopt.data.prepared import fingerprints, prepare
from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.data.target_spec import TargetSpec
from hpopt.errors import DataError
from hpopt.inputs.array import ArrayKind
from hpopt.task import Output

PARTS = Parts(np.array([5, 0, 3, 8, 1]), np.array([2, 9, 4]), np.array([7, 6]))
PART_NAMES = ("train", "validation", "test")
RNG = np.random.default_rng(0)
BINARY = Table(
    features=RNG.normal(size=(10, 3)) * [1, 10, 100],
    target=np.arange(10) % 2,
    feature_names=("width", "height", "depth"),
    labels=("no", "yes"),
    task="binary",
)
MULTICLASS = dataclasses.replace(
    BINARY, target=np.arange(10) % 3, labels=("low", "middle", "high"), task="multiclass"
)
REGRESSION = dataclasses.replace(
    BINARY, target=np.arange(10) * 7.0 + 0.5, labels=(), task="regression"
)
TABLES = {table.task: table for table in (BINARY, MULTICLASS, REGRESSION)}


@pytest.fixture(params=TABLES)
def table(request):
    return TABLES[request.param]


def with_feature(table, row, column, value):
    features = table.features.copy()
    features[row, column] = value
    return dataclasses.replace(table, features=features)


def with_target(table, row, value):
    target = table.target.copy()
    target[row] = value
    return dataclasses.replace(table, target=target)


def test_each_part_has_its_rows(table, tmp_path):
    data = prepare(table, PARTS, tmp_path)
    for part, rows in PARTS.items():
        np.testing.assert_array_equal(data.raw(part), table.features[rows])
        np.testing.assert_array_equal(data.y(part), table.target[rows])
    assert data.sizes == {"train": 5, "validation": 3, "test": 2}


def test_the_inputs_are_the_raw_rows_through_the_spec(table, tmp_path):
    data = prepare(table, PARTS, tmp_path)
    for part in PART_NAMES:
        np.testing.assert_array_equal(data.inputs(part), data.features.apply(data.raw(part)))
        assert data.inputs(part).dtype == np.float32


def test_the_statistics_are_those_of_the_training_part(tmp_path):
    data = prepare(REGRESSION, PARTS, tmp_path)
    assert data.features == ArrayKind.fit(REGRESSION.features[PARTS.train])
    assert data.target == TargetSpec.of(REGRESSION.target[PARTS.train])


@pytest.mark.parametrize("part", ["validation", "test"])
def test_other_rows_change_nothing_for_the_training_part(part, tmp_path):
    row = getattr(PARTS, part)[0]
    changed = with_target(with_feature(REGRESSION, row, 1, 1e6), row, -1e6)
    before = prepare(REGRESSION, PARTS, tmp_path / "before")
    after = prepare(changed, PARTS, tmp_path / "after")
    assert (after.features, after.target) == (before.features, before.target)
    np.testing.assert_array_equal(after.inputs("train"), before.inputs("train"))


def test_a_training_row_changes_the_inputs_of_all_parts(tmp_path):
    before = prepare(BINARY, PARTS, tmp_path / "before")
    after = prepare(with_feature(BINARY, PARTS.train[0], 1, 1e6), PARTS, tmp_path / "after")
    assert (after.inputs("test")[:, 1] != before.inputs("test")[:, 1]).all()
    np.testing.assert_array_equal(after.inputs("test")[:, 0], before.inputs("test")[:, 0])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_classes_are_not_standardised(task, tmp_path):
    assert prepare(TABLES[task], PARTS, tmp_path).target == TargetSpec()


@pytest.mark.parametrize(
    ("task", "output"),
    [
        ("binary", Output(1, "sigmoid", "binary")),
        ("multiclass", Output(3, "softmax", "multiclass")),
        ("regression", Output(1, "linear", "regression")),
    ],
)
def test_the_output_is_that_of_the_task(task, output, tmp_path):
    assert prepare(TABLES[task], PARTS, tmp_path).output == output


@pytest.mark.parametrize("kind", ["inputs", "raw", "y"])
@pytest.mark.parametrize("part", PART_NAMES)
def test_arrays_are_mapped_from_their_files_and_can_not_be_written(kind, part, tmp_path):
    array = getattr(prepare(BINARY, PARTS, tmp_path), kind)(part)
    assert isinstance(array.base, np.memmap)
    assert not array.flags.writeable


def test_what_trials_are_given_is_small_and_holds_no_arrays(tmp_path):
    rows = 20_000
    big = Table(np.ones((rows, 3)), np.arange(rows) % 2, ("a", "b", "c"), ("n", "y"), "binary")
    everywhere = np.arange(rows)
    data = prepare(big, Parts(everywhere, everywhere, everywhere), tmp_path)
    assert len(pickle.dumps(data)) < 10_000
    assert pickle.loads(pickle.dumps(data)) == data


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", PART_NAMES)
def test_a_feature_that_is_not_finite_is_named(part, bad, tmp_path):
    table = with_feature(BINARY, getattr(PARTS, part)[0], 1, bad)
    with pytest.raises(DataError, match="height") as caught:
        prepare(table, PARTS, tmp_path)
    assert "width" not in str(caught.value)


# Networks compute in float32, where this is infinite.
def test_a_feature_too_large_for_float32_is_named(tmp_path):
    with pytest.raises(DataError, match="depth"):
        prepare(with_feature(BINARY, 0, 2, 1e39), PARTS, tmp_path)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_target_that_is_not_finite_is_a_data_error(bad, tmp_path):
    with pytest.raises(DataError, match="target"):
        prepare(with_target(REGRESSION, 2, bad), PARTS, tmp_path)


def test_data_that_can_not_be_used_leaves_no_files(tmp_path):
    with pytest.raises(DataError):
        prepare(with_feature(BINARY, 0, 0, np.nan), PARTS, tmp_path / "data")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "changed",
    [
        with_feature(BINARY, 0, 0, np.nextafter(BINARY.features[0, 0], np.inf)),
        with_target(BINARY, 0, 1),
        dataclasses.replace(BINARY, feature_names=("width", "height", "length")),
        dataclasses.replace(BINARY, labels=("no", "maybe")),
        dataclasses.replace(BINARY, task="multiclass"),
        dataclasses.replace(BINARY, features=BINARY.features[:, [1, 0, 2]]),
        dataclasses.replace(BINARY, features=BINARY.features[:-1], target=BINARY.target[:-1]),
    ],
    ids=["feature", "target", "name", "label", "task", "order", "rows"],
)
def test_the_fingerprint_of_the_data_changes_with_the_data_alone(changed):
    before, after = fingerprints(BINARY, PARTS), fingerprints(changed, PARTS)
    assert after["data"] != before["data"]
    assert after["split"] == before["split"]


@pytest.mark.parametrize(
    "changed",
    [
        Parts(PARTS.validation, PARTS.train, PARTS.test),
        Parts(PARTS.train, PARTS.test, PARTS.validation),
        Parts(PARTS.train[::-1], PARTS.validation, PARTS.test),
        Parts(PARTS.train[:-1], PARTS.validation, PARTS.test),
        Parts(PARTS.train, np.append(PARTS.validation, 7), np.array([6])),
    ],
    ids=["train", "test", "order", "fewer", "moved"],
)
def test_the_fingerprint_of_the_split_changes_with_the_split_alone(changed):
    before, after = fingerprints(BINARY, PARTS), fingerprints(BINARY, changed)
    assert after["split"] != before["split"]
    assert after["data"] == before["data"]


def test_the_same_rows_have_the_same_fingerprints_however_they_lie_in_memory():
    features = np.asfortranarray(BINARY.features)
    parts = Parts(*(rows[::-1].copy()[::-1] for _, rows in PARTS.items()))
    copy = dataclasses.replace(BINARY, features=features)
    assert fingerprints(copy, parts) == fingerprints(BINARY, PARTS)


def test_fingerprints_are_short_texts():
    assert {len(text) for text in fingerprints(BINARY, PARTS).values()} == {16}
