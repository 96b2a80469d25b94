"""From the text of a YAML file, and the overrides that are laid over it, to a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpopt.config.document import Document, KeyPath
from hpopt.config.nesting import written_path
from hpopt.config.yaml12 import Reader
from hpopt.errors import ConfigError, Location, closest

OVERRIDE = "--set "  # how the place of an override begins
_MOST_BYTES = 2_000_000  # a longer text takes long to be refused for what is in it


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
        with path.open("rb") as file:
            source = file.read(_MOST_BYTES + 1)
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
    if len(source) > _MOST_BYTES:
        raise ConfigError(
            f"{path} is larger than any config: {_MOST_BYTES // 10**6} MB at most",
            help="name the YAML file of a run; the data have a file of their own",
        )
    return source


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
    place = Location(f"{OVERRIDE}{override}")
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
    document.forget(path)
    Reader(document, place.file, text).read_into(path)
