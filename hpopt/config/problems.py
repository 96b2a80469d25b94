"""pydantic's complaints in the words of somebody who wrote a YAML file, with the line of each."""

from __future__ import annotations

import re
import typing
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pydantic

from hpopt.config.document import Document, KeyPath
from hpopt.config.schema import DIMENSIONS, Settings
from hpopt.data.settings import DATASETS
from hpopt.errors import Problem, shorten, suggest_name
from hpopt.grammar import Section

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "none_required": "null",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}


def problems_of(error: pydantic.ValidationError, document: Document) -> list[Problem]:
    """All that pydantic found wrong in the document's tree, in the order of its lines."""
    misfits: dict[KeyPath, list[ErrorDetails]] = defaultdict(list)
    problems: list[Problem] = []
    for detail in error.errors():
        path = _path_in_tree(detail["loc"], document.tree)
        match detail["type"], detail.get("ctx", {}):
            case "extra_forbidden", _:
                problems.append(_unknown_key(detail["loc"], path, document))
            case "missing", _:
                problems.append(_missing_key(detail["loc"], path, document))
            case (("union_tag_invalid" | "union_tag_not_found"), _) if path == ("dataset",):
                problems.append(_no_source(path, document))
            case "union_tag_invalid", {"tag": tag}:
                value = document.value_at(path)["type"]
                message = f"unknown type {show(value)} in {dotted(path)}"
                help = suggest_name(str(tag), list(DIMENSIONS)[:4])
                problems.append(Problem(message, document.location((*path, "type")), help))
            case "union_tag_not_found", _:
                problems.append(typeless(path, document))
            case "value_error", {"error": reason}:
                place = document.location(path, of_key=isinstance(document.value_at(path), dict))
                problems.append(Problem(f"{dotted(path)}: {reason}", place))
            case "too_short" | "string_too_short", _:
                message = f"{dotted(path)} is empty"
                problems.append(Problem(message, document.location(path, of_key=True)))
            case _:
                misfits[path].append(detail)
    for path, details in misfits.items():
        if any(len(other) > len(path) and other[: len(path)] == path for other in misfits):
            continue  # a union: what is wrong within the mapping says it all
        complaint = misfit(dotted(path), document.value_at(path), details)
        problems.append(Problem(complaint[0], document.location(path), complaint[1]))
    return in_order(problems)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems in the order of their lines."""
    return sorted(problems, key=_place)


def typeless(path: KeyPath, document: Document) -> Problem:
    """A mapping that is no dimension, for want of a `type`."""
    message = f"{dotted(path)} does not say its `type`"
    help = "add `type: real`, `type: integer` or `type: categorical`"
    return Problem(message, document.location(path, of_key=True), help)


def dotted(path: KeyPath) -> str:
    """A path as people write it: space.learning_rate, space.activation[1]."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the file"


def show(value: Any) -> str:
    """A value as it stands in YAML, for a message."""
    if value is None or isinstance(value, bool):
        return f"`{str(value).lower().replace('none', 'null')}`"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return f'the text "{shorten(value, 40)}"' if isinstance(value, str) else f"{value}"


def misfit(where: str, value: Any, details: Sequence[ErrorDetails]) -> tuple[str, str | None]:
    """What to say of one value that nothing fits, and what would help: message, help."""
    options = [option for detail in details for option in _options(detail)]
    phrases = list(dict.fromkeys(_expectation(detail) for detail in details))
    if {detail["type"] for detail in details} >= _ANY_SCALAR:
        phrases = ["a single value"]
    wanted = " or ".join(phrase for phrase in phrases if phrase)
    if options and isinstance(value, str):
        if "true or false" in phrases:
            options += ["true", "false"]
        return f"unknown value `{shorten(value, 40)}` for {where}", _help(value, options)
    if options:
        one = "one of " + ", ".join(f"`{option}`" for option in options)
        wanted = f"{one} or {wanted}" if wanted else one
    help = None
    if isinstance(value, float) and value.is_integer() and "whole number" in wanted:
        help = f"write {int(value)}"
    elif isinstance(value, str) and "number" in wanted and _NUMBER.fullmatch(value):
        help = "take the quotes away"
    elif isinstance(value, str) and "number" in wanted and _GROUPED.fullmatch(value):
        help = f"write {value.replace('_', '')}"
    elif isinstance(value, str) and where.startswith("space."):
        help = no_tuple(value)
    return f"{where} must be {wanted}, not {show(value)}", help


def no_tuple(text: str) -> str | None:
    """What to write in place of (low, high), which YAML takes for a text; None of another one."""
    match = _TUPLE.fullmatch(text.strip())
    if match is None:
        return None
    low, high = match.groups()
    kind = "integer" if low.lstrip("-+").isdigit() and high.lstrip("-+").isdigit() else "real"
    return (
        f"YAML has no tuples: a range is `{{type: {kind}, low: {low}, high: {high}}}`, "
        f"values are `[{low}, {high}]`"
    )


