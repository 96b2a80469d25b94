"""`hpopt dashboard`: runs in a browser, while they go on."""

from __future__ import annotations

import signal
import webbrowser
from contextlib import closing, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.options import RUNS, complete_run
from hpopt.errors import ConfigError

if TYPE_CHECKING:
    from hpopt.page.following import Following


def dashboard_command(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN...]",
            help="Runs, as for `hpopt plot`, or a folder of runs; runs/ if left out.",
            autocompletion=complete_run,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Where it is served; beyond loopback."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0: any that is free.")] = 0,
    allow_control: Annotated[
        bool, typer.Option("--allow-control", help="Have buttons that stop and resume runs.")
    ] = False,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open it in the browser.")
    ] = True,
) -> None:
    """Show runs in a browser while they go on: of one, of several, or of all in a folder.

    The address has a token: whoever knows it sees the runs. Ctrl-C ends it, and no run.
    """
    from hpopt.page.control import resume_run, stop_run
    from hpopt.page.serving import Actions, Dashboard

    actions: Actions = {"stop": stop_run, "resume": resume_run} if allow_control else {}
    with (
        closing(_following(runs or [])) as following,
        Dashboard(following, host, port, actions) as server,
    ):
        print(f"{server.url}\nCtrl-C ends the dashboard; runs go on.", flush=True)
        if open_browser:
            with suppress(webbrowser.Error):
                webbrowser.open(server.url)
        signal.signal(signal.SIGTERM, _interrupt)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def _following(references: list[str]) -> Following:
    """What is to be followed, begun. Raises RunError where there is none of a name."""
    from hpopt.page.following import Following
    from hpopt.runs.finding import find_folder
    from hpopt.runs.folder import JOURNAL, Run

    if len(references) <= 1:
        folder = Path(references[0]).expanduser() if references else RUNS
        if folder.is_dir() and not (folder / JOURNAL).is_file():
            return Following(folder.absolute())
        if not references:
            raise ConfigError(
                f"there is no folder {RUNS} here",
                help="give the path of a folder of runs, or of a run",
            )
    paths = [find_folder(reference) for reference in references]
    for path in paths:
        Run.open(path, curves=False)  # says what is wrong before anything is served
    return Following(None, paths)


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
