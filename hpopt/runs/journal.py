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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import IOBase
from pathlib import Path
from typing import Any, ClassVar, get_args

from hpopt.errors import Location, RunError
from hpopt.files import open_plain, writing
from hpopt.jsonline import json_line
from hpopt.runs.legality import is_legal
from hpopt.runs.lock import Lock
from hpopt.runs.steps import StepOutcome, outcome_of

FORMAT = "1.0"


@dataclass(frozen=True)
class Header:
    """What must stay the same for the trials of a run to be comparable, and how it was begun."""

    kind: ClassVar[str] = "header"
    hpopt: str
    metric: str
    greater_is_better: bool
    fingerprints: Mapping[str, str]  # of data and split
    constants: Mapping[str, Any]
    space: Sequence[Mapping[str, Any]]  # as Space.to_json gives it
    format: str = FORMAT
    time: str | None = None  # when the run was begun; UTC
    config: str | None = None  # the name of the YAML file
    n_calls: int | None = None  # how many trials it was to have
    folder: str | None = None  # where the YAML file was, from which its relative paths go
    overrides: Sequence[str] | None = None  # what was laid over it, as it was written
    code: Mapping[str, str] = field(default_factory=dict)  # fingerprints of own code, by its role
    # `{name, target, direction, rule, positive}` each, as `goals_of` reads them; `metric` names the
    # first.
    objectives: Sequence[Mapping[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What a run knows of an earlier one, `trials` as `{number, params, value, standard_error}`.

    They inform the search where `informs`, a failed one with a value of None; else they were made
    otherwise, and the params of the best of them are tried first.
    """

    kind: ClassVar[str] = "known"
    run: str
    informs: bool
    trials: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Started:
    """A trial was handed to a slot."""

    kind: ClassVar[str] = "started"
    number: int
    params: Mapping[str, Any]
    seed: int
    time: str
    info: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    elapsed: float | None = None  # seconds that the run had been worked on, all sessions together
    level: float = 1.0  # the share of its epochs to which it is to be fitted


@dataclass(frozen=True)
class Paused:
    """A trial was fitted to a level, and may go on; the other fields are those of `Result`."""

    kind: ClassVar[str] = "paused"
    number: int
    level: float
    value: float
    metrics: Mapping[str, float]
    scores: list[float]
    curves: Mapping[str, list[float]]
    epochs: int
    seconds: float
    weights: str | None = None
    standard_error: float | None = None
    kept_epoch: int | None = None
    is_constant: bool = False
    state: str | None = None  # the file, in the trial's folder, from which it goes on


@dataclass(frozen=True)
class Thawed:
    """A paused trial was handed to a slot again, to go on from its state to a higher level."""

    kind: ClassVar[str] = "thawed"
    number: int
    level: float
    time: str
    info: Mapping[str, Any] = field(default_factory=dict)  # laid over that of `started`
    elapsed: float | None = None


@dataclass(frozen=True)
class Finished:
    """A trial gave a value; the fields are those of `Result`."""

    kind: ClassVar[str] = "finished"
    number: int
    value: float
    metrics: Mapping[str, float]
    scores: list[float]
    curves: Mapping[str, list[float]]
    epochs: int
    seconds: float
    weights: str | None = None
    standard_error: float | None = None
    kept_epoch: int | None = None
    is_constant: bool = False
    state: str | None = None  # None: there is nothing left to go on to


@dataclass(frozen=True)
class Failed:
    """A trial gave no value; `log_tail` is the end of what its worker wrote."""

    kind: ClassVar[str] = "failed"
    number: int
    reason: str
    log_tail: str = ""


@dataclass(frozen=True)
class Cut:
    """A trial was ended by the run's limit: it gave no value, and is run again by a resumption.

    To a reader that does not know this kind the trial is one that never ended.
    """

    kind: ClassVar[str] = "cut"
    number: int
    reason: str
    time: str


@dataclass(frozen=True)
class Ended:
    """The search is over; `reason` is a word for programs, `text` says it to people."""

    kind: ClassVar[str] = "ended"
    reason: str
    text: str
    time: str
    elapsed: float | None = None


@dataclass(frozen=True)
class Resumed:
    """A later process goes on with the run; `changes` are its overrides, as they were written."""

    kind: ClassVar[str] = "resumed"
    changes: Sequence[str]
    n_calls: int  # in force from here on
    time: str
    hpopt: str
    code: Mapping[str, str] = field(default_factory=dict)  # of own code, as it is from here on


@dataclass(frozen=True)
class Fitted:
    """A fit of a closing step has ended: the params of trial `number` with another seed.

    `score` is the metric in its own direction; None where it failed, for that `reason`.
    """

    kind: ClassVar[str] = "fitted"
    step: str
    number: int
    seed: int
    time: str
    score: float | None = None
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """A closing step is done; `outcome` is the JSON of what it gave."""

    kind: ClassVar[str] = "step"
    name: str
    time: str
    outcome: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def record(self) -> StepOutcome | None:
        """The outcome by attribute; None of a step that only a later version has.

        Raises ValueError where no version of hpopt could have written it.
        """
        return outcome_of(self.name, self.outcome)


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


Event = (
    Header
    | Known
    | Started
    | Paused
    | Thawed
    | Finished
    | Failed
    | Cut
    | Ended
    | Resumed
    | Fitted
    | Step
)
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


def read_journal(path: Path, *, curves: bool = True) -> tuple[Header, list[Event]]:
    """The header and the events behind it; a line torn off by a kill at the end is passed over.

    Without the `curves`, which are most of a journal, many are read in the time of one.

    Raises RunError where there is no journal, where it is damaged, or where a later major format
    wrote it.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RunError(f"the journal can't be read: {error.strerror}: {path}") from None
    complete = lines[:-1]  # behind the last line break stands nothing, or a torn line
    events = [
        event
        for number, line in enumerate(complete, start=1)
        if (event := decode(line if curves else _bare(line), path, number)) is not None
    ]
    if not events or not isinstance(events[0], Header):
        help = None if complete else "the run was killed before it began: delete its folder"
        raise RunError("the journal has no header", location=Location(str(path), 1), help=help)
    return events[0], events[1:]


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
