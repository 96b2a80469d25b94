"""`hpopt.tune`: the main job for people who write Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from hpopt.config.dumping import inline_yaml
from hpopt.config.loading import Config, load_config
from hpopt.config.schema import Settings
from hpopt.errors import ConfigError, HpoptError, closest
from hpopt.progress import choose_progress
from hpopt.runs.folder import Run
from hpopt.tuning import tune as tune_config


def tune(
    config: str | os.PathLike[str] | Mapping[str, Any] | Config,
    *,
    output_dir: str | os.PathLike[str] = "runs",
    progress: bool = True,
    **overrides: Any,
) -> Run:
    """Search for the best network, and leave a run folder in `output_dir`.

    `config` is the path of a YAML file, a mapping of the same content, or what `load_config` gives.
    An override is the path of a key with two underscores between its steps:
    `tune("config.yaml", search__n_calls=20, space__optimizer="sgd")`. `progress` says on stderr how
    the run goes on.

    Raises ConfigError, DataError or SetupError before the first trial, and leaves no folder then;
    RunError where files can't be written; Interrupted on Ctrl-C, with the run folder kept.
    """
    try:
        if isinstance(config, Config):
            if overrides:
                raise ConfigError(
                    "a config that is loaded can't be overridden",
                    help="give the path to `tune`, or the overrides to `load_config`",
                )
        else:
            config = load_config(config, _as_written(overrides))
        observer = choose_progress() if progress else None
        return tune_config(config, output_dir=output_dir, observer=observer)
    except HpoptError as error:
        error.add_note(error.render())  # file, line and help, which a traceback would not show
        raise


def _as_written(overrides: Mapping[str, Any]) -> list[str]:
    """The overrides as the command line has them."""
    sections = list(Settings.model_fields)
    for name in overrides:
        section, _, key = name.partition("__")
        if section not in sections or not key:
            match = closest(name, _keys(sections))
            help = f"did you mean `{match}`?" if match else "name a section: search__n_calls=20"
            raise ConfigError(f"unknown argument `{name}`", help=help)
    return [f"{name.replace('__', '.')}={inline_yaml(value)}" for name, value in overrides.items()]


def _keys(sections: list[str]) -> list[str]:
    fields = {name: Settings.model_fields[name].annotation for name in sections}
    return [
        f"{section}__{key}"
        for section, kind in fields.items()
        for key in getattr(kind, "model_fields", ())
    ]
