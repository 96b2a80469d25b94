"""What the steps `confirm` and `ensemble` found, in sentences: what the model is, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hpopt.report.words import counted, list_trials, show_interval, show_p, show_score, show_with
from hpopt.runs.folder import Run
from hpopt.runs.steps import Candidate, Confirmed, Ensembled


def describe_race(run: Run) -> list[str]:
    """How the chosen trial was chosen; nothing where it is just the best, as in older runs."""
    race = run.outcomes.confirm
    params = [trial.params for trial in run.trials() if trial.result is not None]
    is_alone = all(each == params[0] for each in params)
    if race is None or (is_alone and params):  # there is nothing to choose from
        return []
    return list(_sentences(race))


def describe_ensemble(run: Run) -> list[str]:
    """Whether the model is an average of several networks, and what that was decided by."""
    ensembled = run.outcomes.ensemble
    return [] if ensembled is None else [_compared(run, ensembled)]


def _compared(run: Run, ensembled: Ensembled) -> str:
    single = f"the network of trial {ensembled.single} alone"
    if ensembled.scores is None or len(ensembled.members) < 2:
        return f"There are not enough networks for an ensemble: the model is {single}."
    average = f"the average of the networks of trials {list_trials(ensembled.members)}"
    scores, comparison = ensembled.scores, ensembled.comparison
    proof = f"{show_score(scores.ensemble)} against {show_score(scores.single)}"
    if comparison is not None:
        proof += f", a difference of {show_with(comparison.interval, comparison.difference)} "
        proof += f"{show_interval(comparison.interval)}, {show_p(comparison.p)}"
    confidence = f"at a confidence of {ensembled.level:.0%}"
    if ensembled.taken:
        return (
            f"The model is {average}: by `{run.metric}` on validation it is better than {single}, "
            f"{confidence} ({proof})."
        )
    return (
        f"The model is {single}: by `{run.metric}` on validation {average} is not measurably "
        f"better, {confidence} ({proof})."
    )


def _sentences(race: Confirmed) -> Iterator[str]:
    candidates = {each.number: each for each in race.candidates}
    if not race.rounds:
        yield (
            "The best was not fitted again: the share of the time for that, `output.confirm`, is "
            "too little for these trials."
        )
        return
    if not race.tied:
        yield (
            f"The {len(candidates)} most promising were fitted again, but not often enough to "
            "choose by: the search's best is taken."
        )
        return
    yield (
        f"{len(candidates)} candidates, of which the trials promise most, were fitted again on "
        f"fresh splits with fresh seeds, in {counted(race.rounds, 'round')}."
    )
    chosen = candidates[race.chosen]
    mean = show_score(chosen.mean)
    if chosen.standard_error is not None:
        error = chosen.standard_error
        within = None if chosen.mean is None else (chosen.mean - error, chosen.mean + error)
        mean = f"{show_with(within, chosen.mean)} ± {show_with(within, error)}"
    if race.told_apart:
        yield (
            f"Trial {chosen.number} is the best of them ({mean}), with a confidence of at least "
            f"{int(100 * race.confidence)} %."
        )
    elif race.kept_default:
        yield (
            f"None of the others is likely enough to be better than the default params ({mean}): "
            f"these stay, trial {chosen.number}."
        )
    elif len(race.tied) > 1:
        yield _of_tied(race, candidates, mean)
    else:
        yield f"Trial {chosen.number} did best ({mean}), but not by so much that it is sure to be."
    for candidate in race.candidates:
        if candidate.reason:
            yield f"Trial {candidate.number} failed when it was fitted again: {candidate.reason}."


def _of_tied(race: Confirmed, candidates: Mapping[int, Candidate], mean: str) -> str:
    numbers, chosen = list_trials(sorted(race.tied)), race.chosen
    weights = [candidates[number].n_weights for number in race.tied]
    fewest = candidates[chosen].n_weights
    if max(weights) == fewest:
        why = f"all have {fewest:,} weights, and trial {chosen} is the fastest"
    elif weights.count(fewest) > 1:
        why = f"trial {chosen} is the fastest of those with the fewest weights, {fewest:,}"
    else:
        why = f"trial {chosen} has the fewest weights, {fewest:,}"
    return f"Trials {numbers} can't be told apart; {why}, and is the one chosen ({mean})."
