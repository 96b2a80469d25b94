"""What the test part says, in sentences: who is better than whom, and how far validation flattered.

Every sentence follows from the outcome of the step `test` alone; a run that was closed before
intervals were written has none of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hpopt.report.words import (
    capital,
    show_interval,
    show_p,
    show_score,
    show_share,
    show_with,
)
from hpopt.runs.folder import Run
from hpopt.runs.state import HALF
from hpopt.runs.steps import Flattery, Scored
from hpopt.shown import in_markdown
from hpopt.statistics.records import Comparison, Interval
from hpopt.task import OWN_THRESHOLD

_DEFAULT = "the default params"
_FEW_FOUND = 0.1  # of the positive rows: fewer are as good as none


def verdicts(run: Run) -> list[str]:
    """Whether the best network is better than the default params and than plain models."""
    scored = run.outcomes.test
    if scored is None:
        return []
    if scored.comparisons is None:
        return _old_verdict(run, scored)
    return list(_verdicts(run, scored, scored.comparisons))


def _verdicts(
    run: Run, scored: Scored, comparisons: Mapping[str, Comparison | None]
) -> Iterator[str]:
    for name, comparison in comparisons.items():
        other = _DEFAULT if name == "default" else name
        if comparison is None:
            yield f"With so few rows nothing can be said of the best network against {other}."
            continue
        lead = comparison if run.header.greater_is_better else comparison.negated
        ahead = lead.difference
        if scored.kinds.get(name) == "constant" and lead.is_clear and ahead > 0:
            continue  # as it should be
        interval = lead.interval if ahead >= 0 else lead.interval.negated
        shown = f"{show_with(interval, abs(ahead))} {show_interval(interval)}, {show_p(lead.p)}"
        if lead.is_clear:
            word = "better" if ahead > 0 else "worse"
            yield f"The best network is {word} than {other}: by {shown}."
        elif ahead == 0:
            yield f"The best network and {other} score the same: the difference is {shown}."
        else:
            word = "ahead" if ahead > 0 else "behind"
            yield f"The best network can't be told from {other}: it is {word} by {shown}."


def describe_flattery(run: Run) -> list[str]:
    """How far the search's best validation score flattered, and what can be said of the reason."""
    scored = run.outcomes.test
    if scored is None or scored.flattery is None or run.best is None or run.chosen is None:
        return []
    flattery = scored.flattery
    fits = sum(trial.result is not None for trial in run.trials())
    sentence = f"The best of {fits} validation scores was {show_score(flattery.search)}"
    sentence += f" (trial {run.best.number}); "
    if flattery.confirmed is not None:
        sentence += (
            f"fitted again on fresh splits, the params of trial {run.chosen.number} gave "
            f"{show_score(flattery.confirmed)} on average; "
        )
    final = show_with(scored.interval("best", run.metric), flattery.test)
    sentence += f"on the test part the final network gives {final}"
    if run.threshold != HALF and run.rule != OWN_THRESHOLD:
        sentence += f" at the threshold {HALF}"
    return [sentence + ".", *_difference(flattery, scored.rows), *_beyond(flattery)]


def _difference(flattery: Flattery, test_rows: int) -> Iterator[str]:
    difference, interval = flattery.difference, flattery.interval
    if difference is None or interval is None or flattery.rows is None:
        return
    rows = f"{flattery.rows:,} rows of validation and {test_rows:,} of test"
    shown = f"{show_with(interval, abs(difference))} {show_interval(interval)}"
    if interval.low > 0:
        yield f"So validation flattered by {shown}: more than chance gives with {rows}."
    elif interval.high < 0:
        yield (
            f"The test score is better, by {show_with(interval, abs(difference))} "
            f"{show_interval(interval.negated)}: more than chance gives with {rows}."
        )
    elif difference > 0:
        yield f"Validation flattered by {shown}: {rows} can't tell that from chance."
    else:
        yield (
            f"Validation did not flatter: the difference is {show_with(interval, difference)} "
            + (f"{show_interval(interval)}, with {rows}.")
        )


def _beyond(flattery: Flattery) -> Iterator[str]:
    """Whether the test part is just harder, by what a model lost that nothing was chosen of."""
    beyond = flattery.beyond
    if beyond is None or flattery.difference is None:
        return
    lost, behind = flattery.difference - beyond.difference, beyond.difference
    moved = f"{'lost' if lost >= 0 else 'gained'} {show_with(beyond.interval, abs(lost))}"
    word = "fell behind" if behind >= 0 else "got ahead"
    interval = beyond.interval if behind >= 0 else beyond.interval.negated
    shown = f"{show_with(interval, abs(behind))} {show_interval(interval)}"
    yield (
        f"{capital(beyond.name)}, which no validation score has chosen, {moved} from "
        f"validation to test: beside it the search's best {word} by {shown}, "
        f"{'which may be chance' if interval.holds(0.0) else 'more than chance gives'}."
    )


def flattery_in_brief(run: Run) -> str | None:
    """The same in a line, for the terminal."""
    scored = run.outcomes.test
    flattery = scored.flattery if scored else None
    if flattery is None or flattery.difference is None or flattery.interval is None:
        return None
    return _whether_flattered(flattery.difference, flattery.interval) + _by_whom(run, flattery)


