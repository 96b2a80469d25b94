"""`hpopt doctor`: what is there, what is missing, and the exit code that says so."""

import json
import os
import tomllib
from importlib import metadata

import pytest
from conftest import ROOT

from hpopt import examining
from hpopt.runs import lock
from hpopt.version import VERSION


@pytest.fixture(autouse=True)
def _no_tensorflow(monkeypatch, request):
    if "keras" not in request.keywords:
        monkeypatch.setattr(examining, "gpus_of_tensorflow", list)


def without(monkeypatch, *missing):
    version = metadata.version

    def of(name):
        if name in missing:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", of)


def test_all_is_there(hpopt, tmp_path):
    done = hpopt("doctor")
    assert (done.code, done.err) == (0, "")
    assert f"hpopt            {VERSION}\n" in done.out
    assert metadata.version("tensorflow") in done.out
    assert done.out.endswith("all that is needed is there\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.keras
def test_tensorflow_is_asked_for_gpus(hpopt):
    [record] = hpopt("doctor", "--json").records
    assert record["gpus"] == []
    assert record["exit_code"] == 0


def test_json_has_the_same(hpopt, tmp_path, monkeypatch):
    without(monkeypatch, "onnx")
    [record] = hpopt("doctor", "--json", "--output-dir", "new/runs").records
    assert (record["hpopt"], record["locks"], record["problems"]) == (VERSION, True, [])
    assert record["folder"] == str(tmp_path)
    assert record["free_disk_bytes"] > 0 < record["free_memory_bytes"]
    assert record["cores"] >= 1
    extras = {extra["name"]: extra for extra in record["extras"]}
    assert extras["onnx"]["missing"] == ["onnx"]
    assert extras["onnx"]["command"] == 'pip install "hpopt[onnx]"'


def test_a_missing_package_is_a_fault_that_has_its_code(hpopt, monkeypatch):
    without(monkeypatch, "keras", "scipy")
    done = hpopt("doctor")
    assert done.code == 4
    assert "error[dependency]: keras is not installed" in done.err
    assert "pip install scipy" in done.err
    assert "all that is needed" not in done.out


def test_tensorflow_cpu_is_accepted(hpopt, monkeypatch):
    monkeypatch.setattr(examining, "_version", lambda name: "2.21.0")
    without(monkeypatch, "tensorflow")
    done = hpopt("doctor")
    assert done.code == 0
    assert "2.21.0 (tensorflow-cpu)" in done.out


def test_a_tensorflow_that_is_broken_is_said(hpopt, monkeypatch):
    def broken():
        raise ImportError("libfoo.so.1: cannot open shared object file")

    monkeypatch.setattr(examining, "gpus_of_tensorflow", broken)
    done = hpopt("doctor")
    assert done.code == 2
    assert "TensorFlow can't be imported: ImportError: libfoo.so.1" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_not_ones_own(hpopt):
    done = hpopt("doctor", "--output-dir", "/proc/runs")
    assert done.code == 1


def test_a_file_system_without_locks_is_said(hpopt, monkeypatch):
    monkeypatch.setattr(lock, "fcntl", None)
    done = hpopt("doctor")
    assert done.code == 0
    assert "knows no locks" in done.out


def test_the_extras_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for_builders = {"benchmarks", "dev", "release"}
    assert set(examining._EXTRAS) == set(extras) - for_builders
    for name, (_, packages) in examining._EXTRAS.items():
        assert [text.partition(">=")[0] for text in extras[name]] == list(packages)


def test_the_record_is_strict_json(hpopt):
    json.loads(hpopt("doctor", "--json").out)
