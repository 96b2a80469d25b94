"""Finds run folders by what people type: a path, an id, a part of one, or `latest`."""

from __future__ import annotations

import logging
from pathlib import Path

from hpopt.errors import ConfigError, RunError, closest
from hpopt.runs.folder import CONFIG, JOURNAL, Run
from hpopt.runs.naming import name_of, order_of
from hpopt.trials import Trial

log = logging.getLogger(__name__)

LATEST = "latest"
_MOST_SHOWN = 8


def find_run(reference: str, parent: Path = Path("runs")) -> Run:
    """The run that `reference` means, for reading.

    It is the path of a run folder; or the id of a run in `parent`, a beginning or a part of one
    that no other run there has, or `latest`. A folder before any of these is looked in instead of
    `parent`: "elsewhere/latest". Raises RunError, with the runs that it could be, where it is none
    of these or several.
    """
    return Run.open(find_folder(reference, parent))


def find_folder(reference: str, parent: Path = Path("runs")) -> Path:
    """The folder of the run that `reference` means, as `find_run` finds it; it is not read."""
    path = Path(reference).expanduser()
    if (path / JOURNAL).is_file():
        return path
    if path.name == JOURNAL and path.is_file():
        return path.parent
    if path.parent != Path():
        parent = path.parent
    if not path.name or (path.parent != Path() and path.is_dir()):
        return path  # which is no run folder; whoever opens it says so
    runs = _folders(parent)
    meant = _without_journal(path.name, parent, runs)
    return _the_one(path.name, runs, parent) if meant is None else meant


def find_trial(run: Run, number: int) -> Trial:
    """The trial of a number that somebody gave. Raises ConfigError where there is none."""
    try:
        return run.trial(number)
    except KeyError:
        count = len(run.trials())
        has = f"it has trials 1 to {count}" if count else "it has no trials yet"
        raise ConfigError(f"{run.path.name} has no trial {number}", help=has) from None


def list_runs(parent: Path) -> list[Path]:
    """The run folders in `parent`, the latest first."""
    return [path for path in _folders(parent) if _is_begun(path)]


def list_unbegun(parent: Path) -> list[Path]:
    """The folders in `parent` whose run ended before its journal had a header."""
    return [path for path in _folders(parent) if not _is_begun(path)]


def unbegun_in_words(path: Path) -> str:
    """What such a folder is, and what is to be done with it."""
    return f"{path} is passed over: its run ended before it began, so the folder can be deleted"


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted((path.parent for path in parent.glob(f"*/{JOURNAL}")), key=order_of, reverse=True)


def _without_journal(reference: str, parent: Path, runs: list[Path]) -> Path | None:
    """The folder of a run whose journal is gone, where no other run is meant; else None."""
    if reference == LATEST or any(reference in run.name for run in runs):
        return parent / reference if _has_lost_its_journal(parent / reference) else None
    left = [path for path in parent.glob("*") if reference in path.name]
    lost = [path for path in left if _has_lost_its_journal(path)]
    return lost[0] if len(lost) == 1 else None


def _has_lost_its_journal(path: Path) -> bool:
    return (path / CONFIG).is_file() and not (path / JOURNAL).exists()


def _is_begun(run: Path) -> bool:
    """Whether the journal has a first line; one that can't be read is for whoever opens it."""
    try:
        with (run / JOURNAL).open("rb") as file:
            return b"\n" in file.readline()
    except OSError:
        return True


def _the_one(reference: str, runs: list[Path], parent: Path) -> Path:
    if not runs:
        raise RunError(
            f"there is no run `{reference}`: {parent} holds no run folder",
            help="make one with `hpopt tune CONFIG`, or give the path of a run folder",
        )
    if reference == LATEST:
        return _latest(runs)
    exact = [run for run in runs if run.name == reference]
    beginning = [run for run in runs if run.name.startswith(reference)]
    part = [run for run in runs if reference in run.name]
    named = [run for run in runs if name_of(run) == reference]
    meant = exact or beginning or named or part
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise RunError(
            f"`{reference}` could be {len(meant)} runs in {parent}: {_listed(meant)}",
            help=f"give more of its name, or `{LATEST}`",
        )
    match = closest(reference, [LATEST, *(r.name for r in runs), *map(name_of, runs)])
    help = f"did you mean `{match}`? " if match else ""
    raise RunError(
        f"there is no run `{reference}` in {parent}", help=f"{help}(there: {_listed(runs)})"
    )


def _latest(runs: list[Path]) -> Path:
    """The latest run that began; of those that did not a word is said."""
    for run in runs:
        if _is_begun(run):
            return run
        log.warning("note: %s", unbegun_in_words(run))
    return runs[0]


def _listed(runs: list[Path]) -> str:
    names = [run.name for run in runs[:_MOST_SHOWN]]
    more = len(runs) - len(names)
    return ", ".join(names) + (f" and {more} older ones" if more > 0 else "")
