import numpy as np
import pytest

from hpopt.data.folds import OWN, WHOLE, Splits, fold_parts, fresh_parts, read_split
from hpopt.data.prepared import prepare
from hpopt.data.sources import Table
from hpopt.data.splits import split_rows
from hpopt.errors import DataError
from hpopt.inputs.array import ArrayKind

RNG = np.random.default_rng(0)
N = 120


def make_splits(folder, folds=4, seed=3, **columns) -> Splits:
    target = np.repeat([0, 1, 2], [80, 30, 10])
    features = RNG.normal(size=(N, 2)) * 7 + 5
    table = Table(features, target, ("a", "b"), ("x", "y", "z"), "multiclass", **columns)
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    return Splits(table, parts, folder, folds, seed, stratified=True)


def pool(splits):
    return sorted([*splits.parts.train, *splits.parts.validation])


def test_folds_share_out_all_rows_but_the_test_parts_and_keep_the_classes_shares(tmp_path):
    splits = make_splits(tmp_path)
    folds = fold_parts(splits)
    assert sorted(np.concatenate([fold.validation for fold in folds])) == pool(splits)
    for fold in folds:
        assert sorted([*fold.train, *fold.validation]) == pool(splits)
        assert len(fold.test) == 0
        assert np.bincount(splits.table.target[fold.validation]).tolist() in (
            [16, 6, 2], [16, 5, 3], [15, 6, 3], [16, 6, 1], [17, 5, 2], [16, 7, 1], [15, 7, 2],
        )  # fmt: skip


def test_groups_stay_whole_in_folds_and_fresh_splits(tmp_path):
    groups = np.arange(N) // 5
    splits = make_splits(tmp_path, groups=RNG.permutation(groups))
    for parts in (*fold_parts(splits), fresh_parts(splits, 0), fresh_parts(splits, 1)):
        inside, outside = (
            set(splits.table.groups[rows]) for rows in (parts.validation, parts.train)
        )
        assert inside
        assert outside
        assert not inside & outside


def test_rows_with_an_order_are_never_learnt_from_before_their_time(tmp_path):
    splits = make_splits(tmp_path, order=RNG.permutation(N).astype(float))
    order = splits.table.order
    for fold in fold_parts(splits):
        assert order[fold.train].max() < order[fold.validation].min()
    assert fresh_parts(splits, 0) is None
    assert splits.write_fresh(0) == OWN


def test_a_fresh_split_has_the_sizes_of_the_searchs_and_other_rows_each_time(tmp_path):
    alone, folded = make_splits(tmp_path, folds=1), make_splits(tmp_path, folds=4)
    first, again, other = (fresh_parts(alone, index) for index in (0, 0, 1))
    assert len(first.validation) == len(alone.parts.validation) == 24
    assert sorted([*first.train, *first.validation]) == pool(alone)
    assert np.array_equal(first.validation, again.validation)
    assert set(first.validation) != set(other.validation)
    assert len(fresh_parts(folded, 0).validation) == 96 / 4
    assert alone.validation_share == pytest.approx(24 / 72)
    assert folded.validation_share == pytest.approx(1 / 3)


def test_a_further_split_has_the_statistics_of_its_own_training_part(tmp_path):
    splits = make_splits(tmp_path)
    own = prepare(splits.table, splits.parts, tmp_path)
    splits.write_folds()
    fold = fold_parts(splits)[1]
    data = read_split(own, 2)
    assert data.features == ArrayKind.fit(splits.table.features[fold.train])
    assert data.features != own.features
    assert np.array_equal(data.y("validation"), splits.table.target[fold.validation])
    assert read_split(own, OWN) is own
    splits.write_whole()
    whole = read_split(own, WHOLE)
    assert whole.sizes == {"train": 96, "validation": 24, "test": 24}
    assert whole.features == ArrayKind.fit(splits.table.features[pool(splits)])
    number = splits.write_fresh(0)
    assert read_split(own, number).sizes["validation"] == 24
    splits.remove(number)
    assert not read_split(own, 2).folder.parent.joinpath(f"split_{number}").exists()


def test_a_class_with_fewer_rows_than_folds_does_not_stop_them(tmp_path):
    assert len(fold_parts(make_splits(tmp_path, folds=15))) == 15


def test_more_folds_than_groups_are_an_error(tmp_path):
    with pytest.raises(DataError, match="too few for 8 folds"):
        fold_parts(make_splits(tmp_path, folds=8, groups=np.arange(N) % 5))
