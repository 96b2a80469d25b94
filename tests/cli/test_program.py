"""The program as a whole: its exit codes, its help, its completion, what it does not import."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT, make_run

from hpopt import errors

README = (ROOT / "README.md").read_text()


def program(*arguments, cwd, **environment) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "hpopt", *map(str, arguments)]
    environment = {**os.environ, **environment}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["runs"], 0),
        (["show", "latest"], 0),
        (["show", "nothing"], 1),
        (["show", "latest", "9"], 2),
        (["tune", "nowhere.yaml"], 2),
        (["tune"], 2),
        (["nonsense"], 2),
        (["runs", "--nonsense"], 2),
    ],
)
def test_the_exit_code_says_what_was_wrong(folder, arguments, code):
    done = program(*arguments, cwd=folder)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert bool(done.stdout) == (code == 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RunError, 1),
        (errors.ConfigError, 2),
        (errors.SetupError, 2),
        (errors.DataError, 3),
        (errors.MissingDependency, 4),
        (errors.Interrupted, 130),
        (KeyboardInterrupt, 130),
    ],
)
def test_each_kind_of_error_has_its_documented_code(folder, hpopt, monkeypatch, error, code):
    def raise_it(*_):
        raise error("x", "x") if error is errors.MissingDependency else error("x")

    monkeypatch.setattr("hpopt.runs.finding.find_run", raise_it)
    done = hpopt("show", "latest")
    assert (done.code, done.out) == (code, "")
    assert done.err
    assert f"| {code} |" in README


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("hpopt show 2026", "2026-11-23T10-37-05_iris"),
        ("hpopt show la", "latest"),
        ("hpopt trials runs/20", "runs/2026-11-23T10-37-05_iris"),
        ("hpopt tune ir", "iris.yaml"),
        ("hpopt check ir", "iris.yaml"),
        ("hpopt tu", "tune"),
        ("hpopt show latest --js", "--json"),
    ],
)
def test_the_shell_completes(folder, words, completed):
    (folder / "iris.yaml").write_text("")
    asked = {
        "_HPOPT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    # The shell calls the program by its own name, which gives the variable its name.
    program = "import sys; sys.argv = ['hpopt']; from hpopt.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
    )
    assert completed in done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize("arguments", [["runs"], ["show", "latest"], ["show", "latest", "2"]])
def test_reading_a_run_imports_nothing_heavy(folder, arguments):
    program = (
        f"import sys; sys.argv = ['hpopt', *{arguments!r}]\n"
        "from hpopt.cli.main import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'tensorflow', 'keras', 'skopt', 'sklearn', 'matplotlib', 'pandas', 'numpy'}\n"
        "sys.exit(bool((heavy | {'rich', 'yaml'}) & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)


@pytest.mark.parametrize("command", ["tune", "check", "runs", "show", "trials", "schema"])
def test_each_command_explains_itself(hpopt, command):
    assert hpopt(command, "--help").code == 0
    [line] = [line for line in hpopt("--help").out.splitlines() if line.split()[:1] == [command]]
    assert not line.endswith("...")


def test_the_schema_is_printed(hpopt):
    shipped = (ROOT / "docs" / "hpopt.schema.json").read_text()
    assert hpopt("schema").out == shipped


@pytest.mark.parametrize("code", [0, 3])
def test_a_thread_that_own_code_has_left_running_does_not_keep_the_program(code):
    script = (
        "import atexit, sys, threading, time\n"
        "from hpopt.cli import main\n"
        "def command():\n"
        "    threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    atexit.register(print, 'tidied')\n"
        "    print('done')\n"
        f"    sys.exit({code})\n"
        "main.main = command\n"
        "main.program()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (code, "done\ntidied\n")


INTERRUPTED = """
from hpopt.cli import main
from hpopt.errors import Interrupted

def app():
    try:
        exec("raise KeyboardInterrupt")  # where a Ctrl-C finds an import that makes a data class
    except KeyboardInterrupt:
        raise Interrupted("interrupted") from None

main.app = app
main.program()
"""


def test_an_interrupt_has_its_exit_code_wherever_it_comes(tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED)
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
