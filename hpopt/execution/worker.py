"""A worker: `python -m hpopt.execution.worker` at the other end of a pipe runs one job at a time.

It ends when the pipe closes, so none outlives hpopt, and ignores Ctrl-C, which is for hpopt.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import pickle
import queue
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from hpopt.errors import HpoptError, RunError, in_words
from hpopt.execution.logs import log_path, output_into
from hpopt.execution.messages import Begun, Broken, Done, Order, Report, Setup, Warm
from hpopt.execution.running import run_job
from hpopt.execution.slots import Job, TrialFunction

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
# Likelier to be ended by a system that runs out of memory than hpopt itself is.
_OOM_SCORE = b"500"


def main() -> None:
    """Serve until the pipe closes."""
    orders, reports = _take_pipes()
    _prepare_process(parent=int(sys.argv[1]))
    inbox: queue.SimpleQueue[Order] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, inbox), daemon=True).start()
    setup = inbox.get()
    assert isinstance(setup, Setup)
    try:
        sys.path[:] = setup.sys_path
        function: TrialFunction = pickle.loads(setup.function)
        function.warm_up()
    except BaseException as error:
        logging.exception("the worker can't begin")
        _say(reports, Broken(RunError(f"a worker can't begin: {in_words(error)}")))
        return
    _say(reports, Warm())
    while True:
        job = inbox.get()
        assert isinstance(job, Job)
        _say(reports, Begun())
        _say(reports, _run(function, job))


def _run(function: TrialFunction, job: Job) -> Report:
    try:
        with output_into(log_path(job)):
            return Done(run_job(function, job, job.folder))
    except HpoptError as error:
        return Broken(error)


def _say(reports: BinaryIO, report: Report) -> None:
    reports.write(pickle.dumps(report))
    reports.flush()


def _listen(orders: BinaryIO, inbox: queue.SimpleQueue[Order]) -> None:
    """Pass on what hpopt says; end the process, whatever it is at, when hpopt has gone."""
    try:
        while True:
            inbox.put(pickle.load(orders))
    finally:
        os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two ends of the pipes, out of reach of what runs here and of its children."""
    orders, reports = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    if hasattr(os, "register_at_fork"):  # a child that a builder forks may outlive this process
        for end in (orders.fileno(), reports.fileno()):
            os.register_at_fork(after_in_child=partial(os.close, end))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, reports


def _prepare_process(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in (sys.stdout, sys.stderr):
        options: dict[str, Any] = {"encoding": "utf-8", "errors": "backslashreplace"}
        stream.reconfigure(line_buffering=True, **options)  # type: ignore[union-attr]
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.captureWarnings(True)
    faulthandler.enable()  # where it was when it crashed, into the trial's log
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, all_threads=False)  # where it hangs
    with suppress(ImportError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # TensorFlow's are gigabytes
    if sys.platform == "linux":
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_bytes(_OOM_SCORE)
        # The thread that listens can't end a process whose C code never lets go of the interpreter.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:  # it went before that
            os._exit(0)


if __name__ == "__main__":
    main()
