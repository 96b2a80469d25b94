"""`hpopt plot` as people and programs run it."""

import json
import os
import subprocess
import sys

import pytest
from conftest import CALIBRATED, synthetic_run
from typer.testing import CliRunner

from hpopt.cli.main import app, main
from hpopt.errors import ConfigError, RunError
from hpopt.plots.pictures import PICTURES


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return synthetic_run(tmp_path / "runs", trials=8, steps=[CALIBRATED])


def plot(*arguments):
    return CliRunner().invoke(app, ["plot", *map(str, arguments)])


def test_the_pictures_land_in_the_run_folder_and_are_named(run):
    done = plot("latest", "--only", "convergence,importance")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"runs/{run.path.name}/plots/{name}.png" for name in ("convergence", "importance")
    ]
    assert (run.path / "plots" / "importance.png").is_file()


def test_another_folder_and_format(run, tmp_path):
    done = plot(run.path, "--only", "convergence", "-o", "here", "--format", "svg")
    assert done.stdout == "here/convergence.svg\n"
    assert (tmp_path / "here" / "convergence.svg").is_file()


def test_a_dash_is_stdout_for_one_picture(run, tmp_path, capfdbinary, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hpopt", "plot", "latest", "-o", "-", "--only", "importance"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capfdbinary.readouterr().out.startswith(b"\x89PNG")
    assert not (tmp_path / "-").exists()
    for wrong in ([], ["--only", "importance,pairs"], ["--only", "importance", "--json"]):
        assert "one picture" in str(plot("latest", "-o", "-", *wrong).exception)


def test_json_has_an_object_a_picture_and_says_why_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    synthetic_run(tmp_path / "runs", trials=1)
    done = plot("latest", "--only", "convergence,pairs", "--json")
    assert done.exit_code == 0
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["picture"] == "convergence"
    assert first["path"].endswith("plots/convergence.png")
    assert first["reason"] is None
    assert second == {
        "picture": "pairs",
        "path": None,
        "reason": "2 trials must have finished, and 1 has",
    }


def test_a_run_of_which_nothing_can_be_drawn_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    synthetic_run(tmp_path / "runs", trials=0)
    done = plot("latest")
    assert isinstance(done.exception, RunError)
    assert "nothing can be drawn" in str(done.exception)
    assert done.stdout == ""


def test_a_wrong_name_is_said_before_anything_is_drawn(run):
    done = plot("latest", "--only", "convergence,pears")
    assert isinstance(done.exception, ConfigError)
    assert "did you mean `pairs`?" in done.exception.problems[0].help
    assert not (run.path / "plots").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_run_is_an_error_that_names_the_file(run):
    run.path.chmod(0o500)
    try:
        done = plot("latest", "--only", "convergence")
    finally:
        run.path.chmod(0o700)
    assert isinstance(done.exception, RunError)
    assert "convergence.png can't be written" in str(done.exception)


def test_a_plot_needs_neither_tensorflow_nor_skopt_nor_sklearn_nor_pyplot(run):
    program = (
        "import sys\n"
        "sys.argv = ['hpopt', 'plot', 'latest']\n"
        "from hpopt.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "names = {'tensorflow', 'keras', 'skopt', 'sklearn', 'matplotlib.pyplot'}\n"
        "assert not names & set(sys.modules), names & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(PICTURES)
