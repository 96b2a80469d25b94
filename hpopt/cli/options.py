"""What several commands share: how a run is named, where runs are, and output for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from hpopt.cli.terminal import as_it_is, descriptor_lent
from hpopt.jsonline import json_line

RUNS = Path("runs")


def complete_run(incomplete: str) -> Iterator[tuple[str, str]]:
    """The runs that begin with what was typed so far, the latest first, for the shell."""
    from hpopt.runs.finding import LATEST, list_runs

    folder, slash, start = incomplete.rpartition("/")
    runs = list_runs(Path(folder or "/").expanduser() if slash else RUNS)
    if runs and LATEST.startswith(start):
        yield f"{folder}{slash}{LATEST}", runs[0].name
    for run in runs:
        if run.name.startswith(start):
            yield f"{folder}{slash}{run.name}", ""


def complete_config(incomplete: str) -> Iterator[str]:
    """The YAML files and the folders that continue what was typed so far, for the shell."""
    folder, slash, start = incomplete.rpartition("/")
    place = Path(folder or "/").expanduser() if slash else Path()
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        is_hidden = path.name.startswith(".") and not start.startswith(".")
        if path.name.startswith(start) and not is_hidden:
            if path.is_dir():
                yield f"{folder}{slash}{path.name}/"
            elif path.suffix in (".yaml", ".yml"):
                yield f"{folder}{slash}{path.name}"


# A run as people name it; `hpopt.runs.finding.find_run` opens it.
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run folder's path, its name in runs/ or a unique part of it, or `latest`.",
        autocompletion=complete_run,
    ),
]
ConfigArgument = Annotated[
    Path,
    typer.Argument(
        metavar="CONFIG",
        help="The YAML file that describes the run.",
        autocompletion=complete_config,
    ),
]
DataArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="A CSV file (also .tsv, .gz), Parquet, or .npz/.npy of a run on arrays; for images "
        "a folder, an image, or a table of paths.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override a value: -s search.seed=1."),
]
OutputDir = Annotated[
    Path, typer.Option("--output-dir", metavar="DIR", help="Where the run folder is made.")
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the run folder's path and nothing else.")
]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code", help="Run own code also where it has changed, or comes from elsewhere."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for programs.")]


@contextmanager
def own_code_aside() -> Iterator[None]:
    """Send to stderr what a user's own code prints meanwhile, as it is, however it does.

    stdout is for what hpopt says; and bars of progress move the cursor.
    """
    stderr = as_it_is(sys.stderr)
    with descriptor_lent(), redirect_stdout(stderr), redirect_stderr(stderr):
        yield


def emit(record: Mapping[str, Any]) -> None:
    """Print a record on stdout as one line of strict JSON, with null for what is not finite."""
    print(json_line(record), flush=True)
