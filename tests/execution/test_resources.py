"""What `auto` means on machines of several kinds, none of which is this one."""

import math
import os

import pytest

from hpopt.execution import machine, resources
from hpopt.execution.resources import Resources
from hpopt.execution.settings import Execution


def planned(monkeypatch, *, cores=8, gpus=(), free_gb=32, n_calls=100, **settings) -> Resources:
    monkeypatch.setattr(resources, "count_processors", lambda: cores)
    monkeypatch.setattr(resources, "find_gpus", lambda: list(gpus))
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: int(free_gb * 1e9))
    return Resources.of(Execution(**settings), n_jobs=n_calls)


@pytest.mark.parametrize(
    ("kind", "workers", "threads"),
    [
        ({"cores": 1}, 1, 1),
        ({"cores": 2}, 2, 1),
        ({"cores": 8}, 7, 1),  # one is left for whoever sits there
        ({"cores": 8, "n_calls": 9}, 3, 2),
        ({"cores": 8, "n_calls": 3}, 1, 8),
        ({"cores": 64}, 10, 6),
        ({"cores": 8, "free_gb": 4}, 2, 4),
        ({"cores": 8, "free_gb": 0.5}, 1, 8),
        ({"cores": 8, "gpus": ["0", "1"]}, 2, 4),
        ({"cores": 8, "workers": 12}, 12, 1),
        ({"cores": 8, "workers": 2, "threads_per_worker": 3}, 2, 3),
    ],
)
def test_workers_and_threads_fit_the_machine_and_the_run(monkeypatch, kind, workers, threads):
    made = planned(monkeypatch, **kind)
    assert (made.workers, made.threads) == (workers, threads)


def test_trials_run_in_processes_but_without_workers_in_this_one(monkeypatch):
    assert planned(monkeypatch).backend == "processes"
    assert planned(monkeypatch, workers=0).backend == "serial"


def test_of_a_cluster_what_is_auto_is_settled_on_its_nodes(monkeypatch):
    made = planned(monkeypatch, backend="ray", cpus_per_trial=2.5, gpus_per_trial=0.5)
    assert (made.backend, made.workers, made.threads, made.gpus) == ("ray", 10, 2, ())
    assert planned(monkeypatch, backend="ray", workers=64).workers == 64
    assert made.memory_limit_bytes is None
    assert made.on_this_node(4).memory_limit_bytes == pytest.approx(0.8 * 8e9)
    assert made.on_this_node(4).workers == 1
    limited = planned(monkeypatch, backend="ray", memory_limit="3 GB")
    assert limited.on_this_node(4).memory_limit_bytes == 3e9


def test_limits_are_as_the_settings_say(monkeypatch):
    assert planned(monkeypatch, workers=4).memory_limit_bytes == pytest.approx(0.8 * 8e9)
    assert planned(monkeypatch, free_gb=1).memory_limit_bytes == 2e9
    assert planned(monkeypatch, memory_limit="1.5 GB").memory_limit_bytes == 1.5e9
    assert planned(monkeypatch, memory_limit="800 MB").memory_limit_bytes == 8e8
    assert planned(monkeypatch, memory_limit=None).memory_limit_bytes == math.inf
    assert planned(monkeypatch, trial_timeout=2.5).timeout_s == 2.5
    assert planned(monkeypatch, trial_timeout=None).timeout_s == math.inf
    assert planned(monkeypatch).timeout_s is None


def test_each_worker_has_its_threads_and_its_gpu(monkeypatch):
    made = planned(monkeypatch, gpus=["0", "2"], workers=3)
    names = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    variables = [[made.environment(place)[name] for name in names] for place in range(3)]
    assert variables == [["0", "2", "2"], ["2", "2", "2"], ["0", "2", "2"]]
    assert "CUDA_VISIBLE_DEVICES" not in planned(monkeypatch).environment(0)


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    """An nvidia-smi that knows two GPUs, and the libraries that TensorFlow needs for them."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA A (UUID: x)'\necho 'GPU 1: B (UUID: y)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(machine, "_has_cuda", lambda: True)
    return program


@pytest.mark.parametrize(
    ("visible", "gpus"),
    [(None, ["0", "1"]), ("1", ["1"]), ("", []), ("-1", []), ("1,-1,0", ["1"])],
)
def test_gpus_are_found_without_tensorflow(two_gpus, monkeypatch, visible, gpus):
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert machine.find_gpus() == gpus


def test_a_driver_that_does_not_answer_or_no_libraries_mean_no_gpu(two_gpus, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(machine, "_has_cuda", lambda: False)
    assert machine.find_gpus() == []
    monkeypatch.setattr(machine, "_has_cuda", lambda: True)
    two_gpus.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    assert machine.find_gpus() == []


def test_the_limits_of_a_container_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert machine.count_processors() >= 1
    before = machine.free_memory_bytes()
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("700000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 100000000\n")
    assert machine.count_processors() == 1
    assert machine.free_memory_bytes() == min(before, 400_000_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.free_memory_bytes() > 0
