"""`hpopt init --forecast`: the draft of a forecast."""

import numpy as np
import pandas as pd
import pytest

from hpopt.config.loading import load_config
from hpopt.tuning.material import read_material

RNG = np.random.default_rng(0)


def series(freq, rows):
    step = np.arange(rows)
    sold = 100 + 20 * np.sin(2 * np.pi * step / (7 if freq == "D" else 24)) + RNG.normal(size=rows)
    return pd.DataFrame(
        {"when": pd.date_range("2023-01-02", periods=rows, freq=freq), "sold": sold}
    )


@pytest.mark.parametrize(
    ("freq", "rows", "builder", "season"),
    [("D", 400, "recurrent", 7), ("h", 24 * 60, "dense_dropout", 24)],
)
def test_a_drafted_forecast_runs_as_it_is(hpopt, tmp_path, freq, rows, builder, season):
    series(freq, rows).to_csv(tmp_path / "rows.csv", index=False)
    done = hpopt("init", "rows.csv", "--forecast", "--target", "sold")
    assert done.code == 0
    config = load_config(tmp_path / "rows.yaml")
    material = read_material(config)
    assert config.binding.builder == builder
    assert material.table.forecast.season == season
    assert material.metric.name == "mase"
    assert min(len(rows) for _, rows in material.parts.items()) > 50


def test_several_series_are_told_apart(hpopt, tmp_path):
    shops = [series("D", 200).assign(shop=name) for name in ("north", "south")]
    pd.concat(shops).to_csv(tmp_path / "rows.csv", index=False)
    done = hpopt("init", "rows.csv", "--forecast", "--target", "sold", "--horizon", "3")
    assert "`shop` tells series apart" in done.err
    forecast = read_material(load_config(tmp_path / "rows.yaml")).table.forecast
    assert (forecast.groups, forecast.time, forecast.horizon) == ("shop", "when", 3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--forecast", "--target", "nope"], "nope"),
        (["--forecast", "--target", "sold", "--time", "wen"], "did you mean `when`"),
        (["--target", "sold", "--horizon", "3"], "add `--forecast`"),
    ],
)
def test_what_no_forecast_can_be_made_of_is_said(hpopt, tmp_path, arguments, words):
    series("D", 100).to_csv(tmp_path / "rows.csv", index=False)
    done = hpopt("init", "rows.csv", *arguments)
    assert done.code != 0
    assert words in done.err
