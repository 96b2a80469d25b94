"""YAML text to plain data under YAML 1.2's rules, with the place of every key and value.

PyYAML reads the text; but it follows YAML 1.1, where `1e-3` is a string, `no` is false and a second
key silently replaces the first. So its nodes are turned into values here, by the core schema of
YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from hpopt.config.document import Document, KeyPath
from hpopt.config.syntax import explain
from hpopt.errors import ConfigError, Location, shorten

_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
# A few aliases of aliases can unfold to billions of values; no honest config comes near this.
_MOST_NODES = 50_000
_DEEPEST = 50
_LARGEST = 2**63
_COMMA = re.compile(r"\d,\d")


class _Yaml12Loader(yaml.SafeLoader):
    """PyYAML's parser with the core schema of YAML 1.2 in place of the rules of YAML 1.1."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 (PyYAML copies it before it adds to it)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._count = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node; what is too much is refused before the rest is read."""
        self._count += 1
        if self._count > _MOST_NODES:
            raise _TooMuch(self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


class _TooMuch(Exception):  # noqa: N818 (it says what is wrong)
    """More than any config needs; `mark` is where it became so."""

    def __init__(self, mark: yaml.Mark) -> None:
        super().__init__()
        self.mark = mark


for _tag, _pattern in (
    ("null", r"~|null|Null|NULL|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    ),
):
    _Yaml12Loader.add_implicit_resolver(_TAG + _tag, re.compile(rf"(?:{_pattern})\Z"), None)


class Reader:
    """Reads one YAML text into a document at a path."""

    def __init__(self, document: Document, file: str, text: str) -> None:
        self._document = document
        self._keys, self._values = document.key_places, document.value_places
        self._file = file
        self._text = text
        self._lines = text.splitlines()
        self._is_file = file == str(document.path)
        self._nodes = 0

    def read_into(self, path: KeyPath) -> None:
        """Put the text's value at `path` of the document's tree; the whole tree is at ().

        Raises ConfigError where it is no YAML, or nothing that a config may hold.
        """
        node = self._compose()
        if path:
            self._keys[path] = Location(self._file)
            value = None if node is None else self._value(node, path, ())
            self._values[path] = Location(self._file)
            parent = self._document.value_at(path[:-1])
            parent[path[-1]] = value
            return
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value.strip() == ""):
            raise ConfigError(
                "the file is empty",
                location=Location(self._file),
                help="it needs at least `dataset`, `model` and `space`",
            )
        if not isinstance(node, yaml.MappingNode):
            raise self._error("the file must hold a mapping (key: value)", node.start_mark)
        self._document.tree = self._value(node, (), ())

    def _compose(self) -> yaml.Node | None:
        try:
            return yaml.compose(self._text, Loader=_Yaml12Loader)
        except _TooMuch as error:
            raise self._error("the file holds more than any config needs", error.mark) from None
        except yaml.MarkedYAMLError as error:
            reason = explain(error, self._lines)
            raise self._error(reason.message, reason.mark, reason.help) from None
        except yaml.reader.ReaderError as error:
            before = self._text[: error.position]
            column = error.position - (before.rfind("\n") + 1)
            mark = yaml.Mark(self._file, error.position, before.count("\n"), column, None, 0)
            character = self._text[error.position]
            raise self._error(
                f"a character that YAML does not allow: U+{ord(character):04X}", mark
            ) from None
        except yaml.YAMLError as error:
            raise ConfigError(f"this is no YAML: {error}", location=Location(self._file)) from None
        except RecursionError:
            raise ConfigError("the nesting is too deep", location=Location(self._file)) from None

    def _value(self, node: yaml.Node, path: KeyPath, ancestors: tuple[yaml.Node, ...]) -> Any:
        self._nodes += 1
        if len(ancestors) > _DEEPEST:
            raise self._error("the nesting is too deep", node.start_mark)
        if self._nodes > _MOST_NODES:
            raise self._error("the file unfolds to more than any config needs", node.start_mark)
        if any(node is ancestor for ancestor in ancestors):
            raise self._error("an alias that contains itself", node.start_mark)
        self._values[path] = self._locate(node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            raise self._tag_error(node)
        ancestors = (*ancestors, node)
        if isinstance(node, yaml.SequenceNode):
            items: list[yaml.Node] = node.value
            return [self._value(item, (*path, i), ancestors) for i, item in enumerate(items)]
        assert isinstance(node, yaml.MappingNode)
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in mapping:
                first = self._keys[(*path, key)]
                raise self._error(
                    f"the key `{key}` stands twice",
                    key_node.start_mark,
                    f"it was first at {first}; keep one of them",
                )
            self._keys[(*path, key)] = self._locate(key_node.start_mark)
            mapping[key] = self._value(value_node, (*path, key), ancestors)
        return mapping

    def _key(self, node: yaml.Node) -> str:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            help = None
            if _COMMA.search(self._text):
                help = "decimals are written with a point: 0.001"
            elif isinstance(node, yaml.ScalarNode):  # as a label may be
                help = f'as text it is one: "{shorten(node.value, 20)}"'
            raise self._error("a key must be a name", node.start_mark, help)
        if key == _MERGE:
            raise self._error(
                "YAML 1.2 has no merge keys (`<<`)", node.start_mark, "write them out"
            )
        return key

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        kind = node.tag.removeprefix(_TAG)
        try:
            match kind:
                case "str":
                    return text
                case "null":
                    return None
                case "bool":
                    return {"true": True, "false": False}[text.lower()]
                case "int":
                    number = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
                    if abs(number) >= _LARGEST:
                        raise self._error("a number that is too large", node.start_mark)
                    return number
                case "float":
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except (ValueError, KeyError):  # `!!int one`, or digits without end
            raise self._error(f"`{text[:40]}` is no {kind}", node.start_mark) from None
        raise self._tag_error(node)

    def _tag_error(self, node: yaml.Node) -> ConfigError:
        tag = node.tag.replace(_TAG, "!!")
        return self._error(
            f"the tag `{tag}` is not allowed", node.start_mark, "write plain data only"
        )

    def _locate(self, mark: yaml.Mark) -> Location:
        if not self._is_file:
            return Location(self._file)
        line = self._lines[mark.line] if mark.line < len(self._lines) else None
        return Location(self._file, mark.line + 1, mark.column + 1, line)

    def _error(self, message: str, mark: yaml.Mark | None, help: str | None = None) -> ConfigError:
        location = Location(self._file) if mark is None else self._locate(mark)
        return ConfigError(message, location=location, help=help)
