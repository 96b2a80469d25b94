"""The language of rules: what is read comes back, and nothing but its own error is ever raised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpopt.space.formula import (
    Both,
    Comparison,
    Literal,
    Name,
    Negative,
    Not,
    RuleError,
    Sum,
    holds,
    nodes,
    to_text,
)
from hpopt.space.rule_parser import parse

NUMBERS = st.integers(0, 10**15) | st.floats(0, 1e300).filter(lambda x: str(x) != "-0.0")
NAMES = st.from_regex(r"[a-z_]\w{0,5}(\.\w{1,4}){0,2}", fullmatch=True) | st.text(
    st.characters(exclude_characters="`", exclude_categories=["Cs"]), min_size=1, max_size=6
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.builds(Literal, NUMBERS) | st.builds(Name, NAMES),
    lambda of: st.builds(Negative, of) | st.builds(Sum, st.sampled_from("+-*/%"), of, of),
    max_leaves=5,
)
OTHERS = st.builds(Literal, TEXTS | st.booleans() | st.none())


@st.composite
def comparisons(draw):
    parts = draw(st.lists(VALUES | OTHERS, min_size=2, max_size=4))
    signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return Comparison(tuple(parts), tuple(draw(signs) for _ in parts[1:]))


RULES = st.recursive(
    comparisons() | st.builds(Name, NAMES) | st.builds(Literal, st.booleans()),
    lambda of: st.builds(Not, of) | st.builds(Both, st.sampled_from(["and", "or"]), of, of),
    max_leaves=5,
)


@given(RULES)
def test_a_rule_comes_back_from_its_text(tree):
    text = to_text(tree)
    assert parse(text) == tree
    assert to_text(parse(text)) == text


PIECES = st.sampled_from(
    [*"()+-*/%<>=!&|^.,'\"`$ \n", "a", "b.c", "and", "or", "not", "true", "null", "1e999", "0", "é"]
)


@given(st.text(max_size=40) | st.lists(PIECES, max_size=300).map("".join))
def test_a_text_is_a_rule_or_refused_by_the_languages_own_error(text):
    refused: RuleError | None = None
    try:
        tree = parse(text)
    except RuleError as error:
        refused = error
    if refused is not None:
        assert 0 <= refused.at <= len(text)
        assert str(refused)
    else:
        holds(tree, {node.name: 0.0 for node in nodes(tree) if isinstance(node, Name)})


@given(RULES, st.sampled_from([0, 0.0, -3, 1e300, "adam", None, True]))
def test_every_rule_holds_or_not_whatever_the_values(tree, value):
    names = {node.name for node in nodes(tree) if isinstance(node, Name)}
    assert holds(tree, dict.fromkeys(names, value)) in (True, False)


P = {"a": 6, "b": 4, "kind": "adam", "on": True, "off": False, "x": None, "b.c": 7}


@pytest.mark.parametrize(
    "text",
    [
        "b <= a",
        "2 < b < a <= 6",
        "a + b * 2 == 14",
        "(a + b) * 2 == 20",
        "a - b - 1 == 1",
        "a / b == 1.5",
        "a % b == 2",
        "-a < -b",
        "a - -b == 10",
        "kind == 'adam' and kind != \"sgd\"",
        "on and not off",
        "off or on and a == 6",
        "not off and not (a < b or b == 5)",
        "x == null and on == true",
        "b.c == 7 and `b.c` == 7",
        "a == 6.0",
        "on != 1",
        "kind == 'it''s' or true",
    ],
)
def test_what_holds(text):
    assert holds(parse(text), P)
    assert not holds(parse(f"not ({text})"), P)


@pytest.mark.parametrize(
    "text",
    ["a / 0 == 1", "a / 0 != 1", "a % 0 < 1", "kind + 1 != 2", "kind < 3", "1e300 * 1e300 > 1"],
)
def test_no_comparison_holds_with_what_can_not_be_reckoned(text):
    assert not holds(parse(text), P)


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("a = b", "`=` stands where", 2),
        ("a <= ", "is missing at the end", 5),
        ("(a < b", "`)` is missing at the end", 6),
        ("a < b)", "`)` stands where", 5),
        ("a ** 2 < 3", "`**` stands where", 2),
        ("a && b", "`&&` stands where", 2),
        ("max(a, b) < 3", "no function `max`", 0),
        ("a < 'b", "the quote ' is never closed", 4),
        ("a ; b", "`;` means nothing", 2),
        ("a + b", "is nothing that holds or not", 2),
        ("a < (b < c)", "holds or not, and is no value", 5),
        ("a + 'b' < 3", "'b'` is no number", 4),
        ("a < 1e999", "too large", 4),
        ("(" * 50 + "a", "nested too deeply", 40),
        ("not " * 50 + "a", "nested too deeply", 160),
        ("a" + " + a" * 200 + " > 0", "too long", 399),
        ("", "is missing at the end", 0),
        ("__import__('os')", "no function `__import__`", 0),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, message, at):
    with pytest.raises(RuleError) as error:
        parse(text)
    assert message in str(error.value)
    assert error.value.at == at
