"""What has to hold of a journal's fields before anything is computed from them.

A run folder may come from anywhere: what it names must not reach outside of it, and whatever reads
it must be able to count on each field. So each is looked at once, when its line is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Rule = Callable[[Any], bool]

# A number beyond it would cost memory and time wherever numbers are counted up to it.
_MOST_TRIALS = 1_000_000
# What is computed from larger numbers is no longer finite.
_LARGEST = 1e100
_LARGEST_INT = 2**256


def is_legal(name: str, value: Any) -> bool:
    """Whether hpopt could have written `value` under the name of a field."""
    return name not in _LEGAL or _LEGAL[name](value)


def _is_int(value: Any) -> bool:
    return type(value) is int and abs(value) <= _LARGEST_INT


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= _MOST_TRIALS


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_INT


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _is_small_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= _LARGEST


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def _is_value(value: Any) -> bool:
    """Whether a param can have the value."""
    if type(value) is int:
        return _is_int(value)
    if isinstance(value, list):
        return all(map(_is_value, value))
    if isinstance(value, dict):
        return all(map(_is_value, value.values()))
    return value is None or isinstance(value, bool | str) or _is_number(value)


def moment_of(text: str | None) -> datetime | None:
    """The moment that a time of the journal stands for; None where it says none, with its zone."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if moment.utcoffset() is None else moment


def _is_file_name(value: Any) -> bool:
    """Whether a file of that name can only be in the folder that it is looked for in."""
    return (
        isinstance(value, str)
        and value.isprintable()
        and Path(value).name == value
        and value not in ("", "..")
    )


def _or_none(rule: Rule) -> Rule:
    return lambda value: value is None or rule(value)


def _is_dict(of: Rule = lambda _: True) -> Rule:
    return lambda value: isinstance(value, dict) and all(map(of, value.values()))


def _is_list(of: Rule) -> Rule:
    return lambda value: isinstance(value, list) and all(map(of, value))


def _has(**rules: Rule) -> Rule:
    """Whether it is a record with these fields."""
    return lambda value: (
        isinstance(value, dict) and all(rule(value.get(name)) for name, rule in rules.items())
    )


_is_objective = _has(
    name=_is_text,
    direction=lambda value: value in ("minimize", "maximize"),
    target=_or_none(_is_text),
    rule=_or_none(_is_text),
    positive=_or_none(_is_text),
)
_is_dimension = _has(name=_is_text, type=_is_text, when=_is_dict())
_is_known_trial = _has(
    number=_is_count,
    params=_is_dict(_is_value),
    value=_or_none(_is_number),
    standard_error=_or_none(_is_number),
)

_LEGAL: dict[str, Rule] = {
    "format": _is_text,
    "hpopt": _is_text,
    "time": _or_none(_is_text),
    "metric": _is_text,
    "greater_is_better": _is_bool,
    "fingerprints": _is_dict(_is_text),
    "constants": _is_dict(),
    "space": _is_list(_is_dimension),
    "require": _is_list(_is_text),
    "config": _or_none(_is_text),
    "folder": _or_none(_is_text),
    "n_calls": _or_none(_is_count),
    "overrides": _or_none(_is_list(_is_text)),
    "changes": _is_list(_is_text),
    "code": _is_dict(_is_text),
    "objectives": _is_list(_is_objective),
    "run": _is_text,
    "informs": _is_bool,
    "trials": _is_list(_is_known_trial),
    "number": _is_count,
    "attempt": _is_count,
    "params": _is_dict(_is_value),
    "seed": _is_int,
    "info": _is_dict(),
    "elapsed": _or_none(_is_small_number),
    "value": _is_number,
    "metrics": _is_dict(_or_none(_is_number)),
    "scores": _is_list(_or_none(_is_number)),
    "curves": _is_dict(_is_list(_or_none(_is_number))),
    "epochs": _is_size,
    "seconds": _is_small_number,
    "weights": _or_none(_is_file_name),
    "standard_error": _or_none(_is_number),
    "kept_epoch": _or_none(_is_size),
    "is_constant": _is_bool,
    "level": lambda value: _is_number(value) and 0 < value <= 1,
    "state": _or_none(_is_file_name),
    "reason": _is_text,
    "log_tail": _is_text,
    "text": _is_text,
    "step": _is_text,
    "score": _or_none(_is_number),
    "name": _is_text,
    "outcome": _is_dict(),
}
