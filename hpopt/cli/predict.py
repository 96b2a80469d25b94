"""`hpopt predict RUN DATA`: what the best network says of new rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.options import DataArgument, RunArgument, TrustCode, own_code_aside
from hpopt.cli.output import Output, SafeCsv, is_stdout, keep_input, safe_cell, write_output
from hpopt.jsonline import json_line
from hpopt.shown import one_line

if TYPE_CHECKING:
    import pandas as pd


def predict_command(
    run: RunArgument,
    data: DataArgument,
    output: Output = None,
    as_json: Annotated[
        bool, typer.Option("--json/--csv", help="A JSON object a line, or CSV.")
    ] = False,
    intervals: Annotated[
        bool,
        typer.Option("--intervals", help="Say what holds the truth in 90 % of all cases, too."),
    ] = False,
    safe_csv: SafeCsv = False,
    trust_code: TrustCode = False,
) -> None:
    """Say what the best network of RUN makes of the rows of DATA, a row for each, in their order.

    Columns that are ids stand in front; then comes the label with the probability of each, or the
    value in the target's units. Columns may stand in any order, and others may be there.
    With --intervals there are low and high of a value, or whether each label is possible.
    """
    from hpopt.predicting import Model
    from hpopt.runs.finding import find_run

    keep_input(output, data)
    model = Model(find_run(run), trust_code=trust_code, intervals=intervals)
    rows = model.rows(data)
    for note in rows.notes:
        print(f"note: {note}", file=sys.stderr)
    with own_code_aside():
        predictions = model.predict(rows)
    if (word := model.word_on(predictions)) is not None:
        print(f"note: {one_line(word)}", file=sys.stderr)
    if as_json:
        records = predictions.to_dict("records")
        text = "".join(json_line(record) + "\n" for record in records)
    else:
        if safe_csv:
            predictions = _safe(predictions)
        # Values come from sums in float32, whatever digits float64 has behind them.
        text = predictions.to_csv(index=False, float_format=None if model.data.labels else "%.15g")
    write_output(output, text)
    if not is_stdout(output):
        word = "row" if rows.count == 1 else "rows"
        print(f"{rows.count} {word} predicted: {output}", file=sys.stderr)


def _safe(predictions: pd.DataFrame) -> pd.DataFrame:
    """The predictions with cells and names of columns that no spreadsheet runs."""
    return predictions.map(lambda cell: safe_cell(cell) if isinstance(cell, str) else cell).rename(
        columns=safe_cell
    )
