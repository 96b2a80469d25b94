"""`hpopt init DATA --target NAME`: a first config for a table, or for a folder of images."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.output import is_stdout, keep_input, write_file, write_output

if TYPE_CHECKING:
    from hpopt.drafting.parts import Draft

_ARRAYS = (".npy", ".npz")
_CONFIGS = (".yaml", ".yml")

TableArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="The table: .csv, .tsv, .gz or .parquet; or a folder with images in a sub-folder for "
        "each class.",
    ),
]
TargetOption = Annotated[
    str | None, typer.Option("--target", "-t", metavar="NAME", help="The column to predict.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="The config, or - for stdout; DATA.yaml here."
    ),
]
ForecastOption = Annotated[
    bool, typer.Option("--forecast", help="Draft a forecast: rows in the order of time.")
]
TimeOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of a forecast: the column of time stamps, if not found."),
]
GroupsOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of a forecast: the column that tells series apart."),
]
HorizonOption = Annotated[
    int | None,
    typer.Option(metavar="STEPS", min=1, max=1000, help="Of a forecast: how many steps ahead."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite the config if it is there.")]


def init_command(
    data: TableArgument,
    target: TargetOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    forecast: ForecastOption = False,
    time: TimeOption = None,
    groups: GroupsOption = None,
    horizon: HorizonOption = None,
) -> None:
    """Write a config for a table: what its columns are, and a space to search, with comments.

    Of a folder of images it says their size, channels and classes; with --forecast, of rows in the
    order of time, how far apart they are, their series and their season.

    It runs as it is: `hpopt check` says how long it takes, `hpopt tune` tunes. Beside it the JSON
    Schema is put that editors complete it by.
    """
    from hpopt.drafting.parts import SCHEMA
    from hpopt.errors import ConfigError

    if data.suffix in _CONFIGS:
        raise ConfigError(
            f"{data} is no table: `init` writes such a file, for a table",
            help=f"`hpopt tune {shlex.quote(str(data))}`",
        )
    of_forecast = {"--time": time, "--groups": groups, "--horizon": horizon}
    if not forecast and (given := [n for n, value in of_forecast.items() if value is not None]):
        raise ConfigError(f"`{given[0]}` is for a forecast", help="add `--forecast`")
    name = data.absolute().name.removesuffix(".gz")
    place = output or Path(Path(name).with_suffix(".yaml").name)

    def draft_in(folder: Path) -> Draft:
        if not forecast:
            return _draft(data, target, folder)
        return _forecast(data, folder, target, time, groups, horizon)

    if is_stdout(place):
        draft = draft_in(Path())
        _say(draft.notes)
        write_output(place, draft.text)
        return
    _check_place(place, data)
    if place.is_file() and not force:
        raise ConfigError(f"{place} is there already", help="add `--force`, or `-o FILE`")
    draft = draft_in(place.parent)
    _say(draft.notes)
    write_file(place, draft.text.encode())
    schema = place.with_name(SCHEMA)
    if place.is_file() and not schema.exists():
        write_file(schema, _schema_text().encode())
    shown = shlex.quote(str(place))
    print(f"{place} is written. What next:\n  hpopt check {shown}\n  hpopt tune {shown}")


def _check_place(place: Path, data: Path) -> None:
    """Raise ConfigError where `-o` names what is no config: the table itself, or another's file."""
    from hpopt.errors import ConfigError

    keep_input(place, data)
    is_device = place.exists() and not place.is_file() and not place.is_dir()
    if place.suffix.lower() not in _CONFIGS and not is_device:
        what = "is a folder" if place.is_dir() else "is no name of a config"
        there = place / f"{data.stem}.yaml" if place.is_dir() else place.with_suffix(".yaml")
        raise ConfigError(
            f"{place} {what}: its file ends in .yaml or .yml",
            help=f"`-o {shlex.quote(str(there))}`, or `-o -` for stdout",
        )


def _draft(data: Path, target: str | None, place: Path) -> Draft:
    from hpopt.drafting.images import draft_images
    from hpopt.drafting.tables import draft_config
    from hpopt.errors import ConfigError

    if data.suffix.lower() in _ARRAYS:
        raise _no_draft_of_arrays(data)
    if not data.is_dir():
        return draft_config(data, target, place)
    if target is not None:
        raise ConfigError(
            f"{data} is a folder of images, whose sub-folders are what is predicted",
            help="leave --target out",
        )
    return draft_images(data, place)


def _no_draft_of_arrays(data: Path) -> Exception:
    """What to write for NumPy's files, of which there is little to find out; damaged ones raise."""
    from hpopt.config.dumping import inline_yaml
    from hpopt.data.sources import load_file
    from hpopt.errors import ConfigError
    from hpopt.shown import one_line

    arrays, path = load_file(data), inline_yaml(str(data))
    if data.suffix.lower() == ".npy":
        lines = f"dataset: {{source: npy, path: {path}, target: TARGETS.npy}}"
        held = "one array"
    else:
        shown = ", ".join(f"`{one_line(n)}` {list(a.shape)}" for n, a in [*arrays.items()][:10])
        lines = f"dataset: {{source: npz, path: {path}, features: NAME, target: NAME}}"
        held = shown or "no arrays"
    return ConfigError(
        f"{data} holds {held}: `init` drafts configs for tables and folders of images",
        help=f"in a config of your own write `{lines}`",
    )


def _forecast(
    data: Path,
    place: Path,
    target: str | None,
    time: str | None,
    groups: str | None,
    horizon: int | None,
) -> Draft:
    from hpopt.drafting.forecasts import Wanted, draft_forecast
    from hpopt.errors import ConfigError

    if data.is_dir():
        raise ConfigError(f"{data} is a folder, and a forecast is made of a table")
    return draft_forecast(data, Wanted(target, time, groups, horizon), place)


def _say(notes: Sequence[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _schema_text() -> str:
    import json

    from hpopt.config.json_schema import config_schema

    return json.dumps(config_schema(), indent=2) + "\n"
