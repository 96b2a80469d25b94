"""`search.initial`: params that are to be tried behind the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpopt.config.document import Document, KeyPath
from hpopt.config.dumping import inline_yaml
from hpopt.errors import Problem, suggest_name
from hpopt.space.dimensions import Dimension, Params, describe_dimension, settled
from hpopt.space.rules import shown_values
from hpopt.space.space import Space


def initial_params(
    space: Space, forms: Sequence[Params], document: Document
) -> tuple[list[Params], list[Problem]]:
    """What is to be tried first, each but once, and what is wrong with those that can't be.

    What is left out of one has its default.
    """
    initial: list[Params] = []
    problems: list[Problem] = []
    by_name = {dimension.name: dimension for dimension in space}
    for index, values in enumerate(forms):
        path: KeyPath = ("search", "initial", index)
        misfits = list(_misfits(by_name, values, path, document))
        problems += misfits
        if misfits:
            continue
        plain = {name: settled(by_name[name], value) for name, value in values.items()}
        params = space.without_inactive(space.complete(plain))
        for name in [name for name in values if name not in params]:
            when = " and ".join(map(str, by_name[name].when))
            message = f"`{name}` is not active in these params: it is only where {when}"
            place = document.location((*path, name), of_key=True)
            problems.append(Problem(message, place, "leave it out"))
        if (rule := space.broken(params)) is not None:
            message = f"these params break the rule `{rule.text}`: {shown_values(rule, params)}"
            problems.append(Problem(message, document.location(path), "change or drop them"))
        if params != space.defaults and params not in initial:
            initial.append(params)
    return initial, problems


def _misfits(
    by_name: dict[str, Dimension], values: Params, path: KeyPath, document: Document
) -> Iterator[Problem]:
    """A problem for each name that is not searched, and each value that is outside its bounds."""
    for name, value in values.items():
        if name not in by_name:
            place = document.location((*path, name), of_key=True)
            yield Problem(f"`{name}` is not searched", place, suggest_name(name, by_name))
        elif not by_name[name].contains(value):
            message = f"`{name}` can't be {inline_yaml(value)}"
            help = f"`{name}` is {describe_dimension(by_name[name])}"
            yield Problem(message, document.location((*path, name)), help)
