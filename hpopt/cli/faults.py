"""How errors look on a terminal: in colour, and with lines that end between words."""

from __future__ import annotations

import os
import re
import shutil
import sys

from hpopt.cli.terminal import as_it_is
from hpopt.errors import HpoptError

_COLOURS = (
    (re.compile(r"^(error\[[\w-]+\])", re.MULTILINE), "1;31"),
    (re.compile(r"^( +-->)", re.MULTILINE), "34"),
    (re.compile(r"^( += help)", re.MULTILINE), "36"),
)


def show_error(error: HpoptError) -> None:
    """Print an error on stderr."""
    text = error.render()
    if not sys.stderr.isatty():
        print(text, file=sys.stderr)
        return
    from hpopt.cli.text import wrapped

    text = wrapped(text, shutil.get_terminal_size().columns)
    if not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        for pattern, code in _COLOURS:
            text = pattern.sub(f"\x1b[{code}m\\1\x1b[0m", text)
    # Past what shows a terminal no codes: what others have written is written out already.
    print(text, file=as_it_is(sys.stderr), flush=True)
