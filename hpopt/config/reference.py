"""`docs/configuration.md`: every key of the YAML with its type, default and meaning.

It says what the JSON Schema says, so that the two can't differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Form = dict[str, Any]

_INTRODUCTION = """\
# Configuration

Every key of the YAML file. This page is made from the program's own grammar by
`python docs/generate.py`, as is [hpopt.schema.json](hpopt.schema.json). Editors that know JSON
Schema complete and explain a config whose first line names it:

    # yaml-language-server: $schema=https://.../hpopt.schema.json

A path or a URL will do; `hpopt schema > hpopt.schema.json` writes the file beside your own configs.
`hpopt check CONFIG` says what a config means, and `-s KEY=VALUE` sets any key for one run:
`-s search.n_calls=20 -s space.optimizer=sgd`.
"""
_SPACE = """\
Each name is an argument of the builder or a setting of `training` (all but {fixed}), and may be:

- a mapping with `type`, as below;
- a list: a categorical, whose first entry is the default;
- a single value: a constant.

Names may stand under the section that they set, `training` or `model`: with it and without it the
file says the same. What is a mapping itself is searched by its parts, and their names are joined by
dots: those of

    space:
      training:
        learning_rate: {{type: real, low: 1e-4, high: 1e-1, prior: log-uniform}}
        early_stopping:
          patience: {{type: integer, low: 3, high: 20}}
      model:
        num_layers: {{type: integer, low: 1, high: 5}}

are `learning_rate`, `early_stopping.patience` and `num_layers`, in conditions, `search.initial`,
tables, pictures and the params of a trial. A part that is not searched has the value that it has in
`training` or `model`, or its default: a search of `early_stopping.patience` stops early. An own
builder's argument has parts where it is a mapping. To change a dimension for one run, both
`-s space.training.learning_rate=0.01` and `-s space.learning_rate=0.01` will do.
"""
_STEPS = """\
`step` is how far apart values are: `{type: integer, low: 16, high: 256, step: 16}` is 16, 32, ...,
256, and `{type: real, low: 0.1, high: 0.9, step: 0.1}` has nine values, in decimals. `high` has to
be one of them, and so has a default. Steps go with the uniform prior alone; values on another scale
are listed, and the search knows those that are numbers in order by it: `[16, 32, 64, 128]`.

"""
_ORDINALS = """\
An ordinal's values have an order, `{type: ordinal, categories: [tiny, small, large]}`: the search
takes neighbours for alike, pictures keep to the order, and a rule may compare by it,
`size >= 'small'`. A categorical of numbers that go up or down is searched in their order anyway.

"""
_NESTED = """\
A category may be a list or a mapping, `layers: [[64, 32], [16], []]`: a list in the list is one
value. It reaches the builder as it stands, a list as a list, each trial with one of its own; in
`when` it stands in a list as well, `when: {layers: [[64, 32]]}`. Tables of trials (CSV, Optuna's,
`results.pkl`) have it as JSON.

"""
_BELIEFS = """\
`belief` says where you expect the best value of a number: `belief: {around: 1e-3, within: 3}`.
`within` is a distance on both sides, in the dimension's own units; under a log-uniform prior it is
a factor. Two thirds of the belief lie inside. The first trial is there unless `default` says
another value, and the engine `gp` weighs what it might try by the belief, the less the more trials
it has: a right one saves trials, and a wrong one costs some ([search.md](search.md)). `random` and
`sobol` draw half of their values by it, `skopt` those of its first trials; `grid` begins there.

"""
_WHEN = """\
`when` makes a dimension active only under a condition on another name:
`momentum: {type: real, low: 0, high: 0.99, default: 0, when: {optimizer: sgd}}`. Under an integer
or a real it may be a comparison in quotes: `units_3: {..., when: {num_layers: ">= 3"}}`.
"""


_REQUIRE = """\
A list of rules. What is tried meets all of them, with every engine: the first design, each
suggestion, `search.initial`, a warm start. The grid leaves out what breaks one, and `hpopt check`
says what share of the space each of them leaves.

    require:
      - units_3 <= units_2 <= units_1
      - batch_size * epochs <= 8192
      - optimizer != 'sgd' or learning_rate >= 1e-2
      - num_layers % 2 == 0 and not (use_bias and use_norm)

- Names are those of dimensions (`early_stopping.patience`) and of constants of `model` and
  `training`, with their section or without it; in backquotes a name may have any characters.
- Values are numbers, texts in quotes (a quote inside is written twice), `true`, `false` and `null`.
  As in `when`, 1 and 1.0 are the same, and 1 and true are not.
- `+ - * / %`, `== != < <= > >=`, which may be chained, `and`, `or`, `not` and parentheses, which
  bind as in Python. There are no functions and no powers.
