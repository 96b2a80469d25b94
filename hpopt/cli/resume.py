"""`hpopt resume RUN`: go on with a run, from its folder."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.options import Json, Overrides, Quiet, RunArgument, TrustCode
from hpopt.cli.searching import ENDED_WITHOUT_MODEL, say_what_came, searching

if TYPE_CHECKING:
    from hpopt.runs.folder import Run


def resume_command(
    run: RunArgument,
    overrides: Overrides = None,
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="Where the data file is now.")
    ] = None,
    trust_code: TrustCode = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was interrupted, killed or stopped, as if it had never ended.

    Trials that were running are run again. -s search.n_calls=200 makes more trials of it; the
    acquisition function, the engine, the budget and the workers may change too. What would make
    trials incomparable (data, split, metric, space, constants) is refused.
    """
    from hpopt.runs.finding import find_folder
    from hpopt.runs.folder import Run
    from hpopt.tuning.tune import resume

    folder = find_folder(run)
    with searching(as_json, quiet) as (observer, stop):
        before = len(Run.open(folder, curves=False).resumed)
        resumed = resume(
            folder,
            changes=overrides or (),
            data=data,
            trust_code=trust_code,
            observer=observer,
            stop=stop,
        )
    if len(resumed.resumed) > before:
        say_what_came(resumed, as_json=as_json, quiet=quiet)
        return
    _say_it_is_over(resumed, as_json=as_json, quiet=quiet)
    if resumed.best is None:
        raise typer.Exit(ENDED_WITHOUT_MODEL)


def _say_it_is_over(run: Run, *, as_json: bool, quiet: bool) -> None:
    from hpopt.cli.events import print_event
    from hpopt.report.record import run_record

    if as_json:
        print_event("run_ended", **run_record(run))
    elif quiet:
        print(run.shown_path)
    if not quiet:
        why = f": {run.end.text}" if run.end else ""
        print(
            f"{run.path.name} is {run.state}{why}; nothing is left to do\n"
            f"for more trials: {_for_more_trials(run)}",
            file=sys.stderr,
        )


# What ended a search, by the setting that resume takes to have it go on.
_SETTINGS = {
    "target": "search.stop.target",
    "no_improvement": "search.stop.no_improvement",
    "time_limit": "search.time_limit",
}


def _for_more_trials(run: Run) -> str:
    """What brings a run that came to its own end more trials, by why it did."""
    from hpopt.space.dimensions import identity

    trials = run.trials()
    points = run.space.points(len(trials))
    if points is not None and {*map(identity, points)} <= {identity(t.params) for t in trials}:
        return (
            "all points of the space were tried; a new run may have a wider space, or "
            "`training.repeats`, which tell luck from skill"
        )
    changes = []
    if run.end is not None and run.end.reason in _SETTINGS:
        changes.append(f"{_SETTINGS[run.end.reason]}=null")
    if not changes or (run.n_calls or 0) <= len(trials):
        changes.append(f"search.n_calls={2 * len(trials)}")
    settings = [part for change in changes for part in ("-s", change)]
    return shlex.join(["hpopt", "resume", run.shown_path, *settings])
