"""What has to hold of a journal's fields before anything is computed from them.

A run folder may come from anywhere: what it names must not reach outside of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

# A number beyond it would cost memory and time wherever numbers are counted up to it.
_MOST_TRIALS = 1_000_000


def is_legal(name: str, value: Any) -> bool:
    """Whether hpopt could have written `value` under the name of a field."""
    return name not in _LEGAL or _LEGAL[name](value)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MOST_TRIALS


def _is_file_name(value: Any) -> bool:
    """Whether a file of that name can only be in the folder that it is looked for in."""
    return value is None or (
        isinstance(value, str)
        and Path(value).name == value
        and value not in ("", "..")
        and "\0" not in value
    )


def _are_objectives(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(form, dict)
        and isinstance(form.get("name"), str)
        and form.get("direction") in ("minimize", "maximize")
        for form in value
    )


def _is(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


_LEGAL: dict[str, Callable[[Any], bool]] = {
    "number": _is_count,
    "attempt": _is_count,
    "seed": _is(int),
    "params": _is(dict),
    "info": _is(dict),
    "outcome": _is(dict),
    "constants": _is(dict),
    "fingerprints": _is(dict),
    "metrics": _is(dict),
    "curves": _is(dict),
    "scores": _is(list),
    "space": _is(list),
    "objectives": _are_objectives,
    "changes": _is(list),
    "overrides": _is(list, type(None)),
    "code": _is(dict),
    "value": _is(int, float),
    "seconds": _is(int, float),
    "elapsed": _is(int, float, type(None)),
    "name": _is(str),
    "metric": _is(str),
    "reason": _is(str),
    "weights": _is_file_name,
}
