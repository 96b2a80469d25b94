"""Runs as they go on: reads what their writers add to the journals, and says what has changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Full, Queue
from typing import Any

from hpopt.errors import RunError
from hpopt.files import refuse_links
from hpopt.page.data import live_record, quick_record, trial_records
from hpopt.page.surrogate import surrogate_record
from hpopt.plots.history import History
from hpopt.runs.finding import list_runs
from hpopt.runs.folder import JOURNAL, Run

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.25
# Between two runs that are read for the first time: others who ask are answered meanwhile.
_REST_S = 0.03
# Whether the writer is still there is asked of the journal's lock, which is no file's change.
_LOCKS_EVERY = 4
# A browser that takes no messages for so long is given up: it begins anew when it is back.
_MOST_WAITING = 10_000

Message = Mapping[str, Any]


@dataclass
class _Followed:
    """A run that is followed, and how its journal stood when it was last looked at."""

    run: Run
    stamp: tuple[int, int]
    lock: threading.Lock = field(default_factory=threading.Lock)
    surrogates: dict[int, Any] = field(default_factory=dict)  # by how many trials it rests on


class Following:
    """The runs of a folder, or some runs, by id; `messages` come as they change.

    A message is a JSON object whose `kind` is `run` (with its record, and the trials that have
    changed), `gone`, or `refused` (with the reason). Only plain folders are followed: a link could
    lead anywhere.
    """

    def __init__(self, parent: Path | None, runs: Iterable[Path] = ()) -> None:
        self._parent = parent
        self._fixed = [path.absolute() for path in runs]
        self._followed: dict[str, _Followed] = {}
        self._refused: dict[str, tuple[tuple[int, int], Message]] = {}
        self._listeners: list[Queue[Message]] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="following", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._is_over.set()
        self._thread.join()

    def listen(self) -> Queue[Message]:
        """A queue of all messages from now on, after one for each run that is known."""
        queue: Queue[Message] = Queue(_MOST_WAITING)
        with self._lock:
            for followed in self._followed.values():
                queue.put(self._message(followed))
            for _, message in self._refused.values():
                queue.put(message)
            self._listeners.append(queue)
        return queue

    def leave(self, queue: Queue[Message]) -> None:
        """Send nothing more to a queue."""
        with self._lock:
            if queue in self._listeners:
                self._listeners.remove(queue)

    def path(self, id: str) -> Path:
        """The folder of a run that is followed. Raises KeyError where there is none of that id."""
        return self._followed[id].run.path

    def record(self, id: str) -> Mapping[str, Any]:
        """A run with its trials, but for the surrogate. Raises KeyError as `path`."""
        followed = self._followed[id]
        with followed.lock:
            return quick_record(followed.run)

    def surrogate(self, id: str) -> Any:
        """What the surrogate believes now; None of too few trials. Raises KeyError as `path`."""
        followed = self._followed[id]
        with followed.lock:
            history = History.of(followed.run)
        count = len(history.finished)
        if count not in followed.surrogates:
            followed.surrogates = {count: surrogate_record(history)}
        return followed.surrogates[count]

    def _follow(self) -> None:
        turn = 0
        while True:
            try:
                self._look(locks_too=turn % _LOCKS_EVERY == 0)
            except Exception:  # a page that stands still is worse than a line in a log
                log.exception("the runs could not be looked at")
            turn += 1
            if self._is_over.wait(_LOOK_EVERY_S):
                return

    def _look(self, *, locks_too: bool) -> None:
        paths = {path.name: path for path in self._paths() if not path.is_symlink()}
        for id in self._followed.keys() - paths.keys():
            self._forget(id)
        for id in self._refused.keys() - paths.keys():
            del self._refused[id]
        for id, path in paths.items():
            if (stamp := _stamp(path)) is None:
                if id in self._followed:
                    self._forget(id)
            elif id not in self._followed:
                self._begin(id, path, stamp)
                self._is_over.wait(_REST_S)
            else:
                followed = self._followed[id]
                if stamp != followed.stamp or (locks_too and followed.run.state == "running"):
                    self._read_on(id, followed, stamp)

    def _paths(self) -> list[Path]:
        return self._fixed if self._parent is None else list_runs(self._parent)

    def _begin(self, id: str, path: Path, stamp: tuple[int, int]) -> None:
        if self._refused.get(id, (None,))[0] == stamp:
            return  # nothing has changed since
        try:
            refuse_links(path)
            followed = _Followed(Run.open(path), stamp)
            message = self._message(followed)
        except RunError as error:
            message = {"kind": "refused", "id": id, "reason": str(error)}
            self._refused[id] = (stamp, message)
            self._send(message)
            return
        self._refused.pop(id, None)
        with self._lock:
            self._followed[id] = followed
        self._send(message)

    def _read_on(self, id: str, followed: _Followed, stamp: tuple[int, int]) -> None:
        before = followed.run.state
        try:
            with followed.lock:
                events = followed.run.read_on()
        except RunError:  # it was repaired, or put back from a copy: begin anew
            self._forget(id)
            self._begin(id, followed.run.path, stamp)
            return
        followed.stamp = stamp
        numbers = {n for event in events if (n := getattr(event, "number", None)) is not None}
        if events or followed.run.state != before:
            self._send(self._message(followed, numbers))

    def _message(self, followed: _Followed, numbers: Iterable[int] = ()) -> Message:
        run = followed.run
        with followed.lock:
            trials = [trial for trial in run.trials() if trial.number in set(numbers)]
            return {
                "kind": "run",
                "id": run.path.name,
                "record": live_record(run),
                "trials": trial_records(run, trials),
            }

    def _forget(self, id: str) -> None:
        with self._lock:
            del self._followed[id]
        self._send({"kind": "gone", "id": id})

    def _send(self, message: Message) -> None:
        with self._lock:
            for queue in list(self._listeners):
                try:
                    queue.put_nowait(message)
                except Full:
                    self._listeners.remove(queue)
                    _empty(queue)
                    queue.put({"kind": "lost"})


def _stamp(path: Path) -> tuple[int, int] | None:
    """By what one sees that a journal has changed; None where it is gone, or is a link."""
    journal = path / JOURNAL
    try:
        if journal.is_symlink():
            return None
        stat = journal.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _empty(queue: Queue[Message]) -> None:
    while True:
        try:
            queue.get_nowait()
        except Empty:
            return
