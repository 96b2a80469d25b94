"""What the test part says, in sentences: who is better than whom, and how far validation flattered.

Every sentence follows from the outcome of the step `test` alone; a run that was closed before
intervals were written has none of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpopt.report.words import show_interval, show_p, show_score
from hpopt.runs.folder import Run
from hpopt.runs.state import HALF

_DEFAULT = "the default params"


def test_outcome(run: Run) -> Mapping[str, Any]:
    """What the step `test` found; {} before it."""
    return run.steps["test"].outcome if "test" in run.steps else {}


def verdicts(run: Run) -> list[str]:
    """Whether the best network is better than the default params and than plain models."""
    test = test_outcome(run)
    return list(_verdicts(run, test)) if "comparisons" in test else _old_verdict(run, test)


def _verdicts(run: Run, test: Mapping[str, Any]) -> Iterator[str]:
    kinds = test["kinds"]
    for name, told in test["comparisons"].items():
        other = _DEFAULT if name == "default" else name
        if told is None:
            yield f"With so few rows nothing can be said of the best network against {other}."
            continue
        ahead, interval = _good(run, told)
        is_clear = not interval[0] <= 0 <= interval[1]
        if kinds.get(name) == "constant" and is_clear and ahead > 0:
            continue  # as it should be
        ends = interval if ahead >= 0 else _flipped(interval)
        shown = f"{show_score(abs(ahead))} {show_interval(ends)}, {show_p(told['p'])}"
        if is_clear:
            word = "better" if ahead > 0 else "worse"
            yield f"The best network is {word} than {other}: by {shown}."
        elif ahead == 0:
            yield f"The best network and {other} score the same: the difference is {shown}."
        else:
            word = "ahead" if ahead > 0 else "behind"
            yield f"The best network can't be told from {other}: it is {word} by {shown}."


def _good(run: Run, told: Mapping[str, Any]) -> tuple[float, Sequence[float]]:
    """A difference and its interval, above 0 where the best network is better."""
    low, high = told["interval"]
    if run.header.greater_is_better:
        return told["difference"], (low, high)
    return -told["difference"], (-high, -low)


def _flipped(interval: Sequence[float]) -> Sequence[float]:
    return -interval[1], -interval[0]


def flattery(run: Run) -> list[str]:
    """How far the search's best validation score flattered, and what can be said of the reason."""
    found = test_outcome(run).get("flattery")
    if not found or run.best is None or run.chosen is None:
        return []
    fits = sum(trial.result is not None for trial in run.trials())
    told = f"The best of {fits} validation scores was {show_score(found['search'])}"
    told += f" (trial {run.best.number}); "
    if "confirmed" in found:
        told += (
            f"fitted again on fresh splits, the params of trial {run.chosen.number} gave "
            f"{show_score(found['confirmed'])} on average; "
        )
    told += f"on the test part the final network gives {show_score(found['test'])}"
    if run.threshold != HALF:
        told += f" at the threshold {HALF}, by which trials are judged"
    return [told + ".", *_difference(run, found), *_beyond(found)]


def _difference(run: Run, found: Mapping[str, Any]) -> Iterator[str]:
    if "difference" not in found:
        return
    difference, interval = found["difference"], found["interval"]
    test = test_outcome(run)
    rows = f"{found['rows']} rows of validation and {test['rows']} of test"
    shown = f"{show_score(abs(difference))} {show_interval(interval)}"
    if interval[0] > 0:
        yield f"So validation flattered by {shown}: more than chance gives with {rows}."
    elif interval[1] < 0:
        yield (
            f"The test score is better, by {show_score(abs(difference))} "
            f"{show_interval(_flipped(interval))}: more than chance gives with {rows}."
        )
    elif difference > 0:
        yield f"Validation flattered by {shown}: {rows} can't tell that from chance."
    else:
        yield f"Validation did not flatter: the difference is {show_score(difference)} " + (
            f"{show_interval(interval)}, with {rows}."
        )


