"""`summary.md`: what a run found, from its folder alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hpopt.report.assessment import (
    describe_calibration,
    describe_flattery,
    describe_threshold,
    verdicts,
)
from hpopt.report.choice import describe_ensemble, describe_race
from hpopt.report.features import describe_features, feature_table
from hpopt.report.forecast import ahead_table, blocks, describe_ahead, describe_intervals
from hpopt.report.held import describe_held
from hpopt.report.scores import rule_of_scores, score_rows
from hpopt.report.suspicion import cautions
from hpopt.report.verdict import verdict
from hpopt.report.words import (
    counted,
    duration,
    early_end,
    epochs_saved,
    few_groups,
    repeated,
    seen_test,
    show_belief,
    show_param,
    tally,
    weighted_rows,
)
from hpopt.runs.environment import recorded_versions
from hpopt.runs.folder import Run
from hpopt.runs.steps import Findings, Scored
from hpopt.shown import in_markdown, one_line, printable
from hpopt.space.dimensions import Categorical, Dimension
from hpopt.trials import Trial

_SHOWN_PICTURES = ("forecast", "convergence", "partial_dependence")
_PACKAGES = ("Python", "tensorflow", "keras", "numpy", "scikit-learn")


def summarise(run: Run, findings: Findings, drawn: Sequence[str] = ()) -> str:
    """The summary in Markdown; `findings` are what the surrogate says of the parameters.

    It shows the pictures that are `drawn`.
    """
    trials, best = run.trials(), run.chosen
    lines = [
        f"# {run.path.name}",
        "",
        *_paragraph(verdict(run)),
        _overview(run),
        "",
        *_cautions(run),
    ]
    if best is None:
        lines += ["No trial gave a value, so there is no model.", "", *_space(run)]
    else:
        lines += _scores(run, best) + _params(run)
        lines += _features(run) + _effects(findings, drawn)
    lines += _failures(trials) + _repeat(run)
    return printable("\n".join(lines))


def _overview(run: Run) -> str:
    trials = run.trials()
    seconds = sum(trial.latest.seconds for trial in trials if trial.latest is not None)
    number, metric = len(run.header.space), run.header.metric
    direction = "higher is better" if run.header.greater_is_better else "lower is better"
    dimensions = counted(number, "dimension")
    builder = run.header.constants.get("builder", "")
    network = f" of `{builder}` networks" if builder else ""
    overview = (
        f"{tally(trials)} over {dimensions}{network}, for the best `{metric}` on validation "
        f"({direction}); "
        f"{duration(seconds)} of fitting."
    )
    if run.goal.positive is not None:
        overview += f' The positive class is "{in_markdown(run.goal.positive)}".'
    return " ".join(
        [overview, *(s for s in (epochs_saved(run), early_end(run), seen_test(run)) if s)]
    )


def _cautions(run: Run) -> list[str]:
    """Why the scores may promise too much, above them."""
    lines = [f"- {caution}" for caution in cautions(run)]
    return ["## Before you believe the scores", "", *lines, ""] if lines else []


def _scores(run: Run, best: Trial) -> list[str]:
    name, scored = run.header.metric, run.outcomes.test
    rows = score_rows(run, best)
    has_intervals = any(row.interval for row in rows)
    head = ["", f"{name} on validation", f"{name} on test"]
    if scored and has_intervals:
        head[2] += f" [{scored.level:.0%} interval]"
    table = [[row.name, row.validation, row.test_with_interval] for row in rows]
    rule = rule_of_scores(run)
    about = [*([rule] if rule else []), *_fits(best, scored)]
    lines = ["## Scores", "", *_table(head, table), "", *_paragraph(about)]
    if run.best is not None and run.best.number == run.trials()[0].number:
        lines += ["No trial was better than the default params.", ""]
    again = repeated(run, best)
    lines += _paragraph([*([again] if again else []), *describe_race(run), *describe_ensemble(run)])
    if scored is None or scored.comparisons is None:
        finished = sum(trial.result is not None for trial in run.trials())
        if finished > 1:
            lines += [
                f"The best of {finished} validation scores flatters itself; the score on the test "
                "part, which no trial saw, is the one to quote.",
                "",
            ]
        return [*lines, *_paragraph(verdicts(run))]
    groups = "" if scored.groups is None else f" in {scored.groups} groups"
    tested = blocks(run) or f"{counted(scored.rows, 'row')}{groups}"
    lines += [f"On the test part, {tested} that no trial saw:", ""]
    lines += [*(f"- {verdict}" for verdict in verdicts(run)), ""]
    if (steps := ahead_table(run)) is not None:
        lines += [describe_ahead(run), "", *_table(*steps), "", *describe_intervals(run), ""]
    of_rows = [s for s in (few_groups(run), weighted_rows(run, in_markdown)) if s]
    lines += _paragraph([*of_rows, *describe_flattery(run)])
    lines += _paragraph([*describe_threshold(run), *describe_calibration(run)])
    lines += _paragraph(describe_held(run))
    return lines


def _fits(best: Trial, scored: Scored | None) -> Sequence[str]:
    """What the validation scores are of, where that is not the same for all."""
    result = best.result
    if result is None or len(result.scores) < 2:
        return []
    if result.weights is not None:  # repeats on one split
        return [f"Validation scores of networks are means of {len(result.scores)} fits."]
    means = f"Validation scores of networks are means of {len(result.scores)} fits over the folds"
    has_baselines = scored is not None and scored.baselines
    return [means + ("; those of plain models are of one split." if has_baselines else ".")]


def _paragraph(sentences: Sequence[str]) -> list[str]:
    return [" ".join(sentences), ""] if sentences else []


def _params(run: Run) -> list[str]:
    trials = [*run.final, run.trials()[0]]
    rows = [
        [f"`{each.name}`", *(_shown(trial, each.name) for trial in trials), _searched(each)]
        for each in run.space
    ]
    best = [f"trial {trial.number}" for trial in run.ensemble] or ["best"]
    return ["## Params", "", *_table(["", *best, "default", "searched"], rows), ""]


def _space(run: Run) -> list[str]:
    rows = [[f"`{each.name}`", _searched(each)] for each in run.space]
    return ["## Params", "", *_table(["", "searched"], rows), ""]


def _searched(dimension: Dimension) -> str:
    """A dimension in a few words."""
    if isinstance(dimension, Categorical):
        values = ", ".join(map(show_param, dimension.categories))
    else:
        values = f"{show_param(dimension.low)} to {show_param(dimension.high)}"
        values += ", log-uniform" if dimension.prior == "log-uniform" else ""
        values += "" if dimension.step is None else f", by {show_param(dimension.step)}"
        values += "" if dimension.belief is None else f"; {show_belief(dimension.belief)}"
    when = " and ".join(map(str, dimension.when))
    return values + (f"; where {when}" if when else "")


def _shown(trial: Trial, name: str) -> str:
    return show_param(trial.params[name]) if name in trial.params else "inactive"


def _effects(findings: Findings, drawn: Sequence[str]) -> list[str]:
    lines = ["## What the parameters did", ""]
    lines += [f"- {effect}" for effect in findings.effects]
    if findings.trust:
        lines += ["", findings.trust]
    for name in _SHOWN_PICTURES:
        if name in drawn:
            lines += ["", f"![{name.replace('_', ' ').capitalize()}](plots/{name}.png)"]
    others = [f"[{n}](plots/{n}.png)" for n in drawn if n not in _SHOWN_PICTURES]
    if others:
        lines += ["", f"Further pictures: {', '.join(others)}."]
    return [*lines, ""]


def _features(run: Run) -> list[str]:
    if (table := feature_table(run)) is None:
        return []
    return [
        "## What the features are worth",
        "",
        *_table(*table),
        "",
        *_paragraph(describe_features(run)),
    ]


def _failures(trials: Sequence[Trial]) -> list[str]:
    failed = [trial for trial in trials if trial.state == "failed"]
    if not failed:
        return []
    reasons: dict[str, list[int]] = {}
    for trial in failed:
        reasons.setdefault(trial.reason or "no reason known", []).append(trial.number)
    lines = [
        f"- {one_line(reason)} (trial {', '.join(map(str, numbers))})"
        for reason, numbers in reasons.items()
    ]
    return ["## Failed trials", "", *lines, ""]


def _repeat(run: Run) -> list[str]:
    return [
        "## To repeat it",
        "",
        "    hpopt tune config.resolved.yaml",
        "",
        f"in this folder, with {versions(run)}; `environment.json` has all versions.",
        "",
    ]


def versions(run: Run) -> str:
    """The versions of hpopt and of what computes, where the folder says them."""
    parts = [f"hpopt {run.header.hpopt}"]
    recorded = recorded_versions(run.path)
    parts += [f"{name} {one_line(recorded[name])}" for name in _PACKAGES if recorded.get(name)]
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else parts[0]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---"] * len(head)
    return ["| " + " | ".join(row) + " |" for row in (head, rule, *rows)]
