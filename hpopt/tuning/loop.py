"""The loop of a search: fill the free slots, wait for what happens in them, write it down."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from dataclasses import replace
from typing import assert_never

from hpopt.execution.slots import Job, Outcome, Slots, TrialFailed, TrialFinished, TrialLost
from hpopt.runs import journal
from hpopt.runs.folder import Run, now
from hpopt.search.searcher import Searcher, new_params
from hpopt.space.space import Space
from hpopt.tracking.observer import Observer
from hpopt.trials import Trial, trial_seed
from hpopt.tuning.budget import INTERRUPTED, Budget, End

log = logging.getLogger(__name__)

# How long the loop waits at most before it looks whether it is to stop.
_PATIENCE_S = 1.0


def search(
    run: Run,
    space: Space,
    searcher: Searcher,
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
    outlives the budget's time by much is cut.
    """
    again = deque(trial for trial in run.trials() if trial.state in ("running", "cut"))
    running: dict[int, Job] = {}
    lost: set[int] = set()  # trials that were ended from outside once
    while not (running and budget.is_overrun(run)):
        while slots.free and not stop.is_set():
            if again and not budget.is_out_of_time(run):
                left = again.popleft()
                trial = replace(left, attempt=left.attempt + 1)
            elif budget.end(run) is None:
                trial = _next(run, space, searcher, seed)
            else:
                break
            _start(run, trial)
            folder = run.trial_folder(trial.number)
            running[trial.number] = Job(trial.number, trial.params, trial.seed, folder)
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
    run.append(journal.Ended(end.reason, end.text, now(), run.elapsed_s))
    log.info("the search is over: %s", end.text)


def _cut(run: Run, number: int, end: End, observer: Observer) -> None:
    """Write down that a trial is over without a value, and is to run again."""
    if run.trial(number).state == "cut":  # by an earlier session, and not begun since
        return
    run.append(journal.Cut(number, f"cut off: {end.text}", now()))
    log.info("trial %d is cut", number)
    observer.ended(run.trial(number), run.trials())


def _next(run: Run, space: Space, searcher: Searcher, run_seed: int) -> Trial:
    """The trial that the searcher suggests, under the first number that is free."""
    trials = run.trials()
    taken = {trial.number for trial in trials}
    number = next(n for n in itertools.count(1) if n not in taken)  # a repair may leave a gap
    suggestion = new_params(searcher.suggest(space, trials, number=number, seed=run_seed))
    seed = trial_seed(run_seed, number)
    return Trial(number, suggestion.params, seed, info=suggestion.info)


def _start(run: Run, trial: Trial) -> None:
    if trial.attempt > 1:
        run.clear_trial(trial.number)
    run.append(
        journal.Started(
            number=trial.number,
            params=trial.params,
            seed=trial.seed,
            time=now(),
            info=trial.info,
            attempt=trial.attempt,
            elapsed=run.elapsed_s,
        )
    )


def _record(run: Run, outcome: Outcome, keep_weights: int) -> None:
    number = outcome.job.number
    match outcome:
        case TrialFinished():
            result = outcome.result
            run.append(journal.Finished(number=number, **vars(result)))
            run.keep_weights_of_best(keep_weights)
            log.info("trial %d finished: %s in %.1f s", number, result.metrics, result.seconds)
        case TrialFailed() | TrialLost():
            log.warning("trial %d failed: %s", number, outcome.reason)
            run.append(journal.Failed(number, outcome.reason, outcome.log_tail))
        case _:
            assert_never(outcome)
