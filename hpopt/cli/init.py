"""`hpopt init DATA --target NAME`: a first config for a table or images, or a shipped example."""

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
    Path | None,
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


def complete_example(incomplete: str) -> list[str]:
    """The examples that begin with what was typed so far, for the shell."""
    from hpopt.drafting.examples import example_names

    return [name for name in example_names() if name.startswith(incomplete)]


ExampleOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Write an example that comes with hpopt, such as breast_cancer, instead of DATA's.",
        autocompletion=complete_example,
    ),
]


def init_command(
    data: TableArgument = None,
    target: TargetOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    forecast: ForecastOption = False,
    time: TimeOption = None,
    groups: GroupsOption = None,
    horizon: HorizonOption = None,
    example: ExampleOption = None,
) -> None:
    """Write a config for a table: what its columns are, and a space to search, with comments.

    Of a folder of images it says their size, channels and classes; with --forecast, of rows in the
    order of time, how far apart they are, their series and their season. With --example, the config
    is one that comes with hpopt, with what it needs beside it.

    It runs as it is: `hpopt check` says how long it takes, `hpopt tune` tunes. Beside it the JSON
    Schema is put that editors complete it by.
    """
    from hpopt.errors import ConfigError

    of_forecast = {"--time": time, "--groups": groups, "--horizon": horizon}
    if example is not None:
        of_data = {"DATA": data, "--target": target, "--forecast": forecast or None, **of_forecast}
        if given := [name for name, value in of_data.items() if value is not None]:
            raise ConfigError(f"`--example` has data of its own, and goes without `{given[0]}`")
        _write_example(example, output, force)
        return
    if data is None:
        raise ConfigError(
            "no data are named", help="`hpopt init DATA`, or `hpopt init --example breast_cancer`"
        )
    if data.suffix in _CONFIGS:
        raise ConfigError(
            f"{data} is no table: `init` writes such a file, for a table",
            help=f"`hpopt tune {shlex.quote(str(data))}`",
        )
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
    keep_input(place, data)
    _check_place(place, data.stem)
    if place.is_file() and not force:
        raise ConfigError(f"{place} is there already", help="add `--force`, or `-o FILE`")
    draft = draft_in(place.parent)
    _say(draft.notes)
    _write_config(place, draft.text)


def _write_config(place: Path, text: str, then: str = "") -> None:
    """Write a config with its schema beside it, and say what comes next."""
    from hpopt.drafting.parts import SCHEMA

    write_file(place, text.encode())
    schema = place.with_name(SCHEMA)
    if place.is_file() and not schema.exists():
        write_file(schema, _schema_text().encode())
    shown = shlex.quote(str(place))
    print(f"{place} is written. What next:\n  hpopt check {shown}\n  hpopt tune {shown}{then}")


def _write_example(name: str, output: Path | None, force: bool) -> None:
    """Write an example's config, and the files that it needs beside it."""
    from hpopt.drafting.examples import read_example
    from hpopt.errors import ConfigError

    place = output or Path(f"{name}.yaml")
    example = read_example(name, place.name)
    if is_stdout(place):
        write_output(place, example.config)
        return
    _check_place(place, name)
    files = {place.with_name(beside): text for beside, text in example.files.items()}
    for path, text in {place: example.config, **files}.items():
        if path.is_file() and not force and path.read_bytes() != text.encode():
            raise ConfigError(f"{path} is there already", help="add `--force`, or `-o FILE`")
    place.parent.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        write_file(path, text.encode())
    rows = None if example.rows is None else shlex.quote(str(place.with_name(example.rows)))
    _write_config(place, example.config, f"\n  hpopt predict latest {rows}" if rows else "")


def _check_place(place: Path, stem: str) -> None:
    """Raise ConfigError where `-o` names what is no config."""
    from hpopt.errors import ConfigError

    is_device = place.exists() and not place.is_file() and not place.is_dir()
    if place.suffix.lower() not in _CONFIGS and not is_device:
        what = "is a folder" if place.is_dir() else "is no name of a config"
        there = place / f"{stem}.yaml" if place.is_dir() else place.with_suffix(".yaml")
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
