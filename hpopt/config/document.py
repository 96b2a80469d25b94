"""A YAML file with its overrides as plain data that remember where each key and value stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpopt.config.nesting import written_path
from hpopt.config.yaml12 import Reader
from hpopt.errors import ConfigError, Location, closest

# Where a value stands in the tree: ("space", "learning_rate", "low"); list items by their index.
KeyPath = tuple[str | int, ...]


class Document:
    """The tree of one YAML file with its overrides, and the place each value came from."""

    def __init__(self, path: Path, source: bytes, overrides: Sequence[str]) -> None:
        self.path = path
        self.source = source
        self.overrides = tuple(overrides)
        self.tree: dict[str, Any] = {}
        # Where each key and each value is written; what no file says has no place.
        self.key_places: dict[KeyPath, Location] = {}
        self.value_places: dict[KeyPath, Location] = {}

    def value_at(self, path: KeyPath) -> Any:
        """The value at `path`; raises KeyError or IndexError where there is none."""
        value: Any = self.tree
        for step in path:
            value = value[step]
        return value

    def location(self, path: KeyPath, *, of_key: bool = False) -> Location | None:
        """Where the value (or its key) at `path` stands, or else the nearest one around it."""
        places = (
            (self.key_places, self.value_places) if of_key else (self.value_places, self.key_places)
        )
        for length in range(len(path), 0, -1):
            for place in places:
                if path[:length] in place:
                    return place[path[:length]]
        return Location(str(self.path))

    def rearranged(self, tree: dict[str, Any], moves: Mapping[KeyPath, KeyPath]) -> Document:
        """The document with another `tree`; of each path in `moves`, it is kept where it stood."""
        other = Document(self.path, self.source, self.overrides)
        other.tree = tree
        other.key_places = _moved(self.key_places, moves)
        other.value_places = _moved(self.value_places, moves)
        return other

    def origin(self, path: KeyPath) -> str:
        """Where the value at `path` came from, in words for the resolved config."""
        location = self.value_places.get(path)
        return "default" if location is None else str(location).replace("\n", " ")

    def _forget(self, path: KeyPath) -> None:
        for place in (self.key_places, self.value_places):
            for below in [below for below in place if below[: len(path)] == path]:
                del place[below]


def _moved(
    places: Mapping[KeyPath, Location], moves: Mapping[KeyPath, KeyPath]
) -> dict[KeyPath, Location]:
    moved = dict(places)
    for path, stood in moves.items():
        depth = len(stood)
        below = [place for place in places if place[:depth] == stood]
        moved |= {(*path, *place[depth:]): places[place] for place in below}
    return moved


def read_document(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Read a YAML file and lay overrides of the form `key.path=value` over it.

    Raises ConfigError where the file can't be read, is no YAML, or an override does not fit.
    """
    return parse_document(path, _read_bytes(path), overrides)


def parse_document(path: Path, source: bytes, overrides: Sequence[str] = ()) -> Document:
    """The document of a YAML text that is, or could be, the file at `path`.

    Raises ConfigError where it is no YAML, or an override does not fit.
    """
    document = Document(path, source, overrides)
    Reader(document, str(path), _decode(path, source)).read_into(())
    for override in overrides:
        _apply_override(document, override)
    return document


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        folder = path.parent if path.parent.is_dir() else None
        names = sorted(p.name for p in folder.glob("*.y*ml")) if folder else []
        match = closest(path.name, names)
        raise ConfigError(
            f"there is no file {path}",
            help=f"did you mean `{path.with_name(match)}`?" if match else None,
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder", help="name the YAML file in it") from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the path
        raise ConfigError(f"the path {str(path)!r} can't be used: {error}") from None


def _decode(path: Path, source: bytes) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise ConfigError(
            "the file is not UTF-8 text",
            location=Location(str(path), line),
            help="save it as UTF-8",
        ) from None


def _apply_override(document: Document, override: str) -> None:
    key, equals, text = override.partition("=")
    place = Location(f"--set {override}")
    path: KeyPath = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise ConfigError(
            "an override has the form key.path=value", location=place, help="-s search.n_calls=20"
        )
    path = written_path(document.tree, path)
    parent = document.tree
    for depth, step in enumerate(path[:-1]):
        child = parent.get(str(step))
        if child is None:  # not there, or `output:` with nothing behind it
            child = parent[str(step)] = {}
            document.key_places.setdefault(path[: depth + 1], place)
        if not isinstance(child, dict):
            raise ConfigError(
                f"`{'.'.join(map(str, path[: depth + 1]))}` is no mapping: it has no keys",
                location=place,
                help="give the whole value",
            )
        parent = child
    document._forget(path)
    Reader(document, place.file, text).read_into(path)
