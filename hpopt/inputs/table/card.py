"""What the model card says of the inputs of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpopt.errors import shorten
from hpopt.inputs.kind import CardParts, Runtime
from hpopt.inputs.table.columns import CategoricalColumn, FittedColumn
from hpopt.inputs.table.example import READING
from hpopt.shown import in_markdown

_MOST_COLUMNS = 40
_MOST_VALUES = 8

_TEXTS = """\
The model itself has an input [n, 1] for each of `inputs` in `columns.json`: float32, where NaN is a
gap, or text, where "" is one. A date is several numbers, and yes or no is 1 or 0.
"""
_CODES = """\
The model itself has no text. It takes one matrix `rows`, float32 [n, {width}], in the order of
`inputs` in `columns.json`: numbers, where NaN is a gap, and for a text its code: its place in the
`vocabulary` there, from 1 on, or 0 for any other.
"""
_TRAINING = """\
## To train it further

It is compiled with the optimiser, the learning rate and the loss of its trial; the optimiser begins
afresh.

```python
import tensorflow as tf
from example import COLUMNS, batch_inputs, model, raw_columns

columns = raw_columns(frame, COLUMNS["readers"])  # a DataFrame as it comes
rows = tf.data.Dataset.from_tensor_slices((batch_inputs(columns, slice(None)), y))
model.fit(rows.shuffle(10_000).batch(32), epochs=5, shuffle=False)  # y: {target}
```
"""


def parts(
    columns: Sequence[FittedColumn],
    readers: Sequence[Mapping[str, Any]],
    runtime: Runtime,
    left_out: Sequence[str],
) -> CardParts:
    """What the card says of a table with these columns, read so, in a format's runtime."""
    return CardParts(
        inside="the treatment of gaps and texts is inside",
        packages=" pandas",
        inputs=_inputs(columns, readers, runtime, left_out),
        columns=f"how each column is read, by `{READING}`, and the inputs that it makes",
        training=_TRAINING,
        limits=[
            "- It expects the columns above, in their units. A gap counts as the middle value; "
            "texts that it has not learned from are all one to it.",
        ],
    )


def _inputs(
    columns: Sequence[FittedColumn],
    readers: Sequence[Mapping[str, Any]],
    runtime: Runtime,
    left_out: Sequence[str],
) -> str:
    by_name = {column.name: column for column in columns}
    lines = ["| column | read as | values |", "| --- | --- | --- |"]
    for reader in readers[:_MOST_COLUMNS]:
        cells = (_cell(reader["column"]), _read_as(reader), _values(reader["column"], by_name))
        lines.append(f"| {' | '.join(cells)} |")
    more = len(readers) - _MOST_COLUMNS
    if more > 0:
        lines.append(f"| ... and {more} more, in `columns.json` | | |")
    listed = "\n".join(lines)
    shown = ", ".join(in_markdown(name) for name in left_out[:_MOST_COLUMNS])
    not_used = f"\nOther columns of the data are not used: {shown}.\n" if left_out else ""
    itself = _TEXTS if runtime.takes_texts else _CODES.format(width=len(columns))
    return f"""## Inputs

A table with these columns, by name and in any order. `example.py` reads a DataFrame as it comes:

{listed}
{not_used}
{itself}"""


def _read_as(reader: Mapping[str, Any]) -> str:
    """How a column is read, and what is taken away of its number."""
    less = f", less {reader['offset']:.15g}" if "offset" in reader else ""
    what = "hours" if reader.get("form") == "clock" else reader["kind"]
    return what + (" (days)" if less and what == "date" else "") + less


def _values(name: str, columns: Mapping[str, FittedColumn]) -> str:
    column = columns.get(name)
    if not isinstance(column, CategoricalColumn):
        return ""
    texts = [f'"{text}"' if text else "a gap" for text in column.vocabulary[:_MOST_VALUES]]
    more = len(column.vocabulary) - len(texts)
    return _cell(shorten(", ".join(texts), 80)) + (f" and {more} more" if more > 0 else "")


def _cell(text: str) -> str:
    """A text for a cell of a Markdown table."""
    return in_markdown(text)
