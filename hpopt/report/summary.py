"""`summary.md`: what a run found, from its folder alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpopt.report.words import show_param, show_score
from hpopt.runs.folder import Run
from hpopt.trials import Trial


def summarise(run: Run) -> str:
    """The summary in Markdown."""
    header, trials, best = run.header, run.trials(), run.best
    lines = [f"# {run.path.name}", "", _overview(trials), ""]
    if best is None:
        lines += ["No trial gave a value, so there is no model.", ""]
    else:
        lines += _scores(run, best) + _params(trials[0], best)
    lines += _failures(trials)
    lines += [
        "## To repeat it",
        "",
        "    hpopt tune config.resolved.yaml",
        "",
        f"in this folder, with hpopt {header.hpopt} and the versions in `environment.json`.",
        "",
    ]
    return "\n".join(lines)


def conclude(run: Run) -> str:
    """The end of a run in a few lines, for the terminal."""
    trials, best, metric = run.trials(), run.best, run.header.metric
    folder = f"run folder: {run.shown_path}"
    if best is None:
        reasons = sorted({trial.reason or "" for trial in trials if trial.state == "failed"})
        return "\n".join(["no trial gave a value, so there is no model", *reasons[:3], folder])
    whose = "the default params" if best.number == 1 else f"trial {best.number}"
    lines = [f"best {metric} on validation: {_validation(best, metric)} ({whose})"]
    if "test" in run.steps:
        score = run.steps["test"].outcome["best"][metric]
        label = f"its {metric} on test: "
        lines.append(f"{label:<{len(metric) + 21}}{show_score(score)}")
    lines += [f"  {name}: {show_param(value)}" for name, value in best.params.items()]
    return "\n".join([*lines, folder])


def _overview(trials: Sequence[Trial]) -> str:
    failed = sum(trial.state == "failed" for trial in trials)
    seconds = sum(trial.result.seconds for trial in trials if trial.result is not None)
    told = f"{len(trials)} trials" + (f", {failed} of which failed" if failed else "")
    return f"{told}; {seconds:.0f} s of fitting."


def _scores(run: Run, best: Trial) -> list[str]:
    name = run.header.metric
    default = run.trials()[0]
    direction = "higher is better" if run.header.greater_is_better else "lower is better"
    test: Mapping[str, Any] = run.steps["test"].outcome if "test" in run.steps else {}
    is_default = best.number == default.number
    name_of_best = "default params (trial 1)" if is_default else f"best (trial {best.number})"
    rows = [(name_of_best, best, test.get("best"))]
    if not is_default and default.result is not None:
        rows.append(("default params (trial 1)", default, test.get("default")))
    table = [
        [label, _validation(trial, name), show_score(scores[name] if scores else None)]
        for label, trial, scores in rows
    ]
    lines = ["## Scores", ""]
    lines += _table(["", f"{name} on validation", f"{name} on test"], table)
    lines += ["", f"`{name}`: {direction}."]
    if is_default:
        lines += ["No trial was better than the default params."]
    finished = sum(trial.result is not None for trial in run.trials())
    if finished > 1:
        lines += [
            f"The best of {finished} validation scores flatters itself; the score on the test "
            "part, which no trial saw, is the one to quote."
        ]
    return [*lines, ""]


def _validation(trial: Trial, name: str) -> str:
    return "–" if trial.result is None else show_score(trial.result.metrics[name])


def _params(default: Trial, best: Trial) -> list[str]:
    names = list(dict.fromkeys([*best.params, *default.params]))
    rows = [[f"`{name}`", _shown(best, name), _shown(default, name)] for name in names]
    return ["## Params", "", *_table(["", "best", "default"], rows), ""]


def _shown(trial: Trial, name: str) -> str:
    return show_param(trial.params[name]) if name in trial.params else "inactive"


def _failures(trials: Sequence[Trial]) -> list[str]:
    failed = [trial for trial in trials if trial.state == "failed"]
    if not failed:
        return []
    reasons: dict[str, list[int]] = {}
    for trial in failed:
        reasons.setdefault(trial.reason or "no reason known", []).append(trial.number)
    lines = [
        f"- {reason} (trial {', '.join(map(str, numbers))})" for reason, numbers in reasons.items()
    ]
    return ["## Failed trials", "", *lines, ""]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---"] * len(head)
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *rows)]
