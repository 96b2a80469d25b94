"""What the dashboard may do to a run where that was allowed: ask it to stop, and resume it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hpopt.errors import RunError
from hpopt.runs.folder import Run
from hpopt.runs.requests import request_stop

# A resumption that is refused ends within this time, mostly: then its reason is shown.
_PATIENCE_S = 4.0


def stop_run(path: str) -> str:
    """Ask the writer of a run to end as by Ctrl-C. Raises RunError where nobody writes it."""
    run = Run.open(Path(path), curves=False)
    if run.state != "running":
        raise RunError(f"{run.path.name} is {run.state}: there is nothing to stop")
    request_stop(run.path)
    return "It ends when what runs now is done."


def resume_run(path: str) -> str:
    """Go on with a run in a process of its own, which outlives the dashboard.

    Code that has changed is never trusted. Raises RunError where the run can't be resumed.
    """
    if Run.open(Path(path), curves=False).state == "running":
        raise RunError(f"{Path(path).name} is running already")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "hpopt", "resume", "--quiet", path],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + _PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        if process.returncode:
            said.seek(0)
            raise RunError(said.read().decode(errors="replace").strip())
    return "It goes on."
