"""`hpopt compare RUN RUN...`: runs side by side, in a table and on one picture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hpopt.cli.options import Json, complete_run, emit
from hpopt.cli.output import write_file
from hpopt.cli.plot import PictureFormat


def compare_command(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...", help="Runs, as for `hpopt plot`.", autocompletion=complete_run
        ),
    ],
    output_dir: Annotated[
        Path, typer.Option("--output-dir", "-o", metavar="DIR", help="Where the picture is put.")
    ] = Path(),
    format: PictureFormat = "png",
    json: Json = False,
) -> None:
    """Set runs side by side: a table, and their best scores so far as comparison.png.

    Runs of one name (the part behind the time) that differ in nothing but their seeds are taken as
    repetitions: their median is drawn. Every other run stands for itself.
    """
    from hpopt.cli.text import to_fit
    from hpopt.plots.comparison import draw_comparison
    from hpopt.plots.style import to_bytes
    from hpopt.report.standings import (
        Standing,
        as_record,
        notes_on_comparing,
        repetitions,
        show_standings,
    )
    from hpopt.runs.finding import find_run

    opened = [find_run(run) for run in runs]
    metric = opened[0].header.metric
    for note in notes_on_comparing(opened):
        print(f"note: {note}", file=sys.stderr)
    standings = [Standing.of(run) for run in opened]
    path = output_dir / f"comparison.{format}"
    picture = to_bytes(draw_comparison(opened), format)
    write_file(path, picture)
    if json:
        for standing in standings:
            emit(as_record(standing, metric))
        emit({"picture": "comparison", "path": str(path)})
    else:
        lines = show_standings(standings, metric, repetitions(opened))
        print("\n".join([to_fit("\n".join(lines)), "", str(path)]))
