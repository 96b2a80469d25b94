import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.space.conditions import Condition, DimensionError, frozen, same
from hpopt.space.dimensions import (
    Categorical,
    Integer,
    Real,
    dimension_from_json,
    dimension_to_json,
    identity,
    settled,
)

MIXED = (0.1, "auto", 16, None, True)
CONDITIONS = (
    Condition.parse("optimizer", ["sgd", None, 1, True, 0.5]),
    Condition.parse("num_layers", ">= 3"),
)
units = st.floats(0, 1)


def ordered(numbers):
    return st.lists(numbers, min_size=2, max_size=2, unique=True).map(sorted)


def near(value, dimension):
    """Equal but for rounding, on the scale of the dimension's prior."""
    if dimension.prior == "log-uniform":
        return pytest.approx(value, rel=1e-10)
    return pytest.approx(value, abs=1e-12 * max(abs(dimension.low), abs(dimension.high)))


def reals():
    uniform = ordered(st.floats(-1e9, 1e9)).map(lambda bounds: Real("x", *bounds))
    # Bounds of at least a thousandth apart: closer ones have a test of their own.
    log = st.builds(
        lambda low, ratio: Real("x", low, low * ratio, "log-uniform"),
        st.floats(1e-12, 1e3),
        st.floats(1.001, 1e9),
    )
    return uniform | log


def integers():
    uniform = ordered(st.integers(-(2**40), 2**40))
    log = ordered(st.integers(1, 2**40))
    return uniform.map(lambda b: Integer("x", *b)) | log.map(
        lambda b: Integer("x", *b, "log-uniform")
    )


def categoricals():
    # 0 and 1, which Python takes for False and True, are among the values that get mixed.
    plain = st.none() | st.booleans() | st.integers(-3, 99) | st.floats(0.1, 0.9) | st.text()
    nested = st.lists(plain, max_size=3) | st.dictionaries(st.text(max_size=3), plain, max_size=3)
    values = plain | nested | st.lists(nested, max_size=2)
    distinct = st.lists(values, min_size=1, max_size=8, unique_by=frozen)
    return distinct.map(lambda categories: Categorical("x", tuple(categories), categories[0]))


@given(dimension=reals(), data=st.data())
def test_a_real_comes_back_from_the_unit_interval(dimension, data):
    value = data.draw(st.floats(dimension.low, dimension.high))
    assert dimension.from_unit(dimension.to_unit(value)) == near(value, dimension)


@given(dimension=integers(), data=st.data())
def test_an_integer_comes_back_from_the_unit_interval(dimension, data):
    value = data.draw(st.integers(dimension.low, dimension.high))
    assert dimension.from_unit(dimension.to_unit(value)) == value


@given(dimension=categoricals(), data=st.data())
def test_a_category_comes_back_from_the_unit_interval(dimension, data):
    value = data.draw(st.sampled_from(dimension.categories))
    back = dimension.from_unit(dimension.to_unit(value))
    assert (type(back), back) == (type(value), value)


@pytest.mark.parametrize("value", MIXED)
def test_a_mixed_category_comes_back_as_it_went_in(value):
    dimension = Categorical("x", MIXED, "auto")
    assert dimension.from_unit(dimension.to_unit(value)) is value


def stepped():
    whole = st.builds(
        lambda low, step, n: Integer("x", low, low + step * n, step=step),
        st.integers(-(10**6), 10**6), st.integers(2, 999), st.integers(1, 999),
    )  # fmt: skip
    # In decimal, as people write them.
    real = st.builds(
        lambda low, step, n: Real("x", low / 1000, (low + step * n) / 1000, step=step / 1000),
        st.integers(-(10**6), 10**6), st.integers(1, 999), st.integers(1, 999),
    )  # fmt: skip
    return whole | real


@given(dimension=stepped(), u=units)
def test_steps_own_equal_shares_and_come_back_from_them(dimension, u):
    values = list(dimension.values())
    assert (values[0], values[-1]) == (dimension.low, dimension.high)
    assert len(values) == dimension.n_values
    value = dimension.from_unit(u)
    assert value == values[min(int(u * len(values)), len(values) - 1)]
    assert dimension.from_unit(dimension.to_unit(value)) == value
    assert dimension.contains(value)
    assert settled(dimension, value) == value
    assert dimension_from_json(json.loads(json.dumps(dimension_to_json(dimension)))) == dimension


