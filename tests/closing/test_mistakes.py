"""Which rows are shown as the worst mistakes."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import make_data

from hpopt.closing.mistakes import worst
from hpopt.data.prepared import prepare
from hpopt.data.sources import Table
from hpopt.data.splits import Parts
from hpopt.runs.mistakes import Mistakes

TRUE = np.array([0, 1, 2, 0, 1])
SAID = np.array([[0.9, 0.1, 0], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.5, 0.3], [0, 1, 0]])


def images(target, task, labels, folder):
    pixels = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 3), np.uint8)
    table = Table(pixels, target, ("red", "green", "blue"), labels, task, kind="image")
    rows = np.arange(5)
    return prepare(table, Parts(rows, rows, rows), folder)


def test_the_surest_mistake_comes_first(tmp_path):
    data = images(TRUE, "multiclass", ("a", "b", "c"), tmp_path)
    mistakes = worst(data, SAID, 0.5, 24)
    assert mistakes.pictures[:, 0, 0, 0].tolist() == [2, 1, 3]
    assert mistakes.predicted == ["b", "a", "b"]
    assert mistakes.probabilities == pytest.approx([0.8, 0.6, 0.5])
    assert mistakes.true == ["c", "b", "a"]
    assert (mistakes.total, mistakes.rows) == (3, 5)
    assert worst(data, SAID, 0.5, 2).true == ["c", "b"]
    assert worst(data, np.eye(3)[TRUE], 0.5, 24) is None


def test_of_two_labels_the_threshold_decides(tmp_path):
    data = images(TRUE % 2, "binary", ("no", "yes"), tmp_path)
    said = np.array([[0.1], [0.4], [0.3], [0.7], [0.9]])
    mistakes = worst(data, said, 0.5, 24)
    assert mistakes.predicted == ["yes", "no"]
    assert mistakes.probabilities == pytest.approx([0.7, 0.6])
    assert worst(data, said, 0.35, 24).predicted == ["yes"]


def test_of_a_regression_it_is_the_largest_difference(tmp_path):
    data = images(np.arange(5.0) * 10, "regression", (), tmp_path)
    mistakes = worst(data, np.array([[1.0], [10], [25], [30], [20]]), 0.5, 2)
    assert mistakes.pictures[:, 0, 0, 0].tolist() == [4, 2]
    assert (mistakes.predicted, mistakes.true) == (["20", "25"], ["40", "20"])
    assert (mistakes.total, mistakes.probabilities) == (None, None)


def test_rows_that_are_no_images_are_not_shown(tmp_path):
    data = make_data(tmp_path)
    outputs = 1.0 - data.y("test")[:, None]
    assert worst(data, outputs, 0.5, 24) is None


def test_mistakes_come_back_from_their_file(tmp_path):
    data = images(TRUE, "multiclass", ("a", "b", "c"), tmp_path)
    mistakes = worst(data, SAID, 0.5, 24)
    for each in (mistakes, replace(mistakes, total=None, probabilities=None)):
        with (tmp_path / "m.npz").open("wb") as file:
            each.write(file)
        again = Mistakes.read(tmp_path / "m.npz")
        assert (again.pictures == each.pictures).all()
        assert replace(again, pictures=0) == replace(each, pictures=0)
    (tmp_path / "m.npz").write_bytes(b"PK\x03\x04 cut")
    assert Mistakes.read(tmp_path / "m.npz") is None
    assert Mistakes.read(tmp_path / "none.npz") is None


def test_earlier_files_have_the_probability_behind_the_label(tmp_path):
    pictures = np.zeros((2, 2, 3, 1), np.uint8)
    texts = {"true": np.array(["a", "b"]), "predicted": np.array(["b c 0.80", "a 0.60"])}
    np.savez_compressed(tmp_path / "m.npz", pictures=pictures, **texts, counts=np.array([5, 3]))
    mistakes = Mistakes.read(tmp_path / "m.npz")
    assert (mistakes.predicted, mistakes.probabilities) == (["b c", "a"], [0.8, 0.6])
    assert (mistakes.true, mistakes.rows, mistakes.total) == (["a", "b"], 5, 3)
    texts["predicted"] = np.array(["20.5", "25"])
    np.savez_compressed(tmp_path / "m.npz", pictures=pictures, **texts, counts=np.array([5, -1]))
    mistakes = Mistakes.read(tmp_path / "m.npz")
    assert (mistakes.predicted, mistakes.probabilities) == (["20.5", "25"], None)


@pytest.mark.parametrize("channels", [1, 3, 4, 5])
def test_shaped_arrays_are_seen_where_they_look_like_images(channels, tmp_path):
    from hpopt.inputs.array import ArrayKind

    rows = np.linspace(-1, 3, 6 * 4 * 4 * channels).reshape(6, 4, 4, channels)
    seen = ArrayKind.fit(rows).pictures(rows)
    if channels in (1, 3):
        assert (seen.min(), seen.max(), seen.dtype) == (0, 255, np.uint8)
    else:
        assert seen is None
