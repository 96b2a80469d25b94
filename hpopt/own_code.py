"""A user's own code: a function named by its file or module, loaded, fingerprinted, and blamed.

A reference is "path/file.py:function" or "package.module:function".
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from hpopt.errors import HpoptError, Location, SetupError, closest, in_words, suggest_name

# The two settings that may name a function: its section, and its key there.
PLACES = {"builder": ("model", "builder"), "data": ("dataset", "source")}


# The files and modules that are being imported now, the innermost last.
_BEGUN: list[str] = []


def refuse_while_importing(what: str) -> None:
    """Raise SetupError where `what` is called by own code that is being imported for a run.

    It would begin a run within the run, whose import begins the next.
    """
    if _BEGUN:
        raise SetupError(
            f"{_BEGUN[-1]} calls {what} while it is imported",
            help='put the call below `if __name__ == "__main__":`',
        )


@contextmanager
def _importing(name: str) -> Iterator[None]:
    _BEGUN.append(name)
    try:
        yield
    finally:
        _BEGUN.pop()


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


def code_references(tree: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """The absolute references of own code in a config's `tree`; none of it is run."""
    references = {}
    for role, (section, key) in PLACES.items():
        reference = (tree.get(section) or {}).get(key)
        if isinstance(reference, str) and is_own(reference):
            references[role] = absolute_reference(reference, folder)
    return references


def is_own(reference: str) -> bool:
    """Whether a reference names a user's code, and not one of hpopt's builders or sources."""
    source, colon, _ = reference.rpartition(":")
    return bool(colon) and (source.endswith(".py") or not source.startswith("hpopt."))


def code_files(tree: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """The files of own code that a config's `tree` names, seen from `folder`; none of it is run."""
    sources = {role: source_of(ref) for role, ref in code_references(tree, folder).items()}
    return {role: source for role, source in sources.items() if source is not None}


def code_print(path: Path) -> str | None:
    """A short hash of a file; None where it is gone."""
    if not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def code_prints(files: Mapping[str, Path]) -> dict[str, str]:
    """A short hash of each file; of one that is gone, none."""
    prints = {role: code_print(path) for role, path in files.items()}
    return {role: fingerprint for role, fingerprint in prints.items() if fingerprint is not None}


def load_function(reference: str, what: str) -> Callable[..., Any]:
    """The function behind "path/file.py:function" or "package.module:function".

    `what` is what errors call it. Runs the user's own code when it is imported. Raises SetupError
    where there is no such function.
    """
    source, _, name = reference.rpartition(":")
    if source == "__main__":
        file = Path(getattr(sys.modules["__main__"], "__file__", None) or "nets.py").name
        raise SetupError(
            f"the {what} `{reference}` is not there in other processes, where trials run",
            help=f"name its file: `{file}:{name}`",
        )
    is_file = source.endswith(".py")
    module = _import_file(Path(source), what) if is_file else _import_module(source, what)
    function = vars(module).get(name)
    if not callable(function):
        functions = [
            other
            for other, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
        ]
        raise SetupError(
            f"there is no function `{name}` in {source}", help=suggest_name(name, functions)
        )
    return typing.cast(Callable[..., Any], function)


def blame(error: BaseException, function: Callable[..., Any] | None = None) -> Location | None:
    """The line of the user's own code that an exception came from, where that is known."""
    if isinstance(error, SyntaxError) and error.filename:
        return Location(error.filename, error.lineno, error.offset, error.text)
    file = None if function is None else _file_of(function)
    return _line_in(file, error) if file else None


def _file_of(function: Callable[..., Any]) -> str | None:
    """The file a user's function is written in; None for ours, which are not the user's to mend."""
    try:
        file = inspect.getsourcefile(inspect.unwrap(function))
    except TypeError:
        return None
    is_ours = file is None or Path(file).is_relative_to(Path(__file__).parent)
    return None if is_ours else file


def _line_in(file: str, error: BaseException) -> Location | None:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == file:
            return Location(frame.filename, frame.lineno, text=frame.line)
    return None


def check_there(reference: str, what: str) -> None:
    """Raise SetupError where there is no such file or module; none of it is run."""
    source = reference.rpartition(":")[0]
    if source.endswith(".py"):
        _modified_ns(Path(source), what)
        return
    package = source.partition(".")[0]
    try:
        is_there = package in sys.modules or importlib.util.find_spec(package) is not None
    except ValueError:
        is_there = False
    if not is_there:
        raise _no_module(source, what, f"No module named '{package}'")


def _import_file(path: Path, what: str) -> Any:
    return _execute_file(path, _modified_ns(path, what), what)


def _modified_ns(path: Path, what: str) -> int:
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        beside = [other.name for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        match = closest(path.name, beside)
        help = f"did you mean `{match}`?" if match else None
        raise SetupError(f"there is no {what} file {path}", help=help) from None


@functools.lru_cache(maxsize=8)
def _execute_file(path: Path, modified_ns: int, what: str) -> Any:
    """Run a user's file once, and again only where it was written anew."""
    name = f"hpopt_user_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Source(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # for what it imports from beside it, now or later
    sys.modules[spec.name] = module  # where dataclasses and pickle look a module up
    try:
        with _importing(str(path)):
            spec.loader.exec_module(module)
    except HpoptError:
        raise
    except (Exception, SystemExit) as error:
        raise SetupError(
            f"the {what} file can't be imported: {in_words(error)}",
            location=blame(error) or _line_in(str(path), error) or Location(str(path)),
        ) from error
    return module


class _Source(SourceFileLoader):
    """Runs the file that was read, and not what `__pycache__` beside it says that it is."""

    def get_code(self, fullname: str) -> types.CodeType:
        """The file's own text, compiled."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _import_module(name: str, what: str) -> Any:
    try:
        with _importing(name):
            return importlib.import_module(name)
    except HpoptError:
        raise
    except (Exception, SystemExit) as error:
        raise _no_module(name, what, in_words(error)) from error


def _no_module(name: str, what: str, why: str) -> SetupError:
    return SetupError(
        f"the {what}'s module `{name}` can't be imported: {why}",
        help="install the package, or give the file: `path/file.py:function`",
    )
