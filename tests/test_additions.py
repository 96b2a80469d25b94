"""What is promised to whoever adds something: one file, and one line in a table.

Each toy stands in one place here and enters its table as one entry; all else has to follow.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest
from annotated_types import Ge

import hpopt
from hpopt.builders.registry import SHIPPED
from hpopt.config.json_schema import config_schema
from hpopt.config.loading import load_config
from hpopt.config.schema import SearchEngine
from hpopt.errors import ConfigError
from hpopt.metrics.metric import CLASSIFICATION, Metric
from hpopt.metrics.metrics import METRICS
from hpopt.metrics.weighted import labels_above, mean_of
from hpopt.plots.pictures import PICTURES
from hpopt.search.engines import ENGINES, Engine, with_engine_keys
from hpopt.search.searcher import Suggestion
from hpopt.statistics.threshold import best_threshold, gain_over_half


# A toy engine: it walks up from the low end in equal steps.
class Stairs(Engine):
    steps: Annotated[int, Ge(1)] = 4
    """How many steps there are to the high end."""

    def searcher(self, n_calls, n_initial):
        return StairsSearcher(self.steps)

    def note(self, space, n_calls):
        return f"{n_calls} calls for {self.steps} steps"


@dataclass(frozen=True)
class StairsSearcher:
    steps: int

    def suggest(self, space, trials, *, number, seed):
        return Suggestion(space.from_unit(np.full(len(space), (number - 1) / self.steps % 1)))


# A toy metric: the share of rows with a wrong label.
def error_rate(y, predictions):
    return float((y != labels_above(predictions)).mean())


ERROR_RATE = Metric(
    name="error_rate",
    function=error_rate,
    weighted=lambda y, predictions: mean_of(y != labels_above(predictions)),
    greater_is_better=False,
    tasks=CLASSIFICATION,
    needs="labels",
)


# A toy network family: one layer.
def build_flat(input_shape, output, *, flat_l2: float = 0.0):
    import keras

    inputs = keras.Input(input_shape)
    layer = keras.layers.Dense(
        output.units, output.activation, kernel_regularizer=keras.regularizers.L2(flat_l2)
    )
    return keras.Model(inputs, layer(inputs))


# A toy picture: the number of trials, as a title.
def draw_count(history):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.suptitle(f"{len(history.trials)} trials")
    return figure


@pytest.fixture(autouse=True)
def _toys(monkeypatch):
    monkeypatch.setitem(ENGINES, "stairs", f"{__name__}:Stairs")
    monkeypatch.setitem(METRICS, "error_rate", ERROR_RATE)
    monkeypatch.setitem(SHIPPED, "flat", f"{__name__}:build_flat")
    monkeypatch.setitem(PICTURES, "count", f"{__name__}:draw_count")


CONFIG = {
    "dataset": {"source": "sklearn", "name": "breast_cancer"},
    "model": {"builder": "flat"},
    "training": {"epochs": 2, "metric": "error_rate"},
    "space": {"flat_l2": {"type": "real", "low": 0, "high": 0.1, "default": 0.01}},
    "search": {"engine": "stairs", "n_calls": 3},
    "execution": {"workers": 0},
    "output": {"confirm": 0},
}


@pytest.mark.keras
def test_a_run_is_tuned_by_a_toy_of_each_kind(tmp_path):
    run = hpopt.tune(CONFIG, output_dir=tmp_path, progress=False)
    assert [t.params["flat_l2"] for t in run.trials()] == pytest.approx([0.01, 0.025, 0.05])
    assert run.metric == "error_rate"
    assert run.best.value == min(t.value for t in run.trials())
    test = run.steps["test"].outcome
    low, high = test["intervals"]["best"]["error_rate"]
    assert low <= test["best"]["error_rate"] <= high
    assert test["best"]["error_rate"] == pytest.approx(1 - test["best"]["accuracy"])
    assert "error_rate" in (run.path / "summary.md").read_text()
    assert "3 calls for 4 steps" in (run.path / "hpopt.log").read_text()
    assert (run.path / "plots" / "count.png").is_file()
    assert hpopt.plot(run, "count").get_suptitle() == "3 trials"


def test_a_threshold_is_chosen_in_the_metrics_own_direction():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=400)
    said = 1 / (1 + np.exp(-(2 * y - 3 + rng.normal(size=400))))[:, None]
    names = ("error_rate", "accuracy")
    errors, accuracy = (best_threshold(METRICS[name], y, said) for name in names)
    assert errors == accuracy < 0.5
    of_errors, of_accuracy = (gain_over_half(METRICS[name], y, said) for name in names)
    assert of_errors.difference < 0 < of_accuracy.difference


def test_minimize_reaches_an_engine_with_its_settings():
    space = {"x": {"type": "real", "low": 0, "high": 1, "default": 0.5}}
    result = hpopt.minimize(lambda p: p["x"], space, n_calls=4, engine="stairs", steps=8)
    assert [x for (x,) in result.x_iters] == pytest.approx([0.5, 1 / 8, 2 / 8, 3 / 8])
    with pytest.raises(ConfigError, match="steps must be a number at least 1, not 0"):
        hpopt.minimize(lambda p: p["x"], space, n_calls=4, engine="stairs", steps=0)


def test_the_grammar_has_the_settings_of_every_engine():
    section = with_engine_keys(SearchEngine)
    assert section.model_validate({"engine": "stairs", "steps": 2}).chosen == Stairs(steps=2)
    described = section.model_json_schema()["properties"]["steps"]
    assert described["description"] == "How many steps there are to the high end."


def test_editors_are_told_all_names():
    sections = config_schema()["properties"]
    assert "stairs" in sections["search"]["properties"]["engine"]["enum"]
    assert "error_rate" in sections["training"]["properties"]["metric"]["enum"]
    assert "flat" in sections["model"]["properties"]["builder"]["anyOf"][0]["enum"]


@pytest.mark.parametrize(
    ("key", "name", "help"),
    [
        ("search.engine", "stair", "did you mean `stairs`?"),
        ("training.metric", "error_rat", "did you mean `error_rate`?"),
    ],
)
def test_a_misspelt_name_is_set_right(key, name, help):
    with pytest.raises(ConfigError) as caught:
        load_config(CONFIG, [f"{key}={name}"])
    assert help in caught.value.render()
