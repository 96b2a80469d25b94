"""The journal: one event a line, appended and synced; the truth from which all else is derived.

Line 1 is the header. Every further line is an event in strict JSON; `kind` names it. Readers skip
kinds and fields that they don't know within the same major format, and refuse any other major one.

So a journal says 1.0 as long as hpopt 0.1, which skips what is new in it, still folds the rest into
the same trials, the same best one and the same steps. It has to say 2.0 where 0.1 would misread it:
where the best trial is not that of the lowest `value` (several objectives, limits), where a trial's
value is not that of its whole fit, or where `started` means something else than a fit from nothing.
To 0.1 a paused trial is one that never ended. One difference is left: of params that were tried
several times 0.1 takes the luckiest trial, and later versions go by their mean; `confirm` writes
down what was chosen. tests/fold_0_1.py is the fold of 0.1, and the tests hold every journal that
they write against it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import weakref
from io import IOBase
from pathlib import Path
from typing import Any, NamedTuple, get_args

from hpopt.errors import Location, RunError
from hpopt.files import open_plain, writing
from hpopt.jsonline import json_line
from hpopt.runs.events import FORMAT, Event, Header, Step
from hpopt.runs.legality import is_legal
from hpopt.runs.lock import Lock
from hpopt.runs.steps import outcome_of

WITHOUT_HEADER = "without this line no trial can be read: put it back from a copy of the folder"


class DamagedLine(RunError):  # noqa: N818 (it says what is wrong)
    """A line of a journal that hpopt did not write so."""

    def __init__(self, path: Path, number: int, what: str = "") -> None:
        super().__init__(
            f"the journal is damaged in this line{f': {what}' if what else ''}",
            location=Location(str(path), number),
            help=WITHOUT_HEADER if number == 1 else _repaired(path.parent),
        )


def _repaired(folder: Path) -> str:
    return f"`hpopt runs repair {shlex.quote(str(folder))}` sets it aside, and keeps all others"


_KINDS: dict[str, type[Any]] = {kind.kind: kind for kind in get_args(Event)}
_FIELDS = {kind: {f.name for f in dataclasses.fields(kind)} for kind in _KINDS.values()}


def _close_in_children(file: IOBase) -> None:
    """Let no process that own code forks write to a file, or hold its lock when this one ends."""
    if not hasattr(os, "register_at_fork"):
        return
    still = weakref.ref(file)

    def close() -> None:
        opened = still()
        if opened is not None and not opened.closed:
            opened.close()

    os.register_at_fork(after_in_child=close)


class Journal:
    """The writer's end of a journal file.

    Whatever a kill or a full disk tore off at its end is cut away. Raises RunError where the file
    has a writer already, or can't be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            self._file = open_plain(path, "ab", buffering=0)
        _close_in_children(self._file)
        try:
            self._lock = Lock(self._file, path)
        except BaseException:
            self._file.close()
            raise
        text = path.read_bytes()
        self._size = text.rfind(b"\n") + 1
        self._torn = text[self._size :]

    def append(self, event: Event) -> None:
        """Write an event and wait until it is on the disk; one that fails leaves nothing.

        Raises RunError where the disk is full, the folder is no longer where it was, or another
        process has written to the journal.
        """
        with writing(self._path):
            self.check_place()
            self._cut_torn_line()
            whole = self._torn = encode(event)
            rest = memoryview(whole)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
            self._size += len(whole)
            self._torn = b""

    def _cut_torn_line(self) -> None:
        """Cut away what a write that failed has left, which would spoil the next line.

        Raises RunError where something else stands there: lines of others are never cut.
        """
        size = os.fstat(self._file.fileno()).st_size
        if size == self._size:
            return
        with self._path.open("rb") as file:
            file.seek(self._size)
            tail = file.read(len(self._torn) + 1)
        if size < self._size or not self._torn.startswith(tail):
            raise RunError(
                f"another process has written to {self._path} meanwhile",
                help=f"end the other one; then `hpopt resume {self._path.parent}` goes on with all "
                "that had ended",
            )
        self._file.truncate(self._size)

    def close(self) -> None:
        """Close the file, and let another write it."""
        self._lock.release()
        self._file.close()

    def check_place(self) -> None:
        """Raise RunError where what is written would no longer be found by its path."""
        try:
            is_there = os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            is_there = False
        if not is_there:
            raise RunError(
                f"the run folder has been moved or deleted meanwhile: {self._path.parent}",
                help="all that had ended is in its journal: `hpopt resume` it where it is now",
            )


