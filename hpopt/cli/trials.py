"""`hpopt trials RUN`: one row a trial, for spreadsheets and programs."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpopt.cli.options import RunArgument
from hpopt.jsonline import json_line

if TYPE_CHECKING:
    from hpopt.runs.folder import Run


def trials_command(
    run: RunArgument,
    as_json: Annotated[
        bool,
        typer.Option("--json/--csv", help="A JSON object a line with all that is known, or CSV."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a file instead of stdout."),
    ] = None,
) -> None:
    """Print the trials of a run, one a row, as CSV.

    The metric stands in its own direction. A cell is empty where a param was inactive, and null
    where its value is null.
    """
    from hpopt.cli.json_records import trial_record
    from hpopt.files import write_whole
    from hpopt.runs.finding import find_run

    opened = find_run(run)
    if as_json:
        text = "".join(json_line(trial_record(opened, t)) + "\n" for t in opened.trials())
    else:
        text = _csv(opened)
    if output is None:
        with contextlib.suppress(BrokenPipeError):
            print(text, end="")
    else:
        write_whole(output, lambda file: file.write(text.encode(errors="backslashreplace")))


def _csv(run: Run) -> str:
    from hpopt.runs.frame import trial_columns, trial_rows

    file = io.StringIO()
    columns = trial_columns(run.header, run.trials())
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    for row in trial_rows(run.trials()):
        writer.writerow({name: _cell(name, value) for name, value in row.items()})
    return file.getvalue()


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None and name.startswith("params.") else value
