import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

from hpopt.cli.events import JsonEvents, print_event
from hpopt.tracking.observer import Observer

CONFIG = ROOT / "configs" / "breast_cancer.yaml"
FEW = ["-s", "search.n_calls=2", "-s", "training.epochs=2", "-s", "execution.workers=0"]


@pytest.mark.keras
def test_a_run_tells_programs_how_it_goes_on(tmp_path):
    command = [sys.executable, "-m", "hpopt", "tune", str(CONFIG), *FEW, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["event"] for event in events]
    steps = [event["name"] for event in events if event["event"] == "step"]
    assert {"best", "test", "summary"} <= set(steps)
    assert [kind for kind in kinds if kind != "step"] == [
        "run_started",
        *["trial_started", "trial_ended"] * 2,
        "closing",
        "run_ended",
    ]
    assert events[0]["n_calls"] == 2
    assert events[2]["best"] == {"number": 1, "score": events[2]["score"]}
    assert events[-1]["state"] == "finished"
    assert events[-1]["path"] == events[0]["path"]
    assert "trial 2 of 2" in done.stderr


def test_a_listener_that_has_gone_costs_no_run():
    read, write = os.pipe()
    os.close(read)
    program = (
        "import sys; from hpopt.cli.events import print_event\n"
        "from hpopt.cli.terminal import shown_streams\n"
        "with shown_streams():\n"
        "    for _ in range(3): print_event('note', text='x')\n"
        "    print('still here', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "still here\n")


def test_the_other_observer_is_told_all_the_same(capsys):
    heard = []

    class Other(Observer):
        def note(self, text):
            heard.append(text)

    JsonEvents(Other()).note("a class is too rare")
    print_event("closing")
    assert heard == ["a class is too rare"]
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"event": "note", "text": "a class is too rare"},
        {"event": "closing"},
    ]


LOUD = """
import os
import sys

import keras


def build(input_shape, output, *, units=4):
    os.write(1, b"by the descriptor\\n")
    os.system("echo by a child")
    print("by Python")
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(units, "relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(output.units, output.activation)(hidden))
"""


@pytest.mark.keras
def test_whatever_a_builder_writes_to_stdout_stands_between_no_events(tmp_path):
    (tmp_path / "nets.py").write_text(LOUD)
    (tmp_path / "config.yaml").write_text(
        "dataset: {source: sklearn, name: iris}\n"
        'model: {builder: "nets.py:build"}\n'
        "training: {epochs: 1}\n"
        "space: {units: {type: integer, low: 2, high: 8}}\n"
        "search: {n_calls: 2}\n"
        "output: {refit: true, plots: false}\n"
        "execution: {workers: 0}\n"
    )
    command = [sys.executable, "-m", "hpopt", "tune", "config.yaml", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events[-1] == "run_ended"
    for words in ("by the descriptor", "by a child", "by Python"):
        assert words in done.stderr
