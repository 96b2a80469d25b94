"""What an export of a table's model has to use it by: the text of `example.py`, and `columns.json`.

The lines that read files and DataFrames are hpopt's own: `text_files.py`, `raw.py`, `times.py`
and `written.py` of `hpopt/inputs/`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hpopt.inputs import raw, text_files, times, written
from hpopt.inputs.kind import Runtime, Usage
from hpopt.inputs.table.columns import FittedColumn, NumericColumn, column_kind

READING = "raw.py"
_FILES = (raw, text_files, times, written)  # which import each other and nothing else of hpopt

_WITH_TEXTS = '''\
def batch_inputs(columns, rows):
    """Some rows of the columns as the model takes them: a tensor [n, 1] for each column."""
    return {
        column["input"]: tf.constant(
            columns[column["name"]][rows, None],
            tf.string if column["kind"] == "categorical" else tf.float32,
        )
        for column in COLUMNS["inputs"]
    }
'''
_WITH_CODES = '''\
CODES = {
    column["name"]: {text: code for code, text in enumerate(column["vocabulary"], start=1)}
    for column in COLUMNS["inputs"]
    if column["kind"] == "categorical"
}


def batch_inputs(columns, rows):
    """Some rows of the columns as the model takes them: one matrix [n, d], a text as its code.

    That is its place in the vocabulary, from 1 on, or 0 where it is not there.
    """
    matrix = []
    for column in COLUMNS["inputs"]:
        values = columns[column["name"]][rows]
        if column["kind"] == "categorical":
            codes = CODES[column["name"]]
            values = [codes.get(text, 0) for text in values]
        matrix.append(np.asarray(values, dtype=np.float32))
    return np.column_stack(matrix)
'''


def columns_form(
    columns: Sequence[FittedColumn],
    readers: Sequence[Mapping[str, Any]],
    runtime: Runtime,
    files: Mapping[str, Any],
) -> dict[str, Any]:
    """What `columns.json` says: how columns and files are read, and what the model's inputs are."""
    names = runtime.naming([column.name for column in columns])
    inputs = []
    for column in columns:
        entry: dict[str, Any] = {"name": column.name}
        if runtime.takes_texts:
            entry["input"] = names[column.name]
        entry["kind"] = column_kind(column)
        if not isinstance(column, NumericColumn):
            entry["vocabulary"] = list(column.vocabulary)
        inputs.append(entry)
    readers = [dict(reader) for reader in readers]
    return {"files": dict(files), "readers": readers, "inputs": inputs}


def reading_code() -> dict[str, str]:
    """The files that an export carries along, which it reads frames and files by."""
    return {
        f"{module.__name__.rpartition('.')[2]}.py": re.sub(
            r"^from hpopt\.inputs\.(\w+) import",
            r"from \1 import",
            inspect.getsource(module),
            flags=re.M,
        )
        for module in _FILES
    }


def text(usage: Usage) -> str:
    """The whole of `example.py`."""
    takes_texts, imports = usage.runtime.takes_texts, usage.imports
    if takes_texts and "tensorflow" not in imports:
        imports += "import tensorflow as tf\n"
    call = usage.call_batch % "batch_inputs(columns, rows)"
    constants = "".join(
        f'{key.upper()} = json.loads((HERE / "labels.json").read_text("utf-8"))["{key}"]\n'
        for key in usage.constants
    )
    return f'''"""How the model of this folder is used. hpopt is not needed for it:

    pip install numpy pandas{usage.packages}
    python example.py             # a few rows that are kept here
    python example.py mine.csv    # your rows
"""

import json
import sys
import warnings
from pathlib import Path

{imports}{usage.own_code}import numpy as np
from raw import raw_columns
from text_files import read_text_file, readers_that_fit

HERE = Path(__file__).parent
COLUMNS = json.loads((HERE / "columns.json").read_text("utf-8"))
{constants}{usage.load}


def predict(frame):
    """A DataFrame with the columns of the table, as they come, to outputs; warns of what is odd.

    {usage.outputs}.
    """
    readers, words = readers_that_fit(frame, COLUMNS["readers"])
    for word in words:
        warnings.warn(word, stacklevel=2)
    return predict_columns(raw_columns(frame, readers))


def predict_columns(columns):
    """Arrays [n] by name to outputs: numbers, where NaN is a gap, and texts, where "" is one."""
    count = len(next(iter(columns.values())))
    batches = [slice(start, start + 1024) for start in range(0, max(count, 1), 1024)]
    return np.concatenate([{call} for rows in batches])


{_WITH_TEXTS if takes_texts else _WITH_CODES}

if __name__ == "__main__":
    kept = np.load(HERE / "check.npz")  # a few rows, and what was said of them
    if len(sys.argv) > 1:
        warnings.showwarning = lambda word, *_: print(f"note: {{word}}", file=sys.stderr)
        try:
            frame = read_text_file(sys.argv[1], COLUMNS)
        except (OSError, ValueError) as error:
            sys.exit(f"error: {{error}}")
        outputs = predict(frame)
    else:
        outputs = predict_columns({{n[5:]: kept[n] for n in kept.files if n.startswith("rows/")}})
{usage.show}    if len(sys.argv) == 1:
        difference = np.abs(outputs - kept["outputs"]).max()
        print(f"largest difference from what it said when it was tuned: {{difference:.2g}}")
'''
