"""`hpopt show RUN [N]`: a run, or one of its trials, also while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hpopt.cli.options import Json, RunArgument, emit
from hpopt.report.record import run_record, trial_record

if TYPE_CHECKING:
    from hpopt.runs.folder import Run
    from hpopt.trials import Trial

_SHOWN = 5


def show_command(
    run: RunArgument,
    number: Annotated[
        int | None, typer.Argument(metavar="N", help="The number of one of its trials.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a run or one of its trials, also while it runs."""
    from hpopt.cli.text import to_fit
    from hpopt.runs.finding import find_run, find_trial

    opened = find_run(run)
    if number is None:
        if as_json:
            emit(run_record(opened))
        else:
            print(to_fit("\n".join(_run_lines(opened))))
        return
    trial = find_trial(opened, number)
    if as_json:
        emit(trial_record(opened, trial))
    else:
        print(to_fit("\n".join(_trial_lines(opened, trial))))


def _run_lines(run: Run) -> Iterator[str]:
    from hpopt.cli.text import age
    from hpopt.report.verdict import plain_verdict
    from hpopt.report.words import duration, early_end, epochs_saved, seen_test, tally
    from hpopt.runs.naming import name_of
    from hpopt.shown import one_line

    trials = run.trials()
    failed = [trial for trial in trials if trial.state == "failed"]
    seconds = sum(trial.latest.seconds for trial in trials if trial.latest)
    yield f"{run.path.name}: {_STATES[run.state]}"
    yield from plain_verdict(run)
    yield f"  config  {run.header.config or name_of(run.path)}, begun {age(run.begun)}"
    count = tally(trials, run.n_calls, is_going_on=run.state == "running")
    yield f"  search  {count}; {duration(seconds)} of fitting"
    if run.goal.positive is not None:
        yield f'  positive class "{one_line(run.goal.positive)}"'
    if run.overrides:
        in_force = {override.partition("=")[0].strip(): override for override in run.overrides}
        yield f"  set     {' '.join(in_force.values())}"
    yield f"  folder  {run.shown_path}"
    for remark in (epochs_saved(run), early_end(run), seen_test(run)):
        if remark:
            yield f"  {remark}"
    if run.chosen is not None:
        yield from _scores(run, run.chosen)
        yield from _params(run)
        yield from _best_trials(run)
    for trial in trials:
        if trial.state == "cut":
            yield from ("", f"trial {trial.number}: {trial.reason}; `hpopt resume` runs it again")
        if trial.state == "running":
            gone = "running" if run.state == "running" else "was running when the process ended"
            yield from ("", f"trial {trial.number}: {gone}; begun {age(trial.started)}")
    if failed:
        yield ""
        for trial in failed[-_SHOWN:]:
            yield f"trial {trial.number} failed: {trial.reason}"
        if len(failed) > _SHOWN:
            yield f"and {len(failed) - _SHOWN} earlier ones"


_STATES = {
    "running": "running",
    "finished": "finished",
    "stopped": "stopped early, on request; `hpopt resume` goes on",
    "failed": "failed: it ended without a model",
    "interrupted": "interrupted: its process has gone; `hpopt resume` goes on where it was",
}


def _scores(run: Run, best: Trial) -> Iterator[str]:
    from hpopt.cli.text import table
    from hpopt.report.assessment import flattery_in_brief, verdicts
    from hpopt.report.scores import rule_of_scores, score_rows
    from hpopt.report.suspicion import cautions

    scores = score_rows(run, best)
    rows = [[row.name, row.validation, row.test, row.interval] for row in scores]
    direction = "higher" if run.header.greater_is_better else "lower"
    head = [f"{run.metric} ({direction} is better)", "validation", "test"]
    head.append("interval" if any(row.interval for row in scores) else "")
    yield from ("", *table(head, rows, right="validation test"))
    lines = (*cautions(run), rule_of_scores(run), *verdicts(run), flattery_in_brief(run))
    remarks = [line for line in lines if line]
    yield from ("", *remarks) if remarks else ()


