"""`hpopt report RUN...`: runs as one page for a browser, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hpopt.cli.options import Json, complete_run, emit
from hpopt.cli.output import is_stdout, write_file, write_output


def report_command(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...", help="Runs, as for `hpopt plot`.", autocompletion=complete_run
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Not report.html in the run folder (of several runs, here); - is stdout.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write a page that shows a run in a browser, also while it goes on: one file, no network.

    The verdict comes first; then scores, what the parameters did, all trials to brush, sort and
    open, and how far the network can be trusted. Several runs stand side by side.
    """
    from hpopt.files import refuse_links
    from hpopt.page.document import PAGE, report_data, report_page
    from hpopt.runs.finding import find_run

    opened = list({run.path.resolve(): run for run in map(find_run, runs)}.values())
    if json:
        emit(report_data(opened))
        return
    page = report_page(opened)
    if output is not None and is_stdout(output):
        write_output(None, page)
        return
    if output is None:
        output = Path(PAGE)
        if len(opened) == 1:
            refuse_links(opened[0].path)
            output = Path(opened[0].shown_path) / PAGE
    write_file(output, page.encode())
    print(output)