def _beyond(found: Mapping[str, Any]) -> Iterator[str]:
    """Whether the test part is just harder, by what a model lost that nothing was chosen of."""
    beyond = found.get("beyond")
    if not beyond:
        return
    lost = found["difference"] - beyond["difference"]
    moved = f"{'lost' if lost >= 0 else 'gained'} {show_score(abs(lost))}"
    behind, interval = beyond["difference"], beyond["interval"]
    word = "fell behind" if behind >= 0 else "got ahead"
    ends = interval if behind >= 0 else _flipped(interval)
    shown = f"{show_score(abs(behind))} {show_interval(ends)}"
    is_clear = not interval[0] <= 0 <= interval[1]
    yield (
        f"{_capital(beyond['name'])}, which no validation score has chosen, {moved} from "
        f"validation to test: beside it the search's best {word} by {shown}, "
        f"{'more than chance gives' if is_clear else 'which may be chance'}."
    )


def flattery_in_brief(run: Run) -> str | None:
    """The same in a line, for the terminal."""
    found = test_outcome(run).get("flattery")
    if not found or "difference" not in found:
        return None
    difference, interval = found["difference"], found["interval"]
    shown = f"{show_score(abs(difference))} {show_interval(interval)}"
    if interval[0] > 0:
        return f"Validation flattered by {shown}: more than chance gives."
    if difference > 0:
        return f"Validation flattered by {shown}: it may be chance."
    return f"Validation did not flatter: {show_score(difference)} {show_interval(interval)}."


def threshold(run: Run) -> list[str]:
    """Which threshold stands between two labels, and what it is worth."""
    step = run.steps.get("threshold")
    if step is None or "gain" not in step.outcome:
        return []
    found = step.outcome
    metric, rows = run.metric, "rows of the validation part that it was not made of"
    gain, interval = found["gain"], found["interval"]
    ends = interval if gain >= 0 else _flipped(interval)
    shown = f"{show_score(abs(gain))} {show_interval(ends)} {metric} on {rows}"
    if run.threshold != HALF:
        told = (
            f"The second label is said where its probability is above {run.threshold:.3f}, not "
            f"{HALF}: that is better by {shown}."
        )
        at_half = test_outcome(run).get("at_half")
        if at_half is not None:
            told += f" On the test part {HALF} would give {show_score(at_half)}."
        return [told]
    if gain > 0:
        return [
            f"The threshold between the labels is {HALF}: another, {found['tried']:.3f}, is better "
            f"by {shown}, which could be chance."
        ]
    return [
        f"The threshold between the labels is {HALF}: another, {found['tried']:.3f}, is no better, "
        f"but behind by {shown}."
    ]


def calibration(run: Run) -> list[str]:
    """How far probabilities can be taken at their word."""
    found = test_outcome(run).get("calibration")
    if not found:
        return []
    error, by_chance, brier = (show_score(found[n]) for n in ("error", "by_chance", "brier"))
    told = (
        f"Its probabilities are off by {error} on average (expected calibration error), where "
        f"perfectly calibrated ones would stay below {by_chance} 19 times in 20: "
    )
    is_off = found["error"] > found["by_chance"]
    told += "they are miscalibrated." if is_off else "nothing shows that they are miscalibrated."
    return [told + f" Their Brier score is {brier}."]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _old_verdict(run: Run, test: Mapping[str, Any]) -> list[str]:
    """Of a run closed without intervals: whether a plain model scores as well on the test part."""
    metric, sign = run.header.metric, 1.0 if run.header.greater_is_better else -1.0
    best = test.get("best", {}).get(metric)
    found = {name: scores["test"].get(metric) for name, scores in test.get("baselines", {}).items()}
    known = {name: score for name, score in found.items() if score is not None}
    if best is None or not known:
        return []
    name = max(known, key=lambda other: sign * known[other])
    if sign * known[name] < sign * best:
        return []
    words = "no worse" if known[name] == best else "better"
    return [f"On the test part, {name} is {words} than the best network."]
