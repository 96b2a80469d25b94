"""The language of rules between parameters: from a text to the tree of `formula.py`.

    rule        any        = all ("or" all)*
                all        = denial ("and" denial)*
                denial     = "not" denial | comparison
    comparison  sum (("<=" | "<" | ">=" | ">" | "==" | "!=") sum)*
    sum         product (("+" | "-") product)*
    product     sign (("*" | "/" | "%") sign)*
    sign        "-" sign | number | 'text' | "text" | true | false | null | name | "(" rule ")"

A name may have dots, and in backquotes any characters. A quote inside a text is written twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from hpopt.space.conditions import Value, is_number
from hpopt.space.formula import (
    Both,
    Comparison,
    Literal,
    Name,
    Negative,
    Node,
    Not,
    RuleError,
    Sum,
    below,
    to_text,
)

_MOST_TOKENS, _DEEPEST = 200, 40
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "null": None}
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


def parse(text: str, *, most: int = _MOST_TOKENS) -> Node:
    """The tree of a rule, of so many words and signs at most. Raises RuleError where it is none."""
    reader = _Reader(text, most)
    tree = reader.any()
    if reader.token.kind != "end":
        reader.blame_token("an operator or the end")
    _check_holds(tree)
    return tree


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
            for part in below(tree):
                _check_holds(part)
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
            for part in below(tree):
                if isinstance(part, Literal) and not is_number(part.value):
                    raise RuleError(f"`{to_text(part)}` is no number", at=part.at)
                _check_is_value(part)


def _number_of(text: str, at: int) -> float | int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 300 else float(text)
    if not math.isfinite(number):
        raise RuleError("the number is too large", at=at)
    return number
