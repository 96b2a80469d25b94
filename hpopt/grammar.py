"""What every section of the YAML is made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from annotated_types import Ge
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

Count = Annotated[int, Ge(1)]


class Section(BaseModel):
    """A mapping of the YAML: its keys are the fields, no others, of exactly these types."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, validate_default=True
    )


def one_of(names: Iterable[str]) -> AfterValidator:
    """A text that is one of `names`, which are kept where their meaning is."""
    legal = list(names)

    def check(name: str) -> str:
        if name not in legal:
            expected = ", ".join(f"'{option}'" for option in legal)
            raise PydanticCustomError("literal_error", "unknown name", {"expected": expected})
        return name

    return AfterValidator(check)
