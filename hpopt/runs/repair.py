"""Sets the damaged lines of a journal aside, so that all others can be read again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpopt.errors import Location, RunError
from hpopt.files import open_plain, refuse_links, write_whole, writing
from hpopt.runs.events import Failed, Finished, Header, Started, Step
from hpopt.runs.folder import JOURNAL
from hpopt.runs.journal import WITHOUT_HEADER, DamagedLine, Journal, decode
from hpopt.runs.steps import trials_of

DAMAGED = "journal.damaged"


@dataclass(frozen=True)
class Repair:
    """What a repair did: the lines it set aside, and the trials that have to run (again)."""

    lines: list[int]  # numbers from 1
    unfinished: list[int]


def repair(folder: Path) -> Repair:
    """Move the journal's damaged lines into `journal.damaged`; with none, change nothing.

    The end of a trial whose beginning is damaged goes with it, and so does a step that names a
    trial without a value. Raises RunError where there is no
    journal, where it is being written, or where the header, without which nothing can be read, is
    the damaged line.
    """
    path = folder / JOURNAL
    if not path.is_file():
        raise RunError(f"{folder} is no run folder: it has no {JOURNAL}")
    refuse_links(folder)
    journal = Journal(path)  # which keeps writers out, and cuts a torn end away
    try:
        with writing(path):
            lines = path.read_bytes().split(b"\n")[:-1]
        damaged, unfinished = _damage(lines, path)
        if damaged:
            with writing(path), open_plain(folder / DAMAGED, "ab") as file:
                file.writelines(lines[number - 1] + b"\n" for number in damaged)
            whole = [line for n, line in enumerate(lines, start=1) if n not in set(damaged)]
            write_whole(path, lambda file: file.writelines(line + b"\n" for line in whole))
    finally:
        journal.close()
    return Repair(damaged, unfinished)


def _damage(lines: list[bytes], path: Path) -> tuple[list[int], list[int]]:
    """The numbers of the damaged lines, and of the trials that have no end in the others."""
    damaged: list[int] = []
    if not lines:
        raise RunError(
            f"{path} is empty: the run was killed before it began", help="delete its folder"
        )
    begun: set[int] = set()
    ended: set[int] = set()
    finished: set[int] = set()
    metric = ""
    for number, line in enumerate(lines, start=1):
        try:
            event = decode(line, path, number)
        except DamagedLine:
            event = None
            damaged.append(number)
        if number == 1 and not isinstance(event, Header):
            raise RunError(
                "the journal's header is damaged",
                location=Location(str(path), 1),
                help=WITHOUT_HEADER,
            )
        if isinstance(event, Header):
            metric = event.metric
        if isinstance(event, Started):
            begun.add(event.number)
        elif isinstance(event, Finished | Failed):
            if event.number in begun and _has_score(event, metric):
                ended.add(event.number)
                if isinstance(event, Finished):
                    finished.add(event.number)
            else:
                damaged.append(number)
        elif isinstance(event, Step) and not {*trials_of(event.record)} <= finished:
            damaged.append(number)
    last = max(begun, default=0)
    return damaged, [n for n in range(1, last + 1) if n not in ended]


def _has_score(event: Finished | Failed, metric: str) -> bool:
    return isinstance(event, Failed) or event.metrics.get(metric) is not None
