import functools
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from as_0_1 import check_as_0_1
from hypothesis import settings

from hpopt.cli.main import main
from hpopt.data.prepared import Prepared, prepare
from hpopt.data.sources import Table
from hpopt.data.splits import split_rows
from hpopt.runs.events import Failed, Finished, Header, Started, Step
from hpopt.runs.folder import JOURNAL, Run, now
from hpopt.runs.forecasts import FORECASTS, Forecasts
from hpopt.runs.journal import Journal
from hpopt.runs.mistakes import MISTAKES, Mistakes
from hpopt.space.conditions import Condition
from hpopt.space.dimensions import Categorical, Integer, Real
from hpopt.space.space import Space
from hpopt.trials import Result

# A loaded machine is no fault of the code.
settings.register_profile("hpopt", deadline=None)
settings.load_profile("hpopt")

ROOT = Path(__file__).parent.parent


def rest_long(values, short=1):
    """Cases of a test, of which all but the first few are for `.ci/long`."""
    values = list(values)
    rest = ((v if isinstance(v, tuple) else (v,)) for v in values[short:])
    return [*values[:short], *(pytest.param(*v, marks=pytest.mark.long) for v in rest)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests that share what is dear to make run in one process, so that it is made once.

    (pytest-xdist's own `--dist loadgroup` groups nothing with pytest 9.2, and does not say so.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class Sharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if shares(config.rootpath / file) else nodeid

    return Sharing(config, log)


@functools.cache
def shares(file: Path) -> bool:
    """Whether tests of a file have fixtures in common that outlive a test."""
    text = file.read_text(encoding="utf-8")
    return 'scope="module"' in text or "table_run" in text


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory):
    """What a user lets run is noted in a place of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _journals_as_0_1_reads_them():
    """Every journal that a test writes in this process: hpopt 0.1 reads it right, or refuses it."""
    close = Journal.close

    def close_and_check(journal):
        close(journal)
        check_as_0_1(journal._path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "close", close_and_check)
        yield


def make_table(task="binary", rows=200, columns=6, seed=0) -> Table:
    """Rows of very different scales whose target a small network can learn."""
    rng = np.random.default_rng(seed)
    scales = 10.0 ** np.arange(columns)
    features = rng.normal(size=(rows, columns)) * scales + 3 * scales
    signal = (features[:, 0] - 3) + (features[:, 1] / 10 - 3)
    labels: tuple[str, ...] = ()
    target = 1000 + 50 * signal
    if task == "binary":
        target, labels = (signal > 0).astype(np.int64), ("no", "yes")
    elif task == "multiclass":
        target, labels = np.digitize(signal, [-0.7, 0.7]), ("low", "middle", "high")
    names = tuple(f"column {i}" for i in range(columns))
    return Table(features, target, names, labels, task)


def make_data(folder, task="binary", scaling="standard", **options) -> Prepared:
    table = make_table(task, **options)
    split = {"train": 0.6, "validation": 0.2, "test": 0.2}
    parts = split_rows(table, **split, seed=0, stratify="auto")
    return prepare(replace(table, settings={"scaling": scaling}), parts, folder)


@pytest.fixture(params=["binary", "multiclass", "regression"])
def data(request, tmp_path) -> Prepared:
    return make_data(tmp_path / "data", request.param)


@pytest.fixture
def base_config() -> str:
    return (ROOT / "configs" / "breast_cancer.yaml").read_text()


MIXED = Space(
    [
        Real("rate", 1e-4, 1e-1, "log-uniform", default=1e-3),
        Integer("layers", 1, 4, default=1),
        Categorical("optimizer", ("adam", "sgd"), "adam"),
        Real("momentum", 0, 0.99, default=0.9, when=(Condition.parse("optimizer", "sgd"),)),
    ]
)


def valley(params, rng) -> float:
    """An accuracy that depends on the rate, a little on the layers, and on nothing else."""
    return 0.9 - 0.1 * (np.log10(params["rate"]) + 2) ** 2 - 0.02 * params["layers"]


def synthetic_run(
    parent, space=MIXED, trials=12, *, score=valley, metric="accuracy", failed=(), running=False,
    name="mixed", curves=None, steps=(), constants=(), rule=None,
) -> Run:  # fmt: skip
    """A run folder whose scores are a function of the params; no network is fitted."""
    greater = metric in ("accuracy", "r2")
    header = Header(
        "0", metric, greater, {"data": "0a", "split": "1b"}, dict(constants), space.to_json()
    )
    if rule is not None:  # hpopt 0.1 listed none
        direction = "maximize" if greater else "minimize"
        goal = {"name": metric, "direction": direction, "target": None, "rule": rule}
        header = replace(header, objectives=[goal])
    run = Run.create(parent, name, header)
    rng = np.random.default_rng(0)
    for number in range(1, trials + 1):
        params = space.defaults if number == 1 else space.sample(rng)
        run.append(Started(number, params, seed=number, time=now()))
        if number in failed:
            run.append(Failed(number, "the loss became nan in epoch 1"))
        elif not (running and number == trials):
            found = float(score(params, rng))
            value = -found if greater else found
            shown = curves or {"loss": [2.0, 1.0 / number], "val_loss": [2.5, None]}
            run.append(Finished(number, value, {metric: found}, [found], shown, 2, 0.5))
    for step in steps:
        run.append(step)
    if CALIBRATED in steps:
        run.write(MISTAKES, SEEN.write)
        run.write(FORECASTS, FORECAST.write)
    run.close()
    return Run.open(run.path)


# What the step `test` says of probabilities that are a little too sure of themselves.
CALIBRATION = {
    "bins": [
        {"said": 0.1, "seen": 0.2, "interval": [0.1, 0.4], "rows": 46},
        {"said": 0.9, "seen": 0.8, "interval": [0.6, 0.9], "rows": 46},
    ],
    "error": 0.1,
    "by_chance": 0.08,
    "brier": 0.15,
}
CONFUSION = {"labels": ["no", "yes $x$"], "counts": [[40, 10], [2, 40]]}
RETRIEVAL = {
    "positive": "yes $x$",
    "share": 0.456,
    "models": {
        "default": {"curve": [[0.2, 0.5], [1.0, 0.456]], "threshold": 0.5, "in_force": None},
        "best": {
            "curve": [[0.5, 0.9], [0.95, 0.8], [1.0, 0.456]],
            "threshold": 0.25,
            "in_force": [0.95, 0.8],
        },
    },
}
IMPORTANCE = {
    "features": {
        "age $x$": {"difference": 0.1, "interval": [0.02, 0.2], "p": 0.01},
        "<b>fare": {"difference": -0.01, "interval": [-0.04, 0.02], "p": 0.6},
        "cabin": None,
    },
    "of": 3,
    "rows": 92,
    "deals": 8,
}
CALIBRATED = Step(
    "test",
    "",
    {
        "best": {"accuracy": 0.8, "average_precision": 0.7},
        "intervals": {"best": {"average_precision": [0.55, 0.85]}},
        "rows": 92,
        "calibration": CALIBRATION,
        "confusion": CONFUSION,
        "retrieval": RETRIEVAL,
        "importance": IMPORTANCE,
        "ahead": {
            "step": "1 day",
            "errors": {"best": [1.0, 1.5], "default": [1.2, 1.6], "7 $steps$ ago": [2.0, 1.4]},
            "level": 0.9,
            "margins": [2.0, 2.5],
            "coverage": [0.92, 0.88],
        },
    },
)
# What such a model forecast of 30 days, of which the 11th is missing.
_DAYS = np.delete(np.arange(31.0), 10)
FORECAST = Forecasts(
    stamps=_DAYS * 86_400,
    said=np.stack([_DAYS, _DAYS + 1], axis=1),
    truth=np.stack([_DAYS + 0.5, _DAYS + 3], axis=1),
    margins=np.array([2.0, 2.5]),
    step=86_400.0,
    are_dates=True,
    series=3,
)
# The images that the model of such a run is wrong about.
SEEN = Mistakes(
    np.random.default_rng(0).integers(0, 256, (7, 5, 8, 1), np.uint8),
    ["no"] * 7,
    ["yes $x$"] * 7,
    [sure / 10 for sure in range(9, 2, -1)],
    rows=92,
    total=12,
)

SPACE = [
    {
        "type": "real",
        "name": "rate",
        "low": 1e-4,
        "high": 0.1,
        "prior": "log-uniform",
        "default": 1e-3,
        "when": {},
    },
    {
        "type": "categorical",
        "name": "size",
        "categories": [16, None, True, "auto"],
        "default": 16,
        "when": {},
    },
    {
        "type": "real",
        "name": "momentum",
        "low": 0.0,
        "high": 0.9,
        "prior": "uniform",
        "default": 0.5,
        "when": {"size": [16]},
    },
]


def make_run(path, n_calls=4, end="summary", **header) -> Path:
    """A run folder as a search over `SPACE` leaves it: trial 2 is the best, trial 3 failed.

    `end` is the last event: a closing step, or "trial" where trial 4 still ran.
    """
    path.mkdir(parents=True)
    given = {"time": "2026-11-23T10:37:05.000+00:00", "config": "iris.yaml", "n_calls": n_calls}
    journal = Journal(path / JOURNAL)
    journal.append(Header("0.1.0", "accuracy", True, {}, {}, SPACE, **given | header))
    params = [
        {"rate": 1e-3, "size": 16, "momentum": 0.5},
        {"rate": 0.05, "size": None},
        {"rate": 0.1, "size": True},
        {"rate": 1e-4, "size": "auto"},
    ]
    for number, score in enumerate([0.75, 0.9375, None, 0.5], start=1):
        time = f"2026-11-23T10:37:0{number + 5}.000+00:00"
        journal.append(Started(number, params[number - 1], seed=100 + number, time=time))
        if score is None:
            journal.append(Failed(number, "the loss became nan in epoch 3"))
        elif number < 4 or end != "trial":
            curves = {"loss": [0.9, 0.4, 0.3], "val_loss": [0.9, 0.35, 0.5]}
            result = Result(-score, {"accuracy": score}, [score], curves, 3, 1.5)
            journal.append(Finished(number, **vars(result)))
    scores = {"best": {"accuracy": 0.9}, "default": {"accuracy": 0.7}}
    for name, outcome in {"best": {}, "test": scores, "summary": {}}.items():
        if end != "trial":
            journal.append(Step(name, "2026-11-23T10:37:30.000+00:00", outcome))
    journal.close()
    return path


def dirty_frame(rows=160, seed=0):
    """A table as people have them: gaps, dates, an id, odd names. `churn` can be learned."""
    rng = np.random.default_rng(seed)
    age = rng.normal(45, 12, rows).round(1)
    city = rng.choice([f"city {n}" for n in range(18)], rows)
    plan = rng.choice(["basic", "plus", "pro/ü", ""], rows, p=[0.5, 0.3, 0.1, 0.1])
    churn = np.where(age + 5 * (plan == "plus") + rng.normal(0, 5, rows) > 46, "yes", "no")
    days = np.datetime64("2024-01-01") + rng.integers(0, 700, rows)
    return pd.DataFrame(
        {
            "customer id": [f"C{1000 + n}" for n in range(rows)],
            "age": np.where(rng.random(rows) < 0.1, np.nan, age),
            "income (k/y)": np.exp(rng.normal(3, 1, rows)),
            "city": city,
            "plan": plan,
            "signup": days.astype(str),
            "member": rng.choice(["true", "false"], rows),
            "churn": churn,
        }
    )


@pytest.fixture(scope="session")
def table_run(tmp_path_factory) -> Run:
    """A run on a CSV file of `dirty_frame`: one trial, without plots."""
    from hpopt import tune

    folder = tmp_path_factory.mktemp("table")
    dirty_frame().to_csv(folder / "customers.csv", index=False)
    config = {
        "dataset": {
            "source": "csv",
            "path": str(folder / "customers.csv"),
            "target": {"name": "churn", "positive": "yes"},
        },
        "model": {"builder": "dense_dropout"},
        "training": {"epochs": 5, "batch_size": 32, "learning_rate": 0.01},
        "space": {"num_dense_nodes": [8, 4]},
        "search": {"n_calls": 1},
        "execution": {"workers": 0},
        "output": {"plots": False, "confirm": 0, "refit": False},
    }
    return tune(config, output_dir=folder / "runs", progress=False)


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict]:
        """The lines of stdout as strict JSON."""

        def refuse(constant):
            raise ValueError(constant)

        return [json.loads(line, parse_constant=refuse) for line in self.out.splitlines()]


@pytest.fixture
def hpopt(monkeypatch, capsys, tmp_path):
    """Runs a command of hpopt in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments) -> Done:
        monkeypatch.setattr(sys, "argv", ["hpopt", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Done(ended.value.code or 0, out, err)

    return run
