"""What a case is, what can become of it, and how it is run."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"

_CPU_S = 20.0  # no case needs a second of it
_WALL_S = 600.0
_ANY_CODES = frozenset({0, 1, 2, 3, 4})


@dataclass(frozen=True)
class Case:
    """Files in an empty folder, and commands that are run there one after the other.

    `codes` are the exit codes that are right. A command whose name begins with a colon is one of
    `ACTIONS`; all others are hpopt's.
    """

    name: str  # "configs:17"
    commands: list[list[str]]
    files: dict[str, bytes] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)  # what is copied there before
    codes: frozenset[int] = _ANY_CODES
    smaller: str | None = None  # the file that may be cut down to find out what is at fault


@dataclass(frozen=True)
class Failure:
    """What went wrong; two of one `kind` are taken for the same fault."""

    kind: str
    command: list[str]
    text: str


class _TooLong(BaseException):
    """Raised by a timer, past all that catches exceptions."""


def run(case: Case) -> Failure | None:
    """Run a case in a folder of its own. None if all is as it should be."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        for name, source in case.folders.items():
            shutil.copytree(source, place / name)
        for name, content in case.files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        os.chdir(place)
        try:
            for command in case.commands:
                if failure := _run(command, case.codes):
                    return failure
        finally:
            os.chdir(before)
            gc.collect()
    return None


def _run(command: list[str], codes: frozenset[int]) -> Failure | None:
    out, err = io.StringIO(), io.StringIO()
    code: object = None
    try:
        with _limited(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                ACTIONS.get("".join(command[:1]), _hpopt)(command)
                code = 0
            except SystemExit as ended:
                code = ended.code or 0
    except _TooLong:
        where = traceback.format_exc()
        return Failure(f"takes for ever {_place(sys.exc_info()[2])}", command, where)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        text = traceback.format_exc()
        return Failure(f"{type(error).__name__} {_place(error.__traceback__)}", command, text)
    if "Traceback (most recent call last)" in err.getvalue():
        return Failure("a traceback on stderr", command, err.getvalue())
    if code not in codes:
        return Failure(f"exit code {code}", command, err.getvalue())
    if code and not err.getvalue().strip():
        return Failure(f"exit code {code} without a word", command, out.getvalue())
    return None


def _hpopt(command: list[str]) -> None:
    from hpopt.cli.main import main

    before = sys.argv
    sys.argv = ["hpopt", *command]
    try:
        main()
    finally:
        sys.argv = before


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """End what uses too much processor time, or waits too long."""

    def end(*_: object) -> None:
        raise _TooLong

    timers = (
        (signal.SIGPROF, signal.ITIMER_PROF, _CPU_S),
        (signal.SIGALRM, signal.ITIMER_REAL, _WALL_S),
    )
    handlers = {number: signal.signal(number, end) for number, _, _ in timers}
    try:
        for _, timer, seconds in timers:
            signal.setitimer(timer, seconds)
        yield
    finally:
        for number, timer, _ in timers:
            signal.setitimer(timer, 0)
            signal.signal(number, handlers[number])


def _place(trace: object) -> str:
    """The innermost line of hpopt's own."""
    frames = [f for f in traceback.extract_tb(trace) if f"{ROOT}/hpopt/" in f.filename]  # type: ignore[arg-type]
    if not frames:
        return "outside of hpopt"
    return f"at {Path(frames[-1].filename).relative_to(ROOT)}:{frames[-1].lineno}"


def ended(action: Callable[..., object]) -> Callable[[list[str]], None]:
    """An action as a command: what it raises for people becomes their exit code."""
    from hpopt.errors import HpoptError

    def run(command: list[str]) -> None:
        try:
            action(*command[1:])
        except HpoptError as error:
            print(error.render(), file=sys.stderr)
            sys.exit(error.exit_code)

    return run


def _read_data(config: str) -> None:
    """All that a run does with its data before it has a folder."""
    from hpopt.config.loading import load_config
    from hpopt.tuning.material import header_of, read_material

    loaded = load_config(Path(config))
    material = read_material(loaded)
    header_of(loaded, material)
    objective = material.objective(loaded, Path("prepared"))
    material.splits(loaded, Path("prepared"))
    assert objective.data.inputs("train").ndim > 1


def _read_rows(rows: str, run: str) -> None:
    """What `predict` and `evaluate` do with a file, as far as that needs no network."""
    from hpopt.data.new_rows import read_new_rows
    from hpopt.export.best import data_of
    from hpopt.runs.finding import find_run

    data = data_of(find_run(run), of_best=False)  # a run that was interrupted has no model
    for with_target in (False, True):
        new = read_new_rows(Path(rows), data, with_target=with_target)
        assert len(data.features.apply(new.rows)) == new.count


ACTIONS = {":data": ended(_read_data), ":rows": ended(_read_rows)}
