"""What Python programs put into a config that no YAML could hold, and what to write instead."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Mapping
from datetime import date
from pathlib import Path, PurePath
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
    elif (name := type(value).__name__) in _INSTEAD or not (
        isinstance(value, _PLAIN) or (hasattr(value, "tolist") and not isinstance(value, type))
    ):
        raise ConfigError(
            f"{_dotted(path)}: {article(name)} {name} can't stand in a config",
            help=_instead(value, path),
        )


def no_config(value: Any) -> ConfigError:
    """The error of what stands where a whole config should."""
    path = "give the path of a YAML file, or a mapping of the same content"
    if type(value).__name__ in ("DataFrame", "Series"):
        path = "give it beside a config: `hpopt.tune(config, data=frame)`; `hpopt init` drafts one"
    elif callable(value):
        path = f"{path}; a builder goes beside it: `hpopt.tune(config, builder=build)`"
    name = type(value).__name__
    return ConfigError(f"{article(name)} {name} is no config", help=path)


def _looks_like_a_range(value: tuple[Any, ...], path: KeyPath) -> bool:
    """Whether other optimisers would take it for (low, high), or (low, high, prior)."""
    if path[:1] != ("space",) or len(path) < 2 or "when" in path or path[-1] == "categories":
        return False
    if isinstance(path[-1], int):  # a category
        return False
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in value]
    return numbers == [True, True] or (numbers == [True, True, False])


def _instead(value: Any, path: KeyPath) -> str:
    name = type(value).__name__
    if name in _INSTEAD:
        return _INSTEAD[name]
    if isinstance(value, types.GeneratorType):
        return "give a list: `list(...)`"
    if callable(value):
        text = _instead_of_code(value)
        beside = "give it beside the config: `hpopt.tune(config, builder=build)`; or "
        return (beside if path == ("model", "builder") and inspect.isfunction(value) else "") + text
    return "give plain data: texts, numbers, true or false, null, and lists and mappings of them"


def _instead_of_code(value: Any) -> str:
    """What to write in place of a function, a class, or what else can be called."""
    why = "trials run in processes of their own, which import it from there"
    if inspect.isfunction(value) and value.__name__ != "<lambda>":
        file = Path(inspect.getsourcefile(value) or "file.py")
        name = file.name if file.suffix == ".py" else "file.py"
        return f'name it by its file, `"{name}:{value.__name__}"`: {why}'
    if isinstance(value, type):
        return (
            f"give a text, such as `{value.__name__.lower()}`, for what hpopt or Keras has; own "
            f'code is a function that is named by its file, `"file.py:name"`: {why}'
        )
    if isinstance(value, functools.partial):
        name = getattr(value.func, "__name__", "name")
        return f'name the function by its file, `"file.py:{name}"`, and its arguments beside it'
    return f'write a function with `def` in a file, and name it by that, `"file.py:name"`: {why}'


def article(name: str) -> str:
    """The article of the name of a type."""
    return "an" if name[:1].lower() in "aeiou" else "a"


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path)) or "the config"
