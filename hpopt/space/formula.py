"""The language of rules between parameters: text to a tree, a tree to text, and its value.

    rule        any        = all ("or" all)*
                all        = denial ("and" denial)*
                denial     = "not" denial | comparison
    comparison  sum (("<=" | "<" | ">=" | ">" | "==" | "!=") sum)*
    sum         product (("+" | "-") product)*
    product     sign (("*" | "/" | "%") sign)*
    sign        "-" sign | number | 'text' | "text" | true | false | null | name | "(" rule ")"

A name may have dots, and in backquotes any characters. A quote inside a text is written twice. What
can't be reckoned (a number over 0, arithmetic with a text) has no value, and no comparison with it
holds. Nothing is ever evaluated by Python.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hpopt.space.conditions import Scalar, is_number, same

_MOST_TOKENS, _DEEPEST = 200, 40
_KEYWORDS = ("and", "or", "not", "true", "false", "null")
_CONSTANTS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<quoted>`[^`]+`)
      | (?P<name>[^\W\d]\w*(?:\.\w+)*)
      | (?P<sign><=|>=|==|!=|\*\*|//|&&|\|\||[<>+\-*/%()=!^&|,])
    )""",
    re.VERBOSE,
)
_PLAIN_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
# What people write who know another language.
_OTHERWISE = {
    "=": "write `==` for equal",
    "&&": "write `and`",
    "&": "write `and`",
    "||": "write `or`",
    "|": "write `or`",
    "!": "write `not`",
    "**": "there are no powers: write a product",
    "^": "there are no powers: write a product",
    "//": "write `/`, or compare what is left over with `%`",
}


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

    value: Scalar
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


def parse(text: str, *, most: int = _MOST_TOKENS) -> Node:
    """The tree of a rule, of so many words and signs at most. Raises RuleError where it is none."""
    reader = _Reader(text, most)
    tree = reader.any()
    if reader.token.kind != "end":
        reader.blame_token("an operator or the end")
    _check_holds(tree)
    return tree


def to_text(tree: Node, tightness: int = 0) -> str:
    """The text of a tree, which `parse` reads; in parentheses where it binds less tightly."""
    match tree:
        case Literal(value):
            text, own = _literal_text(value), _ATOM
        case Name(name):
            is_plain = _PLAIN_NAME.fullmatch(name) and name not in _KEYWORDS
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
    for below in _below(tree):
        yield from nodes(below)


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


def node_of(value: Scalar, at: int = 0) -> Node:
    """A value as a node."""
    if is_number(value) and (value < 0 or str(value).startswith("-")):  # type: ignore[operator]
        return Negative(Literal(-value, at), at)  # type: ignore[operator]
    return Literal(value, at)


def holds(tree: Node, values: Mapping[str, Scalar]) -> bool:
    """Whether a rule holds with the values of its names."""
    match tree:
        case Not(of):
            return not holds(of, values)
        case Both("and", left, right):
            return holds(left, values) and holds(right, values)
        case Both(_, left, right):
            return holds(left, values) or holds(right, values)
        case Comparison(parts, signs):
            try:
                numbers = [_value(part, values) for part in parts]
            except Unreckonable:
                return False
            pairs = zip(numbers, signs, numbers[1:], strict=False)
            return all(_compare(left, sign, right) for left, sign, right in pairs)
    return _value(tree, values) is True


def _value(tree: Node, values: Mapping[str, Scalar]) -> Scalar:
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


def _number(tree: Node, values: Mapping[str, Scalar]) -> float:
    value = _value(tree, values)
    if not is_number(value):
        raise Unreckonable
    return value  # type: ignore[return-value]


def _compare(left: Scalar, sign: str, right: Scalar) -> bool:
    if sign in ("==", "!="):
        return same(left, right) == (sign == "==")
    return is_number(left) and is_number(right) and _ORDERS[sign](left, right)  # type: ignore[arg-type]


class _Token(NamedTuple):
    kind: str  # number, text, quoted, name, sign or end
    text: str
    at: int


