"""Files that are there whole or not at all, and a full disk said in words."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from hpopt.errors import RunError

# The end of a name that a file has until it is whole; a kill may leave it behind.
PART = ".part"


def refuse_links(folder: Path) -> None:
    """Raise RunError where something in a folder leads out of it, or is no plain file.

    A folder that is written may come from a stranger: a link in it would let us write wherever it
    leads, and a pipe would hold us up for ever.
    """
    top = folder.resolve()
    for place, folders, files in os.walk(top):
        for path in (Path(place, name) for name in (*folders, *files)):
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:  # a writer is at work
                continue
            if stat.S_ISLNK(mode):
                if path.resolve().is_relative_to(top):
                    continue
                what = "a symbolic link that leads out of the folder"
            elif stat.S_ISDIR(mode) or stat.S_ISREG(mode):
                continue
            else:
                what = "neither a file nor a folder"
            raise RunError(
                f"{folder} is not written to: {path.relative_to(top)} is {what}",
                help="hpopt makes none; see where the folder comes from, and remove it",
            )


def open_plain(path: Path, mode: str, buffering: int = -1, encoding: str | None = None) -> Any:
    """Open a file for writing, where no link may stand in its place.

    A run folder may come from a stranger: a link in it would let us write wherever it leads.
    Raises OSError where there is one.
    """
    no_links = getattr(os, "O_NOFOLLOW", 0)
    return open(
        path, mode, buffering, opener=lambda name, flags: os.open(name, flags | no_links, 0o666)
    )


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Have `write` fill a file beside `path`, which takes that name only when it is on the disk.

    Raises RunError where the disk or the folder does not allow it.
    """
    beside = path.with_name(f".{path.name}{PART}")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.unlink(missing_ok=True)
            with open_plain(beside, "xb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_whole_folder(path: Path, files: Mapping[str, Callable[[BinaryIO], object]]) -> None:
    """Write the files of a folder, which takes the place of an earlier one once it is whole.

    Raises RunError where the disk or the folder does not allow it.
    """
    beside, before = (path.with_name(f".{path.name}{end}{PART}") for end in ("", ".before"))
    with writing(path):
        for left in (beside, before):
            remove(left)
        for name, write in files.items():
            write_whole(beside / name, write)
        if path.exists():
            os.replace(path, before)
        os.replace(beside, path)
        sync_folder(path.parent)
        remove(before)


def text_writer(text: str) -> Callable[[BinaryIO], object]:
    """What writes a text into a file."""
    return lambda file: file.write(text.encode(errors="backslashreplace"))


def json_writer(form: Any) -> Callable[[BinaryIO], object]:
    """What writes strict JSON into a file."""
    return text_writer(json.dumps(form, indent=2, allow_nan=False) + "\n")


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; nothing is done where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full disk, or a folder that is gone, into a RunError that names `path`."""
    try:
        yield
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        reason = "a symbolic link stands there" if is_link else error.strerror or error
        raise RunError(f"{path} can't be written: {reason}") from error


@contextmanager
def standing(folder: Path) -> Iterator[None]:
    """Hold files that are read to one state of a folder, which another process may replace.

    Raises RunError where it was replaced meanwhile, or a file can't be read.
    """
    try:
        before = folder.stat()
        yield
        is_same = os.path.samestat(before, folder.stat())
    except OSError as error:
        raise RunError(f"{folder} can't be read: {error.strerror or error}") from error
    if not is_same:
        raise RunError(f"{folder} was written anew while it was read", help="try again")


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can do that."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
