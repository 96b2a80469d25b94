"""Rules between parameters: what must hold of params that are tried.

A rule binds where all of the dimensions that it names are active.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeGuard

from hpopt.errors import closest, suggest_name
from hpopt.space.conditions import Value, is_number, is_scalar, same
from hpopt.space.dimensions import (
    Categorical,
    Dimension,
    Integer,
    Ordinal,
    Params,
    describe_dimension,
)
from hpopt.space.formula import (
    Both,
    Comparison,
    Literal,
    Name,
    Negative,
    Node,
    Not,
    Orders,
    RuleError,
    Sum,
    holds,
    node_of,
    nodes,
    order_of,
    replaced,
    to_text,
)
from hpopt.space.rule_parser import parse

# A journal's rules have a few more words than they were written with: constants have signs.
_MOST_OF_JOURNAL = 400


@dataclass(frozen=True)
class Rule:
    """A rule as a tree; its text is the same however it was spaced.

    Values of the dimensions in `orders` are compared by their order.
    """

    tree: Node
    orders: Orders = field(default_factory=dict, compare=False)

    @classmethod
    def from_json(cls, text: str) -> Rule:
        """The rule of which `text` is the text."""
        return cls(parse(text, most=_MOST_OF_JOURNAL))

    @cached_property
    def text(self) -> str:
        """The rule as people write it."""
        return to_text(self.tree)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names in it, in order."""
        return tuple(dict.fromkeys(n.name for n in nodes(self.tree) if isinstance(n, Name)))

    def is_met(self, params: Params) -> bool:
        """Whether params meet the rule; those that lack one of its names do."""
        return any(name not in params for name in self.names) or holds(
            self.tree, params, self.orders
        )

    def among(self, dimensions: Sequence[Dimension]) -> Rule:
        """The rule with the orders of these dimensions."""
        return Rule(self.tree, {d.name: d.categories for d in dimensions if has_ranks(d)})

    def check(self, dimensions: Sequence[Dimension]) -> None:
        """Raise RuleError where the rule can't be meant so, with these dimensions."""
        by_name = {dimension.name: dimension for dimension in dimensions}
        for node in nodes(self.tree):
            if isinstance(node, Name) and node.name not in by_name:
                raise RuleError(
                    f"there is no `{node.name}`", at=node.at, help=suggest_name(node.name, by_name)
                )
        _check_kinds(self.tree, by_name)


def settled_rule(
    text: str, dimensions: Sequence[Dimension], constants: Mapping[str, Any], never: Sequence[str]
) -> Rule | None:
    """The rule of a text, with the values of `constants` in it; None where it never binds.

    It never does where it names what is never active, or constants alone. Names may have their
    section, `training.epochs`, before them. Raises RuleError where it can't be read or meant so, or
    where it never holds.
    """
    tree = parse(text)
    known = [dimension.name for dimension in dimensions] + [*constants, *never]
    tree = replaced(tree, lambda node: Name(_without_section(node.name, known), node.at))
    values: dict[str, Value] = {}
    for node in nodes(tree):
        if not isinstance(node, Name):
            continue
        if node.name not in known:
            searched = [name for name in known if name not in constants]
            match = closest(node.name, known)
            legal = searched if match is None or match in searched else [match, *searched]
            help = suggest_name(node.name, legal)
            if any(d.contains(node.name) for d in dimensions):
                help = f"a value that is a text stands in quotes: '{node.name}'"
            raise RuleError(f"there is no `{node.name}`", at=node.at, help=help)
        if node.name in constants:
            values[node.name] = _plain(constants[node.name], node)
    if any(name in never for name in Rule(tree).names):
        return None
    rule = Rule(replaced(tree, lambda n: node_of(values[n.name], n.at) if n.name in values else n))
    rule.check(dimensions)
    if rule.names:
        return rule
    if not holds(rule.tree, {}):
        held = ", ".join(f"`{name}` = {value}" for name, value in values.items())
        because = f" with {held}, which is constant" if held else ""
        raise RuleError(f"this never holds{because}", help="take it out, or search a name of it")
    return None


def _without_section(name: str, known: Sequence[str]) -> str:
    section, _, rest = name.partition(".")
    return rest if name not in known and section in ("training", "model") and rest else name


def _plain(value: Any, node: Name) -> Value:
    is_huge = isinstance(value, int) and abs(value) > 2**1000
    if not is_scalar(value) or is_huge or (isinstance(value, float) and not is_number(value)):
        raise RuleError(f"`{node.name}` is constant, and no value to compare with", at=node.at)
    return value  # type: ignore[no-any-return]


