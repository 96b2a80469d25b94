"""Runs one job, in whatever process this is."""

from __future__ import annotations

import logging
from pathlib import Path

from hpopt.errors import HpoptError, RunError, TrialError, in_words
from hpopt.execution.slots import (
    PREFLIGHT,
    Job,
    Outcome,
    TrialFailed,
    TrialFinished,
    TrialFunction,
)

log = logging.getLogger(__name__)


def run_job(function: TrialFunction, job: Job, scratch: Path) -> Outcome:
    """Evaluate the job's params in a folder, from whose files the job names its own.

    Raises RunError, which is no fault of the params: a full disk, say. Of a preflight it raises
    every HpoptError, for there is no trial that it could be recorded with.
    """
    try:
        evaluate = job.function(function)
        part = {} if job.share == 1 else {"share": job.share}
        result = evaluate(job.params, seed=job.seed, folder=scratch, fold=job.fold, **part)
    except TrialError as error:
        return TrialFailed(job, str(error))
    except HpoptError as error:
        if isinstance(error, RunError) or job.fold == PREFLIGHT:
            raise
        log.exception("trial %d failed", job.number)
        return TrialFailed(job, error.message)
    except (Exception, SystemExit) as error:  # a builder may call sys.exit
        log.exception("trial %d failed", job.number)
        return TrialFailed(job, in_words(error))
    return TrialFinished(job, result)
