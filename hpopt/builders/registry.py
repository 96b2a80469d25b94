"""Finds builders by name, by file or by module, and reads their signatures.

A builder's signature is its grammar: what it takes by keyword is what the YAML may set or search.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import sys
import traceback
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpopt.backend import prepare_import
from hpopt.builders.base import Builder
from hpopt.errors import Location, SetupError, suggest_name

SHIPPED = {"dense_dropout": "hpopt.builders.dense_dropout:build"}


@dataclass(frozen=True)
class Argument:
    """A keyword argument of a builder: its annotation (Any where it has none) and its need."""

    annotation: Any
    required: bool


@dataclass(frozen=True)
class Signature:
    """The keyword arguments of a builder; `takes_any` where it has `**kwargs`."""

    arguments: dict[str, Argument]
    takes_any: bool


def absolute_reference(reference: str, folder: Path) -> str:
    """The reference with a file's path made absolute, seen from `folder`."""
    file, _, function = reference.rpartition(":")
    if file.endswith(".py"):
        return f"{(folder / file).resolve()}:{function}"
    return reference


def load_builder(reference: str) -> Builder:
    """The builder behind a shipped name, "path/nets.py:build" or "package.module:build".

    Runs the user's own code when it is imported. Raises SetupError where there is no such function.
    """
    source, _, function = SHIPPED.get(reference, reference).rpartition(":")
    if not source or not function:
        raise SetupError(
            f"unknown builder `{reference}`",
            help=suggest_name(reference, SHIPPED) + ', or your own as "nets.py:build"',
        )
    prepare_import()
    module = _import_file(Path(source)) if source.endswith(".py") else _import_module(source)
    builder = getattr(module, function, None)
    if not callable(builder):
        functions = [name for name, value in vars(module).items() if inspect.isfunction(value)]
        raise SetupError(
            f"there is no function `{function}` in {source}", help=suggest_name(function, functions)
        )
    return typing.cast(Builder, builder)


def read_signature(builder: Builder) -> Signature:
    """What a builder takes by keyword, behind its first two arguments (input_shape, output).

    Raises SetupError where it has not these two.
    """
    parameters = list(inspect.signature(builder).parameters.values())
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
        {p.name: Argument(_annotation(builder, p), p.default is p.empty) for p in named},
        takes_any=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def blame(error: BaseException, file: str | None = None) -> Location | None:
    """The line of the user's own code that an exception came from, where there is one.

    That is the innermost frame in `file`, or, without it, outside the installed packages.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return Location(error.filename, error.lineno, error.offset, error.text)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == file:
            return Location(frame.filename, frame.lineno, text=frame.line)
    return None


def builder_file(builder: Builder) -> str | None:
    """The file a builder is written in, where it is known."""
    try:
        return inspect.getsourcefile(inspect.unwrap(builder))
    except TypeError:
        return None


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


def _import_file(path: Path) -> Any:
    if not path.is_file():
        raise SetupError(f"there is no builder file {path}")
    return _execute_file(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _execute_file(path: Path, modified_ns: int) -> Any:
    """Run a builder file once, and again only where it was written anew."""
    spec = importlib.util.spec_from_file_location(f"hpopt_user_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses and pickle look a module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SetupError(
            f"the builder file can't be imported: {_in_words(error)}",
            location=blame(error, str(path)) or Location(str(path)),
        ) from error
    return module


def _import_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise SetupError(
            f"the builder's module `{name}` can't be imported: {_in_words(error)}",
            help="install the package, or give the file: `path/nets.py:build`",
        ) from error


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
