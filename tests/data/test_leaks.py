"""Columns that give the target away are named, of every kind, and others are not."""

import time

import numpy as np
import pandas as pd
import pytest

from hpopt.data.building import build_table
from hpopt.data.giveaways import Judge, View
from hpopt.data.leaks import possible_leaks
from hpopt.data.reading import of_frame
from hpopt.data.repeats import note_on_repeats, repeated_rows
from hpopt.data.splits import Parts, split_rows

N = 2000
DAYS = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.arange(N) % 700, unit="D")


def churn(share=0.1, rows=N, seed=0):
    """Honest columns, of which the first say something of the target, and the target [n]."""
    rng = np.random.default_rng(seed)
    tenure, calls = rng.gamma(2, 15, rows).round(1), rng.poisson(1.2, rows)
    plan = rng.choice(["month", "year"], rows)
    risk = -0.05 * tenure + 0.5 * calls + (plan == "month") + rng.logistic(size=rows)
    gone = risk > np.quantile(risk, 1 - share)
    frame = pd.DataFrame({"tenure": tenure, "calls": calls, "plan": plan, "gone": gone})
    frame["gone"] = np.where(gone, "yes", "no")
    return frame, gone, rng


def days(offsets):
    return (DAYS + pd.to_timedelta(offsets, unit="D")).strftime("%Y-%m-%d")


def leaks_of(frame, target="gone"):
    table = build_table(of_frame(frame, "it"), target=target, task=None)
    parts = split_rows(table, train=0.6, validation=0.2, test=0.2, seed=0, stratify="auto")
    return possible_leaks(table, parts.train)


LEAKS = {
    "zero-inflated": lambda y, r: {"refund": np.where(y, r.gamma(2, 30, N), 0)},
    "count": lambda y, r: {"clicks": np.where(y, r.integers(1, 5, N), 0)},
    "gap": lambda y, r: {"ended": np.where(y, days(r.integers(1, 90, N)), None)},
    "date": lambda y, r: {
        "due": days(0 * y),
        "paid": days(np.where(y, 1, -1) * r.integers(1, 90, N)),
    },
    "category": lambda y, r: {"status": np.where(y, "X9", r.choice(["A1", "B3", "C7"], N))},
    "id": lambda y, r: {"account": np.where(y, 500_000, 100_000) + r.permutation(N) * 7},
    "sum": lambda y, r: {
        "a": (a := r.normal(size=N)),
        "b": np.where(y, 1, -1) * r.uniform(0.3, 2, N) - a,
    },
    "noisy": lambda y, r: {"flag": (y ^ (r.random(N) < 0.005)).astype(int)},
}


@pytest.mark.parametrize("share", [0.1, 0.03, 0.5])
@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_of_each_kind_is_named_with_its_score(kind, share):
    frame, gone, rng = churn(share)
    columns = LEAKS[kind](gone, rng)
    [leak] = leaks_of(frame.assign(**columns))
    assert set(leak.columns) == set(columns)
    assert leak.score > 0.98
    assert f"balanced accuracy {leak.score:.3f}" in str(leak)


@pytest.mark.parametrize("share", [0.1, 0.03, 0.5])
def test_honest_columns_are_not_named(share):
    assert leaks_of(churn(share)[0]) == []


def test_a_column_that_gives_half_of_a_class_away_says_how():
    frame, gone, rng = churn(0.1)
    frame["refund"] = np.where(gone & (rng.random(N) < 0.7), rng.gamma(2, 30, N), 0)
    [leak] = leaks_of(frame)
    assert leak.score < 0.95
    assert "part of the target" in str(leak)
    assert 'all of them "yes"' in str(leak)


def test_an_id_that_is_left_out_and_follows_the_target_is_named():
    frame, _, _ = churn(0.1)
    frame = frame.sort_values("gone").assign(customer_id=[f"C{i:05}" for i in range(N)])
    table = build_table(of_frame(frame, "it"), target="gone", task=None)
    assert "customer_id" not in table.features
    [leak] = possible_leaks(table, np.arange(N)[::2])
    assert not leak.is_used
    assert "it is left out" in str(leak)


@pytest.mark.parametrize("of", [lambda y: 3 * y + 1, np.exp, lambda y: -(y**3)])
def test_a_transformed_copy_of_a_value_is_named(of):
    y = np.random.default_rng(0).normal(size=N)
    frame = pd.DataFrame({"noisy": y + np.random.default_rng(1).normal(size=N), "copy": of(y)})
    [leak] = leaks_of(frame.assign(y=3 * y), "y")
    assert leak.columns == ("copy",)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_nothing_is_named_in_tables_that_are_just_easy(name):
    from sklearn import datasets

    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    assert leaks_of(frame, "target") == []


def test_only_training_rows_are_looked_at():
    frame, gone, _ = churn(0.5)
    train = np.arange(N) < N / 2
    frame["late"] = np.where(train, 0, gone)
    table = build_table(of_frame(frame, "it"), target="gone", task=None)
    assert possible_leaks(table, np.flatnonzero(train)) == []
    assert possible_leaks(table, np.flatnonzero(~train)) != []


