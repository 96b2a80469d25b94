import importlib.util

import pytest

from hpopt.execution import choosing
from hpopt.execution.choosing import check_installed


@pytest.mark.parametrize("command", ["tune", "check"])
def test_without_ray_the_command_that_installs_it_is_said(hpopt, tmp_path, monkeypatch, command):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        choosing.importlib.util, "find_spec", lambda name: None if name == "ray" else find(name)
    )
    (tmp_path / "config.yaml").write_text(
        "dataset: {source: sklearn, name: iris}\n"
        "model: {builder: dense_dropout}\n"
        "space: {num_dense_nodes: [4, 8]}\n"
        "execution: {backend: ray}\n"
    )
    done = hpopt(command, "config.yaml")
    assert done.code == 4
    assert "Ray, which `execution.backend: ray` asks for, is not installed" in done.err
    assert 'pip install "hpopt[ray]"' in done.err
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())


def test_what_needs_no_package_is_there():
    check_installed("processes")
    check_installed("serial")
