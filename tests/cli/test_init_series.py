"""Series that `init` finds: columns that count up, rows that are steps; and what is none."""

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import rest_long

from hpopt.config.loading import load_config
from hpopt.tuning.material import read_material

N, STEPS = 60, 40
RNG = np.random.default_rng(0)
KINDS = np.array(["sine", "saw"] * (N // 2))
PHASES = RNG.uniform(0, 2 * np.pi, (2, N, 1))
TIMES = np.arange(STEPS)
WAVES = np.where(
    (KINDS == "sine")[:, None], np.sin(TIMES / 3 + PHASES), (TIMES / 6 + PHASES) % 2 - 1
) + RNG.normal(scale=0.2, size=(2, N, STEPS))


def wide() -> pd.DataFrame:
    """Two channels in any order of their columns, and who it was."""
    steps = {
        f"{name}_{t:02d}": WAVES[channel, :, t]
        for t in reversed(range(STEPS))
        for channel, name in enumerate("xy")
    }
    return pd.DataFrame({**steps, "person": np.arange(N) % 7, "kind": KINDS})


def long() -> pd.DataFrame:
    rows = [
        {"rec": f"r{n}", "t": t, "x": WAVES[0, n, t], "y": WAVES[1, n, t], "kind": KINDS[n]}
        for n in range(N)
        for t in range(20 + n % 20)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


@pytest.mark.keras
@pytest.mark.parametrize("table", rest_long([long, wide]))
def test_series_are_found_and_run_as_they_are_drafted(hpopt, table, tmp_path):
    table().round(3).to_csv(tmp_path / "waves.csv", index=False)
    done = hpopt("init", "waves.csv", "--target", "kind")
    assert done.code == 0
    config = load_config(tmp_path / "waves.yaml", ["training.epochs=1", "execution.workers=0"])
    assert config.binding.notes == ()
    assert config.settings.model.builder == "conv"
    found = read_material(config).table
    assert (found.kind, found.task) == ("series", "binary")
    assert found.features.shape[2] == 2
    done = hpopt("check", "waves.yaml", "-s", "training.epochs=1", "-s", "execution.workers=0")
    assert done.code == 0
    steps = STEPS if table is wide else 39
    assert f"{steps} steps x 2 channels" in done.out


def test_columns_are_found_by_their_names_and_their_numbers(hpopt, tmp_path):
    wide().to_csv(tmp_path / "waves.csv", index=False)
    assert hpopt("init", "waves.csv", "-t", "kind").code == 0
    series = yaml.safe_load((tmp_path / "waves.yaml").read_text())["dataset"]["features"]["series"]
    assert series == {"x": "x_00..x_39", "y": "y_00..y_39"}


def test_rows_of_an_id_are_found_with_their_time(hpopt, tmp_path):
    long().assign(age=lambda frame: frame["rec"].str[1:].astype(int) % 9).to_csv(
        tmp_path / "waves.csv", index=False
    )
    assert hpopt("init", "waves.csv", "-t", "kind").code == 0
    dataset = yaml.safe_load((tmp_path / "waves.yaml").read_text())["dataset"]
    assert dataset["source"] == "long"
    assert (dataset["id"], dataset["time"]) == ("rec", "t")
    assert dataset["channels"] == ["x", "y"]  # an age is no measurement of a step


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        (
            pd.DataFrame(RNG.normal(size=(N, 20))).add_prefix("V").assign(kind=KINDS),
            '# series: {V: "V0..V19"}',
        ),
        (
            wide().rename(columns=lambda name: name.replace("x_", "pixel").replace("y_", "v")),
            '"pixel00..pixel39"',
        ),
        (long().drop(columns="t"), "# it is `source: long` with `id: rec`"),
    ],
    ids=["no order", "a picture", "no time"],
)
def test_what_may_be_series_is_a_table_with_a_word(hpopt, table, hint, tmp_path):
    table.to_csv(tmp_path / "mine.csv", index=False)
    assert hpopt("init", "mine.csv", "-t", "kind").code == 0
    text = (tmp_path / "mine.yaml").read_text()
    assert hint in text
    material = read_material(load_config(tmp_path / "mine.yaml"))
    assert material.table.kind == "table"


@pytest.mark.parametrize(
    ("ended", "said"), [("", "it is there in"), ("still here", 'it is other than "still here" in')]
)
def test_what_only_one_class_has_is_a_leak_and_no_id_of_series(hpopt, ended, said, tmp_path):
    """Numbered customers: most are here still, and those who left have the day of it."""
    has_left, rng = np.arange(800) >= 640, np.random.default_rng(1)
    days = [f"2023-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in rng.integers(0, 90, 800)]
    customers = pd.DataFrame(
        {
            "number": np.arange(7000, 7800),
            "fee": rng.normal(size=800).round(2),
            "left_on": np.where(has_left, days, ended),
            "left": np.where(has_left, "yes", "no"),
        }
    )
    customers.to_csv(tmp_path / "customers.csv", index=False)
    done = hpopt("init", "customers.csv", "-t", "left")
    assert done.code == 0, done.err
    assert yaml.safe_load((tmp_path / "customers.yaml").read_text())["dataset"]["source"] == "csv"
    assert "possible leak: `left_on`" in done.err
    assert f'{said} 96 training rows, all of them "yes"' in done.err
