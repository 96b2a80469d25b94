"""`hpopt doctor`: whether hpopt can work here, and what is missing."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.options import RUNS, Json, emit

if TYPE_CHECKING:
    from hpopt.examining import Examination


def doctor_command(
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", metavar="DIR", help="Where run folders are to be made."),
    ] = RUNS,
    as_json: Json = False,
) -> None:
    """Say what hpopt finds here: versions, GPUs, locks, free disk, cores and memory, extras.

    The exit code is 0 where all that is needed is there; a missing extra is no fault.
    """
    from hpopt.cli.faults import show_error
    from hpopt.examining import examine

    found = examine(output_dir)
    if as_json:
        emit(found.to_json())
    else:
        print("\n".join(_lines(found)), flush=True)
        for problem in found.problems:
            show_error(problem)
    raise typer.Exit(found.exit_code)


def _lines(found: Examination) -> list[str]:
    from hpopt.cli.text import facts

    locks = {True: "work", False: "there are none", None: "not tried"}[found.has_locks]
    named = {
        "python": f"{platform.python_version()} on {platform.platform()}",
        **{name: version or "missing" for name, version in found.packages.items()},
        "GPUs": ", ".join(found.gpus) or "none; the processors do the work",
        "cores": str(found.cores),
        "free memory": f"{found.free_memory_bytes / 1e9:.1f} GB",
        "runs in": str(found.folder),
        "locks there": locks,
        "free disk there": f"{found.free_disk_bytes / 1e9:.1f} GB",
    }
    lines = facts(named)
    lines += ["", "extras:"]
    lines += facts(
        {
            extra.name: f"{extra.use}: " + (extra.command if extra.missing else "installed")
            for extra in found.extras
        }
    )
    if found.cautions:
        lines += ["", *(f"note: {caution}" for caution in found.cautions)]
    if not found.problems:
        lines += ["", "all that is needed is there"]
    return lines
