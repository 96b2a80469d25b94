"""A run and its trials as the strict JSON that `--json` prints."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpopt.runs.folder import Run
    from hpopt.trials import Trial


def overview(run: Run) -> dict[str, Any]:
    """A run in brief, as strict JSON."""
    from hpopt.trials import made

    trials = run.trials()
    return {
        "id": run.path.name,
        "path": str(run.path),
        "config": run.header.config,
        "state": run.state,
        "begun": run.begun.isoformat() if run.begun else None,
        "trials": len(trials),  # that have begun, as in 0.1
        "made": made(trials),
        "failed": sum(trial.state == "failed" for trial in trials),
        "cut": sum(trial.state == "cut" for trial in trials),
        "paused": sum(trial.state == "paused" for trial in trials),
        "n_calls": run.n_calls,
        "metric": run.metric,
        "greater_is_better": run.header.greater_is_better,
        "positive": run.goal.positive,
        "best": brief(run, run.best),
    }


def run_record(run: Run) -> dict[str, Any]:
    """All that is known of a run but its trials, as strict JSON; docs/json.md has its fields."""
    from hpopt.report.suspicion import cautions
    from hpopt.report.verdict import plain_verdict

    steps = {name: dict(step.outcome) for name, step in run.steps.items()}
    return overview(run) | {
        "verdict": plain_verdict(run),
        "cautions": cautions(run),
        "best": trial_record(run, run.best) if run.best else None,
        "running": [
            trial.number
            for trial in run.trials()
            if trial.state == "running" and run.state == "running"
        ],
        "steps": steps,
        "space": list(run.header.space),
        "constants": dict(run.header.constants),
        "end": None if run.end is None else {"reason": run.end.reason, "text": run.end.text},
        "resumed": [{"time": r.time, "changes": list(r.changes)} for r in run.resumed],
        "seen_test_after": list(run.seen_test_after),
        "hpopt": run.header.hpopt,
    }


def trial_record(run: Run, trial: Trial) -> dict[str, Any]:
    """All that is known of a trial, as strict JSON; `score` is the metric in its own direction."""
    from hpopt.runs.frame import started_text, state_of

    record = dataclasses.asdict(trial)
    record["started"] = started_text(trial)
    record["state"] = state_of(trial, is_going_on=run.state == "running")
    return {"number": record.pop("number"), "score": run.score(trial), **record}


def brief(run: Run, trial: Trial | None) -> dict[str, Any] | None:
    """A trial by its number and its score, where there is one."""
    return None if trial is None else {"number": trial.number, "score": run.score(trial)}
