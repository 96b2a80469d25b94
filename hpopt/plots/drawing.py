"""How pictures are drawn, and how they come into files."""

from __future__ import annotations

import logging
import pkgutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from hpopt.errors import ConfigError, RunError, suggest_name
from hpopt.files import write_whole
from hpopt.plots import style
from hpopt.plots.history import History, NotYetError
from hpopt.plots.pictures import PICTURES
from hpopt.runs.folder import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger(__name__)

ImageFormat = Literal["png", "svg", "pdf"]


@dataclass(frozen=True)
class Picture:
    """What became of one picture: the file it is in, or the reason why there is none."""

    name: str
    path: Path | None = None
    reason: str | None = None

    @property
    def shown_path(self) -> str:
        """The path of the file, from where people stand if it is below."""
        assert self.path is not None
        path, here = self.path.absolute(), Path.cwd()
        return str(path.relative_to(here) if path.is_relative_to(here) else path)


def draw(history: History, name: str) -> Figure:
    """One picture. Raises NotYetError where the run does not give it, or not yet."""
    with style.styled():
        figure: Figure = pkgutil.resolve_name(PICTURES[name])(history)
    return figure


def draw_one(run: Run, name: str, dimensions: Sequence[str] = ()) -> Figure:
    """One picture of a run as it is now.

    Raises ConfigError where a name is unknown, and RunError where the run does not give it yet.
    """
    [name] = check_names([name])
    try:
        return draw(History.of(run, check_dimensions(run, dimensions)), name)
    except NotYetError as why:
        raise RunError(f"{name} can't be drawn of {run.shown_path}: {why}") from None


def write_pictures(
    run: Run,
    folder: Path,
    *,
    names: Iterable[str] = PICTURES,
    format: ImageFormat = "png",
    dimensions: Sequence[str] = (),
) -> Iterator[Picture]:
    """Write the pictures `names` of a run into `folder`, and say of each what became of it.

    `dimensions` are those that pair pictures show. Raises ConfigError where a name is none, and
    RunError where the folder can't be written to.
    """
    names = check_names(names)
    history = History.of(run, check_dimensions(run, dimensions))
    for name in names:
        yield write_picture(history, name, folder, format)


def write_picture(
    history: History, name: str, folder: Path, format: ImageFormat = "png"
) -> Picture:
    """Write one picture into `folder`. Raises RunError where that can't be written to."""
    try:
        content = style.to_bytes(draw(history, name), format)
    except NotYetError as why:
        return Picture(name, reason=str(why))
    path = folder / f"{name}.{format}"
    write_whole(path, lambda file: file.write(content))
    return Picture(name, path)


def check_names(names: Iterable[str]) -> Sequence[str]:
    """The names, each of which is a picture's. Raises ConfigError for another."""
    for name in names:
        if name not in PICTURES:
            raise ConfigError(f"there is no picture `{name}`", help=suggest_name(name, PICTURES))
    return list(dict.fromkeys(names))


def check_dimensions(run: Run, names: Sequence[str]) -> Sequence[str]:
    """The names, each of which is a dimension's. Raises ConfigError for another."""
    dimensions = [str(form["name"]) for form in run.header.space]
    for name in names:
        if name not in dimensions:
            raise ConfigError(
                f"the run has no dimension `{name}`", help=suggest_name(name, dimensions)
            )
    return list(dict.fromkeys(names))


def nothing_drawn(run: Run, pictures: Sequence[Picture]) -> RunError:
    """The error for a run that gives no picture at all."""
    reasons = list(dict.fromkeys(picture.reason for picture in pictures if picture.reason))
    return RunError(f"nothing can be drawn of {run.shown_path}: {'; '.join(reasons)}")