_TUPLE = re.compile(r"\(\s*([^\s,()]+)\s*,\s*([^\s,()]+)\s*(?:,[^()]*)?\)")
_ANY_SCALAR = {"int_type", "float_type", "string_type", "bool_type"}
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?")
_GROUPED = re.compile(r"[-+]?[0-9]+(_[0-9]+)+")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


def _help(value: str, options: Sequence[str]) -> str:
    yes_or_no = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(value.lower())
    if yes_or_no in options:
        return f"write `{yes_or_no}`"
    return suggest_name(value, dict.fromkeys(options))


def _options(detail: ErrorDetails) -> list[str]:
    """The texts that a literal could have been."""
    if detail["type"] not in ("literal_error", "enum"):
        return []
    return _QUOTED.findall(detail["ctx"]["expected"])


def _expectation(detail: ErrorDetails) -> str:
    """What a value could have been, besides the texts of a literal."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in ("literal_error", "enum"):
        rest = _QUOTED.sub("", context["expected"]).replace(" or ", ",")
        return " or ".join(part.strip() for part in rest.split(",") if part.strip())
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"a number {words} {_plain(context[key])}"
    message = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return _EXPECTED.get(kind, message.removeprefix("a valid "))


def _plain(bound: Any) -> str:
    whole = isinstance(bound, int) or (isinstance(bound, float) and bound.is_integer())
    return str(int(bound)) if whole else str(bound)


def _unknown_key(loc: tuple[str | int, ...], path: KeyPath, document: Document) -> Problem:
    legal = _section_at(loc[:-1]).model_fields
    where = f"in {dotted(path[:-1])}" if len(path) > 1 else "at the top level"
    elsewhere = [
        f"`{section}.{path[-1]}`"
        for section, field in Settings.model_fields.items()
        if path[-1] in getattr(field.annotation, "model_fields", ())
    ]
    return Problem(
        f"unknown key `{path[-1]}` {where}",
        document.location(path, of_key=True),
        f"did you mean {' or '.join(elsewhere)}?"
        if elsewhere
        else suggest_name(str(path[-1]), legal),
    )


def _no_source(path: KeyPath, document: Document) -> Problem:
    """A dataset that does not say where it comes from, or names what is no source."""
    section = document.value_at(path)
    if not isinstance(section, dict):
        return Problem(
            f"dataset must be a mapping (key: value), not {show(section)}", document.location(path)
        )
    options = [*DATASETS][:-1]
    own = ', or your own function as "file.py:function"'
    if "source" not in section:
        help = f"add `source:`, {suggest_name('', options)}{own}"
        return Problem("dataset has no `source`", document.location(path, of_key=True), help)
    source = section["source"]
    if not isinstance(source, str):
        message = f"dataset.source must be a text, not {show(source)}"
        return Problem(message, document.location((*path, "source")))
    return Problem(
        f"unknown value `{shorten(source, 40)}` for dataset.source",
        document.location((*path, "source")),
        suggest_name(source, options) + own,
    )


def _missing_key(loc: tuple[str | int, ...], path: KeyPath, document: Document) -> Problem:
    return Problem(
        f"{dotted(path)} has no `{loc[-1]}`" if path else f"the section `{loc[-1]}` is missing",
        document.location(path, of_key=True),
        f"add `{loc[-1]}:`",
    )


def _path_in_tree(loc: tuple[str | int, ...], tree: Any) -> KeyPath:
    """The steps of pydantic's path that stand in the tree: without its names for union members."""
    path: list[str | int] = []
    for step in loc:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):  # the name of a union's member
            continue
        path.append(step)
    return tuple(path)


def _section_at(loc: tuple[str | int, ...]) -> type[Section]:
    """The grammar of the mapping at pydantic's path, which names a dimension's type."""
    section: type[Section] = Settings
    if loc[:1] == ("space",):
        section, loc = DIMENSIONS[str(loc[2])], loc[3:]
    if loc[:1] == ("dataset",):
        section, loc = DATASETS[str(loc[1])], loc[2:]
    for step in loc:
        field = section.model_fields.get(str(step))
        if field is not None:
            choices = (field.annotation, *typing.get_args(field.annotation))
            kinds = (getattr(choice, "__origin__", choice) for choice in choices)
            section = next(c for c in kinds if isinstance(c, type) and issubclass(c, Section))
    return section


def _place(problem: Problem) -> tuple[int, int]:
    if problem.location is None:
        return (0, 0)
    return (problem.location.line or 0, problem.location.column or 0)
