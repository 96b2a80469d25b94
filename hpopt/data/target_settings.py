"""The grammar of the key `target`: a name alone, or with the class that is the positive one."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import Discriminator, Tag

from hpopt.grammar import Section

# A class as YAML writes it; a number or a truth value stands for its text.
Label = str | int | float | bool


class TargetColumn(Section):
    """What is predicted, by its name, and what counts as positive."""

    name: Annotated[str, MinLen(1)]
    """The column, array or file, as where the name stands alone."""
    positive: Label | None = None
    """Of two classes the one that `f1`, `average_precision`, the threshold and reports are about;
    if left out, the rarer."""


def _form_of(value: Any) -> str:
    return "mapping" if isinstance(value, dict | TargetColumn) else "text"


TargetName = Annotated[
    Annotated[str, MinLen(1), Tag("text")] | Annotated[TargetColumn, Tag("mapping")],
    Discriminator(_form_of),
]


def target_column(target: str | TargetColumn) -> TargetColumn:
    """The target in its long form."""
    return target if isinstance(target, TargetColumn) else TargetColumn(name=target)


def positive_of(target: str | TargetColumn | None) -> Label | None:
    """The positive class that the owner of the data has named."""
    return target.positive if isinstance(target, TargetColumn) else None