def _check_kinds(tree: Node, by_name: Mapping[str, Dimension]) -> None:
    """Raise RuleError where a dimension never has a value of the kind that it is used as."""
    orders = {name: d.categories for name, d in by_name.items() if has_ranks(d)}
    for node in nodes(tree):
        match node:
            case Not(of):
                _check_truth(of, by_name)
            case Both(_, left, right):
                _check_truth(left, by_name)
                _check_truth(right, by_name)
            case Negative(of):
                _check_number(of, by_name)
            case Sum(_, left, right):
                _check_number(left, by_name)
                _check_number(right, by_name)
            case Comparison(parts, signs):
                for left, sign, right in zip(parts, signs, parts[1:], strict=False):
                    if sign in ("==", "!="):
                        _check_equals(left, right, by_name)
                        _check_equals(right, left, by_name)
                    elif order := order_of((left, right), orders):
                        _check_rank(left, order, by_name)
                        _check_rank(right, order, by_name)
                    else:
                        _check_number(left, by_name)
                        _check_number(right, by_name)
    _check_truth(tree, by_name)


def _check_truth(node: Node, by_name: Mapping[str, Dimension]) -> None:
    if isinstance(node, Name) and not any(isinstance(v, bool) for v in _few(by_name[node.name])):
        raise RuleError(
            f"`{node.name}` is neither true nor false",
            at=node.at,
            help=f"compare it: it is {_described(by_name[node.name])}",
        )


def _check_number(node: Node, by_name: Mapping[str, Dimension]) -> None:
    if isinstance(node, Literal) and not is_number(node.value):
        raise RuleError(f"`{to_text(node)}` is no number", at=node.at, help="`==` compares others")
    if isinstance(node, Name) and not any(map(is_number, _few(by_name[node.name]))):
        dimension = by_name[node.name]
        raise RuleError(
            f"`{node.name}` is no number",
            at=node.at,
            help=f"compare it by {_signs(dimension)}: it is {_described(dimension)}",
        )


def has_ranks(dimension: Dimension) -> TypeGuard[Ordinal]:
    """Whether values are compared by their order: an ordinal's, unless they all are numbers."""
    return isinstance(dimension, Ordinal) and not all(map(is_number, dimension.categories))


def _signs(dimension: Dimension) -> str:
    return "`==` or `!=`" + (", or by `<` or `>` with one of them" if has_ranks(dimension) else "")


def _check_rank(node: Node, order: Sequence[Value], by_name: Mapping[str, Dimension]) -> None:
    """Raise RuleError where a side of a comparison may have no place in the order."""
    if isinstance(node, Name):
        dimension = by_name[node.name]
        values = dimension.categories if isinstance(dimension, Categorical) else ()
    else:
        values = (node.value,) if isinstance(node, Literal) else ()
    if not values or not all(any(same(value, each) for each in order) for value in values):
        raise RuleError(
            f"`{to_text(node)}` has no place in the order that it is compared by",
            at=node.at,
            help="that is " + ", ".join(f"`{to_text(node_of(each))}`" for each in order),
        )


def _check_equals(one: Node, other: Node, by_name: Mapping[str, Dimension]) -> None:
    """A value that is compared with a dimension is one of those that it can have."""
    if not isinstance(one, Name) or not isinstance(other, Literal):
        return
    dimension, value = by_name[one.name], other.value
    if isinstance(dimension, Integer) and isinstance(value, float) and value.is_integer():
        value = int(value)
    if not dimension.contains(value):
        raise RuleError(
            f"`{one.name}` is never {to_text(other)}",
            at=other.at,
            help=f"it is {_described(dimension)}",
        )


def _few(dimension: Dimension) -> Sequence[Value]:
    """Values of a dimension, of each kind that it has."""
    if isinstance(dimension, Categorical):
        return dimension.categories
    return (dimension.low, dimension.high)


def _described(dimension: Dimension) -> str:
    if isinstance(dimension, Categorical):
        return "one of " + ", ".join(f"`{to_text(node_of(c))}`" for c in dimension.categories)
    return describe_dimension(dimension)


def shown_values(rule: Rule, params: Params) -> str:
    """The values that a rule goes by, for people."""
    return ", ".join(f"{name} = {params[name]}" for name in rule.names if name in params)