def test_lists_and_mappings_are_the_same_where_all_that_is_in_them_is():
    assert same([1, [2.0]], [1.0, [2]])
    assert same([64, 32], (64, 32))  # of Python, where it stands for a list
    assert same({"a": 1, "b": [True]}, {"b": [True], "a": 1})
    assert not same([1], [True])
    assert not same([64, 32], [32, 64])
    assert not same({"a": 1}, [["a", 1]])
    assert identity({"x": [1]}) == identity({"x": [1.0]}) != identity({"x": [True]})


def test_a_category_that_json_can_not_hold_is_an_error():
    for wrong in ([math.inf], {"a": math.nan}, [1j], {1: 2}):
        with pytest.raises(DimensionError, match="what JSON can't"):
            Categorical("x", (wrong, None), None)


def test_a_condition_may_name_a_list_in_a_list():
    condition = Condition.parse("layers", [[64, 32], None])
    assert condition.holds([64, 32])
    assert condition.holds(None)
    assert not condition.holds([64])
    assert str(condition) == "layers is [64, 32] or null"


def test_steps_of_real_numbers_are_decimals():
    dimension = Real("x", 0.1, 0.9, step=0.1)
    assert list(dimension.values()) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert dimension.contains(0.1 + 0.2)
    assert settled(dimension, 0.1 + 0.2) == 0.3
    assert not any(map(dimension.contains, (0.0, 0.25, 0.95, 1.0, True)))


@pytest.mark.parametrize(
    ("make", "key", "says"),
    [
        (lambda: Integer("x", 16, 250, step=16), "high", "240 or 256"),
        (lambda: Integer("x", 16, 20, step=16), "high", "write 32"),
        (lambda: Real("x", 0.1, 0.95, step=0.1), "high", "0.9 or 1"),
        (lambda: Integer("x", 16, 256, "log-uniform", step=16), "step", "[16, 32, 64, ...]"),
        (lambda: Real("x", 0, 1, step=0.0), "step", "above 0"),
        (lambda: Real("x", 0, 1, step=1e-9), "step", "leave it out"),
        (lambda: Integer("x", 16, 256, step=16, default=100), "default", "96 or 112"),
        (lambda: Real("x", 0, 1, step=0.25, default=0.3), "default", "0.25 or 0.5"),
        (lambda: Real("x", 0, 1, step=0.25, default=2.0), "default", "between 0 and 1"),
    ],
)
def test_senseless_steps_name_the_setting_at_fault_and_what_would_be_right(make, key, says):
    with pytest.raises(DimensionError) as caught:
        make()
    assert caught.value.key == key
    assert says in caught.value.help


def test_a_journal_says_nothing_of_steps_that_there_are_not():
    for dimension in (Integer("x", 1, 9), Integer("x", 1, 9, step=1), Real("x", 0, 1)):
        assert "step" not in dimension_to_json(dimension)


@given(dimension=reals() | integers() | categoricals(), data=st.data())
def test_values_lie_on_the_unit_interval(dimension, data):
    value = dimension.from_unit(data.draw(units))
    assert 0 <= dimension.to_unit(value) <= 1


@pytest.mark.parametrize("number", [float, np.float64])
@given(dimension=reals(), u=units)
def test_every_unit_point_is_a_plain_float_within_the_bounds(number, dimension, u):
    value = dimension.from_unit(number(u))
    assert type(value) is float
    assert dimension.contains(value)


@pytest.mark.parametrize("number", [float, np.float64])
@given(dimension=integers(), u=units)
def test_every_unit_point_is_a_plain_int_within_the_bounds(number, dimension, u):
    value = dimension.from_unit(number(u))
    assert type(value) is int
    assert dimension.contains(value)


@pytest.mark.parametrize("number", [float, np.float64])
@given(dimension=categoricals(), u=units)
def test_every_unit_point_is_one_of_the_categories(number, dimension, u):
    value = dimension.from_unit(number(u))
    assert any(value is category for category in dimension.categories)


@pytest.mark.parametrize(
    "dimension",
    [Integer("x", 1, 5), Integer("x", -2, 2), Categorical("x", MIXED, 16)],
    ids=["integer", "around zero", "categorical"],
)
def test_values_own_equal_shares_of_the_unit_interval(dimension):
    values = [dimension.from_unit((i + 0.5) / 100) for i in range(100)]
    assert [sum(same(v, other) for other in values) for v in values] == [20] * 100


