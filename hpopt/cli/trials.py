"""`hpopt trials RUN`: one row a trial, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hpopt.cli.options import RunArgument
from hpopt.cli.output import Output, SafeCsv, safe_cell, write_output
from hpopt.jsonline import json_line

if TYPE_CHECKING:
    from hpopt.runs.folder import Run


def trials_command(
    run: RunArgument,
    as_json: Annotated[
        bool,
        typer.Option("--json/--csv", help="A JSON object a line with all that is known, or CSV."),
    ] = False,
    output: Output = None,
    safe_csv: SafeCsv = False,
) -> None:
    """Print the trials of a run, one a row, as CSV.

    The metric stands in its own direction. A cell is empty where a param was inactive, and null
    where its value is null.
    """
    from hpopt.report.record import trial_record
    from hpopt.runs.finding import find_run

    opened = find_run(run)
    if as_json:
        text = "".join(json_line(trial_record(opened, t)) + "\n" for t in opened.trials())
    else:
        text = _csv(opened, safe_cell if safe_csv else str)
    write_output(output, text)


def _csv(run: Run, safe: Callable[[str], str]) -> str:
    from hpopt.runs.frame import trial_columns, trial_rows

    file = io.StringIO()
    columns = trial_columns(run.header, run.trials())
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writerow({name: safe(name) for name in columns})
    for row in trial_rows(run.trials(), is_going_on=run.state == "running"):
        cells = {name: _cell(name, value) for name, value in row.items()}
        writer.writerow({n: safe(c) if isinstance(c, str) else c for n, c in cells.items()})
    return file.getvalue()


def _cell(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None and name.startswith("params.") else value
