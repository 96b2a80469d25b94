"""A clock of the time in which this process ran: it stands still while a system has it frozen.

A paused container, SIGSTOP and a laptop that is closed hold hpopt up together with its workers. By
the clocks of the system such a pause would end trials that have hardly begun.
"""

from __future__ import annotations

import threading
import time

_TICK_S = 0.1
# Of a longer time without a tick no more counts, but for what the process has computed meanwhile:
# C code may keep the thread that ticks from its turn.
_MOST_S = 1.0


class Clock:
    """Counts seconds, from the first that it is asked for, by a thread that ticks."""

    def __init__(self) -> None:
        self._start = threading.Lock()
        self._tick: tuple[float, float, float] | None = None  # counted, monotonic, processor time

    def seconds(self) -> float:
        """The seconds that have been counted."""
        if self._tick is None:
            with self._start:
                if self._tick is None:
                    self._tick = (0.0, time.monotonic(), time.process_time())
                    threading.Thread(target=self._run, daemon=True, name="clock").start()
        return self._count()[0]

    def _run(self) -> None:
        while True:
            time.sleep(_TICK_S)
            self._tick = self._count()

    def _count(self) -> tuple[float, float, float]:
        assert self._tick is not None
        counted, then, computed_s = self._tick
        now, cpu_s = time.monotonic(), time.process_time()
        gap = now - then
        return counted + min(gap, max(_MOST_S, cpu_s - computed_s)), now, cpu_s


running_s = Clock().seconds
