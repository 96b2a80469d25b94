"""What an export says of windows of series: its `example.py`, and the words of its card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpopt.inputs.kind import CardParts, Usage
from hpopt.inputs.table.columns import FittedColumn, NumericColumn
from hpopt.shown import in_markdown


def columns_form(
    columns: Sequence[FittedColumn], length: int, horizon: int, known: Sequence[str]
) -> dict[str, Any]:
    """What `columns.json` says: the columns of a step, and which of them are known ahead."""
    return {
        "length": length,
        "horizon": horizon,
        "columns": [
            {"name": column.name, "kind": "numeric", "known_ahead": column.name in known}
            if isinstance(column, NumericColumn)
            else {
                "name": column.name,
                "kind": "categorical",
                "known_ahead": column.name in known,
                "ids": {text: index for index, text in enumerate(column.vocabulary, start=1)},
            }
            for column in columns
        ],
    }


def example(usage: Usage, shape: tuple[int, int]) -> str:
    """`example.py`, which runs the windows that are kept beside it."""
    steps, columns = shape
    return f'''"""How the model of this folder is used. hpopt is not needed for it:

    pip install numpy{usage.packages}
    python example.py
"""

from pathlib import Path

{usage.imports}{usage.own_code}import numpy as np

HERE = Path(__file__).parent
{usage.load}


def predict(rows):
    """Windows [n, {steps}, {columns}], columns as in columns.json, to outputs.

    The steps go from the oldest to the latest; behind them stand those that are to be forecast,
    if any column is known there, and of the others NaN. NaN is a gap, and a category is its id of
    columns.json, 0 if it has none there.

    {usage.outputs}.
    """
    rows = np.asarray(rows, dtype=np.float32)
    return {usage.call}


if __name__ == "__main__":
    kept = np.load(HERE / "check.npz")  # a few windows, and what was said of them
    outputs = predict(kept["rows"])
{usage.show}    difference = np.abs(outputs - kept["outputs"]).max()
    print(f"largest difference from what it said when it was tuned: {{difference:.2g}}")
'''


def card(
    columns: Sequence[FittedColumn], length: int, horizon: int, known: Sequence[str]
) -> CardParts:
    """What the card says of windows with these columns."""
    steps = length + (horizon if known else 0)
    listed = "\n".join(
        f"{place}. {in_markdown(column.name)}: {_what(column)}"
        + (", known ahead" if column.name in known else "")
        for place, column in enumerate(columns, start=1)
    )
    ahead = (
        f" The last {horizon} are those that are to be forecast: there stand the values of the "
        "columns that are known ahead, and NaN (of a category the id of a gap, or 0) in all others."
        if known
        else ""
    )
    return CardParts(
        inside="all scaling is inside",
        packages="",
        inputs=f"""## Inputs

`rows`: float32 [n, {steps}, {len(columns)}]: {length} steps of the past, from the oldest to the
latest.{ahead} NaN is a gap. The columns of a step, in this order:

{listed}
""",
        columns="the columns of a step in order, with the ids of categories",
        training=_TRAINING,
        limits=[
            f"- It expects steps as far apart as those it learned from, and says the {horizon} "
            "behind the latest."
            if horizon > 1
            else "- It expects steps as far apart as those it learned from, and says the next one."
        ],
    )


def _what(column: FittedColumn) -> str:
    return "a number" if isinstance(column, NumericColumn) else "the id of a category"


_TRAINING = """\
## To train it further

It is compiled with the optimiser, the learning rate and the loss of its trial; the optimiser begins
afresh.

```python
model = keras.saving.load_model("model.keras")
model.fit(rows, y, epochs=5)  # rows raw, as for predict; y [n, steps ahead]: {target}
```
"""
