"""The pictures by name, and how they come into files."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hpopt.errors import ConfigError, RunError, in_words, suggest_name
from hpopt.files import write_whole
from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.runs.folder import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

Format = Literal["png", "svg", "pdf"]

# Each is drawn by `draw_<name>` of the file of its name.
PICTURES = (
    "convergence",
    "importance",
    "partial_dependence",
    "pairs",
    "evaluations",
    "parallel_coordinates",
    "learning_curves",
)


@dataclass(frozen=True)
class Picture:
    """What became of one picture: the file it is in, or the reason why there is none."""

    name: str
    path: Path | None = None
    reason: str | None = None


def draw(history: History, name: str) -> Figure:
    """One picture. Raises NotYetError where the run does not give it, or not yet."""
    room = importlib.import_module(f"hpopt.plots.{name}")
    with style.styled():
        figure: Figure = getattr(room, f"draw_{name}")(history)
    return figure


def write_pictures(
    run: Run,
    folder: Path,
    *,
    names: Sequence[str] = PICTURES,
    format: Format = "png",
    dimensions: Sequence[str] = (),
) -> Iterator[Picture]:
    """Write the pictures `names` of a run into `folder`, and say of each what became of it.

    `dimensions` are those that pair pictures show. Raises ConfigError where a name is none, and
    RunError where the folder can't be written to.
    """
    history = History.of(run, check_dimensions(run, dimensions))
    for name in check_names(names):
        path = folder / f"{name}.{format}"
        try:
            content = style.to_bytes(draw(history, name), format)
        except NotYetError as why:
            yield Picture(name, reason=str(why))
            continue
        write_whole(path, lambda file, content=content: file.write(content))  # type: ignore[misc]
        yield Picture(name, path)


def write_all_softly(run: Run, folder: Path) -> list[Picture]:
    """Write every picture that can be drawn; a fault in one is logged and costs nothing else."""
    pictures: list[Picture] = []
    for name in PICTURES:
        try:
            pictures += write_pictures(run, folder, names=[name])
        except Exception as error:  # a picture is never worth a run
            log.exception("the picture %s can't be drawn", name)
            pictures.append(Picture(name, reason=in_words(error)))
    return pictures


def check_names(names: Sequence[str]) -> Sequence[str]:
    """The names, each of which is a picture's. Raises ConfigError for another."""
    for name in names:
        if name not in PICTURES:
            raise ConfigError(f"there is no picture `{name}`", help=suggest_name(name, PICTURES))
    return list(dict.fromkeys(names))


def check_dimensions(run: Run, names: Sequence[str]) -> Sequence[str]:
    """The names, each of which is a dimension's. Raises ConfigError for another."""
    known = [str(form["name"]) for form in run.header.space]
    for name in names:
        if name not in known:
            raise ConfigError(f"the run has no dimension `{name}`", help=suggest_name(name, known))
    return list(dict.fromkeys(names))


def nothing_drawn(run: Run, pictures: Sequence[Picture]) -> RunError:
    """The error for a run that gives no picture at all."""
    reasons = list(dict.fromkeys(picture.reason for picture in pictures if picture.reason))
    return RunError(f"nothing can be drawn of {run.shown_path}: {'; '.join(reasons)}")
