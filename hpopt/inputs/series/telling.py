"""What an export says of series: its `example.py`, and the words of its card."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hpopt.inputs import raw, text_files, times, written
from hpopt.inputs.kind import CardParts, Usage
from hpopt.inputs.series import steps
from hpopt.shown import in_markdown

READING = "steps.py"
_MOST_NAMES = 40
_FILES = (raw, text_files, times, written, steps)

_IMPORTS = """\
from raw import raw_columns
from steps import series_of, with_steps
from text_files import read_text_file, readers_that_fit
"""
_READ = '''\
def read(path):
    """The series of a CSV file, in the columns of columns.json, as the model takes them."""
    frame = read_text_file(path, COLUMNS)
    readers, words = readers_that_fit(frame, COLUMNS["readers"])
    for word in words:
        print(f"note: {word}", file=sys.stderr)
    series = series_of(raw_columns(frame, readers), COLUMNS["layout"])
    if series.shape[1] > COLUMNS["steps"]:
        raise ValueError(f"{path} has series of more than {COLUMNS['steps']} steps")
    return with_steps(series, COLUMNS["steps"])


'''
_GIVEN = """\
    if len(sys.argv) > 1:
        try:
            rows = read(sys.argv[1])
        except (OSError, ValueError) as error:
            sys.exit(f"error: {error}")
    else:
        rows = kept["rows"]
"""


def example(usage: Usage, reads_files: bool) -> dict[str, str]:
    """`example.py`, and what it reads files with, where series stand in columns."""
    constants = "".join(
        f'{key.upper()} = json.loads((HERE / "labels.json").read_text("utf-8"))["{key}"]\n'
        for key in usage.constants
    )
    pandas = " pandas" if reads_files else ""
    mine = "    python example.py mine.csv    # yours\n" if reads_files else ""
    columns = 'COLUMNS = json.loads((HERE / "columns.json").read_text("utf-8"))\n'
    text = f'''"""How the model of this folder is used. hpopt is not needed for it:

    pip install numpy{pandas}{usage.packages}
    python example.py             # a few series that are kept here
{mine}"""

import json
import sys
from pathlib import Path

{usage.imports}{usage.own_code}import numpy as np
{_IMPORTS if reads_files else ""}
HERE = Path(__file__).parent
{columns}{constants}{usage.load}


{_READ if reads_files else ""}def predict(rows):
    """Series [n, steps, channels] to outputs; NaN pads behind their ends, and is a gap elsewhere.

    {usage.outputs}.
    """
    rows = np.asarray(rows, dtype=np.float32)
    return np.concatenate([call(rows[i : i + 256]) for i in range(0, max(len(rows), 1), 256)])


def call(rows):
    """What the model says of a batch."""
    return {usage.call}


if __name__ == "__main__":
    kept = np.load(HERE / "check.npz")  # a few series, and what was said of them
{_GIVEN if reads_files else '    rows = kept["rows"]' + chr(10)}\
    outputs = predict(rows)
{usage.show}    if len(sys.argv) == 1:
        difference = np.abs(outputs - kept["outputs"]).max()
        print(f"largest difference from what it said when it was tuned: {{difference:.2g}}")
'''
    return {"example.py": text, **(_reading_code() if reads_files else {})}


def _reading_code() -> dict[str, str]:
    """The files that an export carries along, which import each other and nothing else of hpopt."""
    return {
        f"{module.__name__.rpartition('.')[2]}.py": re.sub(
            r"from hpopt\.inputs\.(?:series\.)?(\w+) import",
            r"from \1 import",
            inspect.getsource(module),
        )
        for module in _FILES
    }


def card(
    length: int, names: Sequence[str], is_padded: bool, layout: Mapping[str, Any] | None
) -> CardParts:
    """What the card says of series of so many steps."""
    listed = "\n".join(
        f"{index}. {in_markdown(name)}" for index, name in enumerate(names[:_MOST_NAMES])
    )
    more = len(names) - _MOST_NAMES
    if more > 0:
        listed += f"\n... and {more} more, in `columns.json`"
    shorter = (
        "Series may be shorter: NaN behind the last step pads them, and what pads is masked inside."
        if is_padded
        else "All had this length in training; what is missing counts as a gap."
    )
    return CardParts(
        inside="scaling, gaps and masks are inside",
        packages="" if layout is None else " pandas",
        inputs=f"""## Inputs

`rows`: float32 [n, {length}, {len(names)}]: series of {length} steps. {shorter} NaN elsewhere is a
gap, and counts as the channel's mean. The channels are, in this order:

{listed}
{_columns(layout)}""",
        columns="the steps and the channels of a series"
        + ("" if layout is None else f", and how `{READING}` finds them in the columns of a file"),
        training=_TRAINING,
        limits=[
            f"- It expects series like those that it learned from, step by step alike, of up to "
            f"{length} steps."
        ],
    )


def _columns(layout: Mapping[str, Any] | None) -> str:
    if layout is None:
        return ""
    if layout["form"] == "wide":
        what = "a row a series, with a column for each step of each channel"
    else:
        by = "" if layout["time"] is None else f", by {in_markdown(layout['time']['column'])}"
        what = f"a row a step, {in_markdown(layout['id']['column'])} saying of which series{by}"
    return f"\n`example.py` reads CSV files: {what}.\n"


_TRAINING = """\
## To train it further

It is compiled with the optimiser, the learning rate and the loss of its trial; the optimiser begins
afresh.

```python
model = keras.saving.load_model("model.keras")
model.fit(rows, y, epochs=5)  # rows raw, as for predict; y: {target}
```
"""
