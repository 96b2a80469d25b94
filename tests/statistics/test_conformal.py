import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.statistics.conformal import Conformal

RNG = np.random.default_rng(0)


def test_so_many_of_all_new_values_are_held():
    """Lei et al. 2018, theorem 2.2: at least the level, and no more than 1 / (n + 1) above it."""
    shares = []
    for _ in range(400):
        y = RNG.standard_t(3, (59, 2)) * [1, 5]
        one = Conformal.of_values(y[:19], np.zeros((19, 2)))
        shares.append(one.holds(y[19:], np.zeros((40, 2))).mean(axis=0))
    assert np.mean(shares, axis=0) == pytest.approx([0.9, 0.9], abs=0.015)


@pytest.mark.parametrize("labels", [2, 5])
def test_so_many_of_all_new_labels_are_held(labels):
    shares = []
    for _ in range(300):
        p = RNG.dirichlet(np.ones(labels), 139)
        y = np.array([RNG.choice(labels, p=each) for each in p])
        given = p[:, 1:] if labels == 2 else p
        one = Conformal.of_labels(y[:99], given[:99])
        shares.append(one.holds(y[99:], given[99:]).mean())
    assert np.mean(shares) == pytest.approx(0.9, abs=0.02)


def test_the_rank_is_that_of_n_plus_1():
    y = np.arange(1.0, 20.0)
    assert Conformal.of_values(y, np.zeros((19, 1))).margins == (18.0,)  # ceil(20 * 0.9)
    assert Conformal.of_values(y[:5], np.zeros((5, 1))).margins == (5.0,)  # all that there are
    assert Conformal.of_values(y, np.zeros((19, 1)), level=0.5).margins == (10.0,)


def test_on_a_log_scale_intervals_grow_with_the_value():
    y, said = np.array([9.0] * 30), np.array([[19.0]] * 30)
    one = Conformal.of_values(y, said, is_log=True)
    low, high = one.ends(np.array([[9.0], [99.0]]))
    np.testing.assert_allclose(low[:, 0], [4.0, 49.0])
    np.testing.assert_allclose(high[:, 0], [19.0, 199.0])
    assert one.holds(np.array([5.0, 40.0]), np.array([[9.0], [99.0]])).tolist() == [[True], [False]]


def test_a_set_is_never_empty_and_has_all_that_are_likely():
    one = Conformal(0.9, least_probability=0.4)
    assert one.sets(np.array([[0.35, 0.34, 0.31], [0.45, 0.41, 0.14]])).tolist() == [
        [True, False, False],
        [True, True, False],
    ]
    assert one.sets(np.array([[0.45], [0.1]])).tolist() == [[True, True], [True, False]]


@given(
    st.one_of(
        st.builds(
            Conformal,
            st.floats(0.5, 0.99),
            margins=st.lists(st.floats(0, 1e9), min_size=1, max_size=3).map(tuple),
            is_log=st.booleans(),
        ),
        st.builds(Conformal, st.floats(0.5, 0.99), least_probability=st.floats(0, 1)),
    )
)
def test_it_comes_back_from_json(one):
    assert Conformal.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


@pytest.mark.parametrize(
    "form",
    [
        {},
        [],
        {"level": 0.9},
        {"level": "x", "margins": [1.0]},
        {"level": 0.9, "margins": [-1.0]},
        {"level": 0.9, "margins": [1.0], "scale": "sqrt"},
        {"level": 0.9, "least_probability": float("nan")},
    ],
)
def test_what_it_never_wrote_is_refused(form):
    with pytest.raises((ValueError, LookupError, TypeError)):
        Conformal.from_json(form)
