"""How files reach nodes that do not see them under the paths of this process."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from weakref import WeakValueDictionary

import numpy as np

from hpopt.errors import RunError

# What is read, sent and written at once of a file: so much of it is in memory twice, and no more.
_CHUNK_BYTES = 2**26


@dataclass(frozen=True)
class Stamp:
    """What tells a state of a file from others of the same path."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """That of a file. Raises RunError where there is none."""
        try:
            found = path.stat()
        except OSError as error:
            raise RunError(f"{path} can't be read: {error.strerror}") from error
        return cls(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Parcel:
    """A file that a node is to have, as references to its chunks; without any, the node has it."""

    stamp: Stamp
    chunks: Sequence[Any]


@dataclass(frozen=True)
class Node:
    """A node with workers, and what it has of this process' files in its folder."""

    name: str
    folder: Path
    sees_files: bool  # under the paths of this process: nothing needs to be brought
    beside: int  # how many workers have room on it
    has: set[tuple[str, Stamp]] = field(default_factory=set)


class Parcels:
    """Puts files where nodes can fetch them, once for all nodes that want them at a time."""

    def __init__(self, put: Callable[[np.ndarray], Any]) -> None:
        self._put = put
        # What no job is about to fetch any more is given back.
        self._made: WeakValueDictionary[tuple[Path, Stamp], Parcel] = WeakValueDictionary()

    def of(self, files: Mapping[str, Path], node: Node) -> dict[str, Parcel]:
        """What a node is to have. Raises RunError where a file is gone."""
        parcels = {}
        for name, path in files.items():
            stamp = Stamp.of(path)
            has_it = (name, stamp) in node.has
            parcels[name] = Parcel(stamp, ()) if has_it else self._parcel(path, stamp)
        return parcels

    def _parcel(self, path: Path, stamp: Stamp) -> Parcel:
        parcel = self._made.get((path, stamp))
        if parcel is None:
            whole = np.memmap(path, np.uint8, "r") if stamp.size else np.empty(0, np.uint8)
            starts = range(0, stamp.size, _CHUNK_BYTES)
            chunks = [self._put(np.asarray(whole[at : at + _CHUNK_BYTES])) for at in starts]
            parcel = self._made[path, stamp] = Parcel(stamp, chunks)
        return parcel


class Packed:
    """A pickled object that is handed on as it is: whoever unpickles this has the object itself.

    An actor need not import what the trial function does that it hands on.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __reduce__(self) -> Any:
        """What the next process does."""
        return pickle.loads, (self._content,)
