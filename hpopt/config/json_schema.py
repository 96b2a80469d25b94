"""The JSON Schema of the YAML, by which editors complete, explain and check a config.

It says what each key may be by itself. What several keys say together (low < high, shares that add
up to 1), and what a user's own builder takes, is left to the program.
"""

from __future__ import annotations

from typing import Any

import pydantic

from hpopt.builders.registry import SHIPPED, load_builder, read_signature
from hpopt.config.schema import (
    CategoricalDimension,
    IntegerDimension,
    OrdinalDimension,
    RealDimension,
    Settings,
)
from hpopt.data.settings import DATASETS
from hpopt.training.settings import NOT_SEARCHABLE, Training

Form = dict[str, Any]

_SCALAR: Form = {"type": ["number", "string", "boolean", "null"]}
_VALUE: Form = {"type": ["number", "string", "boolean", "null", "array", "object"]}
_WHEN: Form = {"anyOf": [_SCALAR, {"type": "array", "items": _VALUE, "minItems": 1}]}


def config_schema() -> Form:
    """The schema of a whole file, in JSON Schema's draft 7, which editors know best."""
    file = _plain_schema(Settings)
    sections = file["properties"]
    for name in sections:
        if name not in file["required"]:
            _allow_null(sections[name])
    sections["dataset"] = _dataset(sections["dataset"]["description"])
    own = {"type": "string", "pattern": r".:[A-Za-z_]\w*$"}
    builder = sections["model"]["properties"]["builder"]
    builder["anyOf"] = [{"type": "string", "enum": list(SHIPPED)}, own]
    settings = _searched_settings()
    nests = {
        "training": _same("Settings of `training`.", settings, "#/properties/space"),
        "model": {"anyOf": [{"$ref": "#/definitions/nest"}, {"type": "null"}]},
    }
    sections["space"] |= {"properties": {**settings, **nests}, "additionalProperties": _OWN}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "hpopt",
        "description": "A run of hpopt: the data, the network family, the space and the search.",
        **{key: file[key] for key in ("type", "properties", "required")},
        "additionalProperties": False,
        "allOf": [_with_builder(name, f"#/allOf/{i}") for i, name in enumerate(SHIPPED)],
        "definitions": {
            "real": _dimension(RealDimension),
            "integer": _dimension(IntegerDimension),
            "categorical": _dimension(CategoricalDimension),
            "ordinal": _dimension(OrdinalDimension),
            "nest": _OWN_NEST,
        },
    }


def _dataset(description: str) -> Form:
    """What a dataset may be: of each source what goes with it."""
    forms = [_plain_schema(section) for section in dict.fromkeys(DATASETS.values())]
    for form in forms:
        for name in ("split", "features"):
            if "properties" in form["properties"].get(name, {}):
                _allow_null(form["properties"][name])
    return {"type": "object", "description": description, "required": ["source"], "anyOf": forms}


def value_schema(annotation: Any) -> Form:
    """The schema of a setting's or an argument's value."""
    form: Form = _inlined(pydantic.TypeAdapter(annotation).json_schema(), {})
    return form


def _plain_schema(section: type[pydantic.BaseModel]) -> Form:
    form = section.model_json_schema()
    inlined: Form = _inlined(form, form.get("$defs", {}))
    return inlined


def _inlined(form: Any, definitions: Form) -> Any:
    """The form with its references resolved, for what stands beside a `$ref` is ignored."""
    if isinstance(form, list):
        return [_inlined(item, definitions) for item in form]
    if not isinstance(form, dict):
        return form
    if "$ref" in form:
        target = definitions[form["$ref"].rpartition("/")[2]]
        form = target | {key: value for key, value in form.items() if key != "$ref"}
    return {
        key: {name: _inlined(property, definitions) for name, property in value.items()}
        if key == "properties"
        else " ".join(value.split())  # a text of several lines in the code
        if key == "description"
        else _inlined(value, definitions)
        for key, value in form.items()
        if key not in ("title", "$defs", "discriminator")
        and not (key == "default" and isinstance(value, dict))
    }


def _allow_null(section: Form) -> None:
    """A key with everything behind it commented out is an empty section."""
    section["type"] = [section["type"], "null"]


