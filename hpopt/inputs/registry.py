"""The kinds of inputs by name. A kind is added by its file and by its line here."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

from hpopt.inputs.kind import Kind

KINDS = {
    "array": "hpopt.inputs.array:ArrayKind",
    "image": "hpopt.inputs.image.kind:ImageKind",
    "series": "hpopt.inputs.series.kind:SeriesKind",
    "table": "hpopt.inputs.table.kind:TableKind",
    "windows": "hpopt.inputs.windows.kind:WindowsKind",
}


def kind_named(name: str) -> type[Kind]:
    """The class of a kind; its file is imported now."""
    module, _, attribute = KINDS[name].partition(":")
    return cast(type[Kind], getattr(importlib.import_module(module), attribute))


def write_kind(kind: Kind) -> dict[str, Any]:
    """A fitted kind in strict JSON, with its name."""
    return {"kind": kind.name, **kind.to_json()}


def read_kind(form: Mapping[str, Any], names: Sequence[str]) -> Kind:
    """What `write_kind` wrote of a kind whose features have these names.

    hpopt 0.1 named no kind: a table is told from an array by its columns there.
    """
    name = form.get("kind") or ("table" if "columns" in form else "array")
    return kind_named(name).from_json(form, names)
