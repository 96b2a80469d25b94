"""How a search is asked to end: by Ctrl-C, once or twice, or by the system."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

# How long a trial that runs may go on after a SIGTERM.
GRACE_S = 5.0
_SAID = "stopping as soon as what runs now is done; Ctrl-C again stops at once"


@contextmanager
def stop_on_signals(
    shown: Callable[[str], bool] = lambda text: False, has_begun: Callable[[], bool] = lambda: True
) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second raises KeyboardInterrupt.

    So does the first as long as nothing `has_begun` that could be kept: data may take minutes to
    read. What is going to happen is `shown`, within the signal handler, or else written to stderr.
    SIGTERM and SIGHUP (a terminal that is closed, a machine that goes down) set it too, and raise
    KeyboardInterrupt after five seconds. SIGUSR1 (what Slurm can send before the time is over) does
    what the first Ctrl-C does, however often it comes.
    """
    stop = threading.Event()
    stderr = os.dup(2)  # which is silent for a while when TensorFlow is imported

    def say(text: str) -> None:
        if not shown(text):
            with suppress(OSError):  # the terminal may be what has gone
                os.write(stderr, f"\n{text}\n".encode())

    def interrupt(signum: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        if not has_begun():
            raise KeyboardInterrupt
        say(_SAID)

    def warn(signum: int, frame: FrameType | None) -> None:
        if not stop.is_set():
            interrupt(signum, frame)

    def terminate(signum: int, frame: FrameType | None) -> None:
        if not stop.is_set():
            say(f"asked to end by {signal.Signals(signum).name}: in {GRACE_S:g} seconds at most")
        stop.set()
        if not signal.getitimer(signal.ITIMER_REAL)[0]:  # asking again gives no more time
            signal.setitimer(signal.ITIMER_REAL, GRACE_S)

    def end_grace(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handlers = {
        signal.SIGINT: interrupt,
        signal.SIGTERM: terminate,
        signal.SIGHUP: terminate,
        signal.SIGALRM: end_grace,
    }
    if hasattr(signal, "SIGUSR1"):
        handlers[signal.SIGUSR1] = warn
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup: it is to outlive its terminal
        del handlers[signal.SIGHUP]
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(stderr)
