"""A run in three plain sentences: what to expect, what tuning gained, what else does as well.

Each follows from the outcome of the step `test`; a run that was closed before intervals were
written has the first alone.
"""

from __future__ import annotations

from hpopt.report.suspicion import doubt
from hpopt.report.words import (
    capital,
    counted,
    list_names,
    show_interval,
    show_score,
    show_with,
)
from hpopt.runs.folder import Run
from hpopt.runs.steps import Scored
from hpopt.statistics.records import Comparison

_AUC_OF_CHANCE = 0.5
# Metrics whose scores have the unit of the target.
_COST = "cost"
_IN_UNITS_OF_TARGET = ("rmse", "mae", "median_absolute_error", "max_error")


def verdict(run: Run) -> list[str]:
    """What somebody should know who reads no further; nothing where there is no network."""
    if run.chosen is None:
        return []
    scored = run.outcomes.test
    if scored is None:
        return [_without_test(run)]
    sentences = [_expectation(run, scored)]
    if scored.comparisons is not None:
        sentences += filter(None, [_gain(run, scored), _others(run, scored)])
    return sentences


def plain_verdict(run: Run) -> list[str]:
    """The `verdict` for a terminal, which has no use for the marks of Markdown."""
    return [sentence.replace("`", "") for sentence in verdict(run)]


def _without_test(run: Run) -> str:
    assert run.chosen is not None
    finished = sum(trial.result is not None for trial in run.trials())
    score = f"`{run.metric}` {show_score(run.score(run.chosen))}"
    if finished < 2:
        return f"{_expect(run)} about {score}: the test part has not been scored yet."
    return (
        f"{_expect(run)} somewhat worse than {score}, the best of {finished} validation "
        "scores: the test part has not been scored yet."
    )


def _expect(run: Run) -> str:
    """How a promise begins: with the doubt, where there is one."""
    reason = doubt(run)
    if reason is None:
        return "On new rows expect"
    return (
        f"Do not rely on these scores yet, for {reason} (see below): only if every column is "
        "known when a prediction is wanted, expect on new rows"
    )


def _expectation(run: Run, scored: Scored) -> str:
    score, interval = scored.best.get(run.metric), scored.interval("best", run.metric)
    if score is None:
        return f"What to expect on new rows is not known: the test part gives no `{run.metric}`."
    metric = "a cost" if run.metric == _COST else f"`{run.metric}`"
    sentence = f"{_expect(run)} {metric} of about {show_with(interval, score)}"
    if interval is not None:
        low, high = (show_with(interval, end) for end in interval)
        sentence += f" ({scored.level:.0%} interval: {low} to {high})"
    if run.metric in _IN_UNITS_OF_TARGET and run.goal.target:
        sentence += f", in the units of `{run.goal.target}`"
    if run.metric == _COST:
        sentence += " a row"
    if run.seen_test_after:
        sentence += "; or worse, for the search went on after the test part had been scored"
    return sentence + "."


def _gain(run: Run, scored: Scored) -> str | None:
    """Whether the tuned network is better than that of the default params."""
    assert run.chosen is not None
    if [trial.number for trial in run.final] == [run.trials()[0].number]:
        return "Tuning gained nothing: no other params did better than the defaults."
    if scored.comparisons is None or "default" not in scored.comparisons:
        return None
    comparison = scored.comparisons["default"]
    rows = counted(scored.rows, "test row")
    if comparison is None:
        return f"Whether tuning gained anything, {rows} can't tell."
    lead = _lead(run, comparison)
    by = show_with(lead.interval, abs(lead.difference))
    if not lead.is_clear:
        return (
            f"Tuning gained nothing that {rows} could measure: the network of the default params "
            "does as well."
        )
    if lead.difference > 0:
        return f"Tuning was worth it: the network is better by {by} than with the default params."
    return f"Tuning did harm: the default params do better by {by}; use these."


def _others(run: Run, scored: Scored) -> str | None:
    """Which plain models do as well as the network, or better."""
    plain = {n: c for n, c in (scored.comparisons or {}).items() if n != "default"}
    leads = {name: _lead(run, c) for name, c in plain.items() if c is not None}
    ahead = {name for name, lead in leads.items() if lead.is_clear and lead.difference > 0}
    models = {name: lead for name, lead in leads.items() if scored.kinds.get(name) != "constant"}
    better = [n for n, lead in models.items() if lead.is_clear and lead.difference < 0]
    alike = [name for name, lead in models.items() if not lead.is_clear]
    if better:  # before all else: that the network has learned nothing is no fault of the data
        best = min(better, key=lambda name: models[name].difference)
        by = show_with(models[best].interval, abs(models[best].difference))
        return f"{capital(best)} does better, by {by}: it may be all that these data need."
    for name in leads.keys() - ahead:
        if scored.kinds.get(name) == "constant":
            return _no_better_than_constant(run, scored, name)
    if alike:
        verb = "does" if len(alike) == 1 else "do"
        return f"{capital(list_names(alike, quoted=True))} {verb} as well, and cost less."
    if models:
        return f"It is better than {list_names(list(models), quoted=True)}."
    return None


def _no_better_than_constant(run: Run, scored: Scored, name: str) -> str:
    """That a model which looks at no column does as well, and whether only the metric says so."""
    sentence = f"It is not measurably better than `{name}`, which looks at no column"
    auc, interval = scored.best.get("auc"), scored.interval("best", "auc")
    if run.metric == "auc" or interval is None or interval.low <= _AUC_OF_CHANCE:
        return f"{sentence}: nothing shows that it has learned anything."
    shown = f"{show_with(interval, auc)} {show_interval(interval)}"
    return (
        f"{sentence}, by `{run.metric}`; yet it has learned to tell the classes apart: its `auc` "
        f"is {shown}, where chance gives {_AUC_OF_CHANCE}."
    )


def _lead(run: Run, comparison: Comparison) -> Comparison:
    """A comparison in the direction in which more is better."""
    return comparison if run.header.greater_is_better else comparison.negated
