"""The trials of a run as rows of one table, for CSV and pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpopt.runs.events import Header
from hpopt.trials import Trial


def trial_columns(header: Header, trials: Sequence[Trial]) -> list[str]:
    """The columns of the table: metrics by their name, params as `params.NAME`."""
    metrics = [name for trial in trials if trial.result for name in trial.result.metrics]
    searched = [dimension["name"] for dimension in header.space]
    names = dict.fromkeys([*searched, *(name for trial in trials for name in trial.params)])
    params = [f"params.{name}" for name in names]
    facts = ["number", "state", *dict.fromkeys([header.metric, *metrics])]
    return [*facts, *params, "epochs", "seconds", "seed", "started", "reason"]


def state_of(trial: Trial, *, is_going_on: bool) -> str:
    """How a trial stands: one that its process has left without an end is running no more."""
    return "interrupted" if trial.state == "running" and not is_going_on else trial.state


def started_text(trial: Trial) -> str:
    """When a trial was begun, as the journal writes times; empty where that is not known."""
    return trial.started.isoformat(timespec="milliseconds") if trial.started else ""


def trial_rows(trials: Sequence[Trial], *, is_going_on: bool = True) -> list[dict[str, Any]]:
    """A row for each trial, by number; what a trial does not have is absent from its row.

    Metrics are in their own direction; an inactive param is absent. `is_going_on` says whether a
    process is still at work on the run.
    """
    rows = []
    for trial in trials:
        row: dict[str, Any] = {
            "number": trial.number,
            "state": state_of(trial, is_going_on=is_going_on),
        }
        if trial.result is not None:
            row |= dict(trial.result.metrics)
        if trial.latest is not None:  # of a paused trial too, whose score is none yet
            row |= {"epochs": trial.latest.epochs, "seconds": trial.latest.seconds}
        row |= {f"params.{name}": value for name, value in trial.params.items()}
        row |= {"seed": trial.seed, "started": started_text(trial)}
        if trial.reason is not None:
            row["reason"] = trial.reason
        rows.append(row)
    return rows


def trial_frame(header: Header, trials: Sequence[Trial], *, is_going_on: bool) -> Any:
    """The trials as a pandas.DataFrame; what a trial does not have is missing from its row.

    `started` is a time, of UTC.
    """
    import pandas as pd

    rows = trial_rows(trials, is_going_on=is_going_on)
    frame = pd.DataFrame(rows, columns=trial_columns(header, trials))
    return frame.assign(started=pd.to_datetime(frame["started"], utc=True, errors="coerce"))
