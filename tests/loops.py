"""The loop on an analytic objective, by itself: neither a network nor data are behind it."""

import threading
import time
from contextlib import closing

import numpy as np
from functions import Analytic

from hpopt.execution.serial import SerialSlots
from hpopt.runs.events import Header
from hpopt.runs.folder import Run
from hpopt.search.engines import engine_named, make_searcher
from hpopt.space.dimensions import Real
from hpopt.space.space import Space
from hpopt.tracking.observer import Observer
from hpopt.trials import Result
from hpopt.tuning.budget import Budget
from hpopt.tuning.tune import search

SPACE = Space([Real("x", -1, 1, default=0.9), Real("y", -1, 1, default=0.9)])


def bowl(params, *, seed, folder, fold=0) -> Result:
    value = params["x"] ** 2 + params["y"] ** 2
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "weights.npz", value=value)
    return Result(value, {"rmse": value}, [value], {"loss": [value]}, 1, 0.01, "weights.npz")


def slow_bowl(params, **where) -> Result:
    time.sleep(0.05)
    return bowl(params, **where)


def searched(tmp_path, objective=bowl, **options) -> Run:
    header = Header("0", "rmse", False, {}, {}, SPACE.to_json())
    run = Run.create(tmp_path, "loop", header)
    with closing(run):
        search_in(run, objective, **options)
    return run


def search_in(
    run, objective=bowl, n_calls=8, *, engine="random", acquisition="EI", searcher=None, slots=None,
    observer=None, stop=None, keep_weights=2, **budget,
) -> None:  # fmt: skip
    weighs = "acquisition" in engine_named(engine).model_fields
    settings = {"acquisition": acquisition} if weighs else {}
    search(
        run,
        SPACE,
        searcher or make_searcher(engine, n_calls=n_calls, **settings),
        slots or SerialSlots(Analytic(objective)),
        budget=Budget(n_calls, **budget),
        seed=7,
        keep_weights=keep_weights,
        observer=observer or Observer(),
        stop=stop or threading.Event(),
    )


def went_on(run, objective=bowl, **options) -> Run:
    """The run after another process has gone on with it."""
    with closing(Run.reopen(run.path)) as again:
        search_in(again, objective, **options)
    return Run.open(run.path)


def facts(run) -> list:
    return [
        (t.number, t.params, t.seed, t.value, t.result and t.result.curves) for t in run.trials()
    ]
