import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.space.conditions import Condition, DimensionError
from hpopt.space.dimensions import Categorical, Integer, Real, identity
from hpopt.space.space import Space

PLAIN = {float, int, str, bool, type(None)}


def when(**forms):
    return tuple(Condition.parse(parent, form) for parent, form in forms.items())


OPTIMIZER = Categorical("optimizer", ("adam", "sgd"), "adam")
LAYERS = Integer("layers", 1, 5, default=1)
# A chain of conditions, two conditions on one dimension, and a child that stands before its parent.
SPACE = Space(
    [
        Real("warmth", 0, 1, default=0.25, when=when(momentum="> 0.5")),
        OPTIMIZER,
        Real("momentum", 0, 0.99, default=0.9, when=when(optimizer="sgd")),
        LAYERS,
        Integer("units", 5, 50, default=20, when=when(layers=">= 3", optimizer="adam")),
    ]
)


@st.composite
def conditions(draw, parent):
    value = parent.from_unit(draw(st.floats(0.05, 0.95)))
    if isinstance(parent, Categorical):
        return Condition.parse(parent.name, [value])
    return Condition.parse(parent.name, f"{draw(st.sampled_from(['>=', '<=']))} {value!r}")


@st.composite
def dimensions(draw, name, parents):
    chosen = st.lists(st.sampled_from(parents), unique_by=lambda p: p.name, max_size=2)
    of = draw(chosen) if parents else []
    options = {"name": name, "when": tuple(draw(conditions(parent)) for parent in of)}
    prior = draw(st.sampled_from(["uniform", "log-uniform"]))
    match draw(st.sampled_from(["real", "integer", "categorical"])):
        case "real":
            low = draw(st.floats(1e-6, 10))
            return Real(low=low, high=low * draw(st.floats(1.1, 1e4)), prior=prior, **options)
        case "integer":
            low = draw(st.integers(1, 100))
            return Integer(low=low, high=low + draw(st.integers(1, 100)), prior=prior, **options)
        case _:
            categories = draw(st.permutations([0.1, "auto", 16, None, True]))
            categories = tuple(categories[: draw(st.integers(1, 5))])
            return Categorical(categories=categories, default=categories[0], **options)


@st.composite
def spaces(draw):
    found = []
    for name in "abcdef"[: draw(st.integers(1, 6))]:
        found.append(draw(dimensions(name, list(found))))
    return Space(draw(st.permutations(found)))


def sample(space, seed):
    return space.sample(np.random.default_rng(seed))


def rounded(params):
    """Params as texts, which tell 1 from 1.0 and from True, without the last digits of floats."""
    return {n: f"{v:.9g}" if type(v) is float else repr(v) for n, v in params.items()}


def test_the_defaults_leave_out_what_is_inactive():
    assert SPACE.defaults == {"optimizer": "adam", "layers": 1}


@pytest.mark.parametrize(
    ("parents", "active"),
    [
        ({"optimizer": "adam", "layers": 2}, set()),
        ({"optimizer": "adam", "layers": 3}, {"units"}),
        ({"optimizer": "sgd", "layers": 3}, {"momentum"}),
        ({"optimizer": "sgd", "layers": 1, "momentum": 0.2}, {"momentum"}),
        ({"optimizer": "sgd", "layers": 1, "momentum": 0.8}, {"momentum", "warmth"}),
        # The momentum would make the warmth active, but is itself inactive.
        ({"optimizer": "adam", "layers": 1, "momentum": 0.8}, set()),
    ],
)
def test_a_dimension_is_active_when_its_parents_are_and_all_its_conditions_hold(parents, active):
    complete = {"momentum": 0.1} | parents
    x, _ = SPACE.to_unit(complete)
    params = SPACE.from_unit(x)
    assert set(params) == {"optimizer", "layers"} | active


def test_the_mask_tells_what_is_active():
    _, mask = SPACE.to_unit({"optimizer": "sgd", "layers": 1, "momentum": 0.2})
    assert mask.dtype == bool
    assert mask.tolist() == [False, True, True, True, False]


