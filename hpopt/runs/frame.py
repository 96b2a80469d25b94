"""The trials of a run as rows of one table, for CSV and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpopt.runs.folder import Run


def trial_columns(run: Run) -> list[str]:
    """The columns of the table: metrics by their name, params as `params.NAME`."""
    metrics = [name for t in run.trials() if t.result for name in t.result.metrics]
    params = [f"params.{dimension['name']}" for dimension in run.header.space]
    facts = ["number", "state", *dict.fromkeys([run.metric, *metrics])]
    return [*facts, *params, "epochs", "seconds", "seed", "started", "reason"]


def trial_rows(run: Run) -> list[dict[str, Any]]:
    """A row for each trial, by number; what a trial does not have is absent from its row.

    Metrics are in their own direction; an inactive param is absent.
    """
    rows = []
    for trial in run.trials():
        row: dict[str, Any] = {"number": trial.number, "state": trial.state}
        if trial.result is not None:
            row |= dict(trial.result.metrics)
            row |= {"epochs": trial.result.epochs, "seconds": trial.result.seconds}
        row |= {f"params.{name}": value for name, value in trial.params.items()}
        row |= {"seed": trial.seed, "started": trial.started}
        if trial.reason is not None:
            row["reason"] = trial.reason
        rows.append(row)
    return rows
