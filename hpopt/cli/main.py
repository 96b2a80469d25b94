"""`hpopt`: the program, and how its errors reach people."""

from __future__ import annotations

import io
import sys

import typer

from hpopt.cli.export import export_command
from hpopt.cli.tune import tune_command
from hpopt.errors import HpoptError

app = typer.Typer(
    name="hpopt",
    help="Finds the best Keras network for your data: Bayesian optimisation from one YAML file.",
    no_args_is_help=True,
    rich_markup_mode=None,  # with it, --help takes half a second
    pretty_exceptions_enable=False,
)
app.command("tune")(tune_command)
app.command("export-best")(export_command)


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
    """Run the program. Its exit codes are listed in docs/design.md."""
    for stream in (sys.stdout, sys.stderr):
        # Where the terminal has no ä, it is shown as \\xe4, and costs no finished run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except HpoptError as error:
        print(error.render(), file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
