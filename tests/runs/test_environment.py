import json
import platform
import subprocess
import sys
from importlib import metadata

import pytest

from hpopt.runs.environment import PACKAGES, describe_environment, recorded_versions


@pytest.fixture(autouse=True)
def _no_outer_repository(monkeypatch):
    # Within a git hook these name the repository that is being committed to.
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


def git(folder, *arguments):
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    command = ["git", *who, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def config(tmp_path):
    """A configuration within a git repository."""
    config = tmp_path / "configs" / "iris.yaml"
    config.parent.mkdir()
    config.write_text("dataset: {}\n")
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "begin")
    return config


def test_the_environment_is_strict_json(config):
    environment = describe_environment(config)
    assert json.loads(json.dumps(environment, allow_nan=False)) == environment


def test_every_package_has_its_version(config):
    packages = describe_environment(config)["packages"]
    assert packages == {name: metadata.version(name) for name in PACKAGES}


def test_the_python_and_the_command_are_named(config):
    environment = describe_environment(config)
    assert environment["python"] == platform.python_version()
    assert environment["command"] == sys.argv
    assert environment["machine"]["cpus"] >= 1


def test_the_revision_is_that_of_the_repository_around_the_configuration(config):
    revision = git(config.parent, "rev-parse", "HEAD").strip()
    assert describe_environment(config)["git"] == revision


def test_a_tag_does_not_hide_the_revision(config):
    git(config.parent, "tag", "-a", "v1", "-m", "one")
    revision = git(config.parent, "rev-parse", "HEAD").strip()
    assert describe_environment(config)["git"] == revision


def test_a_changed_repository_is_marked(config):
    config.write_text("dataset: {name: iris}\n")
    revision = git(config.parent, "rev-parse", "HEAD").strip()
    assert describe_environment(config)["git"] == f"{revision}-dirty"


@pytest.mark.parametrize("place", ["iris.yaml", "gone/iris.yaml"])
def test_outside_a_repository_there_is_no_revision(tmp_path, place):
    assert describe_environment(tmp_path / place)["git"] is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"python": 3}', '{"packages": 1, "python": "3"}', "[" * 100_000]
)
def test_a_damaged_record_names_no_versions(tmp_path, text):
    assert recorded_versions(tmp_path) == {}
    (tmp_path / "environment.json").write_text(text)
    assert recorded_versions(tmp_path) == {}


def test_versions_are_named_as_they_were_recorded(tmp_path):
    recorded = {"packages": {"keras": "3.1", "numpy": None, "x": {}}, "python": "3.11"}
    (tmp_path / "environment.json").write_text(json.dumps(recorded))
    assert recorded_versions(tmp_path) == {"keras": "3.1", "Python": "3.11"}
