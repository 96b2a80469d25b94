"""A worker process as hpopt sees it."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import IO

from hpopt.clock import running_s
from hpopt.execution.logs import log_path, log_tail
from hpopt.execution.messages import Begun, Done, Gone, Order, Report, Setup
from hpopt.execution.slots import PREFLIGHT, Job, TrialFailed, TrialLost
from hpopt.shown import show_bytes

# Signals that come from somebody or something else: the job may be as good as any.
_FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT")
# How long a hung worker has for saying where it hangs.
_LAST_WORDS_S = 0.3


class Child:
    """A worker process; what it reports arrives in `inbox`, together with itself."""

    def __init__(
        self,
        function: bytes,
        environment: dict[str, str],
        inbox: queue.SimpleQueue[tuple[Child, Report]],
    ) -> None:
        """Start it. On Linux it dies with the thread that calls this, not only with the process."""
        import psutil

        self.environment = environment
        self.is_warm = False
        self.job: Job | None = None
        self.begun_s: float | None = None  # when its job began, by `running_s`
        self.grown_bytes = 0  # since its first job
        self._over_s: float | None = None  # when its last job was over
        self._first_bytes: int | None = None  # its memory after its first job
        self._ended_for: str | None = None  # why it was ended from here
        self._most_bytes = 0
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (what it writes between jobs)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "hpopt.execution.worker", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            env=_environment(environment),
            start_new_session=True,
        )
        self._seen = psutil.Process(self._process.pid)
        self._say(Setup(function, sys.path))
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def give(self, job: Job) -> None:
        """Hand over a job; its end, or the worker's own, will be reported."""
        self.job, self.begun_s = job, None
        self._say(job)

    def finish(self) -> float:
        """Take back the job that is over, and give the seconds that it took."""
        assert self.job is not None
        assert self.begun_s is not None
        assert self._over_s is not None
        job_s = self._over_s - self.begun_s
        if self._first_bytes is None and self.job.fold != PREFLIGHT:  # that is far less than a fit
            self._first_bytes = self.memory_bytes()
        if self._first_bytes is not None:
            self.grown_bytes = self.memory_bytes() - self._first_bytes
        self.job = self.begun_s = None
        return job_s

    def idle_s(self) -> float:
        """How long it has had nothing to do since its last job; 0 if it has had none."""
        return 0.0 if self._over_s is None else running_s() - self._over_s

    def memory_bytes(self) -> int:
        """What it holds in memory without files, which workers share; 0 once it is gone."""
        import psutil

        try:
            used = self._seen.memory_info()
        except psutil.Error:
            return 0
        own = int(used.rss - getattr(used, "shared", 0))
        self._most_bytes = max(self._most_bytes, own)
        return own

    def cpu_s(self) -> float:
        """The processor time it has used so far."""
        import psutil

        try:
            used = self._seen.cpu_times()
        except psutil.Error:
            return 0.0
        return float(used.user + used.system)

    def end(self, reason: str, *, says_where: bool = False) -> None:
        """End it at once; its job has failed for that reason, where it has one.

        `says_where`: its log first gets the lines that it is at.
        """
        if self._ended_for is None:
            self._ended_for = reason
        if says_where and hasattr(signal, "SIGUSR1"):
            with suppress(OSError):
                self._process.send_signal(signal.SIGUSR1)
                time.sleep(_LAST_WORDS_S)
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)  # with whatever it has started
            else:
                self._process.kill()

    def failure(self) -> TrialFailed | TrialLost:
        """What the job of a worker that is gone has come to."""
        assert self.job is not None
        reason, is_external = self._why_it_ended()
        kind = TrialLost if is_external else TrialFailed
        return kind(self.job, reason, log_tail(log_path(self.job)))

    def describe_gone(self) -> str:
        """Why a worker that had no job is gone, with what it wrote last."""
        reason, _ = self._why_it_ended()
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return f"{reason}: {lines[-1]}" if lines else reason

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self.end("the worker was closed")
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._output):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _why_it_ended(self) -> tuple[str, bool]:
        """The reason, and whether somebody or something else was the cause."""
        if self._ended_for is not None:
            return self._ended_for, False
        try:
            code = self._process.wait(_LAST_WORDS_S)
        except subprocess.TimeoutExpired:  # it is there, but has closed its end of the pipe
            return "the worker can't be heard any more: it has closed its files", False
        if code >= 0:
            return f"the worker ended by itself, with exit code {code}", False
        name = _name_of_signal(-code)
        used = ""
        if name == "SIGKILL" and self._most_bytes:
            most = show_bytes(self._most_bytes)
            used = f", as a system does that runs out of memory; it used {most}"
        return f"the worker was killed by {name}{used}", name in _FROM_OUTSIDE

    def _say(self, order: Order) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone, which is reported
            self._process.stdin.write(pickle.dumps(order))
            self._process.stdin.flush()

    def _listen(self, inbox: queue.SimpleQueue[tuple[Child, Report]]) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                report = pickle.load(self._process.stdout)
                if isinstance(report, Begun):
                    self.begun_s = running_s()
                elif isinstance(report, Done):
                    self._over_s = running_s()
                inbox.put((self, report))
        except Exception:  # the end of the pipe, perhaps in the middle of a report
            inbox.put((self, Gone()))


def _environment(special: dict[str, str]) -> dict[str, str]:
    """The environment of a worker. It finds hpopt where this process has found it."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path, **special}


def _name_of_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
