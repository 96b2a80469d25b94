"""`hpopt export-best RUN`: leave a folder with the model, to be carried away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpopt.cli.options import Json, RunArgument, TrustCode, emit, own_code_aside
from hpopt.cli.output import is_stdout

_FORMATS = ("keras", "saved_model", "onnx", "tflite", "numpy")


def export_command(
    run: RunArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="The folder to make."),
    ] = None,
    format: Annotated[
        str,
        typer.Option(metavar="|".join(_FORMATS), help="How the model is written."),
    ] = "keras",
    trial: Annotated[
        int | None, typer.Option(metavar="N", help="Another trial than the best, if it is kept.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier export that stands there.")
    ] = False,
    trust_code: TrustCode = False,
    as_json: Json = False,
) -> None:
    """Export the best network of RUN: model, labels, params, model card and an example of use.

    The folder is RUN/export/<trial>_<format>, or that of -o. What the model says there, in a fresh
    process and without hpopt, is compared with what it said when it was tuned.
    """
    from hpopt.errors import ConfigError, suggest_name
    from hpopt.runs.finding import find_run

    if format not in _FORMATS:
        raise ConfigError(f"unknown format `{format}`", help=suggest_name(format, _FORMATS))
    if output is not None and is_stdout(output):
        raise ConfigError("an export is a folder, which stdout can't take", help="-o DIR")
    opened = find_run(run)
    from hpopt.export.exporting import export_run
    from hpopt.report.words import list_trials

    with own_code_aside():
        folder, export = export_run(
            opened, format, number=trial, folder=output, replace_it=force, trust_code=trust_code
        )
    here = Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    if as_json:
        emit(
            {
                "folder": str(folder),
                "format": format,
                "trial": None if export.members else export.trial.number,
                "members": [member.number for member in export.members],
                "rows_checked": len(export.check),
                "largest_difference": export.largest_difference,
            }
        )
        return
    what = f"trial {export.trial.number}"
    if export.members:
        what = f"the average of trials {list_trials(each.number for each in export.members)}"
    print(f"{what} as {format}: {shown}")
    print(
        f"  checked in a fresh process on {len(export.check)} rows: it differs by "
        f"{export.largest_difference:.2g} at most from what was recorded"
    )
    print(f"  how it is used: python {shown / 'example.py'}")
