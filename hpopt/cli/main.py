"""`hpopt`: the program, and how its errors reach people."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import typer.core

from hpopt.cli.check import check_command
from hpopt.cli.compare import compare_command
from hpopt.cli.dashboard import dashboard_command
from hpopt.cli.doctor import doctor_command
from hpopt.cli.evaluate import evaluate_command
from hpopt.cli.export import export_command
from hpopt.cli.export_trials import export_trials_command
from hpopt.cli.faults import show_error
from hpopt.cli.hints import explained
from hpopt.cli.init import init_command
from hpopt.cli.plot import plot_command
from hpopt.cli.predict import predict_command
from hpopt.cli.report import report_command
from hpopt.cli.resume import resume_command
from hpopt.cli.runs import runs_app
from hpopt.cli.schema import schema_command
from hpopt.cli.serve import serve_command
from hpopt.cli.show import show_command
from hpopt.cli.terminal import open_streams, shown_streams, take_stdout_apart
from hpopt.cli.trials import trials_command
from hpopt.cli.tune import tune_command
from hpopt.errors import HpoptError, Interrupted


class _Program(typer.core.TyperGroup):
    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the arguments before the command."""
        with _explaining():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C ends it with the exit code that shells know."""
        try:
            with _explaining():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None


@contextmanager
def _explaining() -> Iterator[None]:
    """Raise what is wrong with a command in the form of all other errors."""
    try:
        yield
    except Exception as error:
        if (ours := explained(error, sys.argv[1:])) is not None:
            raise ours from None
        raise


app = typer.Typer(
    name="hpopt",
    cls=_Program,
    help="Finds the best Keras network for your data: Bayesian optimisation from one YAML file.",
    epilog="Exit codes: 0 done, 1 no usable model or run, 2 config or usage, 3 data, 4 an optional "
    "package is missing, 130 interrupted.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    rich_markup_mode=None,  # with it, --help takes half a second
    pretty_exceptions_enable=False,
)
app.command("init")(init_command)
app.command("tune")(tune_command)
app.command("resume")(resume_command)
app.command("check")(check_command)
app.add_typer(runs_app, name="runs")
app.command("show")(show_command)
app.command("trials")(trials_command)
app.command("plot")(plot_command)
app.command("report")(report_command)
app.command("dashboard")(dashboard_command)
app.command("compare")(compare_command)
app.command("export-best")(export_command)
app.command("export-trials")(export_trials_command)
app.command("predict")(predict_command)
app.command("evaluate")(evaluate_command)
app.command("serve")(serve_command)
app.command("schema")(schema_command)
app.command("doctor")(doctor_command)


@app.command("help", hidden=True)
def _help(ctx: typer.Context, command: Annotated[str | None, typer.Argument()] = None) -> None:
    """Show this, or the help of a command."""
    app([command, "--help"] if command else ["--help"], prog_name="hpopt")


@app.command("version", hidden=True)
def _version() -> None:
    """Show the version."""
    _show_version(True)


def _show_version(asked: bool) -> None:
    if asked:
        from hpopt import __version__

        typer.echo(f"hpopt {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


def main() -> None:
    """Run the program. Its exit codes are listed in the README."""
    with shown_streams() as stdout:
        code = _exit_code()
        if (error := stdout.error()) is not None:
            show_error(error)
            code = code or error.exit_code
    # A Ctrl-C that came within an `exec`, as imports make many, has `python -m` end by the signal
    # however it was dealt with, unless an `exec` comes to its end behind it.
    exec("")
    sys.exit(code)


def _exit_code() -> int:
    try:
        app()
    except HpoptError as error:
        show_error(error)
        return error.exit_code
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def program() -> None:
    """`main`, and then the end of the process, whatever threads own code has left running."""
    open_streams()
    take_stdout_apart()
    try:
        main()
    except SystemExit as ended:
        here = threading.current_thread()
        if any(not each.daemon for each in threading.enumerate() if each is not here):
            atexit._run_exitfuncs()
            sys.stdout.flush()
            os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))
        raise


if __name__ == "__main__":
    program()
