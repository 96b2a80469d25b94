"""`require`: the rules of a space, from their texts, and the place of what is wrong in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hpopt.config.document import Document
from hpopt.config.dumping import inline_yaml
from hpopt.errors import Location, Problem
from hpopt.space.dimensions import Params
from hpopt.space.formula import RuleError
from hpopt.space.region import Region
from hpopt.space.rules import Rule, settled_rule, shown_values
from hpopt.space.space import Space

# Of a finite space in which no random point meets the rules, so many points are looked for.
_MOST_POINTS = 10_000


def space_of_rules(
    space: Space,
    texts: Sequence[str],
    constants: Mapping[str, Any],
    never: Sequence[str],
    document: Document,
) -> tuple[Space, list[str], list[Problem]]:
    """The space with its rules, what people should know of them, and what is wrong.

    The names in rules are dimensions, `constants`, or `never` active.
    """
    rules: list[Rule] = []
    places: list[int] = []
    problems: list[Problem] = []
    notes: list[str] = []
    for index, text in enumerate(texts):
        try:
            rule = settled_rule(text, space.dimensions, constants, never)
        except RuleError as error:
            problems.append(_problem(error, text, index, document))
            continue
        if rule is None:
            notes.append(f"the rule `{text}` never binds: it names nothing that is searched")
        elif rule not in rules:
            rules.append(rule)
            places.append(index)
    if problems or not rules:
        return space, notes, problems
    ruled = Space(space.dimensions, rules)
    region = Region.of(ruled)
    problems = [
        Problem(
            f"the defaults break the rule `{rule.text}`: {shown_values(rule, space.defaults)}",
            document.location(("require", index)),
            _help(region.example),
        )
        for rule, index in zip(ruled.rules, places, strict=True)
        if not rule.is_met(space.defaults)
    ]
    if region.met == 0 and not problems and len(ruled.points(_MOST_POINTS) or ()) < 2:
        place = document.location(("require", places[region.narrowest]))
        message = f"the rules leave next to nothing to search: {region.describe(ruled)}"
        problems = [Problem(message, place, "loosen it, or search what it leaves by other names")]
    elif region.is_small:
        notes.append(f"the rules leave little of the space: {region.describe(ruled)}")
    return ruled, notes, problems


def _help(example: Params | None) -> str:
    if example is None:
        return "give defaults that meet all rules; of many random params none did"
    return f"give defaults that meet all rules, as these do: {inline_yaml(dict(example))}"


def _problem(error: RuleError, text: str, index: int, document: Document) -> Problem:
    """What is wrong with a rule, at the column of the file if the rule stands in it as it is."""
    place = document.location(("require", index))
    column = _column(place, text)
    message = f"require[{index}]: {error}"
    if place is not None and column is not None:
        place = replace(place, column=column + error.at)
    elif error.at:
        message += f" (at character {error.at + 1} of `{text}`)"
    return Problem(message, place, error.help)


def _column(place: Location | None, text: str) -> int | None:
    """The column at which the text of a rule begins; None where it is written otherwise."""
    if place is None or place.column is None or place.text is None:
        return None
    for column in (place.column, place.column + 1):  # behind its quote
        if place.text[column - 1 :].startswith(text):
            return column
    return None