def test_an_inactive_coordinate_is_that_of_the_default():
    x, _ = SPACE.to_unit(SPACE.defaults)
    assert x.dtype == float
    assert x[0] == 0.25


def test_names_and_length_follow_the_order_given():
    assert SPACE.names == ["warmth", "optimizer", "momentum", "layers", "units"]
    assert len(SPACE) == 5
    assert [dimension.name for dimension in SPACE] == SPACE.names


@given(space=spaces(), seed=st.integers(0, 2**32))
def test_sampled_params_come_back_from_the_unit_cube(space, seed):
    params = sample(space, seed)
    x, mask = space.to_unit(params)
    assert mask.tolist() == [name in params for name in space.names]
    assert rounded(space.from_unit(x)) == rounded(params)


@given(space=spaces(), seed=st.integers(0, 2**32))
def test_sampled_params_lie_in_the_space_in_plain_python_scalars(space, seed):
    params = sample(space, seed)
    assert space.contains(params)
    assert {type(value) for value in params.values()} <= PLAIN


@given(spaces())
def test_the_defaults_lie_in_the_space(space):
    assert space.contains(space.defaults)


@given(space=spaces(), data=st.data())
def test_every_point_of_the_unit_cube_lies_in_the_space(space, data):
    x = data.draw(st.lists(st.floats(0, 1), min_size=len(space), max_size=len(space)))
    assert space.contains(space.from_unit(np.array(x)))


@given(space=spaces(), seed=st.integers(0, 2**32))
def test_a_seed_gives_the_same_params_each_time(space, seed):
    assert sample(space, seed) == sample(space, seed)


def test_samples_differ_within_a_sequence():
    rng = np.random.default_rng(0)
    space = Space([Real("x", 0, 1)])
    assert space.sample(rng) != space.sample(rng)


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer": "adam", "layers": 1},
        {"optimizer": "sgd", "layers": 1, "momentum": 0.2},
        {"optimizer": "sgd", "layers": 1, "momentum": 0.8, "warmth": 0},
        {"layers": 4, "units": 5, "optimizer": "adam"},
    ],
)
def test_exactly_the_active_dimensions_make_params(params):
    assert SPACE.contains(params)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"optimizer": "adam"},
        {"layers": 1},
        {"optimizer": "sgd", "layers": 1},
        {"optimizer": "adam", "layers": 1, "colour": 3},
        {"optimizer": "adam", "layers": 1, "momentum": 0.2},
        {"optimizer": "adam", "layers": 1, "units": 20},
        {"optimizer": "sgd", "layers": 1, "momentum": 0.2, "warmth": 0.5},
        {"optimizer": "adam", "layers": 6},
        {"optimizer": "adam", "layers": 1.0},
        {"optimizer": "adam", "layers": True},
        {"optimizer": "adam", "layers": None},
        {"optimizer": "lion", "layers": 1},
        {"optimizer": "sgd", "layers": 1, "momentum": 1.5},
    ],
    ids=str,
)
def test_missing_extra_inactive_and_illegal_values_are_not_contained(params):
    assert not SPACE.contains(params)


def test_complete_puts_the_default_where_a_dimension_is_inactive():
    params = {"optimizer": "sgd", "layers": 2, "momentum": 0.2}
    assert SPACE.complete(params) == params | {"warmth": 0.25, "units": 20}


def test_complete_keeps_the_order_of_the_space():
    assert list(SPACE.complete(SPACE.defaults)) == SPACE.names


def test_complete_keeps_a_null_that_was_chosen():
    space = Space([Categorical("size", (16, None), 16)])
    assert space.complete({"size": None}) == {"size": None}


def name_of(case):
    return getattr(case, "name", str(case))


def refusal_of(*dimensions):
    with pytest.raises(DimensionError) as caught:
        Space(dimensions)
    assert caught.value.key == "when"
    return caught.value


