"""Finds builders by name, by file or by module, and reads their signatures.

A builder's signature is its grammar: what it takes by keyword is what the YAML may set or search.
"""

from __future__ import annotations

import inspect
import types
import typing
from dataclasses import dataclass
from typing import Any, Protocol

from annotated_types import DocInfo

from hpopt.backend import load_keras
from hpopt.errors import SetupError, suggest_name
from hpopt.own_code import check_there, load_function
from hpopt.task import Output

SHIPPED = {
    "dense_dropout": "hpopt.builders.dense_dropout:build",
    "tabular": "hpopt.builders.tabular:build",
    "conv": "hpopt.builders.conv:build",
    "recurrent": "hpopt.builders.recurrent:build",
    "pretrained": "hpopt.builders.pretrained:build",
}


# What hpopt gives to a builder that takes it, and no config sets: which inputs are numbers.
PLACES = "places_of_numbers"


class _File:
    """Says of an argument, in its annotation, that it names a file."""


FILE = _File()


class Builder(Protocol):
    """A function from the shape of one row and the output to an uncompiled `keras.Model`.

    Its keyword arguments are what the YAML can set under `model:` or search under `space:`.
    """

    def __call__(
        self, input_shape: tuple[int, ...], output: Output, /, **arguments: Any
    ) -> Any: ...


@dataclass(frozen=True)
class Argument:
    """A keyword argument of a builder: its annotation (Any where it has none) and its need."""

    annotation: Any
    required: bool
    default: Any = None

    @property
    def description(self) -> str | None:
        """What it is for, where its annotation says so: `Annotated[int, doc("...")]`."""
        notes = getattr(self.annotation, "__metadata__", ())
        return next((note.documentation for note in notes if isinstance(note, DocInfo)), None)

    @property
    def is_file(self) -> bool:
        """Whether it names a file, seen from the config's folder."""
        return any(note is FILE for note in getattr(self.annotation, "__metadata__", ()))


@dataclass(frozen=True)
class Signature:
    """The keyword arguments of a builder; `takes_any` where it has `**kwargs`.

    `takes_places` where it asks for PLACES, which is none of them; `compiles` where its code seems
    to compile the network itself.
    """

    arguments: dict[str, Argument]
    takes_any: bool
    compiles: bool = False
    takes_places: bool = False

    @property
    def files(self) -> list[str]:
        """The arguments that name files."""
        return [name for name, argument in self.arguments.items() if argument.is_file]


def load_builder(reference: str) -> Builder:
    """The builder behind a shipped name, "path/nets.py:build" or "package.module:build".

    Runs the user's own code when it is imported. Raises SetupError where there is no such function.
    """
    if not all(SHIPPED.get(reference, reference).rpartition(":")):
        raise SetupError(
            f"unknown builder `{reference}`",
            help=f'name its function too: "{reference}:build"'
            if reference.endswith(".py")
            else suggest_name(reference, SHIPPED) + ', or your own as "nets.py:build"',
        )
    if reference not in SHIPPED:
        check_there(reference, "builder")  # importing Keras takes its time
        load_keras()  # the user's file will import it, and does not know how to keep it quiet
    return typing.cast(Builder, load_function(SHIPPED.get(reference, reference), "builder"))


def read_signature(builder: Builder) -> Signature:
    """What a builder takes by keyword, behind its first two arguments (input_shape, output).

    Raises SetupError where it has not these two.
    """
    try:
        parameters = list(inspect.signature(builder).parameters.values())
    except (TypeError, ValueError) as error:
        raise SetupError(f"the builder has no signature that can be read: {error}") from None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(parameters) < 2 or any(p.kind not in positional for p in parameters[:2]):
        raise SetupError(
            "the builder does not take (input_shape, output, ...) first",
            help="def build(input_shape, output, *, num_layers=1): ...",
        )
    named = [
        p
        for p in parameters[2:]
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY)
    ]
    return Signature(
        {p.name: _argument(builder, p) for p in named if p.name != PLACES},
        takes_any=any(p.kind is p.VAR_KEYWORD for p in parameters),
        compiles=_compiles(builder),
        takes_places=any(p.name == PLACES for p in named),
    )


def _compiles(builder: Builder) -> bool:
    """Whether a builder, or a function of its file that it names, names `compile`, but not `re`."""
    functions = [inspect.unwrap(builder)]
    own_names = getattr(functions[0], "__globals__", {})
    for name in getattr(getattr(functions[0], "__code__", None), "co_names", ()):
        if inspect.isfunction(own_names.get(name)):
            functions.append(own_names[name])
    named = [getattr(getattr(each, "__code__", None), "co_names", ()) for each in functions]
    return any("compile" in names and "re" not in names for names in named)


def _argument(builder: Builder, parameter: inspect.Parameter) -> Argument:
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    return Argument(_annotation(builder, parameter), required, default)


def _annotation(builder: Builder, parameter: inspect.Parameter) -> Any:
    """A parameter's annotation, evaluated where it is a string; Any where it can't be."""
    if parameter.annotation is parameter.empty:
        return Any
    holder = types.SimpleNamespace(__annotations__={"it": parameter.annotation})
    names = getattr(inspect.unwrap(builder), "__globals__", {})
    try:
        return typing.get_type_hints(holder, globalns=names, include_extras=True)["it"]
    except Exception:  # a name that only type checkers see; the preflight still tries the value
        return Any
