"""`hpopt resume` as a stranger uses it, on real networks: killed, stopped, moved, changed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from loops import facts

from hpopt.runs.folder import JOURNAL, Run

pytestmark = pytest.mark.keras
NETS = (
    "import keras\n"
    "def build(input_shape, output, *, units=3):\n"
    "    print('built')\n"
    "    x = keras.Input(input_shape)\n"
    "    h = keras.layers.Dense(units, 'relu')(x)\n"
    "    return keras.Model(x, keras.layers.Dense(output.units, output.activation)(h))\n"
)
CONFIG = (
    "dataset: {source: sklearn, name: iris}\n"
    "model: {builder: 'nets.py:build'}\n"
    "training: {epochs: 4}\n"
    "space: {units: {type: integer, low: 2, high: 30}}\n"
    "search: {n_calls: 4}\n"
    "execution: {workers: 1}\n"
    "output: {plots: false, confirm: 0}\n"
)


def begin(*arguments, cwd) -> subprocess.Popen:
    command = [sys.executable, "-m", "hpopt", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=cwd, text=True, **pipes)


def kill_after(process, folder, trials) -> Path:
    """Kill it as soon as so many trials have ended, and give the run folder."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in folder.glob(f"runs/*/{JOURNAL}"):
            if path.read_bytes().count(b'"kind":"finished"') >= trials:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                return path.parent
        time.sleep(0.01)
    raise AssertionError("no trial was finished")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("resume")
    (folder / "nets.py").write_text(NETS)
    (folder / "mine.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def killed(place) -> Path:
    return kill_after(begin("tune", "mine.yaml", "-s", "search.seed=3", cwd=place), place, 2)


@pytest.fixture(scope="module")
def resumed(place, killed) -> tuple[Run, str]:
    """The run, gone on with in a folder elsewhere, where its config and its builder are not."""
    elsewhere = place / "elsewhere" / "a run"
    shutil.copytree(killed, elsewhere)
    (place / "nets.py").rename(place / "nets.moved")
    try:
        process = begin("resume", elsewhere, cwd=place / "elsewhere")
        said = process.communicate(timeout=200)
    finally:
        (place / "nets.moved").rename(place / "nets.py")
    assert process.returncode == 0, said[1]
    return Run.open(elsewhere), said[0]


def test_a_killed_run_goes_on_anywhere_to_the_end_it_would_have_come_to(place, killed, resumed):
    run, said = resumed
    alone = ("-s", "search.seed=3", "-s", "execution.workers=0", "-q")
    said_quietly = begin("tune", "mine.yaml", *alone, cwd=place).communicate(timeout=200)[0]
    assert said_quietly.count("\n") == 1  # the builder's own words are not among it
    assert "built" not in said
    whole = Run.open(place / said_quietly.strip())
    assert facts(run) == facts(whole)
    assert "best accuracy on validation" in said
    assert run.state == "finished"
    assert (run.path / "best" / "model.keras").is_file()
    assert not run.data_folder.exists()
    assert not (run.path / "journal.lock").exists()


def test_a_finished_run_says_so_and_nothing_happens(resumed, hpopt):
    before = (resumed[0].path / JOURNAL).read_bytes()
    done = hpopt("resume", resumed[0].path)
    assert done.code == 0
    assert "is finished: all 4 trials were made; nothing is left to do" in done.err
    assert (resumed[0].path / JOURNAL).read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("training.epochs=9", "`epochs` was 4, and is 9 now"),
        ("training.metric=log_loss", "the metric was accuracy, and is log_loss now"),
        ("space.units.high=9", "`units` was searched among other values"),
        ("space.learning_rate=[0.1, 0.001]", "`learning_rate` was constant, and is searched now"),
        ("dataset.split.seed=7", "were made with another split of the data"),
        ("dataset.name=wine", "were made with other data"),
    ],
)
def test_what_would_make_trials_incomparable_is_refused(killed, hpopt, change, said):
    before = (killed / JOURNAL).read_bytes()
    done = hpopt("resume", killed, "-s", change, "-s", "search.n_calls=9")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "  --> " in done.err
    assert f"--warm-start {Run.open(killed).shown_path}" in done.err
    assert (killed / JOURNAL).read_bytes() == before


def test_code_that_has_changed_runs_only_where_it_is_trusted(place, killed, hpopt):
    (place / "nets.py").write_text("raise SystemExit('this was run')\n")
    try:
        refused = hpopt("resume", killed)
        trusted = hpopt("resume", killed, "--trust-code")
    finally:
        (place / "nets.py").write_text(NETS)
    assert refused.code == trusted.code == 2
    assert f"{place / 'nets.py'} has changed since" in refused.err
    assert "--trust-code" in refused.err
    assert "this was run" in trusted.err
    assert "this was run" not in refused.err


def test_data_that_are_in_no_file_can_t_have_moved(killed, hpopt):
    done = hpopt("resume", killed, "--data", "elsewhere.csv")
    assert done.code == 2
    assert "their source is `sklearn`" in done.err


def test_data_that_have_moved_are_named_and_data_that_have_changed_refused(hpopt, tmp_path):
    lines = [f"{x},{x * x % 7},{'yes' if x % 3 else 'no'}" for x in range(60)]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["a,b,label", *lines]))
    config = CONFIG.replace(
        "source: sklearn, name: iris", "source: csv, path: table.csv, target: label"
    )
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "mine.yaml").write_text(config)
    few = ["-s", "execution.workers=0", "-s", "search.n_calls=1", "-q"]
    assert hpopt("tune", "mine.yaml", *few).code == 0
    table.rename(tmp_path / "moved.csv")
    (tmp_path / "changed.csv").write_text("\n".join(["a,b,label", *lines[:-1], "59,3,yes"]))
    more = ["-s", "search.n_calls=2", "-q"]
    lost = hpopt("resume", "latest", *more)
    assert lost.code == 3
    assert f"there is no file {table}" in lost.err
    assert "--data PATH" in lost.err
    changed = hpopt("resume", "latest", *more, "--data", "changed.csv")
    assert changed.code == 2
    assert "were made with other data" in changed.err
    assert hpopt("resume", "latest", *more, "--data", "moved.csv").code == 0
    assert len(Run.open(next((tmp_path / "runs").iterdir())).trials()) == 2


def test_a_second_writer_is_told_who_the_first_is(killed, hpopt, monkeypatch):
    monkeypatch.setattr("hpopt.runs.lock._PATIENCE_S", 0.0)
    writer = Run.reopen(killed)
    done = hpopt("resume", killed)
    writer.close()
    assert done.code == 1
    assert f"process {os.getpid()} on " in done.err


def test_sigterm_ends_a_run_in_seconds_and_names_the_command_that_goes_on(place):
    options = ["-s", "training.epochs=100000", "--output-dir", "runs/term"]
    process = begin("tune", "mine.yaml", *options, cwd=place)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        text = b"".join(path.read_bytes() for path in place.glob(f"runs/term/*/{JOURNAL}"))
        if b'"kind":"started"' in text:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    [folder] = (place / "runs" / "term").iterdir()
    assert f"to go on: hpopt resume runs/term/{folder.name}" in said
    assert Run.open(folder).state == "interrupted"