def encode(event: Event) -> bytes:
    """An event as its line: strict JSON, with null for what is not finite."""
    return json_line({"kind": event.kind, **dataclasses.asdict(event)}).encode() + b"\n"


class Place(NamedTuple):
    """How far a journal has been read: so many bytes and lines."""

    offset: int = 0
    lines: int = 0


def read_journal(path: Path, *, curves: bool = True) -> tuple[Header, list[Event]]:
    """The header and the events behind it; a line torn off by a kill at the end is passed over.

    Without the `curves`, which are most of a journal, many are read in the time of one.

    Raises RunError where there is no journal, where it is damaged, or where a later major format
    wrote it.
    """
    header, events, _ = begin_reading(path, curves=curves)
    return header, events


def begin_reading(path: Path, *, curves: bool = True) -> tuple[Header, list[Event], Place]:
    """What `read_journal` gives, and the place from which to `read_on`."""
    events, place = read_on(path, Place(), curves=curves)
    if not events or not isinstance(events[0], Header):
        help = None if place.lines else "the run was killed before it began: delete its folder"
        raise RunError("the journal has no header", location=Location(str(path), 1), help=help)
    return events[0], events[1:], place


def read_on(path: Path, place: Place, *, curves: bool = True) -> tuple[list[Event], Place]:
    """The events that are written behind a place, and how far the journal is read then.

    Raises RunError as `read_journal`, and where the journal no longer reaches to that place.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < place.offset:
                raise RunError(f"the journal has become shorter: {path}")
            file.seek(place.offset)
            text = file.read()
    except OSError as error:
        raise RunError(f"the journal can't be read: {error.strerror}: {path}") from None
    complete = text.split(b"\n")[:-1]  # behind the last line break stands nothing, or a torn line
    events = [
        event
        for number, line in enumerate(complete, start=place.lines + 1)
        if (event := decode(line if curves else _bare(line), path, number)) is not None
    ]
    return events, Place(place.offset + text.rfind(b"\n") + 1, place.lines + len(complete))


_CURVES = re.compile(rb'"curves":\{("\w+":\[[^]"]*\],?)*\}')


def _bare(line: bytes) -> bytes:
    """The line without its curves."""
    return _CURVES.sub(b'"curves":{}', line, count=1)


def decode(line: bytes, path: Path, number: int) -> Event | None:
    """The event of a line; None where a later version wrote it, of a kind that is not known.

    Raises RunError where it is damaged, or of a later major format.
    """
    try:
        form = json.loads(line)
        kind = _KINDS.get(form.pop("kind"))
        if kind is Header:
            _check_format(str(form["format"]), Location(str(path), number))
        if kind is None:
            return None
        names = _FIELDS[kind]
        if not form.keys() <= names:  # a later version wrote more
            form = {name: value for name, value in form.items() if name in names}
        event: Event = kind(**form)
        if not all(is_legal(name, value) for name, value in form.items()):
            raise ValueError
        if isinstance(event, Step):
            outcome_of(event.name, event.outcome)  # says whether it is legal as well
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise DamagedLine(path, number) from None
    return event


def _check_format(written: str, location: Location) -> None:
    if written.split(".")[0] != FORMAT.split(".")[0]:
        raise RunError(
            f"the run was written in format {written}, and this hpopt reads {FORMAT}",
            location=location,
            help="use the version of hpopt that wrote it, or a later one",
        )
