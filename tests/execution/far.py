"""A backend in one file: a worker that sees no path of this process, as if on another machine.

What is needed stands in the worker's own folder; this process' files are hidden while a job runs.
"""

import pickle
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hpopt.execution.running import run_job
from hpopt.execution.slots import TrialFailed


def slots_for(function, resources):
    return FarSlots(function)


class FarSlots:
    def __init__(self, function):
        self._function = function
        self._machine = Path(tempfile.mkdtemp(prefix="machine-"))
        self._worker = pickle.loads(pickle.dumps(function.at(self._machine)))
        self._worker.warm_up()
        self._job, self._killed = None, []

    @property
    def free(self):
        return 0 if self._job else 1

    def submit(self, job):
        if self._job is not None:
            raise RuntimeError("no slot is free")
        self._job = job

    def events(self, timeout_s):
        outcomes, self._killed = self._killed, []
        if self._job is not None:
            job, self._job = self._job, None
            outcomes.append(self._run(job))
        return outcomes

    def kill(self, job):
        if self._job == job:
            self._job = None
            self._killed.append(TrialFailed(job, "killed before it began"))

    def close(self):
        shutil.rmtree(self._machine)

    def _run(self, job):
        function = job.function(self._function)
        reads = function.reads(job.fold)
        for name, path in reads.items():
            carry(path, self._machine / name)
        worker = self._worker
        if job.work is not None:
            worker = pickle.loads(pickle.dumps(function.at(self._machine)))
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self._machine))
        for name in job.takes:
            carry(job.folder / name, scratch / name)
        with hidden(job.folder, *{path.parent for path in reads.values()}):
            sent = replace(job, folder=Path("/of/another/machine"), work=None)
            outcome = run_job(worker, sent, scratch)
        for name in job.gives:
            if (scratch / name).exists():
                carry(scratch / name, job.folder / name)
        return replace(outcome, job=job)


def carry(source, target):
    """Copy a file, unless it is there as it is now: a journal grows."""
    if target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


@contextmanager
def hidden(*folders):
    """Have these folders of the driver not be there meanwhile."""
    deepest_first = sorted(folders, key=lambda folder: -len(folder.parts))
    moved = [folder for folder in deepest_first if folder.exists()]
    for folder in moved:
        folder.rename(folder.with_name(f"{folder.name}.hidden"))
    try:
        yield
    finally:
        for folder in reversed(moved):
            folder.with_name(f"{folder.name}.hidden").rename(folder)