def _params(run: Run) -> Iterator[str]:
    from hpopt.cli.text import table
    from hpopt.report.words import show_param

    trials = [*run.final, run.trials()[0]]
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    rows = [
        [name, *(show_param(t.params[name]) if name in t.params else "–" for t in trials)]
        for name in names
    ]
    heads = [*([f"trial_{trial.number}" for trial in run.ensemble] or ["best"]), "default"]
    yield from ("", *table(["param", *heads], rows, right=" ".join(heads)))


def _best_trials(run: Run) -> Iterator[str]:
    from hpopt.cli.text import table
    from hpopt.report.words import duration, show_score
    from hpopt.trials import ranked

    rows = [
        [str(t.number), show_score(run.score(t)), str(t.result.epochs), duration(t.result.seconds)]
        for t in ranked(run.trials())[:_SHOWN]
        if t.result is not None
    ]
    head = ["trial", run.metric, "epochs", "time"]
    yield from ("", *table(head, rows, right=" ".join(head)))


def _trial_lines(run: Run, trial: Trial) -> Iterator[str]:
    from hpopt.cli.text import age
    from hpopt.cli.text import facts as aligned
    from hpopt.report.words import duration, paused_after, show_param, show_score

    state: str = trial.state
    if state == "running" and run.state != "running":
        state = "never ended: the run's process has gone"
    if state == "paused":
        state = paused_after(run, trial)
    best = ", the best" if run.best is not None and run.best.number == trial.number else ""
    yield f"trial {trial.number} of {run.path.name}: {state}{best}"
    facts: dict[str, str] = {}
    if trial.result is not None:
        facts[run.metric] = f"{show_score(run.score(trial))} on validation"
        if len(trial.result.scores) > 1:
            facts["scores"] = " ".join(map(show_score, trial.result.scores))
        facts |= {
            name: show_score(score)
            for name, score in trial.result.metrics.items()
            if name != run.metric
        }
        facts["fit"] = f"{trial.result.epochs} epochs in {duration(trial.result.seconds)}"
    for result in trial.partial.values():
        score = show_score(result.metrics[run.metric])
        facts[f"at {result.epochs} epochs"] = f"{run.metric} {score}"
    if trial.reason is not None:
        facts["reason"] = trial.reason
    facts["begun"] = age(trial.started) if trial.started else "–"
    facts["seed"] = str(trial.seed) + (f", attempt {trial.attempt}" if trial.attempt > 1 else "")
    if (weights := run.weights(trial)) is not None:
        facts["weights"] = str(weights.relative_to(run.path))
    yield from aligned(facts)
    yield from ("", "params")
    yield from aligned({name: show_param(value) for name, value in trial.params.items()})
    if trial.latest is not None and trial.latest.curves:
        yield from ("", "curves")
        yield from aligned(_curves(run, trial.latest.curves))


def _curves(run: Run, curves: Mapping[str, Sequence[float | None]]) -> dict[str, str]:
    """Each curve in brief; its best number is the highest of a metric of which more is better."""
    rising = (run.metric, f"val_{run.metric}") if run.header.greater_is_better else ()
    return {name: _in_brief(curve, name in rising) for name, curve in curves.items()}


def _in_brief(curve: Sequence[float | None], greater_is_better: bool) -> str:
    """A curve's first and last number, and its lowest (or highest) where that is another.

    Where it was not finite it has none.
    """
    from hpopt.report.words import show_score

    numbers = [number for number in curve if number is not None]
    if not numbers:
        return "–"
    ends = f"{show_score(curve[0])} → {show_score(curve[-1])}"
    best, word = (max(numbers), "highest") if greater_is_better else (min(numbers), "lowest")
    if show_score(best) in (show_score(curve[0]), show_score(curve[-1])):
        return ends
    return f"{ends}, {word} {show_score(best)} in epoch {curve.index(best) + 1}"
