"""What every section of the YAML is made of."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Count = Annotated[int, Ge(1)]


class Section(BaseModel):
    """A mapping of the YAML: its keys are the fields, no others, of exactly these types.

    The text below a field describes it to editors and in docs/configuration.md.
    """

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        validate_default=True,
        use_attribute_docstrings=True,
    )


_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def _seconds(form: Any) -> Any:
    """The seconds of a text such as 90s, 10m or 1h30m."""
    if not isinstance(form, str):
        return form
    match = _DURATION.fullmatch(form.replace(" ", ""))
    if match is None or not any(match.groups()):
        raise ValueError("write seconds, or a time such as 90s, 10m or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


# A time in seconds; in YAML also as a text with units.
Duration = Annotated[
    float,
    Gt(0),
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^(\d+(\.\d+)?h)?(\d+(\.\d+)?m)?(\d+(\.\d+)?s)?$"},
            ]
        }
    ),
]


@dataclass(frozen=True, eq=False)
class OneOf:
    """A text that is a name in one of the `tables`; an annotation for pydantic."""

    tables: tuple[Collection[str], ...]

    @property
    def names(self) -> list[str]:
        """The names that there are now."""
        return [name for table in self.tables for name in table]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the name behind whatever else is checked."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell editors the names."""
        return handler(schema) | {"enum": self.names}

    def _check(self, name: str) -> str:
        if name not in self.names:
            expected = ", ".join(f"'{option}'" for option in self.names)
            raise PydanticCustomError("literal_error", "unknown name", {"expected": expected})
        return name


def one_of(*tables: Collection[str]) -> OneOf:
    """A text that is a name in one of the tables, which stand where the names' meaning is."""
    return OneOf(tables)
