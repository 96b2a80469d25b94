"""pydantic's complaints in the words of somebody who wrote a YAML file, with the line of each."""

from __future__ import annotations

import typing
from collections import defaultdict
from typing import Any

import pydantic

from hpopt.config.document import Document, KeyPath
from hpopt.config.schema import DIMENSIONS, Section, Settings
from hpopt.errors import Problem, suggest_name

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
    expected: dict[KeyPath, list[str]] = defaultdict(list)
    problems: list[Problem] = []
    for detail in error.errors():
        path = _path_in_tree(detail["loc"], document.tree)
        match detail["type"], detail.get("ctx", {}):
            case "extra_forbidden", _:
                problems.append(_unknown_key(detail["loc"], path, document))
            case "missing", _:
                problems.append(_missing_key(detail["loc"], path, document))
            case "union_tag_invalid", {"tag": tag}:
                message = f"unknown type `{tag}` in {dotted(path)}"
                help = suggest_name(str(tag), list(DIMENSIONS)[:3])
                problems.append(Problem(message, document.location((*path, "type")), help))
            case "union_tag_not_found", _:
                message = f"{dotted(path)} does not say its `type`"
                help = "add `type: real`, `type: integer` or `type: categorical`"
                problems.append(Problem(message, document.location(path, of_key=True), help))
            case "literal_error", {"expected": options}:
                expected[path].append("one of " + options.replace("'", "`").replace(" or ", ", "))
            case "value_error", {"error": reason}:
                problems.append(
                    Problem(f"{dotted(path)}: {reason}", document.location(path, of_key=True))
                )
            case "too_short" | "string_too_short", _:
                message = f"{dotted(path)} is empty"
                problems.append(Problem(message, document.location(path, of_key=True)))
            case kind, context:
                expected[path].append(_expectation(kind, context, detail["msg"]))
    for path, phrases in expected.items():
        problems.append(_unexpected(path, phrases, document))
    return sorted(problems, key=_place)


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
    return f'the text "{value}"' if isinstance(value, str) else f"{value}"


def expectations(error: pydantic.ValidationError) -> str:
    """What a single value should have been, for values that are checked on their own."""
    phrases = []
    for detail in error.errors():
        if detail["type"] == "literal_error":
            options = detail["ctx"]["expected"]
            phrases.append("one of " + options.replace("'", "`").replace(" or ", ", "))
        else:
            phrases.append(_expectation(detail["type"], detail.get("ctx", {}), detail["msg"]))
    return " or ".join(dict.fromkeys(phrases))


def _expectation(kind: str, context: dict[str, Any], message: str) -> str:
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"a number {words} {context[key]:g}"
    return _EXPECTED.get(kind, message[:1].lower() + message[1:])


def _unexpected(path: KeyPath, phrases: list[str], document: Document) -> Problem:
    value = document.value_at(path)
    wanted = " or ".join(dict.fromkeys(phrases))
    message = f"{dotted(path)} must be {wanted}, not {show(value)}"
    help = None
    if isinstance(value, str) and wanted.startswith("one of"):
        options = wanted.removeprefix("one of ").replace("`", "").split(", ")
        help = suggest_name(value, options)
        message = f"unknown value `{value}` for {dotted(path)}"
    elif isinstance(value, float) and value.is_integer() and "whole number" in wanted:
        help = f"write {int(value)}"
    elif isinstance(value, str) and "number" in wanted:
        help = "take the quotes away" if _is_number(value) else None
    return Problem(message, document.location(path), help)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unknown_key(loc: tuple[str | int, ...], path: KeyPath, document: Document) -> Problem:
    legal = _section_at(loc[:-1]).model_fields
    where = f"in {dotted(path[:-1])}" if len(path) > 1 else "at the top level"
    return Problem(
        f"unknown key `{path[-1]}` {where}",
        document.location(path, of_key=True),
        suggest_name(str(path[-1]), legal),
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
        return DIMENSIONS[str(loc[2])]
    for step in loc:
        field = section.model_fields.get(str(step))
        if field is not None:
            choices = (field.annotation, *typing.get_args(field.annotation))
            section = next(c for c in choices if isinstance(c, type) and issubclass(c, Section))
    return section


def _place(problem: Problem) -> tuple[int, int]:
    if problem.location is None:
        return (0, 0)
    return (problem.location.line or 0, problem.location.column or 0)