def test_a_hundred_thousand_rows_take_seconds():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(100_000, 10))).add_prefix("x")
    frame["y"] = np.where(frame.x0 + rng.normal(size=100_000) > 2, "yes", "no")
    table = build_table(of_frame(frame, "it"), target="y", task=None)
    began = time.process_time()
    possible_leaks(table, np.arange(80_000))
    assert time.process_time() - began < 10


PARTS = Parts(np.arange(1200), np.arange(1200, 1600), np.arange(1600, N))


@pytest.mark.parametrize("gaps", [False, True])
def test_a_tree_of_two_classes_says_what_a_classifier_would(gaps):
    """One of values is taken, for it is several times faster; the splits are the same."""
    from sklearn.tree import DecisionTreeClassifier

    rng, same = np.random.default_rng(0), 0
    for _ in range(40):
        y = rng.integers(0, 2, 200)
        x = rng.normal(size=200) + 2 * y
        if gaps:
            x[rng.random(200) < 0.2] = np.nan
        judge, is_said = Judge(y, 2), np.empty(200)
        for fold in range(3):
            fitted = judge._fold != fold
            tree = DecisionTreeClassifier(max_leaf_nodes=12, min_samples_leaf=3, random_state=0)
            tree.fit(x[fitted, None], y[fitted], judge._weights(fold))
            is_said[~fitted] = tree.predict(x[~fitted, None]) == y[~fitted]
        expected = np.mean([is_said[y == label].mean() for label in (0, 1)])
        score = judge.score(View(("x",), (x,)))
        assert score == pytest.approx(expected, abs=0.02)
        same += score == pytest.approx(expected, abs=1e-9)
    assert same >= 36  # but for ties


@pytest.mark.parametrize("labels", [2, 4, 0])
def test_of_very_many_columns_those_that_are_noise_are_looked_at_quickly(labels, monkeypatch):
    """Gene tables have ten thousand columns, and a tree of each takes many seconds."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 600)), columns=[f"g{i}" for i in range(600)])
    y = rng.lognormal(size=200) if labels == 0 else rng.integers(0, labels, 200)
    frame["copy"], frame["gap"] = 3 * y + 1e-3 * rng.normal(size=200), np.where(y > 0, y, np.nan)
    frame["y"] = y if labels == 0 else [f"label {each}" for each in y]
    trees, score = [], Judge.score
    monkeypatch.setattr(
        Judge, "score", lambda *a, **k: trees.append(a[1].columns) or score(*a, **k)
    )
    named = {name for leak in leaks_of(frame, "y") for name in leak.columns}
    assert {"copy"} <= named <= {"copy", "gap"}
    assert len({columns for columns in trees if len(columns) == 1}) < 20


def test_rows_that_stand_in_two_parts_are_counted():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=N), "c": rng.choice(["a", "b"], N), "id": range(N)})
    frame["y"] = rng.choice(["yes", "no"], N)
    frame.loc[1200:1209, ["x", "c", "y"]] = frame.loc[:9, ["x", "c", "y"]].to_numpy()
    frame.loc[1600:1602, ["x", "c", "y"]] = frame.loc[10:12, ["x", "c", "y"]].to_numpy()
    frame.loc[1602, "y"] = "no" if frame.loc[12, "y"] == "yes" else "yes"  # no longer the same
    table = build_table(of_frame(frame, "it"), target="y", task=None)
    assert repeated_rows(table, PARTS) == {"validation": 10, "test": 2}
    assert "10 of 400 validation and 2 of 400 test rows" in note_on_repeats(table, PARTS)


def test_rows_of_arrays_are_counted_too():
    from hpopt.data.sources import of_arrays

    x = np.random.default_rng(0).normal(size=(N, 2, 3))
    x[1700] = x[1701] = x[3]
    assert repeated_rows(of_arrays(x, np.arange(N) % 2, None), PARTS) == {"test": 1}
    fresh = of_arrays(np.random.default_rng(0).normal(size=(N, 4)), np.arange(N) % 2, None)
    assert note_on_repeats(fresh, PARTS) is None


def test_an_image_in_two_parts_is_said_whatever_its_label():
    from hpopt.data.sources import of_arrays

    x = np.random.default_rng(0).integers(0, 256, (N, 2, 3, 1), np.uint8)
    x[1201], x[1700], x[1701] = x[1], x[3], x[5]
    table = of_arrays(x, np.arange(N) % 2, None)
    assert repeated_rows(table, PARTS) == {"validation": 1, "test": 2}
    note = note_on_repeats(table, PARTS)
    assert note.startswith("1 of 400 validation and 2 of 400 test images stand in the training")
    assert "scores flatter; 1 of them with another target, of which one is wrong; delete" in note
    assert "groups" not in note


def test_a_column_that_goes_with_the_order_of_a_sorted_file_is_named():
    frame, _, rng = churn(share=0.4)
    mixed = frame.assign(place=np.cumsum(rng.integers(1, 9, N)))
    place = mixed["place"].to_numpy()
    by_class = mixed.sort_values("gone", ignore_index=True).assign(place=place)
    [leak] = leaks_of(by_class)
    assert leak.columns == ("place",)
    assert "sorted by the target" in str(leak)
    assert not leaks_of(mixed)
    some = by_class.assign(place=np.where(rng.random(N) < 0.1, np.nan, place // 3))
    [leak] = leaks_of(some)
    assert leak.columns == ("place",)
