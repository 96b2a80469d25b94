"""The configs that come with hpopt, written with all that they need into a folder of one's own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpopt.drafting.parts import SCHEMA
from hpopt.errors import ConfigError, suggest_name

# A wheel holds the checkout's `configs/` in the package (pyproject.toml puts them there).
_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE / "examples", _PACKAGE.parent / "configs")
_ROWS = 20
_OWN_FILE = re.compile(r'"(\w+\.py):\w+"')
_SKLEARN = re.compile(r"^  source: sklearn\n  name: (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """An example: the files beside its config by name, of which `rows` holds rows to predict."""

    config: str
    files: Mapping[str, str]
    rows: str | None


def example_names() -> list[str]:
    """The examples that there are."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def read_example(name: str, config_name: str) -> Example:
    """The example `name` for a config that is to be called `config_name`.

    Raises ConfigError where there is none of that name.
    """
    names = example_names()
    if name not in names:
        raise ConfigError(f"there is no example `{name}`", help=suggest_name(name, names))
    folder = _folder()
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    files = {own: (folder / own).read_text(encoding="utf-8") for own in _OWN_FILE.findall(text)}
    text = re.sub(r"\$schema=\S+", f"$schema={SCHEMA}", text)
    text = text.replace(f"configs/{name}.yaml", config_name)
    rows = None
    if data := _SKLEARN.search(text):
        rows = f"{Path(config_name).stem}_rows.csv"
        files[rows] = _some_rows(data[1])
    return Example(text, files, rows)


def _folder() -> Path:
    return next(place for place in _PLACES if place.is_dir())


def _some_rows(name: str) -> str:
    """The first rows of a data set of scikit-learn, without their target, as CSV."""
    from hpopt.data.sources import load_sklearn

    table = load_sklearn(name)
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n").writerow
    write(table.feature_names)
    for row in table.features[:_ROWS].tolist():
        write(row)
    return text.getvalue()
