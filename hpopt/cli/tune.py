"""`hpopt tune CONFIG`: search, and leave a run folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.hints import check_config_argument
from hpopt.cli.options import (
    RUNS,
    ConfigArgument,
    Json,
    OutputDir,
    Overrides,
    Quiet,
    own_code_aside,
)
from hpopt.cli.searching import say_what_came, searching

if TYPE_CHECKING:
    from hpopt.config.loading import Config


def tune_command(
    config: ConfigArgument,
    overrides: Overrides = None,
    name: Annotated[
        str | None, typer.Option(help="What the run folder is called behind its time stamp.")
    ] = None,
    output_dir: OutputDir = RUNS,
    warm_start: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="An earlier run on the same space, to learn from."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every value that would be in force, and stop.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the best network for the data; leave a run folder.

    The folder is runs/<time>_<name>: best/model.keras in it takes raw rows, and summary.md says
    what was found.
    Ctrl-C once ends the search after the running trials and keeps what it found; twice, at once.
    `hpopt resume RUN` goes on after either, and after a kill.
    """
    from hpopt.config.loading import load_config

    check_config_argument(config, "tune")
    overrides = list(overrides or ())
    if name is not None:
        overrides.append(f"output.name={json.dumps(name, ensure_ascii=False)}")
    with own_code_aside():
        loaded = load_config(config, overrides)
    if dry_run:
        from hpopt.cli.dry_run import print_dry_run

        print_dry_run(loaded, as_json=as_json)
    else:
        _tune(loaded, output_dir, warm_start, as_json=as_json, quiet=quiet)


def _tune(
    config: Config, output_dir: Path, warm_start: str | None, *, as_json: bool, quiet: bool
) -> None:
    from hpopt.runs.finding import find_run
    from hpopt.tuning.tune import tune

    earlier = None if warm_start is None else find_run(warm_start, output_dir)
    with searching(as_json, quiet) as (observer, stop):
        run = tune(config, output_dir=output_dir, earlier=earlier, observer=observer, stop=stop)
    say_what_came(run, as_json=as_json, quiet=quiet)