@pytest.mark.parametrize("value", [1, 2, 7, 10])
def test_a_log_integer_owns_its_share_of_the_log_scale(value):
    dimension = Integer("x", 1, 10, "log-uniform")
    values = [dimension.from_unit((i + 0.5) / 10_000) for i in range(10_000)]
    share = math.log((value + 0.5) / (value - 0.5)) / math.log(10.5 / 0.5)
    assert values.count(value) / 10_000 == pytest.approx(share, abs=2e-4)


@given(integers())
def test_the_end_points_of_an_integer_can_be_reached(dimension):
    assert dimension.from_unit(0.0) == dimension.low
    assert dimension.from_unit(1.0) == dimension.high


@given(categoricals())
def test_the_first_and_the_last_category_can_be_reached(dimension):
    assert dimension.from_unit(0.0) is dimension.categories[0]
    assert dimension.from_unit(1.0) is dimension.categories[-1]


@given(reals())
def test_the_end_points_of_a_real_can_be_reached(dimension):
    assert dimension.from_unit(0.0) == near(dimension.low, dimension)
    assert dimension.from_unit(1.0) == near(dimension.high, dimension)
    assert dimension.to_unit(dimension.low) == 0
    assert dimension.to_unit(dimension.high) == 1


@pytest.mark.parametrize(
    ("dimension", "middle"),
    [
        (Real("x", 0, 1), 0.5),
        (Real("x", 1e-4, 1e-2, "log-uniform"), pytest.approx(1e-3)),
        (Integer("x", 1, 5), 3),
        (Integer("x", 16, 256, step=16), 144),
        (Real("x", 0.1, 0.9, step=0.1), 0.5),
        (Integer("x", 1, 100, "log-uniform"), 7),  # the root of 0.5 · 100.5
    ],
)
def test_a_default_that_is_not_given_is_the_middle(dimension, middle):
    assert dimension.default == middle


@pytest.mark.parametrize(
    "dimension",
    [
        Real("x", 0, 1, default=0.0),
        Integer("x", 0, 5, default=0),
        Categorical("x", (None, 0, False), 0),
    ],
)
def test_a_default_that_is_given_stays(dimension):
    assert dimension.default == 0
    assert dimension.default is not False


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ((math.nan, 1.0), "low"),
        ((-math.inf, 1.0), "low"),
        ((0.0, math.inf), "high"),
        ((0.0, math.nan), "high"),
        ((1.0, 1.0), "low"),
        ((2.0, 1.0), "low"),
        ((-1.7e308, 1.7e308), "high"),
        ((0.0, 1.0, "log-uniform"), "low"),
        ((-1.0, 1.0, "log-uniform"), "low"),
        ((0.0, 1.0, "uniform", 1.5), "default"),
        ((0.0, 1.0, "uniform", math.nan), "default"),
        ((0.0, 1.0, "uniform", True), "default"),
    ],
)
def test_a_senseless_real_names_the_setting_at_fault(arguments, key):
    with pytest.raises(DimensionError) as caught:
        Real("x", *arguments)
    assert caught.value.key == key
    assert caught.value.help


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ((-(2**53), 1), "low"),
        ((1, 2**53), "high"),
        ((3, 3), "low"),
        ((5, 1), "low"),
        ((0, 8, "log-uniform"), "low"),
        ((1, 5, "uniform", 6), "default"),
        ((1, 5, "uniform", 2.0), "default"),
        ((1, 5, "uniform", True), "default"),
    ],
)
def test_a_senseless_integer_names_the_setting_at_fault(arguments, key):
    with pytest.raises(DimensionError) as caught:
        Integer("x", *arguments)
    assert caught.value.key == key
    assert caught.value.help


@pytest.mark.parametrize(
    ("categories", "default", "key"),
    [
        ((), None, "categories"),
        (("relu", "tanh", "relu"), "relu", "categories"),
        ((1, 1.0), 1, "categories"),
        ((None, None), None, "categories"),
        (("relu", "tanh"), "gelu", "default"),
        ((0, 1), True, "default"),
        (("relu", "tanh"), None, "default"),
    ],
)
def test_a_senseless_categorical_names_the_setting_at_fault(categories, default, key):
    with pytest.raises(DimensionError) as caught:
        Categorical("x", categories, default)
    assert caught.value.key == key
    assert caught.value.help


def test_true_and_one_are_two_categories():
    dimension = Categorical("x", (1, True, 0, False), True)
    assert [dimension.index(value) for value in (1, True, 0, False)] == [0, 1, 2, 3]


def test_a_value_that_is_no_category_has_no_index():
    with pytest.raises(ValueError, match="'gelu' is no category of activation"):
        Categorical("activation", ("relu",), "relu").index("gelu")