class _Reader:
    """Reads a rule from left to right: a method for each line of the grammar."""

    def __init__(self, text: str, most: int) -> None:
        self._text = text
        self._most = most
        self._end = 0
        self._depth = 0
        self.token = self._read()

    def any(self) -> Node:
        """The parts between `or`."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RuleError(
                "the rule is nested too deeply", at=self.token.at, help="write several rules"
            )
        tree = self._all()
        while self._is("or"):
            at = self._pass()
            tree = Both("or", tree, self._all(), at)
        self._depth -= 1
        return tree

    def _all(self) -> Node:
        tree = self._denial()
        while self._is("and"):
            at = self._pass()
            tree = Both("and", tree, self._denial(), at)
        return tree

    def _denial(self) -> Node:
        if self._is("not"):
            at = self._pass()
            return Not(self._deeper(self._denial), at)
        return self._comparison()

    def _comparison(self) -> Node:
        first = self._sum()
        parts, signs, at = [first], list[str](), first.at
        while self._is("<=", "<", ">=", ">", "==", "!="):
            signs.append(self.token.text)
            self._pass()
            parts.append(self._sum())
        return Comparison(tuple(parts), tuple(signs), at) if signs else first

    def _sum(self) -> Node:
        tree = self._product()
        while self._is("+", "-"):
            sign, at = self.token.text, self._pass()
            tree = Sum(sign, tree, self._product(), at)
        return tree

    def _product(self) -> Node:
        tree = self._signed()
        while self._is("*", "/", "%"):
            sign, at = self.token.text, self._pass()
            tree = Sum(sign, tree, self._signed(), at)
        return tree

    def _signed(self) -> Node:
        if self._is("-"):
            at = self._pass()
            return Negative(self._deeper(self._signed), at)
        if self._is("("):
            self._pass()
            tree = self.any()
            if not self._is(")"):
                self.blame_token("an operator or a `)`")
            self._pass()
            return tree
        kind, text, at = self.token
        if kind == "end" or kind == "sign" or text in ("and", "or", "not"):
            self.blame_token("a name, a number or a text in quotes")
        self.token = self._read()
        if kind == "number":
            return Literal(_number_of(text, at), at)
        if kind == "text":
            return Literal(text[1:-1].replace(text[0] * 2, text[0]), at)
        if kind == "quoted":
            return Name(text[1:-1], at)
        if text in _CONSTANTS:
            return Literal(_CONSTANTS[text], at)
        if self.token.text == "(" and self.token.kind == "sign":
            raise RuleError(f"there is no function `{text}`", at=at, help="there are none at all")
        return Name(text, at)

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RuleError("the rule is nested too deeply", at=self.token.at)
        tree = read()
        self._depth -= 1
        return tree

    def blame_token(self, wanted: str) -> None:
        """Raise RuleError for what stands here in place of what is `wanted`."""
        kind, text, at = self.token
        if kind == "end":
            raise RuleError(f"{wanted} is missing at the end of the rule", at=at)
        raise RuleError(f"`{text}` stands where {wanted} belongs", at=at, help=_OTHERWISE.get(text))

    def _is(self, *texts: str) -> bool:
        """Whether the next token is one of these signs or words."""
        return self.token.kind in ("sign", "name") and self.token.text in texts

    def _pass(self) -> int:
        """Go on to the next token; gives the place of the one that is passed."""
        at = self.token.at
        self.token = self._read()
        return at

    def _read(self) -> _Token:
        match = _TOKEN.match(self._text, self._end)
        if match is None:
            return self._no_token()
        self._most -= 1
        if self._most < 0:
            raise RuleError("the rule is too long", at=self._end, help="write several rules")
        self._end = match.end()
        kind = match.lastgroup
        assert kind is not None
        return _Token(kind, match[kind], match.start(kind))

    def _no_token(self) -> _Token:
        """The end. Raises RuleError where something stands there that is no token."""
        rest = self._text[self._end :].lstrip()
        at = len(self._text) - len(rest)
        if not rest:
            return _Token("end", "", at)
        if rest[0] in "'\"`":
            raise RuleError(f"the quote {rest[0]} is never closed", at=at)
        raise RuleError(f"`{rest[0]}` means nothing in a rule", at=at)


def _check_holds(tree: Node) -> None:
    """Raise RuleError where a number or text stands in place of what may hold, or the reverse."""
    match tree:
        case Not() | Both():
            for below in _below(tree):
                _check_holds(below)
        case Comparison(parts):
            for part in parts:
                _check_is_value(part)
        case Name() | Literal(True) | Literal(False):
            pass
        case _:
            raise RuleError(
                f"`{to_text(tree)}` is nothing that holds or not",
                at=tree.at,
                help="compare it: units_2 <= units_1",
            )


def _check_is_value(tree: Node) -> None:
    match tree:
        case Not() | Both() | Comparison():
            raise RuleError(
                f"`{to_text(tree)}` holds or not, and is no value to reckon with",
                at=tree.at,
                help="join what holds with `and`, `or` and `not`",
            )
        case Negative() | Sum():
            for below in _below(tree):
                is_literal = isinstance(below, Literal)
                if is_literal and not is_number(below.value):  # type: ignore[union-attr]
                    raise RuleError(f"`{to_text(below)}` is no number", at=below.at)
                _check_is_value(below)


def _below(tree: Node) -> tuple[Node, ...]:
    match tree:
        case Negative(of) | Not(of):
            return (of,)
        case Sum(_, left, right) | Both(_, left, right):
            return (left, right)
        case Comparison(parts):
            return parts
    return ()


def _literal_text(value: Scalar) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def _number_of(text: str, at: int) -> float | int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 300 else float(text)
    if not math.isfinite(number):
        raise RuleError("the number is too large", at=at)
    return number