def test_an_unknown_parent_gets_a_did_you_mean():
    error = refusal_of(OPTIMIZER, Real("momentum", 0, 1, when=when(optimiser="sgd")))
    assert error.dimension == "momentum"
    assert "optimiser" in str(error)
    assert "did you mean `optimizer`?" in error.help


def test_a_dimension_is_not_its_own_parent():
    error = refusal_of(OPTIMIZER, Real("momentum", 0, 1, when=when(momentum="> 0.5")))
    assert error.dimension == "momentum"


def test_conditions_that_run_in_a_circle_are_refused():
    error = refusal_of(
        Real("a", 0, 1, when=when(c="> 0.5")),
        Real("b", 0, 1, when=when(a="> 0.5")),
        Real("c", 0, 1, when=when(b="> 0.5")),
    )
    assert "`a`, `b`, `c`" in str(error)


@pytest.mark.parametrize(
    ("parent", "form"),
    [
        (OPTIMIZER, "lion"),
        (OPTIMIZER, ["lion", None]),
        (OPTIMIZER, ">= 3"),
        (LAYERS, 6),
        (LAYERS, [0, "two"]),
        (LAYERS, "> 5"),
        (LAYERS, "< 1"),
        (LAYERS, "== 7"),
        (LAYERS, 2.5),
        (LAYERS, "== 2.5"),
        (LAYERS, True),
        (Real("rate", 0, 1), "> 1"),
        (Real("rate", 0, 1), -0.1),
        (LAYERS, [2, 99]),
        (Categorical("flag", (True, False), True), 1),
    ],
    ids=name_of,
)
def test_a_condition_that_can_never_hold_is_refused(parent, form):
    error = refusal_of(parent, Real("child", 0, 1, when=when(**{parent.name: form})))
    assert error.dimension == "child"
    assert "never hold" in str(error)
    assert parent.name in error.help


@pytest.mark.parametrize(
    ("parent", "form"),
    [
        (LAYERS, 5),
        (LAYERS, 2.0),
        (LAYERS, [2, 5]),
        (LAYERS, "== 3"),
        (LAYERS, "> 4.5"),
        (LAYERS, "!= 1"),
        (Real("rate", 0, 1), "== 0.5"),
        (Real("rate", 0, 1), ">= 1"),
        (Categorical("size", (8, 16, None), 8), "> 8"),
    ],
    ids=name_of,
)
def test_a_condition_that_can_hold_makes_a_space(parent, form):
    space = Space([parent, Real("child", 0, 1, when=when(**{parent.name: form}))])
    values = [parent.from_unit(u) for u in np.linspace(0, 1, 101)]
    assert any("child" in space.from_unit(space.to_unit({parent.name: v})[0]) for v in values)


@given(spaces())
def test_a_space_comes_back_from_json(space):
    back = Space.from_json(json.loads(json.dumps(space.to_json(), allow_nan=False)))
    assert back.dimensions == space.dimensions
    assert repr(back.dimensions) == repr(space.dimensions)


def test_json_holds_the_conditions_as_they_stand_in_the_yaml():
    forms = {form["name"]: form["when"] for form in SPACE.to_json()}
    assert forms["momentum"] == {"optimizer": ["sgd"]}
    assert forms["units"] == {"layers": ">= 3.0", "optimizer": ["adam"]}


def test_all_points_of_a_finite_space_are_those_that_can_be_drawn():
    space = Space(
        [
            Integer("deep", 1, 2, default=1, when=when(kind="b")),
            Categorical("kind", ("a", "b"), default="a"),
        ]
    )
    points = space.points(3)
    assert points is not None
    rng = np.random.default_rng(0)
    drawn = {identity(space.sample(rng)) for _ in range(100)}
    assert {identity(params) for params in points} == drawn
    assert len(points) == len(drawn) == 3
    assert all(space.contains(params) for params in points)
    assert space.points(2) is None
    assert Space([Real("x", 0.0, 1.0)]).points(10**6) is None
