"""Which own code may run for a run folder: what its trials ran, and what has run here before.

A run folder may come from anywhere, and all that it says of itself with it. So what a user has let
run is noted outside of all run folders: a hash of each file, or the name of each module.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from hpopt.errors import ConfigError, Location, Problem
from hpopt.own_code import code_print, source_of


def remember_code(references: Mapping[str, str]) -> None:
    """Note that this user has let the code of these absolute references run.

    Where that can't be noted, the code is asked for again, and no more.
    """
    new = [line for reference in references.values() if (line := _line(reference)) not in _noted()]
    place = _place()
    if not new or place is None:
        return
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(place, "a", encoding="utf-8", opener=_for_its_owner) as file:
            file.writelines(f"{line}\n" for line in new)


def check_trusted(
    references: Mapping[str, str],
    recorded: Mapping[str, str] | None,
    run_folder: Path,
    *,
    trust_code: bool,
    places: Mapping[str, Location | None] | None = None,
) -> None:
    """Raise ConfigError where code that a run folder names is not what ran, or has not run here.

    `references` are the absolute references by role, `recorded` the fingerprints of what the run's
    trials ran; None where none were recorded. With `trust_code` all of it may run, and is noted, so
    that nobody has to say so twice.
    """
    if trust_code:
        remember_code(references)
        return
    problems = [
        Problem(why, (places or {}).get(role), help)
        for role, reference in references.items()
        for why, help in _distrust(role, reference, recorded, run_folder)
    ]
    if problems:
        raise ConfigError.of(problems)


def _distrust(
    role: str, reference: str, recorded: Mapping[str, str] | None, run_folder: Path
) -> list[tuple[str, str]]:
    """Why code may not run without a word, and what helps; nothing where it may."""
    source, is_noted = source_of(reference), _line(reference) in _noted()
    if source is None:
        name = reference.rpartition(":")[0]
        why = f"the module `{name}` has not run for you on this machine yet"
        return [] if is_noted else [(why, _LET_IT)]
    if recorded is not None and code_print(source) != recorded.get(role):
        copy = run_folder / "builder" / source.name
        was = f" (builder/{source.name} in the run folder is what it was)"
        is_elsewhere = role == "builder" and copy.is_file() and source != copy.absolute()
        help = f"put the file back{was if is_elsewhere else ''}, or let the changed code run with"
        return [(f"{source} has changed since the run's trials ran it", f"{help} --trust-code")]
    if _is_inside(source, run_folder) and _others_beside(source):
        return [(f"beside {source} are files that hpopt did not put there", _LET_IT)]
    return [] if is_noted else [(f"{source} has not run for you on this machine yet", _LET_IT)]


_LET_IT = "read it; where you trust it, let it run with --trust-code"


def _is_inside(source: Path, folder: Path) -> bool:
    return source.resolve().is_relative_to(folder.resolve())


def _others_beside(source: Path) -> bool:
    """Whether the folder of a copy holds what the copy could import."""
    return any(path.name not in (source.name, "__pycache__") for path in source.parent.iterdir())


def _line(reference: str) -> str:
    """What is noted of code: its content, wherever it stands, or its module's name."""
    source = source_of(reference)
    if source is None:
        return f"module {reference.rpartition(':')[0]}"
    try:
        return f"sha256 {hashlib.sha256(source.read_bytes()).hexdigest()}"
    except (OSError, ValueError):
        return "gone"


def _noted() -> set[str]:
    place = _place()
    try:
        text = "" if place is None else place.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return set(text.splitlines()) - {"gone"}


def _place() -> Path | None:
    """Where it is noted: outside of run folders, in the user's own state."""
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:  # there is no home
        return None
    return Path(state) / "hpopt" / "trusted_code"


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
