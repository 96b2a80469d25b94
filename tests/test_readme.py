"""Every example of the README, as it stands there."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from hpopt.config.loading import load_config
from hpopt.tuning.material import read_material

README = (ROOT / "README.md").read_text()
pytestmark = pytest.mark.keras


def example(name) -> str:
    return re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)[1]


def command(name) -> str:
    return re.search(rf"<!-- command: {name} -->\n\n    (.*)\n", README)[1]


def python(*arguments, cwd) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        env={"PATH": "", "MPLBACKEND": "agg", "HOME": str(cwd)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FEW = ["search.n_calls=3", "training.epochs=2", "execution.workers=0", "output.plots=false"]
FEW = [word for setting in FEW for word in ("-s", setting)]


def test_the_commands_that_set_up_name_files_that_are_there():
    for name in ("tune", "tests"):
        assert "python3 -m venv .venv && .venv/bin/pip install" in command(name)
        assert (ROOT / re.search(r"-c (\S+)", command(name))[1]).is_file()
    assert (ROOT / command("tune").split()[-1]).is_file()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    python("-m", "hpopt", "tune", ROOT / command("tune").split()[-1], *FEW, cwd=folder)
    return folder


def test_the_yaml_is_tuned_as_it_stands(tmp_path, hpopt):
    (tmp_path / "wine.yaml").write_text(example("config"))
    assert "best accuracy on validation" in hpopt("tune", "wine.yaml", *FEW).out


def test_the_own_builder_is_tuned_as_it_stands(tmp_path, hpopt):
    (tmp_path / "nets.py").write_text(example("builder"))
    (tmp_path / "mine.yaml").write_text(
        "dataset: {source: sklearn, name: diabetes}\n"
        'model: {builder: "nets.py:build"}\n'
        "space: {units: {type: integer, low: 4, high: 32}, l2: [0.0, 1e-3]}\n"
    )
    assert "best rmse on validation" in hpopt("tune", "mine.yaml", *FEW).out


def test_the_model_is_used_as_it_stands(folder):
    lines = python("-c", example("use"), cwd=folder).splitlines()
    assert len(lines) == 3
    assert {line.split()[0] for line in lines} <= {"malignant", "benign"}


def test_the_model_is_carried_away_as_it_stands(folder, hpopt, monkeypatch):
    export, use = (line.split() for line in example("export").splitlines())
    monkeypatch.chdir(folder)
    assert "checked in a fresh process on 136 rows" in hpopt(*export[1:]).out
    lines = python(*use[1:], cwd=folder).splitlines()
    assert lines[-1].startswith("largest difference")


def test_the_pictures_are_drawn_as_it_stands(folder):
    for line in example("pictures").splitlines():
        assert python("-m", *line.split(), cwd=folder).splitlines()
    assert (folder / "report" / "pairs.pdf").is_file()


def test_the_plot_of_skopt_is_drawn_as_it_stands(folder):
    python("-c", example("plot"), cwd=folder)
    assert (folder / "objective.png").stat().st_size > 10_000


def customers(folder, name="customers.csv"):
    """A table such as the README's and docs/data.md's."""
    rng = np.random.default_rng(0)
    plan, months = rng.choice([101, 102, 205], 150), rng.integers(1, 60, 150)
    churned = np.where(rng.random(150) < months / 60, "no", "yes")
    frame = pd.DataFrame({"plan": plan, "months": months, "churned": churned})
    frame["household"] = rng.integers(0, 70, 150)
    frame["comment"] = [f"what customer number {number} wrote" for number in range(150)]
    frame["since"] = pd.date_range("2020-01-01", periods=150).strftime("%d.%m.%Y")
    frame.loc[::7, "since"] = None
    frame.to_csv(folder / name, index=False, sep=";")


def test_a_csv_is_tuned_as_it_stands(tmp_path, hpopt, capsys):
    customers(tmp_path)
    few = [*FEW, "-s", "search.n_calls=2"]
    init, check, run = (line.split("#")[0].split()[1:] for line in example("init").splitlines())
    assert hpopt(*init).code == 0
    checked = hpopt(*check, *few)
    assert re.search(r"^since +date +feature +22", checked.out, re.MULTILINE)
    assert re.search(r"^comment +text +left out", checked.out, re.MULTILINE)
    done = hpopt(*run, *few)
    assert "best accuracy on validation" in done.out

    customers(tmp_path, "new.csv")
    predicted, evaluated = (
        hpopt(*line.split("#")[0].split()[1:]) for line in example("predict").splitlines()
    )
    assert predicted.code == 0, predicted.err
    lines = (tmp_path / "predictions.csv").read_text().splitlines()
    assert lines[0] == "prediction,probability_no,probability_yes"
    assert len(lines) == 151
    assert evaluated.out.startswith("150 rows of new.csv, by runs/")
    capsys.readouterr()
    exec(example("predict-python"), {})
    score = float(capsys.readouterr().out.splitlines()[-1].split()[0])
    assert f"{score:.2f}" in evaluated.out  # in as many digits as its interval lends it


def test_the_config_of_a_table_is_read_as_it_stands(tmp_path):
    customers(tmp_path)
    page = (ROOT / "docs" / "data.md").read_text()
    text = re.search(r"<!-- example: table -->\n```\w+\n(.*?)```", page, re.DOTALL)[1]
    (tmp_path / "customers.yaml").write_text(text)
    material = read_material(load_config(tmp_path / "customers.yaml"))
    use = {column.name: (column.kind, column.use) for column in material.table.columns}
    assert use["plan"] == ("categorical", "feature")
    assert use["comment"][1] == "left out"
    assert use["household"][1] == "groups"


def test_the_commands_do_what_they_say(folder):
    shutil.copytree(ROOT / "configs", folder / "configs")
    commands = example("commands").splitlines()
    assert len(commands) > 3
    outputs = [python("-m", *command.split(), cwd=folder) for command in commands]
    assert "breast_cancer" in outputs[0]
    assert outputs[1].splitlines()[0].endswith(": finished")
    assert outputs[2].startswith("trial 2 of ")
    assert len((folder / "trials.csv").read_text().splitlines()) == 4
    assert "engine: random  # --set" in outputs[4]


def test_every_command_is_named():
    said = python("-m", "hpopt", "--help", cwd=ROOT)
    named = set(re.findall(r"^\| `hpopt ([\w-]+)", README, re.MULTILINE))
    assert named == set(re.findall(r"^  ([a-z][\w-]+)  ", said.split("Commands:")[1], re.MULTILINE))


def test_python_tunes_as_it_stands(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    exec(example("tune"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("<Run ")
    assert "finished, 3 of 3 trials, best accuracy" in lines[0]
    assert [line.split()[:2] for line in lines[2:]] == [[n, "finished"] for n in "123"]


def test_python_minimises_as_it_stands(tmp_path):
    assert "'kind': 'b'" in python("-c", example("minimize"), cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_picture_is_there():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / path).is_file()
