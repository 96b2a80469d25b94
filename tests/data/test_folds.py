import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import TimeSeriesSplit

from hpopt.data.folds import OWN, WHOLE, Splits, fold_parts, fresh_parts, read_split
from hpopt.data.prepared import prepare
from hpopt.data.sources import Table
from hpopt.data.splits import Parts, split_rows
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


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_split_there_is_keeps_together_what_belongs_together(data):
    """The run's own, folds, fresh ones; of rows given by a file, and of those that are not."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    sizes = data.draw(st.lists(st.integers(1, 40), min_size=12, max_size=30))
    kind = data.draw(st.sampled_from(["order", "groups"]))
    column = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    if kind == "order":
        column = column.astype(float)
    given = np.where(column % 6 == 0, 2, 0) if data.draw(st.booleans()) else None
    target = rng.integers(2, size=len(column))
    features = rng.normal(size=(len(column), 2))
    columns = {kind: column, "given": given}
    table = Table(features, target, ("a", "b"), ("x", "y"), "binary", **columns)
    try:
        own = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
        folds = data.draw(st.sampled_from([1, 3, 5]))
        splits = Splits(table, own, None, folds, seed=1, stratified=True)
        folded = fold_parts(splits) if folds > 1 else []
    except DataError:
        return
    fresh = [parts for index in range(3) if (parts := fresh_parts(splits, index)) is not None]
    assert bool(fresh) == (kind == "groups")
    for parts in (own, *folded, *fresh):
        of_part = [set(column[rows]) for _, rows in parts.items() if len(rows)]
        assert sum(map(len, of_part)) == len(set.union(*of_part))
        assert len(of_part) > 1
        if kind == "order":
            assert max(column[parts.train]) < min(column[parts.validation])
    validation = np.concatenate([fold.validation for fold in folded] or [[]])
    assert len(set(validation)) == len(validation)


def test_fresh_splits_are_of_the_sizes_of_the_searchs_where_one_group_is_large(tmp_path):
    groups = np.repeat(np.arange(25), [240, *[10] * 24])
    features, target = RNG.normal(size=(480, 2)), RNG.normal(size=480)
    table = Table(features, target, ("a", "b"), (), "regression", groups=groups)
    own = Parts(np.arange(360), np.arange(360, 480), np.arange(0))
    splits = Splits(table, own, tmp_path, 1, seed=0, stratified=False)
    for index in range(10):
        assert abs(len(fresh_parts(splits, index).validation) - 120) <= 10


def test_folds_of_whole_groups_are_of_like_sizes(tmp_path):
    groups = np.repeat(np.arange(30), [60, *[4] * 14, 50, *[3] * 14])
    table = Table(
        RNG.normal(size=(len(groups), 2)),
        RNG.normal(size=len(groups)),
        ("a", "b"),
        (),
        "regression",
        groups=groups,
    )
    own = Parts(np.arange(150), np.arange(150, len(groups)), np.arange(0))
    sizes = [
        len(f.validation) for f in fold_parts(Splits(table, own, tmp_path, 3, 0, stratified=False))
    ]
    assert max(sizes) - min(sizes) <= 4


def test_folds_in_order_are_scikit_learns_where_no_two_rows_are_of_one_time(tmp_path):
    splits = make_splits(tmp_path, folds=5, order=RNG.permutation(N).astype(float))
    rows = np.array(pool(splits))
    rows = rows[np.argsort(splits.table.order[rows])]
    for fold, (train, validation) in zip(
        fold_parts(splits), TimeSeriesSplit(5).split(rows), strict=True
    ):
        assert fold.train.tolist() == rows[train].tolist()
        assert fold.validation.tolist() == rows[validation].tolist()


def test_fewer_times_than_folds_are_an_error(tmp_path):
    splits = make_splits(tmp_path, folds=5, order=np.arange(N) // 24 * 1.0)
    with pytest.raises(DataError, match="values of the order are too few for 5 folds"):
        fold_parts(splits)
