"""`hpopt runs [FOLDER]`: the runs of a folder, the latest first; `runs repair`, `runs remove`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from hpopt.cli.options import RUNS, Json, RunArgument, emit
from hpopt.report.record import overview

if TYPE_CHECKING:
    from hpopt.runs.folder import Run

_MOST_LISTED = 50


class _ListFirst(typer.core.TyperGroup):
    """`hpopt runs` by itself, or with a folder, lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


runs_app = typer.Typer(
    cls=_ListFirst,
    help="List the runs of a folder, repair one, or remove some.",
    epilog="`hpopt runs` and `hpopt runs FOLDER` list.",
    rich_markup_mode=None,
)


@runs_app.command("list")
def runs_command(
    folder: Annotated[Path, typer.Argument(help="The folder that holds the run folders.")] = RUNS,
    as_json: Json = False,
) -> None:
    """List the runs, the latest first.

    Each name of the first column can be given as RUN to the other commands. A run is running,
    finished, stopped (ended early on request, its best kept and tested), failed (without a model)
    or interrupted (its process has gone).
    """
    from hpopt.cli.text import table, to_fit
    from hpopt.errors import ConfigError, RunError
    from hpopt.runs.finding import list_runs, list_unbegun, unbegun_in_words
    from hpopt.runs.folder import Run
    from hpopt.runs.removing import size_bytes

    if not folder.is_dir() and folder != RUNS:
        raise ConfigError(f"there is no folder {folder}")
    paths = list_runs(folder)
    for path in list_unbegun(folder):
        print(f"note: {unbegun_in_words(path)}", file=sys.stderr)
    rows = []
    for path in paths:
        try:
            run = Run.open(path, curves=False)
        except RunError as error:
            if as_json:
                emit(
                    {"id": path.name, "path": str(path), "state": "broken", "reason": error.message}
                )
            else:
                print(error.render(), file=sys.stderr)
            continue
        if as_json:
            emit(overview(run) | {"disk_bytes": size_bytes(path)})
        else:
            rows.append(_row(run, paths))
    if rows:
        head = ["RUN", "CONFIG", "TRIALS", "BEST", "STATE", "AGE", "DISK"]
        print(to_fit("\n".join(table(head, rows, right="TRIALS AGE DISK"))))
    elif not paths and not as_json:
        print(f"no runs in {folder}; `hpopt tune CONFIG` makes one", file=sys.stderr)


@runs_app.command("repair")
def repair_command(run: RunArgument) -> None:
    """Set the damaged lines of a run's journal aside, into journal.damaged, and keep all others.

    `hpopt resume` then runs the trials again whose beginning or end was lost.
    """
    from hpopt.runs.finding import find_folder
    from hpopt.runs.repair import DAMAGED, repair

    folder = find_folder(run)
    done = repair(folder)
    if not done.lines:
        print(f"{folder} is not damaged; nothing was changed")
        return
    lines = _listed(done.lines)
    print(f"set aside into {folder / DAMAGED}: line {lines}")
    if done.unfinished:
        trials = _listed(done.unfinished)
        print(f"without an end now: trial {trials}; `hpopt resume {folder}` runs what is missing")


@runs_app.command("remove")
def remove_command(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="The runs to remove.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove them without asking.")] = False,
) -> None:
    """Delete runs with all that is in their folders: models and exports too. It asks first.

    A run that is being written stays.
    """
    from hpopt.errors import ConfigError
    from hpopt.runs.finding import find_folder
    from hpopt.runs.removing import remove, size_bytes
    from hpopt.shown import show_bytes

    folders = list(dict.fromkeys(find_folder(run) for run in runs))
    if not yes and not sys.stdin.isatty():
        raise ConfigError("there is nobody to ask", help="`--yes` removes without asking")
    for folder in folders:
        size = show_bytes(size_bytes(folder))
        if yes or typer.confirm(f"remove {folder}, {size}?", err=True):
            remove(folder)
            print(f"removed {folder}, {size}")
        else:
            print(f"kept {folder}")


def _listed(numbers: Sequence[int]) -> str:
    more = len(numbers) - _MOST_LISTED
    return ", ".join(map(str, numbers[:_MOST_LISTED])) + (f" and {more} more" if more > 0 else "")


def _row(run: Run, paths: Sequence[Path]) -> list[str]:
    from hpopt.cli.text import age
    from hpopt.report.words import show_score
    from hpopt.runs.naming import name_of
    from hpopt.runs.removing import size_bytes
    from hpopt.shown import show_bytes
    from hpopt.trials import made

    name = name_of(run.path)
    config = Path(run.header.config).stem if run.header.config else name
    # The time stamp is enough where it is unique, and the next column says the rest of the name.
    stamp = run.path.name.removesuffix(f"_{name}")
    alike = [path for path in paths if path.name.startswith(stamp)]
    best = run.best
    return [
        stamp if name == config and len(alike) == 1 else run.path.name,
        config,
        f"{made(run.trials())}" + (f"/{run.n_calls}" if run.n_calls else ""),
        f"{show_score(run.score(best))} {run.metric}" if best else "–",
        run.state,
        age(run.begun),
        show_bytes(size_bytes(run.path)),
    ]
