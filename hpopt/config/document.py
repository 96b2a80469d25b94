"""A YAML file with its overrides as plain data that remember where each key and value stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hpopt.errors import Location

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

    def forget(self, path: KeyPath) -> None:
        """Pass over where the value at `path`, and all below it, is written."""
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
