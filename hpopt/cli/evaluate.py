"""`hpopt evaluate RUN DATA`: how well the best network does on rows of known target."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpopt.cli.options import DataArgument, Json, RunArgument, TrustCode, emit, own_code_aside

if TYPE_CHECKING:
    from hpopt.predicting import Evaluation

# A wider matrix is for programs.
_MOST_LABELS = 20


def evaluate_command(
    run: RunArgument, data: DataArgument, as_json: Json = False, trust_code: TrustCode = False
) -> None:
    """Score the best network of RUN on the rows of DATA, which need the target's column.

    Shows every metric of the task with its interval of 95 %, and what was taken for what.
    """
    from hpopt.predicting import Model
    from hpopt.runs.finding import find_run

    model = Model(find_run(run), trust_code=trust_code)
    with own_code_aside():
        evaluation = model.evaluate(model.rows(data, with_target=True))
    for note in evaluation.notes:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        confusion = evaluation.confusion
        emit(
            {
                "run": str(model.run.path),
                "data": str(data),
                "rows": evaluation.rows,
                "scores": evaluation.scores,
                "intervals": evaluation.intervals,
                "labels": list(evaluation.labels),
                "positive": evaluation.positive,
                "confusion": None if confusion is None else confusion.tolist(),
            }
        )
    else:
        print(f"{evaluation.rows} rows of {data}, by {model.run.shown_path}")
        print("\n".join(_lines(evaluation)))


def _lines(evaluation: Evaluation) -> Iterator[str]:
    from hpopt.cli.text import table
    from hpopt.report.words import show_with

    rows = []
    for name, score in evaluation.scores.items():
        interval = evaluation.intervals[name]
        low_high = [show_with(interval, end) for end in interval or ()]
        rows.append([name, show_with(interval, score), " to ".join(low_high)])
    yield from table(["metric", "score", "95 % interval"], rows, right="score")
    if evaluation.positive is not None:
        yield f'positive class "{evaluation.positive}"'
    confusion, labels = evaluation.confusion, evaluation.labels
    if confusion is None:
        return
    yield ""
    if len(labels) > _MOST_LABELS:
        yield f"what was taken for what, of {len(labels)} labels: see --json"
        return
    yield "what was taken for what: a line for each label, a column for what was said"
    counts = [[label, *map(str, row)] for label, row in zip(labels, confusion, strict=True)]
    yield from table(["", *labels], counts, right=" ".join(labels))
