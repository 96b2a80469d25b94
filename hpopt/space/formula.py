"""A rule between parameters as a tree: its text, and whether it holds.

`rule_parser.py` reads the text. What can't be reckoned (a number over 0, arithmetic with a text)
has no value, and no comparison with it holds. Nothing is ever evaluated by Python.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hpopt.space.conditions import Value, is_number, same

KEYWORDS = ("and", "or", "not", "true", "false", "null")
_PLAIN_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")


class RuleError(ValueError):
    """A rule that can't be read or makes no sense; `at` is the place in its text, from 0."""

    def __init__(self, message: str, *, at: int = 0, help: str | None = None) -> None:
        super().__init__(message)
        self.at = at
        self.help = help


class Unreckonable(ArithmeticError):  # noqa: N818 (it says what a formula is)
    """A part of a formula has no value."""


_RECKONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Literal:
    """A value as it stands; a number is never negative."""

    value: Value
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Name:
    """The value that a name has."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Negative:
    """A number with its sign turned."""

    of: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Sum:
    """Two numbers and one of + - * / %."""

    sign: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Comparison:
    """Values and the signs between them: all of the comparisons hold, of neighbours each."""

    parts: tuple[Node, ...]
    signs: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Not:
    """The opposite."""

    of: Node
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Both:
    """Two of which all (`and`) or one (`or`) must hold."""

    word: str
    left: Node
    right: Node
    at: int = field(default=0, compare=False)


Node = Literal | Name | Negative | Sum | Comparison | Not | Both
# How tightly each kind binds, from the loosest.
_TIGHTNESS = {"or": 1, "and": 2, "not": 3, "compare": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_SIGN, _ATOM = 7, 8


def to_text(tree: Node, tightness: int = 0) -> str:
    """The text of a tree, which `parse` reads; in parentheses where it binds less tightly."""
    match tree:
        case Literal(value):
            text, own = _literal_text(value), _ATOM
        case Name(name):
            is_plain = _PLAIN_NAME.fullmatch(name) and name not in KEYWORDS
            text, own = name if is_plain else f"`{name}`", _ATOM
        case Negative(of):
            text, own = f"-{to_text(of, _SIGN)}", _SIGN
        case Not(of):
            own = _TIGHTNESS["not"]
            text = f"not {to_text(of, own)}"
        case Sum(sign, left, right) | Both(sign, left, right):
            own = _TIGHTNESS[sign]
            text = f"{to_text(left, own)} {sign} {to_text(right, own + 1)}"
        case Comparison(parts, signs):
            own = _TIGHTNESS["compare"]
            first, *others = [to_text(part, own + 1) for part in parts]
            text = " ".join([first, *(f"{s} {o}" for s, o in zip(signs, others, strict=True))])
    return f"({text})" if own < tightness else text


def nodes(tree: Node) -> Iterator[Node]:
    """The tree and all below it, from left to right."""
    yield tree
    for part in below(tree):
        yield from nodes(part)


def replaced(tree: Node, by: Callable[[Name], Node]) -> Node:
    """The tree with other nodes in place of its names."""
    match tree:
        case Name():
            return by(tree)
        case Negative(of, at):
            return Negative(replaced(of, by), at)
        case Not(of, at):
            return Not(replaced(of, by), at)
        case Sum(sign, left, right, at):
            return Sum(sign, replaced(left, by), replaced(right, by), at)
        case Both(word, left, right, at):
            return Both(word, replaced(left, by), replaced(right, by), at)
        case Comparison(parts, signs, at):
            return Comparison(tuple(replaced(part, by) for part in parts), signs, at)
    return tree


def node_of(value: Value, at: int = 0) -> Node:
    """A value as a node."""
    if is_number(value) and (value < 0 or str(value).startswith("-")):  # type: ignore[operator]
        return Negative(Literal(-value, at), at)  # type: ignore[operator]
    return Literal(value, at)


Orders = Mapping[str, Sequence[Value]]


def holds(tree: Node, values: Mapping[str, Value], orders: Orders | None = None) -> bool:
    """Whether a rule holds with the values of its names.

    Of the names in `orders`, < and > go by the place among the values there.
    """
    match tree:
        case Not(of):
            return not holds(of, values, orders)
        case Both("and", left, right):
            return holds(left, values, orders) and holds(right, values, orders)
        case Both(_, left, right):
            return holds(left, values, orders) or holds(right, values, orders)
        case Comparison(parts, signs):
            try:
                numbers = [_value(part, values) for part in parts]
            except Unreckonable:
                return False
            return all(
                _compare(left, sign, right, order_of(nodes, orders or {}))
                for left, sign, right, *nodes in zip(
                    numbers, signs, numbers[1:], parts, parts[1:], strict=False
                )
            )
    return _value(tree, values) is True


def _value(tree: Node, values: Mapping[str, Value]) -> Value:
    """The value of a part that is compared. Raises Unreckonable where it has none."""
    match tree:
        case Literal(value):
            return value
        case Name(name):
            return values[name]
        case Negative(of):
            return -_number(of, values)
        case Sum(sign, left, right):
            try:
                result = _RECKONS[sign](_number(left, values), _number(right, values))
                if is_number(result):  # which overflows where it is too large for a float
                    return result
            except (ZeroDivisionError, OverflowError):
                pass
            raise Unreckonable
    raise AssertionError(tree)


def _number(tree: Node, values: Mapping[str, Value]) -> float:
    value = _value(tree, values)
    if not is_number(value):
        raise Unreckonable
    return value  # type: ignore[return-value]


def order_of(sides: Sequence[Node], orders: Orders) -> Sequence[Value] | None:
    """The order that the sides of a comparison have; None where they are compared as numbers."""
    return next((orders[n.name] for n in sides if isinstance(n, Name) and n.name in orders), None)


def _compare(left: Value, sign: str, right: Value, order: Sequence[Value] | None) -> bool:
    if sign in ("==", "!="):
        return same(left, right) == (sign == "==")
    if order is not None:
        left, right = _rank(left, order), _rank(right, order)
    return is_number(left) and is_number(right) and _ORDERS[sign](left, right)  # type: ignore[arg-type]


def _rank(value: Value, order: Sequence[Value]) -> int | None:
    return next((rank for rank, each in enumerate(order) if same(each, value)), None)


def below(tree: Node) -> tuple[Node, ...]:
    """The parts that a node has itself."""
    match tree:
        case Negative(of) | Not(of):
            return (of,)
        case Sum(_, left, right) | Both(_, left, right):
            return (left, right)
        case Comparison(parts):
            return parts
    return ()


def _literal_text(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)