@pytest.mark.parametrize(
    ("low", "high", "prior"),
    [(1 - 2**53, 2**53 - 1, "uniform"), (1, 2**53 - 1, "log-uniform")],
)
def test_bounds_between_which_neighbours_would_be_one_are_refused(low, high, prior):
    with pytest.raises(DimensionError):
        Integer("x", low, high, prior)


def test_bounds_that_are_one_on_a_log_scale_are_refused():
    with pytest.raises(DimensionError):
        Real("x", 1e10, math.nextafter(1e10, math.inf), "log-uniform")


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, "0.5", None, True, False])
def test_a_real_contains_numbers_within_its_bounds_alone(value):
    assert not Real("x", 0, 1).contains(value)


@pytest.mark.parametrize("value", [0, 6, 2.0, "2", None, True])
def test_an_integer_contains_whole_numbers_within_its_bounds_alone(value):
    assert not Integer("x", 1, 5).contains(value)


@pytest.mark.parametrize(
    ("form", "fits", "fits_not"),
    [
        ("sgd", ["sgd"], ["adam", None]),
        (["sgd", "lion"], ["sgd", "lion"], ["adam"]),
        (None, [None], [False, 0, "None"]),
        (True, [True], [1, "true", False]),
        (1, [1, 1.0], [True, 2]),
        ([1, None, "auto"], [1.0, None, "auto"], [True, 2, "none"]),
        (">= 3", [3, 3.5, 4], [2, 2.999]),
        ("<=3", [3, -1], [3.5]),
        ("  > 0.5 ", [0.6, 1], [0.5, 0]),
        ("< -1e-3", [-1], [0, -1e-3]),
        ("== 2", [2, 2.0], [3]),
        ("!= 2", [3, 1.5], [2, 2.0]),
        ([">= 3"], [">= 3"], [3]),
    ],
    ids=str,
)
def test_a_condition_holds_for_what_its_form_says(form, fits, fits_not):
    condition = Condition.parse("parent", form)
    assert [condition.holds(value) for value in fits] == [True] * len(fits)
    assert [condition.holds(value) for value in fits_not] == [False] * len(fits_not)


@pytest.mark.parametrize("value", ["4", None, True, math.nan])
@pytest.mark.parametrize("form", [">= 0", "!= 0"])
def test_a_comparison_holds_for_numbers_alone(form, value):
    assert not Condition.parse("parent", form).holds(value)


@pytest.mark.parametrize(
    "form", [">= three", ">", "== ", [], {}, {"is": 3}, [{1: 2}], [1, [1j]], b"sgd", 1j]
)
def test_a_condition_that_can_not_be_read_says_what_to_write(form):
    with pytest.raises(DimensionError) as caught:
        Condition.parse("parent", form)
    assert caught.value.key == "when"
    assert ">= 3" in caught.value.help


@pytest.mark.parametrize(
    "form", ["sgd", [1, "a", None, True], ">= 3", "!= -0.25", "< 1e-30", ["> 1"]], ids=str
)
def test_a_condition_is_read_again_from_its_form(form):
    condition = Condition.parse("parent", form)
    assert Condition.parse("parent", condition.form) == condition


@pytest.mark.parametrize(
    ("form", "text"),
    [("sgd", "parent is sgd"), (["a", "b"], "parent is a or b"), (">=3", "parent >= 3")],
)
def test_a_condition_reads_as_a_sentence(form, text):
    assert str(Condition.parse("parent", form)) == text


@given(
    dimension=reals() | integers() | categoricals(),
    when=st.sampled_from([(), CONDITIONS[:1], CONDITIONS]),
)
def test_a_dimension_comes_back_from_json(dimension, when):
    dimension = type(dimension)(**vars(dimension) | {"when": when})
    text = json.dumps(dimension_to_json(dimension), allow_nan=False)
    back = dimension_from_json(json.loads(text))
    assert back == dimension
    assert repr(back) == repr(dimension)  # tells 1 from 1.0 and from True


@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_a_condition_equals_its_pickled_copy(condition):
    assert pickle.loads(pickle.dumps(condition)) == condition


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 1.0, True),
        (1, True, False),
        (1.0, True, False),
        (0, False, False),
        (True, True, True),
        (True, False, False),
        (None, None, True),
        (None, False, False),
        ("1", 1, False),
        ("a", "a", True),
    ],
)
def test_values_are_the_same_as_in_yaml(a, b, expected):
    assert same(a, b) is expected
    assert same(b, a) is expected
