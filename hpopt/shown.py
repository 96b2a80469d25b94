"""Texts of somebody's data as they are shown: no control characters, and no markup.

Labels, categories, reasons and names of folders may come from anywhere. A terminal would obey the
escape sequences in them, and a page the markup.
"""

from __future__ import annotations

import re

# Control characters but the line's end and the tab; marks that end a line elsewhere, or turn the
# direction of writing.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MARKUP = re.compile(r"[\\`*\[\]<>|&]")


def printable(text: str) -> str:
    """The text with what a terminal would obey written out, as \\x1b; lines and tabs stay."""
    return _UNSEEN.sub(lambda match: _escape(match[0]), text)


def one_line(text: str) -> str:
    """The text as `printable`, on one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def in_markdown(text: str) -> str:
    """The text on one line, as a page of Markdown shows it."""
    return _MARKUP.sub(r"\\\g<0>", one_line(text))


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def show_bytes(count: float) -> str:
    """A size for people: 2.1 GB."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
