"""What is released is built, checked and used as a newcomer uses it, with no checkout."""

import os
import subprocess
import sys
import zipfile

import pytest
from conftest import ROOT


@pytest.mark.long
def test_the_wheel_works_in_a_fresh_environment():
    """Some minutes, most of them for the installation; see `.ci/wheel`."""
    pytest.importorskip("build", reason="building it wants the extra `release`")
    done = subprocess.run(
        [ROOT / ".ci" / "wheel"],
        env={**os.environ, "TOOLS": sys.executable, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "are sound" in done.stdout


def test_the_wheel_holds_what_the_program_needs(tmp_path):
    build = pytest.importorskip("hatchling.build")
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        wheel = build.build_wheel(str(tmp_path))
    finally:
        os.chdir(before)
    with zipfile.ZipFile(tmp_path / wheel) as file:
        names = set(file.namelist())
    assert {"hpopt/py.typed", "hpopt/examples/breast_cancer.yaml"} <= names
    assert {"hpopt/examples/own_rows.py", "hpopt/examples/own_builder.py"} <= names
    sources = {f"hpopt/{path.relative_to(ROOT / 'hpopt')}" for path in ROOT.glob("hpopt/**/*.py")}
    assert sources <= names
