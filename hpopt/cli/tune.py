"""`hpopt tune CONFIG`: search, and leave a run folder."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.options import RUNS, ConfigArgument, Json, OutputDir, Overrides

if TYPE_CHECKING:
    from hpopt.config.loading import Config

ENDED_WITHOUT_MODEL = 1
INTERRUPTED = 130


def tune_command(
    config: ConfigArgument,
    overrides: Overrides = None,
    name: Annotated[
        str | None, typer.Option(help="What the run folder is called behind its time stamp.")
    ] = None,
    output_dir: OutputDir = RUNS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every value that would be in force, and stop.")
    ] = False,
    as_json: Json = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print the run folder's path and nothing else.")
    ] = False,
) -> None:
    """Find the best network for the data; leave a run folder.

    The folder is runs/<time>_<name>: best/model.keras in it takes raw rows, and summary.md says
    what was found.
    Ctrl-C once ends the search after the running trial and keeps what it found; twice, at once.
    """
    from hpopt.config.loading import load_config

    overrides = list(overrides or ())
    if name is not None:
        overrides.append(f"output.name={json.dumps(name, ensure_ascii=False)}")
    loaded = load_config(config, overrides)
    if dry_run:
        from hpopt.cli.dry_run import print_dry_run

        print_dry_run(loaded, as_json=as_json)
    else:
        _tune(loaded, output_dir, as_json=as_json, quiet=quiet)


def _tune(config: Config, output_dir: Path, *, as_json: bool, quiet: bool) -> None:
    from hpopt.cli.events import JsonEvents, print_event
    from hpopt.cli.show import run_record
    from hpopt.observer import Observer
    from hpopt.progress import choose_progress
    from hpopt.report.conclusion import conclude
    from hpopt.tuning import tune

    observer = Observer() if quiet else choose_progress()
    if as_json:
        observer = JsonEvents(observer)
    with _stop_on_interrupt() as stop:
        run = tune(config, output_dir=output_dir, observer=observer, stop=stop)
    if as_json:
        print_event("run_ended", **run_record(run))
    else:
        print(run.shown_path if quiet else conclude(run))
    if len(run.trials()) < config.settings.search.n_calls:
        print(f"interrupted after {len(run.trials())} trials", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    if run.best is None:
        raise typer.Exit(ENDED_WITHOUT_MODEL)


@contextmanager
def _stop_on_interrupt() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second raises KeyboardInterrupt."""
    stop = threading.Event()
    stderr = os.dup(2)  # which is silent for a while when TensorFlow is imported

    def interrupt(signum: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        message = "stopping as soon as what runs now is done; Ctrl-C again stops at once"
        os.write(stderr, f"\n{message}\n".encode())

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
        os.close(stderr)
