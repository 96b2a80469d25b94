"""A clock of the time in which this process ran: it stands still while a system has it frozen.

A paused container, SIGSTOP and a laptop that is closed hold hpopt up together with its workers. By
the clocks of the system such a pause would end trials that have hardly begun.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

_TICK_S = 0.1
# Of a longer time without a tick no more counts, but for what the process has computed meanwhile,
# or waited for a processor that others used: C code may keep the thread that ticks from its turn.
_MOST_S = 1.0
_SCHEDULED = Path("/proc/self/task")


class Clock:
    """Counts seconds, from the first that it is asked for, by a thread that ticks."""

    def __init__(self) -> None:
        self._start = threading.Lock()
        # What was counted, by which time, and what was computed and waited for by then.
        self._tick: tuple[float, float, float] | None = None
        self._ticking = threading.Thread(target=self._run, daemon=True, name="clock")
        self._is_set = threading.Event()

    def seconds(self) -> float:
        """The seconds that have been counted."""
        if self._tick is None:
            with self._start:
                if self._tick is None:
                    self._ticking.start()
                    self._tick = (0.0, time.monotonic(), time.process_time() + self._waited_s())
                    self._is_set.set()
        return self._count()[0]

    def _run(self) -> None:
        self._is_set.wait()
        while True:
            time.sleep(_TICK_S)
            self._tick = self._count()

    def _count(self) -> tuple[float, float, float]:
        assert self._tick is not None
        counted, then, used_s = self._tick
        now, used_now_s = time.monotonic(), time.process_time() + self._waited_s()
        gap = now - then
        return counted + min(gap, max(_MOST_S, used_now_s - used_s)), now, used_now_s

    def _waited_s(self) -> float:
        """How long the first thread and the one that ticks could have run and had no processor.

        What is frozen does not wait. Linux alone says it (Documentation/scheduler/sched-stats.rst).
        """
        waited_s = 0.0
        for thread in (threading.main_thread(), self._ticking):
            with suppress(OSError, ValueError, IndexError):
                text = (_SCHEDULED / str(thread.native_id) / "schedstat").read_text()
                waited_s += int(text.split()[1]) / 1e9
        return waited_s


running_s = Clock().seconds
