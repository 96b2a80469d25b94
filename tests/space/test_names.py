import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.space.names import laid_over, leaves, overlap, owner, value_of, without

NAMES = st.sampled_from(["a", "b", "ab", "c_1"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3))
NESTED = st.recursive(
    st.dictionaries(NAMES, SCALARS, min_size=1),
    lambda inner: st.dictionaries(NAMES, SCALARS | inner, min_size=1),
    max_leaves=8,
)


@given(NESTED)
def test_leaves_laid_over_nothing_are_what_they_were(values):
    assert laid_over({}, leaves(values)) == values


@given(NESTED)
def test_each_leaf_is_found_by_its_name(values):
    for name, value in leaves(values).items():
        assert value_of(name, values) == value
        assert owner(name) in values


@given(NESTED, st.data())
def test_without_takes_those_leaves_alone(values, data):
    flat = leaves(values)
    names = data.draw(st.sets(st.sampled_from(sorted(flat))))
    assert leaves(without(values, names)) == {n: v for n, v in flat.items() if n not in names}


def test_what_lies_below_a_leaf_takes_its_place():
    assert laid_over({"stop": None}, {"stop.patience": 3}) == {"stop": {"patience": 3}}
    assert laid_over({"stop": {"delta": 0}}, {"stop.patience": 3}) == {
        "stop": {"delta": 0, "patience": 3}
    }


def test_what_is_laid_over_is_a_copy():
    whole = {"stop": {"patience": 3}}
    laid_over(whole, {"stop.patience": 5})
    without(whole, ["stop.patience"])
    assert whole == {"stop": {"patience": 3}}


@pytest.mark.parametrize(
    ("name", "other", "expected"),
    [
        ("stop", "stop", True),
        ("stop", "stop.patience", True),
        ("stop.patience", "stop", True),
        ("stop.patience", "stop.delta", False),
        ("stop", "stopped", False),
        ("stop.a", "stop.ab", False),
    ],
)
def test_a_part_overlaps_with_its_whole(name, other, expected):
    assert overlap(name, other) is expected
