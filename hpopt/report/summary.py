"""`summary.md`: what a run found, from its folder alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hpopt.report.confirmation import confirmation, ensemble
from hpopt.report.findings import Findings
from hpopt.report.on_test import calibration, flattery, test_outcome, threshold, verdicts
from hpopt.report.scores import score_rows
from hpopt.report.words import early_end, seen_test, show_param
from hpopt.runs.folder import Run
from hpopt.space.conditions import Condition
from hpopt.trials import Trial

_SHOWN_PICTURES = ("convergence", "partial_dependence")
_PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")


def summarise(run: Run, found: Findings) -> str:
    """The summary in Markdown; `found` is what the surrogate says of the parameters."""
    trials, best = run.trials(), run.chosen
    lines = [f"# {run.path.name}", "", _overview(run), ""]
    if best is None:
        lines += ["No trial gave a value, so there is no model.", "", *_space(run)]
    else:
        lines += _scores(run, best) + _params(run) + _effects(run, found)
    lines += _failures(trials) + _repeat(run)
    return "\n".join(lines)


def _overview(run: Run) -> str:
    trials = run.trials()
    failed = sum(trial.state == "failed" for trial in trials)
    seconds = sum(trial.result.seconds for trial in trials if trial.result is not None)
    told = f"{len(trials)} trials" + (f", {failed} of which failed" if failed else "")
    number, metric = len(run.header.space), run.header.metric
    direction = "higher is better" if run.header.greater_is_better else "lower is better"
    dimensions = f"{number} dimension{'s' if number > 1 else ''}"
    builder = run.header.constants.get("builder", "")
    network = f" of `{builder}` networks" if builder else ""
    overview = (
        f"{told} over {dimensions}{network}, for the best `{metric}` on validation ({direction}); "
        f"{seconds:.0f} s of fitting."
    )
    return " ".join([overview, *(said for said in (early_end(run), seen_test(run)) if said)])


def _scores(run: Run, best: Trial) -> list[str]:
    name, test = run.header.metric, test_outcome(run)
    rows = score_rows(run, best)
    has_intervals = any(row.interval for row in rows)
    head = ["", f"{name} on validation", f"{name} on test"]
    if has_intervals:
        head[2] += f" [{test['level']:.0%} interval]"
    table = [[row.name, row.validation, row.test_with_interval] for row in rows]
    lines = ["## Scores", "", *_table(head, table), "", *_paragraph(_fits(best, test))]
    if run.best is not None and run.best.number == run.trials()[0].number:
        lines += ["No trial was better than the default params.", ""]
    lines += _paragraph([*confirmation(run), *ensemble(run)])
    if "comparisons" not in test:
        finished = sum(trial.result is not None for trial in run.trials())
        if finished > 1:
            lines += [
                f"The best of {finished} validation scores flatters itself; the score on the test "
                "part, which no trial saw, is the one to quote.",
                "",
            ]
        return [*lines, *_paragraph(verdicts(run))]
    rows_told = f"{test['rows']} rows" + (
        f" in {test['groups']} groups" if test["groups"] is not None else ""
    )
    lines += [f"On the test part, {rows_told} that no trial saw:", ""]
    lines += [*(f"- {verdict}" for verdict in verdicts(run)), ""]
    lines += [*_paragraph(flattery(run)), *_paragraph([*threshold(run), *calibration(run)])]
    return lines


def _fits(best: Trial, test: Mapping[str, Any]) -> Sequence[str]:
    """What the validation scores are of, where that is not the same for all."""
    result = best.result
    if result is None or len(result.scores) < 2:
        return []
    if result.weights is not None:  # repeats on one split
        return [f"Validation scores of networks are means of {len(result.scores)} fits."]
    told = f"Validation scores of networks are means of {len(result.scores)} fits over the folds"
    return [told + ("; those of plain models are of one split." if "baselines" in test else ".")]


def _paragraph(sentences: Sequence[str]) -> list[str]:
    return [" ".join(sentences), ""] if sentences else []


def _params(run: Run) -> list[str]:
    trials = [*run.final, run.trials()[0]]
    rows = [
        [f"`{form['name']}`", *(_shown(trial, form["name"]) for trial in trials), _searched(form)]
        for form in run.header.space
    ]
    best = [f"trial {trial.number}" for trial in run.ensemble] or ["best"]
    return ["## Params", "", *_table(["", *best, "default", "searched"], rows), ""]


def _space(run: Run) -> list[str]:
    rows = [[f"`{form['name']}`", _searched(form)] for form in run.header.space]
    return ["## Params", "", *_table(["", "searched"], rows), ""]


def _searched(form: Mapping[str, Any]) -> str:
    """A dimension in a few words, from its JSON."""
    if form["type"] == "categorical":
        told = ", ".join(show_param(category) for category in form["categories"])
    else:
        told = f"{show_param(form['low'])} to {show_param(form['high'])}"
        told += ", log-uniform" if form["prior"] == "log-uniform" else ""
    conditions = [str(Condition.parse(*item)) for item in form["when"].items()]
    return told + (f"; where {' and '.join(conditions)}" if conditions else "")


def _shown(trial: Trial, name: str) -> str:
    return show_param(trial.params[name]) if name in trial.params else "inactive"


def _effects(run: Run, found: Findings) -> list[str]:
    lines = ["## What the parameters did", ""]
    lines += [f"- {effect}" for effect in found.effects]
    if found.trust:
        lines += ["", found.trust]
    drawn = run.steps["plots"].outcome["drawn"] if "plots" in run.steps else []
    for name in _SHOWN_PICTURES:
        if name in drawn:
            lines += ["", f"![{name.replace('_', ' ').capitalize()}](plots/{name}.png)"]
    others = [f"[{n}](plots/{n}.png)" for n in drawn if n not in _SHOWN_PICTURES]
    if others:
        lines += ["", f"Further pictures: {', '.join(others)}."]
    return [*lines, ""]


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


def _repeat(run: Run) -> list[str]:
    return [
        "## To repeat it",
        "",
        "    hpopt tune config.resolved.yaml",
        "",
        f"in this folder, with {_versions(run)}; `environment.json` has all versions.",
        "",
    ]


def _versions(run: Run) -> str:
    """The versions of hpopt and of what computes, where the folder says them."""
    told = [f"hpopt {run.header.hpopt}"]
    path = run.path / "environment.json"
    if path.is_file():
        environment = json.loads(path.read_text())
        told.append(f"Python {environment['python']}")
        versions = {name: environment["packages"].get(name) for name in _PACKAGES}
        told += [f"{name} {version}" for name, version in versions.items() if version]
    return ", ".join(told[:-1]) + f" and {told[-1]}" if len(told) > 1 else told[0]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---"] * len(head)
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *rows)]
