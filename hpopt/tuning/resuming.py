"""What has to hold before a later process goes on with a run: the same trials could still be made.

All that is needed stands in the run folder: the config as it was written, what was laid over it,
and the file of an own builder. The data are read again, and compared with what they were.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpopt.config.document import Document, KeyPath
from hpopt.config.dumping import inline_yaml
from hpopt.config.loading import Config, check_document
from hpopt.config.parsing import parse_document
from hpopt.errors import ConfigError, DataError, Problem, RunError
from hpopt.own_code import PLACES, code_files, code_prints, code_references
from hpopt.runs.events import Header
from hpopt.runs.folder import Run
from hpopt.trusted import check_trusted
from hpopt.tuning.comparable import differences, space_differences
from hpopt.tuning.warm_start import trials_within


@dataclass(frozen=True)
class Continuation:
    """What a run goes on with: its configuration, and what the journal is to say of it."""

    config: Config
    changes: Sequence[str]  # overrides beyond those that are recorded
    code: Mapping[str, str]  # fingerprints of the files of own code


def continuation_of(
    run: Run, changes: Sequence[str], *, data: str | None = None, trust_code: bool = False
) -> Continuation:
    """What a run goes on with: its own configuration, with overrides laid over it.

    `data` is where the data file is now. The run folder's copy of an own builder stands in for a
    file that is gone. Raises ConfigError for a wrong change, and where own code has changed that is
    not trusted; RunError where the folder does not hold what was written.
    """
    changes = (*changes, *_moved(run, data))
    document = _document(run, changes)
    files = code_files(document.tree, document.path.parent)
    copy = run.path / "builder" / files["builder"].name if "builder" in files else None
    if copy is not None and not files["builder"].is_file() and copy.is_file():
        function = document.tree["model"]["builder"].rpartition(":")[2]
        builder = inline_yaml(f"{copy.absolute()}:{function}")
        document = _document(run, (*changes, f"model.builder={builder}"))
        files["builder"] = copy
    _check_code(run, document, files, trust_code)
    return Continuation(check_document(document), changes, code_prints(files))


def _document(run: Run, changes: Sequence[str]) -> Document:
    header = run.header
    # Before overrides were recorded, what they came to was all that was left of them.
    name = "config.resolved.yaml" if header.overrides is None else "config.yaml"
    try:
        source = (run.path / name).read_bytes()
    except OSError:
        raise RunError(
            f"the run was ended before it had begun: {run.path} has no {name}",
            help="delete it and begin anew with `hpopt tune CONFIG`",
        ) from None
    place = Path(header.folder or run.path) / Path(header.config or name).name
    return parse_document(place, source, (*run.overrides, *changes))


def _moved(run: Run, data: str | None) -> list[str]:
    if data is None:
        return []
    dataset = _document(run, ()).tree.get("dataset") or {}
    if "path" not in dataset:
        raise ConfigError(
            f"the data of this run are in no file: their source is `{dataset.get('source')}`",
            help="leave --data out",
        )
    return [f"dataset.path={inline_yaml(str(Path(data).expanduser().absolute()))}"]


def _check_code(run: Run, document: Document, files: Mapping[str, Path], trust_code: bool) -> None:
    """Raise ConfigError where own code is gone, or may not run."""
    problems = [
        Problem(f"there is no file {path}", document.location(PLACES[role]), "put it back")
        for role, path in files.items()
        if not path.is_file()
    ]
    if problems:
        raise ConfigError.of(problems)
    check_trusted(
        code_references(document.tree, document.path.parent),
        run.code if run.header.overrides is not None else None,  # older runs recorded neither
        run.path,
        trust_code=trust_code,
        places={role: document.location(place) for role, place in PLACES.items()},
    )


def check_comparable(run: Run, config: Config, header: Header) -> None:
    """Raise ConfigError or DataError where new trials could not be compared with the run's own.

    `header` is what the journal of a new run of `config` would begin with.
    """
    help = _new_run(run, config, header)
    changed = [*differences(run.header, header), *space_differences(run.header, header)]
    if changed:
        problems = [
            Problem(
                f"new trials could not be compared with those of {run.path.name}: {what}",
                config.document.location(_place(section, name, config)),
            )
            for section, name, what in changed
        ]
        problems[-1] = replace(problems[-1], help=help)
        raise ConfigError.of(problems)
    before, now = run.header.fingerprints, header.fingerprints
    for part, words in (("data", "other data"), ("split", "another split of the data")):
        if before.get(part) != now.get(part):
            raise _blame_for_data(run, config)(
                f"the trials of {run.path.name} were made with {words}",
                location=config.document.location(("dataset", part)),
                help=f"put the data back (`--data PATH` says where they are now), or {help}",
            )


def _blame_for_data(run: Run, config: Config) -> type[ConfigError] | type[DataError]:
    """Whether a new setting is why the data are others, or the data themselves are."""
    settings = {text for text in config.document.overrides if text.startswith("dataset.")}
    return ConfigError if settings - set(run.overrides) else DataError


def _place(section: str, name: str, config: Config) -> KeyPath:
    return ("space", name) if name in config.settings.space else (section, name)


def _new_run(run: Run, config: Config, header: Header) -> str:
    """How a new run is begun, which knows of this one if it can."""
    document = config.document
    overrides = [part for override in document.overrides for part in ("-s", override)]
    command = shlex.join(["hpopt", "tune", str(document.path), *overrides])
    if not trials_within(config.binding.space, run, header):
        return (
            f"begin a new run: {command} (it can't start warm from this one, none of whose trials "
            "lies in its space)"
        )
    earlier = shlex.quote(run.shown_path)
    return f"begin a new run that knows of this one: {command} --warm-start {earlier}"