def _with_builder(builder: str, place: str) -> Form:
    """What a shipped builder adds: its arguments, in `model` and in `space`, and nothing else.

    `place` is where that stands in the whole schema.
    """
    signature = read_signature(load_builder(builder))
    constants: Form = {"builder": True}
    settings: Form = dict.fromkeys([*_searched_settings(), "training"], True)
    searched: Form = {}
    for name, argument in signature.arguments.items():
        value = value_schema(argument.annotation)
        described = {"description": argument.description} if argument.description else {}
        default = {} if argument.required else {"default": argument.default}
        constants[name] = {**described, **value, **default}
        searched[name] = {**described, **_searched(value)}
    is_it = {"properties": {"builder": {"const": builder}}, "required": ["builder"]}
    return {
        "if": {"properties": {"model": is_it}, "required": ["model"]},
        "then": {
            "properties": {
                "model": {"properties": constants, "additionalProperties": False},
                "space": {
                    "properties": {
                        **settings,
                        "model": _same(
                            "Arguments of the builder.", searched, f"{place}/then/properties/space"
                        ),
                        **searched,
                    },
                    "additionalProperties": False,
                },
            }
        },
    }


def _searched_settings() -> Form:
    """The settings of the training, as they may stand in `space`."""
    settings = _plain_schema(Training)["properties"].items()
    return {name: _setting(form) for name, form in settings if name not in NOT_SEARCHABLE}


def _setting(form: Form) -> Form:
    """What may stand in `space` for a setting; of one that is a section, its own settings."""
    for option in form.get("anyOf", ()):
        if "properties" in option:
            parts = {name: _setting(part) for name, part in option["properties"].items()}
            return _nest(form["description"], parts)
    value = {key: part for key, part in form.items() if key not in ("description", "default")}
    return {"description": form["description"], **_searched(value)}


def _same(description: str, properties: Form, place: str) -> Form:
    """A mapping whose keys may be what the same ones are that stand at `place`."""
    same = {
        name: {"description": form.get("description", name), "$ref": f"{place}/properties/{name}"}
        for name, form in properties.items()
    }
    nest = _nest(description, same)
    _allow_null(nest)
    return nest


def _nest(description: str, properties: Form) -> Form:
    """A mapping of dimensions by the names of what they set."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


def _searched(value: Form, category: Form | None = None) -> Form:
    """What may stand in `space` for a name whose single values are as `value` says.

    Those in a list are as `category` says, if that is something else.
    """
    kinds = _kinds(value)
    ranges = [kind for kind in ("integer", "real") if kind in kinds]
    categories = {
        "type": "array",
        "items": value if category is None else category,
        "minItems": 1,
        "description": "A list is a categorical; its first entry is the default.",
    }
    forms = [{"$ref": f"#/definitions/{kind}"} for kind in [*ranges, "categorical", "ordinal"]]
    return {"anyOf": [*forms, categories, value]}


def _kinds(value: Form) -> set[str]:
    """The kinds of range that a value may be searched in."""
    inner = [kind for option in value.get("anyOf", []) for kind in _kinds(option)]
    named = value.get("type", [])
    names = [named] if isinstance(named, str) else named
    # A whole number is a number, but not the other way round.
    of_names = {"integer": {"integer"}, "number": {"integer", "real"}}
    return set(inner).union(*(of_names.get(name, set()) for name in names))


def _dimension(section: type[pydantic.BaseModel]) -> Form:
    form = _plain_schema(section)
    properties = form["properties"]
    type_, when, default = (properties.pop(key) for key in ("type", "when", "default"))
    when["additionalProperties"] = _WHEN
    _allow_null(when)
    # Left out, a default is not null but what its description says.
    value = _VALUE if issubclass(section, CategoricalDimension) else default["anyOf"][0]
    default = {"description": default["description"], **value}
    if issubclass(section, CategoricalDimension):
        properties["categories"]["items"] = _VALUE
    # In the order in which people write them.
    form["properties"] = {"type": type_, **properties, "default": default, "when": when}
    return form


# What a name may be that only a user's own builder knows: a dimension, or a mapping of several.
_OWN = {"description": "An argument of your own builder.", **_searched(_SCALAR, _VALUE)}
_OWN["anyOf"] = [*_OWN["anyOf"], {"$ref": "#/definitions/nest"}]
_OWN_NEST: Form = {
    "description": "A mapping of dimensions by the names of what they set.",
    "type": "object",
    "minProperties": 1,
    "not": {"required": ["type"], "properties": {"type": {"type": "string"}}},
    "additionalProperties": _OWN,
}
