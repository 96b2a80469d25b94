"""How a search goes on, for people: a live view, or plain lines where there is no terminal.

Both go to stderr, so that stdout holds what was found and nothing else.
"""

from __future__ import annotations

import os
import sys

from hpopt.tracking.live import LiveProgress
from hpopt.tracking.observer import Observer
from hpopt.tracking.plain import PlainProgress


def choose_progress() -> Observer:
    """A live view on a terminal that can show one, plain lines elsewhere."""
    is_live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return LiveProgress() if is_live else PlainProgress()
