"""`hpopt plot RUN`: pictures of a run, from its folder alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from hpopt.cli.options import Json, RunArgument, emit
from hpopt.plots.pictures import PICTURES

_ALL = ", ".join(PICTURES)
PictureFormat = Annotated[
    Literal["png", "svg", "pdf"],
    typer.Option("--format", help="What kind of file a picture is."),
]


def plot_command(
    run: RunArgument,
    only: Annotated[
        str,
        typer.Option(metavar="NAME,...", help=f"Draw these pictures alone, of {_ALL}."),
    ] = "",
    dimensions: Annotated[
        str,
        typer.Option(
            metavar="NAME,...", help="What pair pictures show, not the most important dimensions."
        ),
    ] = "",
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", "-o", metavar="DIR", help="Not the run folder's plots/."),
    ] = None,
    format: PictureFormat = "png",
    json: Json = False,
) -> None:
    """Draw RUN, also while it goes on: what it found, where it looked, what the parameters do."""
    from hpopt.plots.drawing import nothing_drawn, write_pictures
    from hpopt.runs.finding import find_run

    opened = find_run(run)
    pictures = []
    for picture in write_pictures(
        opened,
        output_dir or opened.path / "plots",
        names=_names(only) or PICTURES,
        format=format,
        dimensions=_names(dimensions),
    ):
        pictures.append(picture)
        if json:
            path = picture.path and str(picture.path)
            emit({"picture": picture.name, "path": path, "reason": picture.reason})
        elif picture.path is not None:
            print(picture.shown_path)
        else:
            print(f"no {picture.name}: {picture.reason}", file=sys.stderr)
    if all(picture.path is None for picture in pictures):
        raise nothing_drawn(opened, pictures)


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]
