"""Slots in which no network is fitted: every job ends at once, as the test says."""

from hpopt.execution.slots import TrialFailed, TrialFinished
from hpopt.trials import Result


class ScriptedSlots:
    """`free` slots; the jobs of trials in `fails` fail, the others give `result`."""

    def __init__(self, free=2, fails=(), result=None):
        self.count, self.fails = free, fails
        self.result = result or Result(0.1, {"mae": 0.1}, [0.1], {}, 7, 0.5, "weights.npz", None, 4)
        self.jobs, self.running, self.killed = [], [], []

    @property
    def free(self):
        return self.count - len(self.running)

    def submit(self, job):
        assert self.free
        self.jobs.append(job)
        self.running.append(job)

    def events(self, timeout_s):
        """The end of the job that has run the longest."""
        job = self.running.pop(0)
        if job.number in self.fails:
            return [TrialFailed(job, "the loss became nan")]
        return [TrialFinished(job, self.result)]

    def kill(self, job):
        self.killed.append(job)
