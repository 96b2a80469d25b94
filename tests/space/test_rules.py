"""Rules between parameters, and the spaces that have them."""

import json

import numpy as np
import pytest

from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Ordinal, Real
from hpopt.space.formula import RuleError
from hpopt.space.region import Region
from hpopt.space.rules import Rule, settled_rule
from hpopt.space.space import Space

KIND = Categorical("kind", ("adam", "sgd", None), "adam")
DIMENSIONS = [
    Integer("units_1", 1, 64, default=32),
    Integer("units_2", 1, 64, default=8),
    Real("momentum", 0, 0.99, default=0.5, when=(Condition.parse("kind", "sgd"),)),
    KIND,
    Categorical("norm", (True, False), True),
]


def rule(text, **constants):
    return settled_rule(text, DIMENSIONS, constants, ["gone"])


def ruled(*texts):
    return Space(DIMENSIONS, [rule(text) for text in texts])


def test_a_rule_binds_where_all_that_it_names_is_active():
    of_momentum = rule("momentum < 0.1 and units_1 > 9")
    assert of_momentum.is_met({"units_1": 1})
    assert not of_momentum.is_met({"units_1": 1, "momentum": 0.05})
    assert of_momentum.is_met({"units_1": 10, "momentum": 0.05})


def test_constants_are_values_of_a_rule():
    assert rule("units_1 * batch_size <= 4096", batch_size=64).text == "units_1 * 64 <= 4096"
    assert rule("units_1 > low", low=-3).text == "units_1 > -3"
    assert rule("training.batch_size > units_1", batch_size=64).text == "64 > units_1"


def test_a_rule_that_never_binds_is_none():
    assert rule("gone < units_1") is None
    assert rule("batch_size < 100", batch_size=64) is None


@pytest.mark.parametrize(
    ("text", "message", "help", "at"),
    [
        ("units_3 <= units_1", "no `units_3`", "did you mean `units_2`?", 0),
        ("units_1 <= batch_siz", "no `batch_siz`", "did you mean `batch_size`?", 11),
        ("kind < 3", "`kind` is no number", "one of `'adam'`, `'sgd'`, `null`", 0),
        ("kind == 'adm'", "never 'adm'", "one of `'adam'`", 8),
        ("units_1 == 2.5", "never 2.5", "between 1 and 64", 11),
        ("65 != units_1", "never 65", "between 1 and 64", 0),
        ("units_1 or norm", "neither true nor false", "between 1 and 64", 0),
        ("batch_size > 100", "never holds with `batch_size` = 64", "take it out", 0),
        ("shape > units_1", "no value to compare with", None, 0),
    ],
)
def test_what_can_not_be_meant_is_said_with_its_place(text, message, help, at):
    with pytest.raises(RuleError) as error:
        rule(text, batch_size=64, shape=[3, 4])
    assert message in str(error.value)
    assert help is None or help in (error.value.help or "")
    assert error.value.at == at


def test_samples_meet_the_rules():
    space = ruled("units_2 <= units_1 / 4", "not norm or kind == 'adam'")
    rng = np.random.default_rng(0)
    samples = [space.sample(rng) for _ in range(200)]
    assert all(p["units_2"] <= p["units_1"] / 4 for p in samples)
    assert all(not p["norm"] or p["kind"] == "adam" for p in samples)
    assert {p["kind"] for p in samples} == {"adam", "sgd", None}


def test_samples_of_rules_are_uniform_among_what_is_left():
    space = Space([Real("x", 0, 1), Real("y", 0, 1)], [Rule.from_json("x + y <= 1")])
    rng = np.random.default_rng(0)
    x = [space.sample(rng)["x"] for _ in range(2000)]
    assert np.mean(x) == pytest.approx(1 / 3, abs=0.02)


def test_a_walk_from_the_defaults_finds_what_chance_does_not():
    rules = [Rule.from_json("x < 0.0001"), Rule.from_json("y < 0.0001")]
    space = Space([Real("x", 0, 1, default=5e-5), Real("y", 0, 1, default=5e-5)], rules)
    rng = np.random.default_rng(0)
    samples = [space.sample(rng) for _ in range(20)]
    assert all(space.allows(params) for params in samples)
    assert len({params["x"] for params in samples}) > 15


def test_points_are_those_that_meet_the_rules():
    space = Space([Integer("a", 1, 5), Integer("b", 1, 5)], [Rule.from_json("a + b == 6")])
    assert space.points(10) == [{"a": n, "b": 6 - n} for n in range(1, 6)]
    assert space.points(4) is None


def test_points_of_very_many_are_not_looked_for():
    dimensions = [Integer("a", 1, 10**9), Integer("b", 1, 10**9)]
    assert Space(dimensions, [Rule.from_json("a + b == 3")]).points(10) is None


def test_allowed_goes_by_what_the_rules_name_alone():
    space = ruled("momentum < 0.3", "units_2 <= units_1")
    x = np.random.default_rng(1).random((300, len(space)))
    assert space.allowed(x).tolist() == [space.allows(space.from_unit(row)) for row in x]
    assert 50 < space.allowed(x).sum() < 250


SIZE = Ordinal("size", ("tiny", "small", "large"), "small")
OTHER = Ordinal("other", ("tiny", "small"), "tiny")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("size > 'tiny'", ["small", "large"]),
        ("'small' >= size", ["tiny", "small"]),
        ("'tiny' < size < 'large'", ["small"]),
        ("size == 'tiny'", ["tiny"]),
        ("size > other", ["small", "large"]),
    ],
)
def test_ordinals_are_compared_by_their_order(text, allowed):
    space = Space([SIZE, OTHER], [Rule.from_json(text)])
    points = space.points(10)
    assert {p["size"] for p in points} == set(allowed)
    again = Space.from_json(json.loads(json.dumps(space.to_json())), [text])
    assert again.points(10) == points


def test_an_ordinal_of_numbers_is_compared_as_a_number():
    sizes = Ordinal("n", (64, 32, 16), 64)
    assert len(Space([sizes], [Rule.from_json("2 * n <= 64")]).points(10)) == 2


@pytest.mark.parametrize(
    ("text", "at", "help"),
    [
        ("size > 'huge'", 7, "that is `'tiny'`, `'small'`, `'large'`"),
        ("size > 3", 7, "that is `'tiny'`"),
        ("size < kind", 7, "that is `'tiny'`"),
        ("size + 1 > 3", 0, "compare it by `==` or `!=`, or by `<` or `>` with one of them"),
    ],
)
def test_what_is_not_in_an_order_is_said(text, at, help):
    with pytest.raises(RuleError) as error:
        Space([SIZE, KIND], [Rule.from_json(text)])
    assert error.value.at == at
    assert help in error.value.help


def test_a_text_without_quotes_is_told_from_a_name():
    with pytest.raises(RuleError) as error:
        rule("kind != sgd")
    assert error.value.help == "a value that is a text stands in quotes: 'sgd'"


def test_rules_come_back_from_json():
    space = ruled("units_2<=units_1", "kind != 'sgd' or momentum < 0.5")
    texts = json.loads(json.dumps([rule.text for rule in space.rules]))
    assert Space.from_json(space.to_json(), texts).rules == space.rules
    with pytest.raises(RuleError):
        Space.from_json(space.to_json(), ["units_3 > 2"])


def test_the_region_says_which_rule_the_fewest_points_meet():
    region = Region.of(space := ruled("units_2 <= units_1", "units_1 == 3"))
    assert region.met < region.met_each[1] < 300 < 5000 < region.met_each[0]
    assert "meet `units_1 == 3`" in region.describe(space)
    assert space.allows(region.example)
