"""The end of a run in a few lines, for the terminal: what `summary.md` says, shorter."""

from __future__ import annotations

from hpopt.report.assessment import flattery_in_brief
from hpopt.report.scores import rule_of_scores, score_rows
from hpopt.report.suspicion import cautions
from hpopt.report.verdict import plain_verdict
from hpopt.report.words import (
    align,
    early_end,
    few_groups,
    list_trials,
    repeated,
    seen_test,
    show_param,
    show_score,
    weighted_rows,
)
from hpopt.runs.folder import Run
from hpopt.shown import one_line

_MOST_EFFECTS = 3


def conclude(run: Run) -> str:
    """What was found, beside what it is to be judged by, and where it is."""
    trials, best, metric = run.trials(), run.chosen, run.header.metric
    folder = f"run folder: {run.shown_path}"
    if best is None:
        reasons = sorted({trial.reason or "" for trial in trials if trial.state == "failed"})
        end = early_end(run)
        none = "no trial gave a value, so there is no model"
        if run.end is not None and run.end.reason == "time_limit":
            reasons = [
                *reasons[:3],
                f"give it more time: hpopt resume {run.shown_path} -s search.time_limit=SECONDS",
            ]
        return "\n".join([none, *reasons[:4], *([end] if end else []), folder])
    first, *others = score_rows(run, best)
    whose = "the default params" if best.number == 1 else f"trial {best.number}"
    if run.ensemble:
        whose = f"the average of trials {list_trials(trial.number for trial in run.ensemble)}"
    lines = [*plain_verdict(run), ""]
    if first.validation == show_score(None):  # by another rule than the test scores
        lines += [f"best: {whose}"]
    else:
        lines += [f"best {metric} on validation: {first.validation} ({whose})"]
    if run.outcomes.test is not None:
        label = f"its {metric} on test: "
        lines.append(f"{label:<{len(metric) + 21}}{first.test_with_interval}")
    if others:
        rows = [["  for comparison", "validation", "test"]]
        rows += [[f"  {row.name}", row.validation, row.test, row.interval] for row in others]
        rows[0] += ["[95 %]" if any(row.interval for row in others) else ""]
        lines += align(rows)
    sentences = [
        rule_of_scores(run),
        repeated(run, best),
        flattery_in_brief(run),
        few_groups(run),
        weighted_rows(run, one_line),
        early_end(run),
        seen_test(run),
    ]
    lines += [sentence for sentence in sentences if sentence]
    lines += cautions(run)
    for trial in run.final:
        lines += [f"params of trial {trial.number}:" if run.ensemble else "params:"]
        lines += [f"  {name}: {show_param(value)}" for name, value in trial.params.items()]
    return "\n".join([*lines, *_findings(run), folder])


def _findings(run: Run) -> list[str]:
    """The surest of what the parameters did, where the summary found that out."""
    findings = run.outcomes.summary.findings if run.outcomes.summary else None
    if findings is None:
        return []
    effects = [f"  {effect.replace('`', '')}" for effect in findings.effects[:_MOST_EFFECTS]]
    lines = ["what the parameters did:", *effects] if effects else []
    return [*lines, findings.trust] if findings.trust else lines
