"""`hpopt.tune` and `hpopt.resume`: the main job for people who write Python."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpopt.config.dumping import inline_yaml
from hpopt.config.loading import Config, load_config, load_document
from hpopt.config.plain import check_plain
from hpopt.config.schema import Settings
from hpopt.errors import ConfigError, closest
from hpopt.own_code import refuse_while_importing
from hpopt.runs.finding import find_folder, find_run
from hpopt.runs.folder import Run
from hpopt.shipping import ship_frame, ship_function
from hpopt.tracking.progress import choose_progress
from hpopt.tuning.tune import resume as resume_run
from hpopt.tuning.tune import tune as tune_config

if TYPE_CHECKING:
    import pandas as pd


def tune(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config,
    *,
    data: pd.DataFrame | None = None,
    builder: Callable[..., Any] | None = None,
    output_dir: str | os.PathLike[str] = "runs",
    warm_start: str | os.PathLike[str] | Run | None = None,
    progress: bool = True,
    **overrides: Any,
) -> Run:
    """Search for the best network, and leave a run folder in `output_dir`.

    `config` is the path of a YAML file, a mapping of the same content, or what `load_config` gives.
    `data` takes the place of the table that its `dataset` reads, and `builder` that of its
    `model.builder`; both are written below `output_dir`, from where trials and `resume` read them.
    An override is the path of a key with two underscores between its steps:
    `tune("config.yaml", search__n_calls=20, space__optimizer="sgd")`. `progress` says on stderr how
    the run goes on. `warm_start` is an earlier run to learn from, or what `find_run` takes.

    Raises ConfigError, DataError or SetupError before the first trial, and leaves no folder then;
    RunError where files can't be written; Interrupted on Ctrl-C, with the run folder kept.
    """
    refuse_while_importing("hpopt.tune")
    if isinstance(config, Config):
        if overrides or data is not None or builder is not None:
            raise ConfigError(
                "a config that is loaded can't be overridden",
                help="give the path to `tune`, or the overrides to `load_config`",
            )
    else:
        changes = _as_written(overrides)
        shipped = _shipped(config, changes, data, builder, Path(output_dir))
        config = load_config(config, [*shipped, *changes])
    earlier = _found(warm_start, output_dir)
    observer = choose_progress() if progress else None
    return tune_config(config, output_dir=output_dir, earlier=earlier, observer=observer)


def resume(
    run: str | os.PathLike[str] | Run,
    *,
    data: str | os.PathLike[str] | None = None,
    trust_code: bool = False,
    progress: bool = True,
    **overrides: Any,
) -> Run:
    """Go on with a run from its folder, as if it had never ended.

    `run` is one, or what `find_run` takes. Overrides are those of `tune`: more trials with
    `search__n_calls=200`, another acquisition function. `data` is where the data file is now;
    `trust_code` lets own code run that has changed since.

    Raises what `tune` raises; ConfigError or DataError where new trials could not be compared with
    those that the run has, RunError where another process is writing it.
    """
    refuse_while_importing("hpopt.resume")
    return resume_run(
        run.path if isinstance(run, Run) else find_folder(os.fspath(run)),
        changes=_as_written(overrides),
        data=None if data is None else os.fspath(data),
        trust_code=trust_code,
        observer=choose_progress() if progress else None,
    )


def _shipped(
    config: str | os.PathLike[str] | Mapping[str, Any],
    changes: list[str],
    data: pd.DataFrame | None,
    builder: Callable[..., Any] | None,
    folder: Path,
) -> list[str]:
    """The overrides that name the files of what Python gave, beside the `changes` of its caller.

    Raises ConfigError where no row may be written.
    """
    overrides = []
    if data is not None:
        if type(data).__name__ != "DataFrame":
            raise ConfigError(f"`data` is a {type(data).__name__}, not a DataFrame")
        document = load_document(config, changes)
        output = document.tree.get("output")
        if isinstance(output, Mapping) and output.get("keep_rows") == 0:
            raise ConfigError(
                "`output.keep_rows: 0` promises that no row is written, and a DataFrame has to be",
                location=document.location(("output", "keep_rows")),
                help="save it where rows may stand, and name that file in `dataset`",
            )
    if builder is not None:
        overrides.append(f"model.builder={inline_yaml(ship_function(builder, folder))}")
    if data is not None:
        source, path = ship_frame(data, folder)
        overrides += [f"dataset.source={source}", f"dataset.path={inline_yaml(str(path))}"]
    return overrides


def _found(run: str | os.PathLike[str] | Run | None, parent: str | os.PathLike[str]) -> Run | None:
    return run if run is None or isinstance(run, Run) else find_run(os.fspath(run), Path(parent))


def _as_written(overrides: Mapping[str, Any]) -> list[str]:
    """The overrides as the command line has them."""
    sections = list(Settings.model_fields)
    for name in overrides:
        section, _, key = name.partition("__")
        if section not in sections or not key:
            match = closest(name, _keys(sections))
            help = f"did you mean `{match}`?" if match else "name a section: search__n_calls=20"
            raise ConfigError(f"unknown argument `{name}`", help=help)
    for name, value in overrides.items():
        check_plain(value, tuple(name.split("__")))
    return [f"{name.replace('__', '.')}={inline_yaml(value)}" for name, value in overrides.items()]


def _keys(sections: list[str]) -> list[str]:
    fields = {name: Settings.model_fields[name].annotation for name in sections}
    return [
        f"{section}__{key}"
        for section, kind in fields.items()
        for key in getattr(kind, "model_fields", ())
    ]
