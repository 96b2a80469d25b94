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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotated_types import DocInfo

from hpopt.backend import load_keras
from hpopt.builders.base import Builder
from hpopt.errors import Location, SetupError, closest, in_words, suggest_name

SHIPPED = {"dense_dropout": "hpopt.builders.dense_dropout:build"}


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


@dataclass(frozen=True)
class Signature:
    """The keyword arguments of a builder; `takes_any` where it has `**kwargs`."""

    arguments: dict[str, Argument]
    takes_any: bool


def absolute_reference(reference: str, folder: Path) -> str:
    """The reference with a file's path made absolute, seen from `folder`.

    A module that stands in `folder` is taken for the file that it is.
    """
    file, _, function = reference.rpartition(":")
    if file.isidentifier() and (folder / f"{file}.py").is_file():
        file = f"{file}.py"
    if file.endswith(".py"):
        return f"{(folder / Path(file).expanduser()).absolute()}:{function}"
    return reference


def source_of(reference: str) -> Path | None:
    """The file of an absolute reference "/path/nets.py:build"; None for a name or a module."""
    source = reference.rpartition(":")[0]
    return Path(source) if source.endswith(".py") else None


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
        load_keras()  # the user's file will import it, and does not know how to keep it quiet
    return typing.cast(Builder, load_function(SHIPPED.get(reference, reference), "builder"))


def load_function(reference: str, what: str) -> Callable[..., Any]:
    """The function behind "path/file.py:function" or "package.module:function".

    `what` is what errors call it. Runs the user's own code when it is imported. Raises SetupError
    where there is no such function.
    """
    source, _, function = reference.rpartition(":")
    is_file = source.endswith(".py")
    module = _import_file(Path(source), what) if is_file else _import_module(source, what)
    found = vars(module).get(function)
    if not callable(found):
        functions = [
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        raise SetupError(
            f"there is no function `{function}` in {source}", help=suggest_name(function, functions)
        )
    return typing.cast(Callable[..., Any], found)


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
        {p.name: _argument(builder, p) for p in named},
        takes_any=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def blame(error: BaseException, builder: Builder | None = None) -> Location | None:
    """The line of the user's own code that an exception came from, where that is known."""
    if isinstance(error, SyntaxError) and error.filename:
        return Location(error.filename, error.lineno, error.offset, error.text)
    file = None if builder is None else _file_of(builder)
    return _line_in(file, error) if file else None


def _file_of(builder: Builder) -> str | None:
    """The file a user's builder is written in; None for ours, which are not the user's to mend."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(builder))
    except TypeError:
        return None
    return None if file is None or Path(file).parent == Path(__file__).parent else file


def _line_in(file: str, error: BaseException) -> Location | None:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == file:
            return Location(frame.filename, frame.lineno, text=frame.line)
    return None


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


def _import_file(path: Path, what: str) -> Any:
    try:
        modified_ns = path.stat().st_mtime_ns
    except (OSError, ValueError):
        beside = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        match = closest(path.name, beside)
        help = f"did you mean `{match}`?" if match else None
        raise SetupError(f"there is no {what} file {path}", help=help) from None
    return _execute_file(path, modified_ns, what)


@functools.lru_cache(maxsize=8)
def _execute_file(path: Path, modified_ns: int, what: str) -> Any:
    """Run a user's file once, and again only where it was written anew."""
    spec = importlib.util.spec_from_file_location(f"hpopt_user_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # for what it imports from beside it, now or later
    sys.modules[spec.name] = module  # where dataclasses and pickle look a module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise SetupError(
            f"the {what} file can't be imported: {in_words(error)}",
            location=blame(error) or _line_in(str(path), error) or Location(str(path)),
        ) from error
    return module


def _import_module(name: str, what: str) -> Any:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise SetupError(
            f"the {what}'s module `{name}` can't be imported: {in_words(error)}",
            help="install the package, or give the file: `path/file.py:function`",
        ) from error
