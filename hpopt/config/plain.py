"""What Python programs put into a config that no YAML could hold, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import Any

from hpopt.config.document import KeyPath
from hpopt.errors import ConfigError

_PLAIN = (str, int, float, bool, type(None), PurePath, date)
_DEEPEST = 50
# By the name of a type: no package is imported to know it.
_INSTEAD = {
    "DataFrame": "give it beside the config: `hpopt.tune(config, data=frame)`; or save it, "
    '`frame.to_parquet("data.parquet")`, and give `{"source": "parquet", "path": "data.parquet", '
    '...}`; or name a function that returns it: `{"source": "data.py:load"}`',
    "range": "for every whole number between: `{'type': 'integer', 'low': 1, 'high': 9}`; for "
    "these values alone: `list(range(...))`",
    "set": "give a list: a set has no order, and the first value is the default",
    "frozenset": "give a list: a set has no order, and the first value is the default",
    "Real": "`{'type': 'real', 'low': 1e-4, 'high': 0.1, 'prior': 'log-uniform'}`",
    "Integer": "`{'type': 'integer', 'low': 1, 'high': 9}`",
    "Categorical": "a list of the values",
}
_INSTEAD["Series"] = _INSTEAD["DataFrame"]


def check_plain(value: Any, path: KeyPath = ()) -> None:
    """Raise ConfigError where a config, or the part of it at `path`, is not plain data.

    A tuple of two numbers is refused where a dimension stands: other optimisers take it for a
    range, and as a list it would be two categories.
    """
    if len(path) > _DEEPEST:
        raise ConfigError(
            f"{_dotted(path[:3])}... is nested too deeply", help="does it hold itself?"
        )
    if isinstance(value, Mapping):
        for key, inner in value.items():
            check_plain(inner, (*path, str(key)))
    elif isinstance(value, list | tuple):
        if isinstance(value, tuple) and _looks_like_a_range(value, path):
            low, high = value[:2]
            kind = "integer" if isinstance(low, int) and isinstance(high, int) else "real"
            raise ConfigError(
                f"{_dotted(path)}: a tuple may be meant as a range, or as values",
                help=f"the range is `{{'type': '{kind}', 'low': {low}, 'high': {high}}}`, "
                f"the values are `[{low}, {high}]`",
            )
        for index, inner in enumerate(value):
            check_plain(inner, (*path, index))
    elif _INSTEAD.get(type(value).__name__) or not (
        isinstance(value, _PLAIN) or hasattr(value, "tolist")
    ):
        raise ConfigError(
            f"{_dotted(path)}: a {type(value).__name__} can't stand in a config",
            help=_instead(value, path),
        )


def _looks_like_a_range(value: tuple[Any, ...], path: KeyPath) -> bool:
    """Whether other optimisers would take it for (low, high), or (low, high, prior)."""
    if path[:1] != ("space",) or len(path) < 2 or "when" in path or path[-1] == "categories":
        return False
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in value]
    return numbers == [True, True] or (numbers == [True, True, False])


def _instead(value: Any, path: KeyPath) -> str:
    name = type(value).__name__
    if name in _INSTEAD:
        return _INSTEAD[name]
    if callable(value) and not isinstance(value, type) and hasattr(value, "__name__"):
        return (
            f'name it by its file, `"file.py:{value.__name__}"`: trials run in processes of their '
            "own, which import it from there"
        )
    return "give plain data: texts, numbers, true or false, null, and lists and mappings of them"


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path)) or "the config"
