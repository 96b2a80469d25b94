"""`hpopt.minimize`: the optimiser by itself, for any function of a few params."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any

from hpopt.errors import ConfigError
from hpopt.optimizing import Call, Optimizer
from hpopt.space.conditions import Value

log = logging.getLogger(__name__)


def minimize(
    objective: Callable[..., float],
    space: Mapping[str, Any],
    *,
    n_calls: int,
    levels: Sequence[float] | None = None,
    defaults: Mapping[str, Value] | None = None,
    require: Sequence[str] = (),
    engine: str | None = None,
    n_initial: int | None = None,
    seed: int = 0,
    noisy: bool | None = None,
    known: Sequence[tuple[Mapping[str, Value], float]] = (),
    n_jobs: int = 1,
    time_limit: float | None = None,
    callback: Callable[[dict[str, Value], float], object] | None = None,
    **settings: Any,
) -> Any:
    """Search for the params at which `objective` is lowest, and give a skopt OptimizeResult.

    `objective` takes a dict of params. `space` maps their names to the forms of the YAML's `space`:
    a mapping with `type`, a list (a categorical) or a single value (a constant, which is handed
    over too); a dimension whose condition does not hold is absent. Dimensions may nest, and their
    names are then joined by dots: the space `{"sgd": {"rate": [0.1, 1.0], "steps": [3, 9]}}` has
    the params `sgd.rate` and `sgd.steps`. The first call has the dimensions' defaults, over which
    `defaults` are laid. All that is tried meets the rules of `require`, such as
    `["steps * size <= 64"]`; docs/search.md has their language. `n_initial` calls, the first
    included, are made before the surrogate is asked. `engine` and the `settings` of engines
    (`acquisition`, `base_estimator`, `grid`) are those of the YAML's `search`.

    No params come twice, and a search that has called `objective` on all there are ends there,
    unless it is `noisy`: params that are called several times then count by the mean. Where it is
    neither said to be `noisy` nor not to be, the values themselves say how large noise is, and the
    search answers it by new params near the best ones.

    A value that is NaN or infinite is a failed trial: the search learns to stay away from it, and
    the result leaves it out. An exception of the objective reaches the caller. The result has
    `x_iters`, `func_vals`, `x` and `fun` as skopt's own, and by name `params`, the best, and
    `lowest`, the params of the lowest value. Under noise that one has been lucky, and `params` are
    those of which the surrogate expects most, which is `expected`; else the two are the same.

    Where values come from something that can be done in part, such as a fit for some epochs,
    `levels` are the amounts of it, ascending, at which to look: `[6, 17, 52]`. `objective` then
    takes the params and a level, and may be asked for a higher level of the same params later, so
    it can go on from where it was. `n_calls` params are tried, the first of them to the last level,
    and of the others those that promise most for what it takes. The result has those that came to
    the last level, and as `spent` what all calls took, in the unit of the levels.

    What is `known` already, pairs of params and their value, informs the search and counts for no
    call. With `n_jobs` so many calls run side by side, in processes of their own. No call begins
    that would probably not end within the `time_limit` (seconds). `callback` hears of each value,
    with its params, and ends the search by returning something true. Ctrl-C ends it as well. In
    `stopped` the result says why it ended: "n_calls" (all were made), "time_limit", "callback" or
    "interrupted".

    Raises ConfigError where an argument makes no sense, RunError where no value was finite,
    SetupError where own code calls it while it is imported for a run.
    """
    if not callable(objective):
        raise ConfigError(f"the objective is a {type(objective).__name__}, not a function")
    if not isinstance(n_calls, int) or n_calls < 1:
        raise ConfigError(f"`n_calls` must be a whole number, at least 1, not {n_calls!r}")
    if not isinstance(n_jobs, int) or n_jobs < 1:
        raise ConfigError(f"`n_jobs` must be a whole number, at least 1, not {n_jobs!r}")
    optimizer = Optimizer(
        space,
        n_calls=n_calls,
        levels=levels,
        defaults=defaults,
        require=require,
        engine=engine,
        n_initial=n_initial,
        seed=seed,
        noisy=noisy,
        **settings,
    )
    for params, value in known:
        optimizer.tell(params, value)
    watch = _Watch(time_limit, callback)
    stopped = "n_calls"
    try:
        if n_jobs == 1:
            _one_by_one(objective, optimizer, watch)
        else:
            _side_by_side(objective, optimizer, watch, n_jobs)
        stopped = watch.ended_for or stopped
    except KeyboardInterrupt:
        stopped = "interrupted"
        if not watch.values:  # there is nothing to give
            raise
        log.warning("interrupted after %d calls; the result is of these", watch.values)
    result = optimizer.result()
    result.stopped = stopped
    return result


class _Watch:
    """Says when a search is to end before its calls are made."""

    def __init__(
        self,
        limit_s: float | None,
        callback: Callable[[dict[str, Value], float], object] | None,
    ) -> None:
        self.ended_for: str | None = None
        self.values = 0
        self._limit_s, self._callback = limit_s, callback
        self._began = time.monotonic()
        self._longest_s = 0.0

    def may_begin(self) -> bool:
        """Whether another call may begin: one that takes as long as the longest so far."""
        if self._limit_s is not None and self.ended_for is None:
            gone_s = time.monotonic() - self._began
            if self.values and gone_s + self._longest_s > self._limit_s:
                self.ended_for = "time_limit"
        return self.ended_for is None

    def hear(self, call: Call, value: float, seconds: float) -> None:
        """Take note of a value."""
        self.values += 1
        self._longest_s = max(self._longest_s, seconds)
        if self._callback is not None and self._callback(call.params, value):
            self.ended_for = self.ended_for or "callback"


def _one_by_one(objective: Callable[..., float], optimizer: Optimizer, watch: _Watch) -> None:
    while watch.may_begin() and (call := optimizer.ask()) is not None:
        began = time.monotonic()
        value = objective(*_arguments(call))
        optimizer.tell(call, value)
        watch.hear(call, float(value), time.monotonic() - began)


def _side_by_side(
    objective: Callable[..., float], optimizer: Optimizer, watch: _Watch, n_jobs: int
) -> None:
    """The same with `n_jobs` calls at once. An exception of one ends all."""
    from joblib.externals.loky import get_reusable_executor  # takes functions of a notebook too

    pool: Executor = get_reusable_executor(max_workers=n_jobs)
    running: dict[Future[float], tuple[Call, float]] = {}
    try:
        while True:
            while len(running) < n_jobs and watch.may_begin():
                call = optimizer.ask()
                if call is None:
                    break
                future = pool.submit(objective, *_arguments(call))
                running[future] = call, time.monotonic()
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                call, began = running.pop(future)
                value = future.result()
                optimizer.tell(call, value)
                watch.hear(call, float(value), time.monotonic() - began)
    finally:
        if running:
            pool.shutdown(wait=False, kill_workers=True)  # type: ignore[call-arg]


def _arguments(call: Call) -> tuple[Any, ...]:
    return (call.params,) if call.level is None else (call.params, call.level)
