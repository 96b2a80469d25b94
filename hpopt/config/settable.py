"""What the names of `model`, `training` and `space` set, and which values are legal for them.

A name is an argument of the builder, a setting of the training, or a part of one of them that is a
mapping: `early_stopping.patience`.
"""

from __future__ import annotations

import logging
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import pydantic

from hpopt.builders.registry import Signature, load_builder, read_signature
from hpopt.config.document import Document
from hpopt.config.schema import Settings
from hpopt.errors import ConfigError, SetupError
from hpopt.grammar import Section
from hpopt.own_code import absolute_reference
from hpopt.space.names import is_part, owner
from hpopt.training.settings import NOT_SEARCHABLE, Training

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

log = logging.getLogger(__name__)


class Settable:
    """The names that a builder and the training know."""

    def __init__(self, signature: Signature) -> None:
        self._signature = signature

    def is_there(self, name: str) -> bool:
        """Whether something is set by the name. Where it is a mapping, its parts count too."""
        try:
            self._annotation(name)
        except LookupError:
            return False
        return True

    def of_builder(self, name: str) -> bool:
        """Whether the builder takes an argument of this name."""
        return self._signature.takes_any or name in self._signature.arguments

    def nests(self, name: str) -> bool:
        """Whether what the name sets can be a mapping, whose parts have names of their own."""
        return self.is_there(name) and any(
            kind is Any or _parts(kind) is not None or _values(kind) is not None
            for kind in _kinds(self._annotation(name))
        )

    def parts(self, name: str) -> list[str]:
        """The parts of a section, by their full names; none of what is no section."""
        if not self.is_there(name):
            return []
        kinds = _kinds(self._annotation(name))
        return [f"{name}.{part}" for kind in kinds for part in _parts(kind) or ()]

    def searchable(self) -> list[str]:
        """All names that may stand in `space`, as far as they can be listed."""
        settings = [name for name in Training.model_fields if name not in NOT_SEARCHABLE]
        names = [*self._signature.arguments, *settings]
        return [leaf for name in names for leaf in self.parts(name) or [name]]

    def section(self, setting: str) -> Section | None:
        """A setting of the training that is a section, with its defaults; None for others."""
        for kind in _kinds(self._annotation(setting)):
            if isinstance(kind, type) and issubclass(kind, Section):
                return kind()
        return None

    def complaints(self, name: str, value: Any) -> list[ErrorDetails]:
        """What pydantic has against a value for what the name sets; nothing of unknown names."""
        options = pydantic.ConfigDict(arbitrary_types_allowed=True)
        try:
            annotation = self._annotation(name)
            adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(annotation, config=options)
            # YAML knows lists only, which are good enough for a tuple.
            adapter.validate_python(value, strict=not isinstance(value, list))
        except pydantic.ValidationError as error:
            return error.errors()
        except LookupError:
            return []
        except Exception:  # the annotation is none for pydantic; the preflight tries the value
            log.debug("the annotation of `%s` can't be checked", name, exc_info=True)
        return []

    def _annotation(self, name: str) -> Any:
        """The annotation of what the name sets. Raises LookupError where nothing is set by it."""
        head, *steps = name.split(".")
        if head in Training.model_fields:
            annotation = _of_fields(Training)[head]
        elif head in self._signature.arguments:
            annotation = self._signature.arguments[head].annotation
        elif self._signature.takes_any:
            annotation = Any
        else:
            raise LookupError(name)
        for step in steps:
            annotation = _part(annotation, step)
        return annotation


def resolve_builder(settings: Settings, document: Document) -> tuple[str, Signature]:
    """The builder's reference, whose path is seen from anywhere, and its signature.

    Raises ConfigError where there is none, or where it takes what the training owns.
    """
    place = document.location(("model", "builder"))
    folder = Path(document.path).resolve().parent
    reference = absolute_reference(settings.model.builder, folder)
    try:
        signature = read_signature(load_builder(reference))
    except SetupError as error:
        raise ConfigError.of(error.at(place).problems) from error.__cause__
    owned = [name for name in signature.arguments if name in Training.model_fields]
    if owned:
        raise ConfigError(
            f"the builder takes `{owned[0]}`, which is a setting of `training`",
            location=place,
            help="give the builder's argument another name",
        )
    return reference, signature


def of_training(name: str) -> bool:
    """Whether a name is that of a setting of the training, or of a part of one."""
    return owner(name) in Training.model_fields


def holder_of(name: str) -> str:
    """What holds a part: `early_stopping` of `early_stopping.patience`."""
    assert is_part(name)
    return name.rpartition(".")[0]


def _part(annotation: Any, step: str) -> Any:
    for kind in _kinds(annotation):
        if kind is Any:
            return Any
        parts, values = _parts(kind), _values(kind)
        if parts is not None and step in parts:
            return parts[step]
        if values is not None:
            return values
    raise LookupError(step)


def _kinds(annotation: Any) -> Iterator[Any]:
    """The members of a union, without what annotates them."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (typing.Union, types.UnionType):
        for option in get_args(annotation):
            yield from _kinds(option)
    else:
        yield annotation


def _parts(kind: Any) -> Mapping[str, Any] | None:
    """The annotations of what a section or a TypedDict holds, by name; None of other kinds."""
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return _of_fields(kind)
    if typing.is_typeddict(kind):
        return typing.get_type_hints(kind, include_extras=True)
    return None


def _values(kind: Any) -> Any:
    """The annotation of the values of a mapping whose keys are free; None of other kinds."""
    origin = get_origin(kind) or kind
    if typing.is_typeddict(kind) or not (isinstance(origin, type) and issubclass(origin, Mapping)):
        return None
    return (*get_args(kind), Any, Any)[1]


def _of_fields(section: type[pydantic.BaseModel]) -> dict[str, Any]:
    return {
        name: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for name, field in section.model_fields.items()
    }
