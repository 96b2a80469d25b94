"""What somebody meant who used a command wrongly, and the command that would be right."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hpopt.cli.options import RUNS
from hpopt.errors import ConfigError, HpoptError, closest

_TABLES = (".csv", ".tsv", ".gz", ".parquet", ".npz", ".npy", ".xlsx")
_CONFIGS = (".yaml", ".yml")
_MOST_LISTED = 12
_WITH_SETTINGS = ("tune", "check", "resume")


class UsageError(HpoptError):
    """A command, an option or an argument that there is not, or one that is missing."""

    kind = "usage"
    exit_code = 2


def explained(error: Exception, arguments: list[str]) -> HpoptError | None:
    """An error of the command line in hpopt's own form; None of what is none."""
    if not hasattr(error, "format_message") or type(error).__name__ == "NoArgsIsHelpError":
        return None
    context = getattr(error, "ctx", None)
    command = _command_of(context)
    message = str(error.format_message()).rstrip(".")
    message = message[:1].lower() + message[1:]
    hints = [*_hints(error, command.split()[-1], arguments), f"see `{command} --help`"]
    return UsageError(message.replace("'", "`"), help=hints[0])


def _command_of(context: Any) -> str:
    """The command as people type it, however the program was begun."""
    names: list[str] = []
    while context is not None and context.parent is not None:
        names.insert(0, context.info_name)
        context = context.parent
    return " ".join(["hpopt", *names])


def _hints(error: Any, command: str, arguments: list[str]) -> Iterator[str]:
    parameter = getattr(getattr(error, "param", None), "name", None)
    if parameter == "config":
        yield _configs_here(command)
    elif parameter in ("run", "runs"):
        yield _runs_here(command)
    option = getattr(error, "option_name", None)
    context = getattr(error, "ctx", None)  # an option without its value names none
    if option is not None and context is not None and command == "hpopt":
        yield _behind(arguments, getattr(context.command, "commands", {}))
    elif option is not None and command in _WITH_SETTINGS and (key := setting_named(option)):
        yield f"a setting of the config is overridden so: -s {key}=VALUE"
    extra = re.search(r"extra argument(?:\(s\)|s)? \((.*)\)", str(error))
    words = extra[1].split() if extra else []
    positional = next((each for each in arguments[1:] if not each.startswith("-")), "")
    slip = next((word for word in (*words, positional if words else "") if "=" in word), None)
    if command in _WITH_SETTINGS and (slip := slip or _parted(arguments, words)):
        yield _override_hint(slip, command, arguments)
    if not arguments:
        return
    first = Path(arguments[0])
    if first.suffix in _CONFIGS:
        yield f"did you mean `hpopt tune {shlex.quote(arguments[0])}`?"
    elif first.suffix in _TABLES:
        yield f"did you mean `hpopt init {shlex.quote(arguments[0])}`?"


def _parted(arguments: list[str], words: list[str]) -> str | None:
    """KEY=VALUE of what was given as `-s KEY VALUE`, where the value is one of the `words`."""
    for option, key, value in zip(arguments, arguments[1:], arguments[2:], strict=False):
        if option in ("-s", "--set") and "=" not in key and value in words:
            return f"{key}={value}"
        if option in ("-s", "--set") and key.endswith("=") and value in words:
            return f"{key}{value}"
    return None


def check_config_argument(path: Path, command: str) -> None:
    """Raise ConfigError for what a command is given in place of a config, with what was meant."""
    text, suffix = str(path), path.suffix.lower()
    if "=" in text and not path.exists():
        raise ConfigError(f"`{text}` is no config", help=_override_hint(text, command, []))
    if suffix in _TABLES:
        beside = Path(path.name.removesuffix(".gz")).with_suffix(".yaml")
        raise ConfigError(
            f"{path} is a table, and no config",
            help=f"`hpopt {command} {shlex.quote(str(beside))}`, which is for it"
            if beside.is_file()
            else f"`hpopt init {shlex.quote(text)} --target NAME` writes a config for it",
        )
    if path.is_dir():
        from hpopt.runs.folder import JOURNAL

        if (path / JOURNAL).is_file():
            raise ConfigError(
                f"{path} is a run folder, and no config",
                help=f"`hpopt resume {shlex.quote(text)}` goes on with it",
            )


def setting_named(name: str) -> str | None:
    """The setting that somebody meant: `n-calls` and `--n_calls` are `search.n_calls`."""
    from hpopt.config.schema import Settings

    name = name.lstrip("-").replace("-", "_")
    keys = {
        key: f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        for key in getattr(field.annotation, "model_fields", ())
    }
    section, dot, _ = name.partition(".")
    if dot and section in Settings.model_fields:
        return name
    match = closest(name, keys)
    return None if match is None else keys[match]


def _override_hint(text: str, command: str, arguments: list[str]) -> str:
    name, _, value = text.partition("=")
    key = setting_named(name) or name
    given = (each for each in arguments[1:] if not each.startswith("-") and "=" not in each)
    subject = next(given, "RUN" if command == "resume" else "CONFIG")
    right = shlex.join(["hpopt", command, subject, "-s", f"{key}={value}"])
    return f"values are overridden behind `-s`: {right}"


def _behind(arguments: list[str], commands: Mapping[str, Any]) -> str:
    """The arguments with the options behind the command, and settings as it takes them."""
    place = next((i for i, each in enumerate(arguments) if each in commands), None)
    if place is None:
        return "`hpopt --help` lists the commands; options stand behind these"
    command, before = arguments[place], arguments[:place]
    legal = [name for param in commands[command].params for name in param.opts]
    name, _, value = before[0].partition("=")
    key = setting_named(name) if command in _WITH_SETTINGS and name not in legal else None
    if key is not None and name.startswith("--"):
        value, rest = (value, before[1:]) if value else (" ".join(before[1:2]), before[2:])
        before = ["-s", f"{key}={value or 'VALUE'}", *rest]
    elif name not in legal:
        return f"`hpopt {command} --help` lists the options of `{command}`"
    return f"options stand behind the command: {shlex.join(['hpopt', *arguments[place:], *before])}"


def _configs_here(command: str) -> str:
    configs = [
        path
        for folder in (Path(), Path("configs"))
        for path in sorted(folder.glob("*.y*ml"))
        if path.suffix in _CONFIGS and _is_config(path)
    ]
    if not configs:
        return "there is no config here; `hpopt init DATA --target NAME` writes one for a table"
    lines = [f"hpopt {command} {shlex.quote(str(path))}" for path in configs[:_MOST_LISTED]]
    more = len(configs) - len(lines)
    return "\n".join(["configs here:", *lines, *([f"and {more} more"] if more > 0 else [])])


def _is_config(path: Path) -> bool:
    try:
        return re.search(r"^dataset:", path.read_text(errors="replace"), re.MULTILINE) is not None
    except OSError:
        return False


def _runs_here(command: str) -> str:
    from hpopt.runs.finding import list_runs

    runs = list_runs(RUNS)
    if not runs:
        return "there is no run here; `hpopt tune CONFIG` makes one"
    lines = [f"hpopt {command} {shlex.quote(run.name)}" for run in runs[:_MOST_LISTED]]
    more = len(runs) - len(lines)
    latest = [f"hpopt {command} latest      (which is the first below)"] if len(runs) > 1 else []
    rest = [f"and {more} more: see `hpopt runs`"] if more > 0 else []
    return "\n".join([f"runs in {RUNS}/:", *latest, *lines, *rest])
