"""`hpopt export-trials RUN`: leave the trials of a run in a file of another program's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpopt.cli.options import Json, RunArgument, emit
from hpopt.cli.output import is_stdout, write_file

_FORMATS = ("optuna",)


def export_trials_command(
    run: RunArgument,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The SQLite file to write."),
    ] = Path("study.db"),
    format: Annotated[
        str, typer.Option(metavar="optuna", help="Whose file it is; `hpopt trials` writes CSV.")
    ] = "optuna",
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that stands there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write the trials of RUN as a study of Optuna, also while it runs.

    optuna.load_study and optuna-dashboard open it.
    """
    from hpopt.errors import ConfigError, suggest_name
    from hpopt.report.words import counted
    from hpopt.runs.finding import find_run

    if format in ("csv", "json"):
        raise ConfigError(
            f"export-trials writes no {format}", help=f"hpopt trials {run} --{format} -o FILE"
        )
    if format not in _FORMATS:
        raise ConfigError(f"unknown format `{format}`", help=suggest_name(format, _FORMATS))
    if is_stdout(output):
        raise ConfigError("a study is a file, which stdout can't take", help="-o study.db")
    opened = find_run(run)
    if output.exists() and not force:
        raise ConfigError(f"{output} is there already", help="another -o, or --force replaces it")
    from hpopt.tracking.study import optuna_study

    write_file(output, optuna_study(opened))
    trials = len(opened.trials())
    if as_json:
        emit({"path": str(output), "study": opened.path.name, "trials": trials})
        return
    print(f"{counted(trials, 'trial')} as the study {opened.path.name}: {output}")
    print(f"  to look at them: optuna-dashboard sqlite:///{output}")
