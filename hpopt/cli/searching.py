"""What `hpopt tune` and `hpopt resume` share: who is told how it goes on, and what comes of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from hpopt.cli.options import own_code_aside
from hpopt.cli.signals import stop_on_signals

if TYPE_CHECKING:
    from hpopt.runs.folder import Run
    from hpopt.tracking.observer import Observer

ENDED_WITHOUT_MODEL = 1
ENDED_BY_INTERRUPT = 130


def watcher(as_json: bool, quiet: bool) -> Observer:
    """The observer that the options ask for."""
    from hpopt.cli.events import JsonEvents
    from hpopt.tracking.observer import Observer
    from hpopt.tracking.progress import choose_progress

    observer = Observer() if quiet else choose_progress()
    return JsonEvents(observer) if as_json else observer


@contextmanager
def searching(as_json: bool, quiet: bool) -> Iterator[tuple[Observer, threading.Event]]:
    """Who is told how a search goes on, and the event that asks it to end: at once in its set-up,
    and behind that as soon as what runs is done.
    """
    from hpopt.cli.events import Begun
    from hpopt.tracking.observer import Observers

    observer, begun = watcher(as_json, quiet), Begun()
    with stop_on_signals(observer.stopping, lambda: begun.is_so) as stop, own_code_aside():
        yield Observers(observer, begun), stop


def say_what_came(run: Run, *, as_json: bool, quiet: bool) -> None:
    """Print what was found, and end with the exit code that says how the run stands."""
    from hpopt.cli.events import print_event
    from hpopt.cli.text import to_fit
    from hpopt.report.record import run_record
    from hpopt.report.terminal import conclude
    from hpopt.report.words import tally
    from hpopt.tuning.tune import how_to_resume

    if as_json:
        print_event("run_ended", **run_record(run))
    else:
        print(run.shown_path if quiet else to_fit(conclude(run)))
    if run.end is not None and run.end.reason == "interrupted":
        print(
            f"interrupted after {tally(run.trials(), run.n_calls, is_going_on=False)}",
            file=sys.stderr,
        )
        print(how_to_resume(run), file=sys.stderr)
        raise typer.Exit(ENDED_BY_INTERRUPT)
    if run.best is None:
        raise typer.Exit(ENDED_WITHOUT_MODEL)
