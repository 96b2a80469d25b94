"""The loop of a search: fill the free slots, wait for what happens in them, write it down."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from dataclasses import replace
from typing import assert_never

from hpopt.execution.slots import Job, Outcome, Slots, TrialFailed, TrialFinished, TrialLost
from hpopt.runs import events
from hpopt.runs.folder import Run, now
from hpopt.search.searcher import GoOn, PausingSearcher, Suggestion
from hpopt.space.space import Space
from hpopt.tracking.observer import Observer
from hpopt.trials import STATE, Trial, trial_seed
from hpopt.tuning.budget import INTERRUPTED, Budget, End

log = logging.getLogger(__name__)

# How long the loop waits at most before it looks whether it is to stop.
_PATIENCE_S = 1.0
# Of how many paused trials at each level the state is kept, the best first. Others can go on too,
# if they are ever worth it: from nothing, which gives the same bits.
_MOST_STATES = 30


def search(
    run: Run,
    space: Space,
    searcher: PausingSearcher,
    slots: Slots,
    *,
    budget: Budget,
    seed: int,
    keep_weights: int,
    observer: Observer,
    stop: threading.Event,
) -> None:
    """The loop: fill the free slots, wait for what happens in them, write it down.

    Trials that an earlier process left running, or that were cut, come first, as they were; one
    that was ended from outside is run again once, however often the whole run was ended. One that
    outlives the budget's time by much is cut. Where no new trial may begin, paused ones go on as
    long as the searcher finds that worth it.
    """
    again = deque(trial for trial in run.trials() if trial.state in ("running", "cut"))
    running: dict[int, Job] = {}
    lost: set[int] = set()  # trials that were ended from outside once
    while not (running and budget.is_overrun(run)):
        while slots.free and not stop.is_set():
            if again and not budget.is_out_of_time(run):
                trial = _again(run, again.popleft())
            elif (following := _next(run, space, searcher, seed, budget)) is not None:
                trial = following
            else:
                break
            running[trial.number] = _start(run, trial)
            slots.submit(running[trial.number])
            observer.started(run.trial(trial.number))
        if not running:
            break
        for outcome in slots.events(_PATIENCE_S):
            number = outcome.job.number
            del running[number]
            if isinstance(outcome, TrialLost) and number not in lost:
                log.warning("trial %d is run again: %s", number, outcome.reason)
                lost.add(number)
                again.append(run.trial(number))
            else:
                _record(run, outcome, keep_weights)
                observer.ended(run.trial(number), run.trials())
    for job in running.values():
        slots.kill(job)
    if again or running:
        end = INTERRUPTED if stop.is_set() else budget.out_of_time
        for number in sorted({*running, *(trial.number for trial in again)}):
            _cut(run, number, end, observer)
    else:
        end = budget.end(run) or INTERRUPTED
    run.append(events.Ended(end.reason, end.text, now(), run.elapsed_s))
    run.keep_states(0)  # what goes on behind the closing steps begins anew
    log.info("the search is over: %s", end.text)


def _cut(run: Run, number: int, end: End, observer: Observer) -> None:
    """Write down that a trial is over without a value, and is to run again."""
    if run.trial(number).state == "cut":  # by an earlier session, and not begun since
        return
    run.append(events.Cut(number, f"cut off: {end.text}", now()))
    log.info("trial %d is cut", number)
    observer.ended(run.trial(number), run.trials())


def _next(
    run: Run, space: Space, searcher: PausingSearcher, run_seed: int, budget: Budget
) -> Trial | None:
    """The trial that the searcher wants next, new or to go on with; None where there is none."""
    trials, end = run.trials(), budget.end(run)
    if end is None:
        taken = {trial.number for trial in trials}
        number = next(n for n in itertools.count(1) if n not in taken)  # a repair may leave a gap
        following = searcher.suggest(space, trials, number=number, seed=run_seed)
        if isinstance(following, Suggestion):
            seed, level = trial_seed(run_seed, number), following.level
            return Trial(number, following.params, seed, info=following.info, level=level)
        further: GoOn | None = following
    elif end.lets_paused_go_on and any(trial.state == "paused" for trial in trials):
        further = searcher.go_on(space, trials)
    else:
        further = None
    if further is None:
        return None
    paused = run.trial(further.trial)
    return _again(run, replace(paused, level=further.level, info={**paused.info, **further.info}))


def _again(run: Run, trial: Trial) -> Trial:
    """A trial that is to go on from its state, or where it has none from nothing once more."""
    if run.has_state(trial):
        return replace(trial, state="paused")
    return replace(trial, state="running", attempt=trial.attempt + 1)


def _start(run: Run, trial: Trial) -> Job:
    """Write down that a trial begins, or goes on, and give what is to be done for it."""
    number, info = trial.number, trial.info
    job = Job(number, trial.params, trial.seed, run.trial_folder(number), share=trial.level)
    if trial.state == "paused":
        run.append(events.Thawed(number, trial.level, now(), info, run.elapsed_s))
        return replace(job, takes=(STATE,))
    if trial.attempt > 1:
        run.clear_trial(number)
    run.append(
        events.Started(
            number=number,
            params=trial.params,
            seed=trial.seed,
            time=now(),
            info=info,
            attempt=trial.attempt,
            elapsed=run.elapsed_s,
            level=trial.level,
        )
    )
    return job


def _record(run: Run, outcome: Outcome, keep_weights: int) -> None:
    number = outcome.job.number
    match outcome:
        case TrialFinished():
            result = outcome.result
            if result.state is not None:
                level = run.trial(number).level
                run.append(events.Paused(number=number, level=level, **vars(result)))
                run.keep_states(_MOST_STATES)
                log.info(
                    "trial %d paused: %s after %d epochs", number, result.metrics, result.epochs
                )
                return
            run.append(events.Finished(number=number, **vars(result)))
            run.drop_states(number)
            run.keep_weights_of_best(keep_weights)
            log.info("trial %d finished: %s in %.1f s", number, result.metrics, result.seconds)
        case TrialFailed() | TrialLost():
            log.warning("trial %d failed: %s", number, outcome.reason)
            run.append(events.Failed(number, outcome.reason, outcome.log_tail))
            run.drop_states(number)
        case _:
            assert_never(outcome)