- **A rule that names an inactive dimension does not bind**, whatever else it says.
- What can't be reckoned (a number over 0, arithmetic with a category that is no number) has no
  value, and no comparison with it holds; nor does `<` with what is no number.
- `<` and `>` compare values of an ordinal by its order, `size >= 'small'`, unless all are numbers.

The defaults have to meet the rules; if they don't, the error names the rule, and params that meet
all. A rule that leaves next to nothing is an error, and little (below 1 %) a note. In YAML a rule
that begins with a quote or a backquote, or holds `: ` or ` #`, stands in quotes as a whole.
"""


def configuration_page(schema: Form) -> str:
    """The page in Markdown, from `config_schema()`."""
    sections, required = schema["properties"], schema["required"]
    lines = [_INTRODUCTION]
    for name, section in sections.items():
        need = "required" if name in required else "optional"
        lines += [f"## `{name}` ({need})", "", section["description"], ""]
        if name == "space":
            lines += _space(schema)
        elif name == "require":
            lines.append(_REQUIRE)
        elif name == "dataset":
            lines += _datasets(section)
        else:
            lines += _table(section)
            lines += _subsections(name, section)
        if name == "model":
            for builder in schema["allOf"]:
                lines += _builder(builder)
    return "\n".join(lines).rstrip() + "\n"


def _space(schema: Form) -> Iterator[str]:
    settings, searched = schema["properties"]["training"], schema["properties"]["space"]
    fixed = [name for name in settings["properties"] if name not in searched["properties"]]
    yield _SPACE.format(fixed=" and ".join(f"`{name}`" for name in fixed))
    for kind, form in schema["definitions"].items():
        if "properties" not in form:  # a mapping of dimensions
            continue
        yield from (f"### `type: {kind}`", "", form["description"], "")
        yield from _table(form)
    yield _STEPS
    yield _ORDINALS
    yield _NESTED
    yield _BELIEFS
    yield _WHEN


def _datasets(section: Form) -> Iterator[str]:
    """What each source has; a subsection that several have alike is described once."""
    described: list[Form] = []
    for form in section["anyOf"]:
        yield from (f"### `source`: {_type(form['properties']['source'])}", "")
        yield from (form["description"], "")
        yield from _table(form)
        for name, property in form["properties"].items():
            for inner in (property, *property.get("anyOf", []), *property.get("oneOf", [])):
                if "properties" in inner and inner["properties"] not in described:
                    described.append(inner["properties"])
                    yield from (f"#### `dataset.{name}`", "", inner["description"], "")
                    yield from _table(inner)


def _builder(condition: Form) -> Iterator[str]:
    name = condition["if"]["properties"]["model"]["properties"]["builder"]["const"]
    model = condition["then"]["properties"]["model"]
    arguments = {key: form for key, form in model["properties"].items() if form is not True}
    yield from (f"### `builder: {name}`", "")
    yield from _table({"properties": arguments})


def _subsections(path: str, section: Form) -> Iterator[str]:
    for name, form in section["properties"].items():
        for option in (form, *form.get("anyOf", [])):
            if "properties" in option:
                meaning = option.get("description") or form["description"]
                yield from (f"### `{path}.{name}`", "", meaning, "")
                yield from _table(option)


def _table(section: Form) -> Iterator[str]:
    yield from ("| key | type | default | meaning |", "| --- | --- | --- | --- |")
    rows: dict[str, list[str]] = {}  # keys that differ by a number alone share a row
    for name, form in section["properties"].items():
        if name in section.get("required", ()):
            default = "required"
        elif "default" in form:
            default = f"`{json.dumps(form['default']).strip(chr(34))}`"
        else:
            default = ""
        row = f"{_type(form)} | {default} | {form.get('description', '')} |"
        rows.setdefault(row, []).append(name)
    for row, names in rows.items():
        last = f" … `{names[-1]}`" if len(names) > 1 else ""
        yield f"| `{names[0]}`{last} | {row}"
    yield ""


def _type(form: Form) -> str:
    """The values that a key may have, in words."""
    if options := form.get("anyOf") or form.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(option) for option in options))
    if "const" in form:
        return f"`{form['const']}`"
    if "enum" in form:
        return ", ".join(f"`{name}`" for name in form["enum"])
    if "pattern" in form:
        return "an own function" if ":" in form["pattern"] else "text"
    kind = form["type"]
    if isinstance(kind, list):
        if "array" in kind:
            return "any value"
        return "mapping" if "object" in kind else "any single value"
    bounds = [
        f"{sign} {form[key]}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
        )
        if key in form
    ]
    return " ".join([_WORDS[kind], ", ".join(bounds)]).strip()


_WORDS = {
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "string": "text",
    "null": "`null`",
    "array": "list",
    "object": "mapping",
}
