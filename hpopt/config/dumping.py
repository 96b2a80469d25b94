"""Plain data as YAML text, in a form that YAML 1.1 and 1.2 read alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from hpopt.errors import ConfigError


def inline_yaml(value: Any) -> str:
    """A value as YAML on one line. Raises ConfigError where it is no plain data."""
    return _dump(value, default_flow_style=True).removesuffix("...\n").strip()


def block_yaml(tree: Mapping[str, Any]) -> str:
    """A mapping as people would write it. Raises ConfigError where it is no plain data."""
    return _dump(tree, default_flow_style=None)


def _dump(value: Any, **options: Any) -> str:
    try:
        options = {"Dumper": _Dumper, "sort_keys": False, "width": 10**6, **options}
        text: str = yaml.dump(value, allow_unicode=True, **options)
        if not text.replace("\n", "").isprintable():  # what may be seen as something else
            text = yaml.dump(value, **options)
    except yaml.representer.RepresenterError as error:
        kind = type(error.args[-1]).__name__
        raise ConfigError(f"a {kind} can't stand in a config", help="give plain data") from None
    return text


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _represent_tuple(dumper: _Dumper, value: tuple[Any, ...]) -> yaml.SequenceNode:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves texts such as 1e-3 bare, which are numbers to YAML 1.2.
    style = None if re.fullmatch(r"[A-Za-z_][\w./-]*", text) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _represent_path(dumper: _Dumper, path: PurePath) -> yaml.ScalarNode:
    return _represent_text(dumper, str(path))


def _represent_other(dumper: _Dumper, value: Any) -> yaml.Node:
    """NumPy's scalars and arrays as the plain data that they stand for."""
    if not hasattr(value, "tolist"):
        raise yaml.representer.RepresenterError("cannot represent an object", value)
    node: yaml.Node = dumper.represent_data(value.tolist())
    return node


_Dumper.add_representer(tuple, _represent_tuple)
_Dumper.add_representer(str, _represent_text)
_Dumper.add_multi_representer(PurePath, _represent_path)
_Dumper.add_multi_representer(object, _represent_other)
