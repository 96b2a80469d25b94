"""Own code that a run folder names: what runs without a word, and what does not."""

import py_compile
import shutil
from pathlib import Path

import pytest

from hpopt.errors import ConfigError
from hpopt.own_code import code_prints, is_own, load_function
from hpopt.trusted import check_trusted, remember_code

NETS = "def build(input_shape, output): ...\n"
EVIL = "raise SystemExit('it was run')\n"


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch) -> Path:
    """A machine on which nothing has run yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "hpopt" / "trusted_code"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A run folder with the copy of a builder."""
    (tmp_path / "run" / "builder").mkdir(parents=True)
    (tmp_path / "run" / "builder" / "nets.py").write_text(NETS)
    return tmp_path / "run"


def check(folder, *, source=None, recorded=None, trust_code=False):
    copy = source or folder / "builder" / "nets.py"
    recorded = code_prints({"builder": copy}) if recorded is None else recorded
    check_trusted({"builder": f"{copy}:build"}, recorded, folder, trust_code=trust_code)


def test_what_one_has_tuned_runs_and_what_a_stranger_sent_does_not(folder, state):
    with pytest.raises(ConfigError, match="has not run for you on this machine yet") as caught:
        check(folder)
    assert "--trust-code" in caught.value.render()
    remember_code({"builder": f"{folder / 'builder' / 'nets.py'}:build"})
    check(folder)
    assert state.stat().st_mode & 0o077 == 0
    # Wherever the folder is moved to: it is the content that ran here.
    check(shutil.copytree(folder, folder.parent / "moved"))


def test_a_fingerprint_that_the_folder_gives_itself_proves_nothing(folder):
    remember_code({"builder": f"{folder / 'builder' / 'nets.py'}:build"})
    (folder / "builder" / "nets.py").write_text(EVIL)
    with pytest.raises(ConfigError, match="has not run for you"):
        check(folder)


def test_code_that_is_mine_but_not_what_the_trials_ran_is_told(folder):
    other = folder.parent / "nets.py"
    other.write_text(f"{NETS}# better\n")
    remember_code({"builder": f"{other}:build"})
    recorded = code_prints({"builder": folder / "builder" / "nets.py"})
    with pytest.raises(ConfigError, match="has changed since the run's trials ran it") as caught:
        check(folder, source=other, recorded=recorded)
    assert "builder/nets.py in the run folder is what it was" in caught.value.render()


def test_trust_is_asked_for_once(folder, state):
    check(folder, trust_code=True)
    check(folder, trust_code=True)
    check(folder)
    assert len(state.read_text().splitlines()) == 1


def test_files_that_the_copy_could_import_take_a_word(folder):
    remember_code({"builder": f"{folder / 'builder' / 'nets.py'}:build"})
    (folder / "builder" / "helpers.py").write_text(EVIL)
    with pytest.raises(ConfigError, match="are files that hpopt did not put there"):
        check(folder)


def test_a_module_is_noted_by_its_name(folder):
    references = {"builder": "somebodys_nets:build"}
    with pytest.raises(ConfigError, match="module `somebodys_nets` has not run"):
        check_trusted(references, {}, folder, trust_code=False)
    remember_code(references)
    check_trusted(references, {}, folder, trust_code=False)


@pytest.mark.parametrize("home", ["missing", "read-only"])
def test_where_nothing_can_be_noted_it_is_asked_again(folder, home, monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_STATE_HOME")

    def gone():
        raise RuntimeError

    (tmp_path / "file").touch()
    monkeypatch.setattr(Path, "home", gone if home == "missing" else lambda: tmp_path / "file")
    check(folder, trust_code=True)
    with pytest.raises(ConfigError, match="has not run for you"):
        check(folder)


def test_what_is_hpopts_own_needs_no_word():
    assert not is_own("dense_dropout")
    assert not is_own("hpopt.builders.dense_dropout:build")
    assert is_own("nets:build")
    assert is_own("hpopt.builders/nets.py:build")


def test_the_text_runs_and_not_what_a_cache_says_it_is(tmp_path):
    """A compiled file beside it would otherwise run in its place, whatever the text is."""
    path = tmp_path / "nets.py"
    path.write_text(EVIL)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(path), invalidation_mode=unchecked)
    path.write_text(NETS)
    assert load_function(f"{path}:build", "builder").__name__ == "build"
