"""`hpopt plot RUN`: pictures of a run, from its folder alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hpopt.cli.options import Json, RunArgument, emit
from hpopt.cli.output import is_stdout, write_bytes
from hpopt.errors import ConfigError
from hpopt.plots.pictures import PICTURES

if TYPE_CHECKING:
    from hpopt.runs.folder import Run

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
        typer.Option(
            "--output-dir",
            "-o",
            metavar="DIR",
            help="Not the run folder's plots/; with - one picture goes to stdout.",
        ),
    ] = None,
    format: PictureFormat = "png",
    json: Json = False,
) -> None:
    """Draw RUN, also while it goes on: what it found, where it looked, what the parameters do."""
    from hpopt.plots.drawing import nothing_drawn, write_pictures
    from hpopt.runs.finding import find_run

    opened = find_run(run)
    if output_dir is not None and is_stdout(output_dir):
        write_bytes(_alone(opened, _names(only), format, _names(dimensions), json))
        return
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


def _alone(
    run: Run, names: Sequence[str], format: str, dimensions: Sequence[str], json: bool
) -> bytes:
    """The one picture that goes to stdout."""
    from hpopt.plots.drawing import draw_one
    from hpopt.plots.style import to_bytes

    if len(names) != 1 or json:
        raise ConfigError(
            "stdout takes one picture, and nothing else", help="-o - --only convergence"
        )
    return to_bytes(draw_one(run, names[0], dimensions), format)


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]
