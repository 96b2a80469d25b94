"""Puts what Python has, a DataFrame or a function, into files: trials run in other processes.

A run reads them again when it is resumed, so they stay beside the run folders.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpopt.errors import ConfigError, DataError, in_words
from hpopt.files import write_whole

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "from_python"  # beside the run folders
_PLAIN = (bool, int, float, str, type(None))


def ship_frame(frame: pd.DataFrame, folder: Path) -> tuple[str, Path]:
    """Write a DataFrame below `folder`: the source that reads it, and its file.

    It is Parquet, or CSV where pyarrow is not installed; an index without a name is left
    out. Raises DataError
    where a column can't be written.
    """
    source = "parquet" if importlib.util.find_spec("pyarrow") is not None else "csv"
    try:
        is_named = any(name is not None for name in frame.index.names)
        frame = frame if is_named else frame.reset_index(drop=True)
        is_parquet = source == "parquet"
        content = frame.to_parquet() if is_parquet else frame.to_csv(index=is_named).encode()
    except Exception as error:
        raise DataError(
            f"the DataFrame can't be written for the processes of trials: {in_words(error)}",
            help="columns of numbers, texts, dates and booleans can",
        ) from error
    return source, _written(folder, "frame", source, content)


def ship_function(function: Callable[..., Any], folder: Path) -> str:
    """The reference "file.py:name" of a builder function, written below `folder` if it needs to be.

    A function of a module's file is named by that; one of a notebook is written with what it names
    of its surroundings: imports, plain values, and other functions and classes of the notebook.
    Raises ConfigError for what no other process could have.
    """
    if isinstance(function, str):
        raise ConfigError(
            f'the builder "{function}" is a reference, which stands in the config',
            help=f"{{'model': {{'builder': {function!r}}}}}, or hand over the function itself",
        )
    name = getattr(function, "__name__", "?")
    if not inspect.isfunction(function) or name == "<lambda>":
        raise _not_shipped("it has no name that a file could give it", "write it with `def`")
    if function.__closure__ or function.__qualname__ != name:
        raise _not_shipped(
            "it stands inside another function or a class", "put it at the top of its file"
        )
    file = inspect.getsourcefile(function)
    if file is not None and Path(file).suffix == ".py" and Path(file).is_file():
        return f"{Path(file).absolute()}:{name}"
    lines = dict.fromkeys(_with_surroundings(function, set()))
    text = "from __future__ import annotations\n\n" + "\n\n".join(lines) + "\n"
    return f"{_written(folder, name, 'py', text.encode())}:{name}"


def _with_surroundings(what: Any, done: set[str]) -> Iterator[str]:
    """The source of a function or class of a notebook, behind what it names."""
    try:
        source = textwrap.dedent(inspect.getsource(what))
    except (OSError, TypeError):
        raise _not_shipped(
            f"the source of `{what.__name__}` is not to be had", "write it into a file"
        ) from None
    done.add(what.__name__)
    surroundings = _names_around(what)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in surroundings and node.id not in done:
            yield from _binding(node.id, surroundings[node.id], done)
    yield source.rstrip()


def _names_around(what: Any) -> Mapping[str, Any]:
    """The names of the notebook or module in which a function or class stands."""
    return what.__globals__ if inspect.isfunction(what) else vars(sys.modules[what.__module__])


def _binding(name: str, value: Any, done: set[str]) -> Iterator[str]:
    """Lines that give a name its value."""
    done.add(name)
    if isinstance(value, types.ModuleType):
        yield f"import {value.__name__} as {name}"
    elif isinstance(value, _PLAIN) or (
        isinstance(value, list | tuple) and all(isinstance(each, _PLAIN) for each in value)
    ):
        yield f"{name} = {value!r}"
    elif getattr(value, "__module__", None) in (None, "__main__"):
        if not (inspect.isfunction(value) or inspect.isclass(value)):
            raise _not_shipped(
                f"it uses `{name}`, a {type(value).__name__} of this process",
                "make it inside the function",
            )
        yield from _with_surroundings(value, done)
    elif hasattr(value, "__qualname__"):
        yield f"from {value.__module__} import {value.__qualname__} as {name}"
    else:
        raise _not_shipped(
            f"it uses `{name}`, a {type(value).__name__} of this process",
            "make it inside the function",
        )


def _written(folder: Path, name: str, suffix: str, content: bytes) -> Path:
    """The file of a content, which is written once."""
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = (folder / FOLDER / f"{name}_{digest}.{suffix}").absolute()
    if not path.is_file():
        write_whole(path, lambda file: file.write(content))
    return path


def _not_shipped(why: str, help: str) -> ConfigError:
    return ConfigError(f"the builder can't be had by the processes of trials: {why}", help=help)
