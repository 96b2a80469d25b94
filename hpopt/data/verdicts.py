"""What a column can be found to be, and what verdicts on numbers and on texts have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from hpopt.inputs import raw

ColumnKind = Literal["numeric", "categorical", "boolean", "date", "image", "text", "id", "constant"]
Use = Literal["feature", "left out", "target", "groups", "order", "weight"]

# What may be left out: nothing can be learned from it.
LEFT_OUT: tuple[ColumnKind, ...] = ("text", "id", "constant")

MOST_EXAMPLES = 8  # of a column's values

# A kind, the reason for it, and what a reader says besides, which is None for what is left out.
Verdict = tuple[ColumnKind, str, dict[str, Any] | None]


def truth(false: str, true: str) -> dict[str, list[str]]:
    """How 0 and 1 are read, also where another program writes them as truth values."""
    yes, no = dict.fromkeys([true, "1", "true"]), dict.fromkeys([false, "0", "false"])
    return {"true": list(yes), "false": list(no)}


def one_value(found: Sequence[Any] | np.ndarray) -> str:
    return f'"{raw.text_of(found[0])}" everywhere' if len(found) else "no values at all"
