import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.search.encoding import Encoding, is_ordinal
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Ordinal, Real
from hpopt.space.space import Space

SPACE = Space(
    [
        Real("momentum", 0, 0.9, when=(Condition.parse("kind", "sgd"),)),
        Categorical("kind", ("sgd", "adam", None), "adam"),
        Real("rate", 1e-4, 1e-1, "log-uniform"),
        Integer("layers", 1, 5),
        Integer("units", 1, 300, "log-uniform", when=(Condition.parse("layers", ">= 3"),)),
        Integer("more", 0, 10**6, when=(Condition.parse("units", "> 20"),)),
        Categorical("size", (16, 32, 64), 32, when=(Condition.parse("rate", "< 0.01"),)),
        Categorical("flag", (True, False), True, when=(Condition.parse("layers", [1, 5]),)),
        Categorical("only", ("one",), "one"),
        Integer("width", 16, 256, step=16),
        Real("dropout", 0.1, 0.5, step=0.1, when=(Condition.parse("width", ">= 32"),)),
    ]
)
ENCODING = Encoding(SPACE)


def features(**params) -> np.ndarray:
    x, active = SPACE.to_unit(SPACE.without_inactive({**SPACE.complete({}), **params}))
    return ENCODING.encode(x[None], active[None])[0]


def of(name, **params) -> np.ndarray:
    return features(**params)[ENCODING.groups == ENCODING.names.index(name)]


@given(st.integers(0, 2**32))
def test_snapped_points_are_those_of_their_params(seed):
    x = np.random.default_rng(seed).random((3, len(SPACE)))
    snapped, active = ENCODING.snap(x)
    for row, point, mask in zip(x, snapped, active, strict=True):
        expected, expected_mask = SPACE.to_unit(SPACE.from_unit(row))
        np.testing.assert_allclose(point, expected, atol=1e-12)
        np.testing.assert_array_equal(mask, expected_mask)
        assert SPACE.from_unit(point) == SPACE.from_unit(row)


def test_the_ends_of_the_cube_are_values_too():
    snapped, _ = ENCODING.snap(np.array([[0.0] * 11, [1.0] * 11]))
    assert SPACE.from_unit(snapped[0])["layers"] == 1
    assert SPACE.from_unit(snapped[1])["layers"] == 5
    assert SPACE.from_unit(snapped[1])["dropout"] == 0.5


def test_an_ordinal_is_an_axis_by_the_order_of_its_values():
    sizes = Ordinal("size", ("tiny", "small", "large"), "tiny")
    encoding = Encoding(Space([sizes]))
    x, active = encoding.points([{"size": size} for size in sizes.categories])
    assert encoding.encode(x, active).tolist() == [[0.0], [0.5], [1.0]]
    assert not encoding.blocks


def test_steps_are_an_axis_whose_points_lie_on_them():
    assert of("width", width=16) == pytest.approx([0.0])
    assert of("width", width=32) == pytest.approx([1 / 15])
    u, active = SPACE.to_unit(SPACE.defaults)
    others = ENCODING.neighbours(u, active)
    widths = {SPACE.from_unit(row)["width"] for row in others}
    assert widths == {144, 128, 160, 112, 176, 80, 208, 16}  # 1, 2, 4 and 8 steps away


def test_a_dimension_of_one_value_has_no_feature():
    assert "only" not in ENCODING.names
    assert len(features()) == len(ENCODING.groups)


def test_integers_and_ordinals_run_from_0_to_1():
    for layers, expected in ((1, 0.0), (2, 0.25), (5, 1.0)):
        assert of("layers", layers=layers) == pytest.approx([expected])
    sizes = Encoding(Space([Categorical("size", (64, 32, 16), 16)]))
    features_of_all = sizes.encode(np.array([[0.1], [0.5], [0.9]]), np.ones((3, 1), bool))
    assert features_of_all.ravel().tolist() == [0.0, 0.5, 1.0]


def test_categories_are_1_apart():
    a, b = of("kind", kind="sgd"), of("kind", kind=None)
    assert np.linalg.norm(a - b) == pytest.approx(1)


def test_an_inactive_dimension_is_as_far_from_each_of_its_values():
    inactive = of("momentum", kind="adam")
    for value in (0.0, 0.3, 0.9):
        distance = np.linalg.norm(of("momentum", kind="sgd", momentum=value) - inactive)
        assert distance == pytest.approx(1)


def test_active_values_are_about_as_far_apart_as_without_a_condition():
    ends = [of("momentum", kind="sgd", momentum=value) for value in (0.0, 0.9)]
    assert np.linalg.norm(ends[0] - ends[1]) == pytest.approx(1, abs=0.05)


def test_the_coordinate_of_an_inactive_dimension_does_not_matter():
    x = np.random.default_rng(0).random((2, len(SPACE)))
    x[:, 1:] = x[0, 1:]
    x[:, 1] = 0.5  # adam: momentum is inactive
    np.testing.assert_array_equal(*ENCODING.encode(*ENCODING.snap(x)))


@pytest.mark.parametrize(
    ("categories", "ordinal"),
    [
        ((16, 32, 64), True),
        ((0.5, 0.1), True),
        ((1, 3, 2), False),
        ((False, True), False),
        (("a", "b"), False),
        ((1, None), False),
        ((7,), False),
    ],
)
def test_numbers_in_order_are_ordinal(categories, ordinal):
    assert is_ordinal(Categorical("c", categories, categories[0])) is ordinal


def test_slopes_are_the_derivatives_of_the_features():
    x, active = ENCODING.snap(np.array([[0.3, 0.1, 0.4, 0.9, 0.9, 0.5, 0.5, 0.1, 0.5, 0.5, 0.5]]))
    slopes = ENCODING.slopes(x[0], active[0])
    for name in ("momentum", "rate"):
        j, step = SPACE.names.index(name), 1e-7
        moved = x.copy()
        moved[0, j] += step
        change = (ENCODING.encode(moved, active) - ENCODING.encode(x, active))[0] / step
        mine = ENCODING.groups == ENCODING.names.index(name)
        np.testing.assert_allclose(change[mine], slopes[mine], atol=1e-6)
    others = ~np.isin(ENCODING.groups, [ENCODING.names.index(n) for n in ("momentum", "rate")])
    assert not slopes[others].any()


def test_neighbours_differ_in_one_active_discrete_dimension():
    x, active = SPACE.to_unit(
        SPACE.without_inactive({**SPACE.complete({}), "layers": 4, "units": 30, "kind": "sgd"})
    )
    params = [SPACE.from_unit(row) for row in ENCODING.neighbours(x, active)]
    assert {p["layers"] for p in params} == {1, 2, 3, 4, 5}
    assert {p["kind"] for p in params} == {"sgd", "adam", None}
    assert {29, 31, 26, 34, 300 - 14} >= {p["units"] for p in params if "units" in p} & {29, 31, 26}
    assert all((row != x).sum() == 1 for row in ENCODING.neighbours(x, active))


def test_points_are_those_of_the_space():
    rng = np.random.default_rng(0)
    params = [SPACE.sample(rng) for _ in range(50)]
    x, active = ENCODING.points(params)
    for row, mask, one in zip(x, active, params, strict=True):
        expected, expected_mask = SPACE.to_unit(one)
        np.testing.assert_allclose(row, expected, atol=1e-12)
        np.testing.assert_array_equal(mask, expected_mask)
