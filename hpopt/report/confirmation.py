"""What the steps `confirm` and `ensemble` found, in sentences: what the model is, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpopt.report.words import list_trials, show_interval, show_p, show_score
from hpopt.runs.folder import Run


def confirmation(run: Run) -> list[str]:
    """How the chosen trial was chosen; nothing where it is just the best, as in older runs."""
    step = run.steps.get("confirm")
    params = [trial.params for trial in run.trials() if trial.result is not None]
    is_alone = all(each == params[0] for each in params)
    if step is None or (is_alone and params):  # there is nothing to choose from
        return []
    return list(_told(step.outcome))


def ensemble(run: Run) -> list[str]:
    """Whether the model is an average of several networks, and what that was decided by."""
    step = run.steps.get("ensemble")
    return [] if step is None else [_compared(run, step.outcome)]


def _compared(run: Run, outcome: Mapping[str, Any]) -> str:
    single, members = f"the network of trial {outcome['single']} alone", outcome["members"]
    if len(members) < 2:
        return f"There are not enough networks for an ensemble: the model is {single}."
    average = f"the average of the networks of trials {list_trials(members)}"
    scores = {name: show_score(score) for name, score in outcome["scores"].items()}
    told = f"{scores['ensemble']} against {scores['single']}"
    if outcome["difference"] is not None:
        told += f", a difference of {show_score(outcome['difference'])} "
        told += f"{show_interval(outcome['interval'])}, {show_p(outcome['p'])}"
    confidence = f"at a confidence of {outcome['level']:.0%}"
    if outcome["taken"]:
        return (
            f"The model is {average}: by `{run.metric}` on validation it is better than {single}, "
            f"{confidence} ({told})."
        )
    return (
        f"The model is {single}: by `{run.metric}` on validation {average} is not measurably "
        f"better, {confidence} ({told})."
    )


def _told(outcome: Mapping[str, Any]) -> Iterator[str]:
    candidates = {each["number"]: each for each in outcome["candidates"]}
    rounds, chosen = outcome["rounds"], outcome["chosen"]
    if not rounds:
        yield (
            "The best was not fitted again: the share of the time for that, `output.confirm`, is "
            "too little for these trials."
        )
        return
    if not outcome["tied"]:
        yield (
            f"The {len(candidates)} most promising were fitted again, but not often enough to "
            "choose by: the search's best is taken."
        )
        return
    yield (
        f"{len(candidates)} candidates, of which the trials promise most, were fitted again on "
        f"fresh splits with fresh seeds, in {rounds} round{'s' if rounds > 1 else ''}."
    )
    told = candidates[chosen]
    mean = show_score(told["mean"])
    if told["standard_error"] is not None:
        mean += f" ± {show_score(told['standard_error'])}"
    if outcome["told_apart"]:
        yield (
            f"Trial {chosen} is the best of them ({mean}), with a confidence of at least "
            f"{_floor(outcome['confidence'])} %."
        )
    elif len(outcome["tied"]) > 1:
        yield _of_tied(outcome["tied"], candidates, chosen, mean)
    else:
        yield f"Trial {chosen} did best ({mean}), but not by so much that it is sure to be."
    failed = {number: each["reason"] for number, each in candidates.items() if each["reason"]}
    for number, reason in failed.items():
        yield f"Trial {number} failed when it was fitted again: {reason}."


def _of_tied(
    tied: Sequence[int], candidates: Mapping[int, Mapping[str, Any]], chosen: int, mean: str
) -> str:
    numbers = list_trials(sorted(tied))
    weights = [candidates[number]["n_weights"] for number in tied]
    fewest = candidates[chosen]["n_weights"]
    if max(weights) == fewest:
        why = f"all have {fewest} weights, and trial {chosen} is the fastest"
    elif weights.count(fewest) > 1:
        why = f"trial {chosen} is the fastest of those with the fewest weights, {fewest}"
    else:
        why = f"trial {chosen} has the fewest weights, {fewest}"
    return f"Trials {numbers} can't be told apart; {why}, and is the one chosen ({mean})."


def _floor(confidence: float) -> int:
    return int(100 * confidence)