def _whether_flattered(difference: float, interval: Interval) -> str:
    shown = f"{show_with(interval, abs(difference))} {show_interval(interval)}"
    if interval.low > 0:
        return f"Validation flattered by {shown}: more than chance gives."
    if difference > 0 and any(digit in "123456789" for digit in shown.partition(" ")[0]):
        return f"Validation flattered by {shown}: it may be chance."
    shown = f"{show_with(interval, difference)} {show_interval(interval)}"
    return f"Validation did not flatter: {shown}."


def _by_whom(run: Run, flattery: Flattery) -> str:
    """Whose score that goes by, where it is not that of the trial which was chosen."""
    best, chosen = run.best, run.chosen
    if best is None or chosen is None or best.number == chosen.number:
        return ""
    return (
        f" That goes by the search's best, trial {best.number} with "
        f"{show_score(flattery.search)}; trial {chosen.number} was chosen where the best were "
        "fitted again."
    )


def describe_threshold(run: Run) -> list[str]:
    """Which threshold stands between two labels, and what it is worth."""
    chosen = run.outcomes.threshold
    if chosen is None:
        return _never_positive(run)
    gain = chosen.comparison
    if gain is None:
        return []
    interval = gain.interval if gain.difference >= 0 else gain.interval.negated
    rows = "rows of the validation part that it was not made of"
    by = show_with(interval, abs(gain.difference))
    shown = f"{by} {show_interval(interval)} {run.metric} on {rows}"
    if run.rule == OWN_THRESHOLD:
        return [_own_threshold(run, gain, shown)]
    if run.threshold != HALF:
        return [
            f"{_positive(run)} is said where its probability is above {run.threshold:.3f}, not "
            f"{HALF}: that is better by {shown}."
        ]
    other = f"The threshold between the labels is {HALF}: another, {chosen.tried:.3f}, is"
    if gain.difference > 0:
        return [f"{other} better by {shown}, which could be chance."]
    return [f"{other} no better, but behind by {shown}."]


def _never_positive(run: Run) -> list[str]:
    """That a threshold which nobody has chosen finds next to none of the positive rows.

    So it mostly is of a rare label, whose probabilities are low.
    """
    retrieval = run.outcomes.test.retrieval if run.outcomes.test else None
    if retrieval is None:
        return []
    found = retrieval.models["best"].in_force
    if found is not None and found.recall >= _FEW_FOUND:
        return []
    positive = f'"{in_markdown(retrieval.positive)}"'
    finds = (
        "that is so of no row of the test part"
        if found is None
        else f"that finds {show_share(found.recall)} of them on the test part"
    )
    return [
        f"{positive} is said where its probability is above {HALF}, for {run.metric} needs no "
        f"threshold, and {finds}: rank rows by their probability and take as many as you can act "
        "on, or search by `f1`, which chooses a threshold; the picture `precision_recall` shows "
        "what each gives."
    ]


def _own_threshold(run: Run, gain: Comparison, shown: str) -> str:
    """The threshold of the model, and what it is worth beside 0.5."""
    lead = gain if run.header.greater_is_better else gain.negated
    sentence = (
        f"{_positive(run)} is said where its probability is above {run.threshold:.3f}, the best "
        f"threshold by {run.metric} on validation. Beside {HALF} it "
    )
    sentence += f"gains {shown}" if lead.difference >= 0 else f"loses {shown}"
    sentence += "." if lead.is_clear else ", which could be chance."
    at_half = run.outcomes.test.at_half if run.outcomes.test else None
    if at_half is not None:
        sentence += f" On the test part {HALF} would give {show_score(at_half)}."
    return sentence


def _positive(run: Run) -> str:
    """The label that the threshold is on, where the run has noted which."""
    positive = run.goal.positive
    return "The second label" if positive is None else f'"{in_markdown(positive)}"'


def describe_calibration(run: Run) -> list[str]:
    """How far probabilities can be taken at their word."""
    calibration = run.outcomes.test.calibration if run.outcomes.test else None
    if calibration is None:
        return []
    sentence = (
        f"Its probabilities are off by {show_score(calibration.error)} on average (expected "
        "calibration error), where perfectly calibrated ones would stay below "
        f"{show_score(calibration.by_chance)} 19 times in 20: "
    )
    is_off = calibration.is_off
    sentence += (
        "they are miscalibrated. Do not use them as they are: rank rows by them, or calibrate them "
        "on rows of validation."
        if is_off
        else "nothing shows that they are miscalibrated, so they can be used as they are."
    )
    return [sentence + f" Their Brier score is {show_score(calibration.brier)}."]


def _old_verdict(run: Run, scored: Scored) -> list[str]:
    """Of a run closed without intervals: whether a plain model scores as well on the test part."""
    metric, sign = run.header.metric, 1.0 if run.header.greater_is_better else -1.0
    best = scored.best.get(metric)
    on_test = {name: baseline.test.get(metric) for name, baseline in scored.baselines.items()}
    scores = {name: score for name, score in on_test.items() if score is not None}
    if best is None or not scores:
        return []
    name = max(scores, key=lambda other: sign * scores[other])
    if sign * scores[name] < sign * best:
        return []
    words = "no worse" if scores[name] == best else "better"
    return [f"On the test part, {name} is {words} than the best network."]
