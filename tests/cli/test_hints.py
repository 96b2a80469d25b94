"""What hpopt says to slips on the command line: each names the command that would be right."""

import re

import pytest
from conftest import make_run

from hpopt.cli.faults import show_error
from hpopt.cli.text import wrapped
from hpopt.errors import ConfigError

CONFIG = "dataset: {source: sklearn, name: iris}\n"


@pytest.fixture
def here(tmp_path):
    """A folder as people have it: a config, a table, a run, and a YAML file of something else."""
    make_run(tmp_path / "runs" / "2026-11-23T10-37-05_iris")
    (tmp_path / "mine.yaml").write_text(CONFIG)
    (tmp_path / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ("tune", "hpopt tune mine.yaml"),
        ("check", "hpopt check mine.yaml"),
        ("plot", "hpopt plot 2026-11-23T10-37-05_iris"),
        ("show", "hpopt show 2026-11-23T10-37-05_iris"),
        ("compare", "hpopt compare 2026-11-23T10-37-05_iris"),
        ("tune n_calls=3", "-s search.n_calls=3"),
        ("tune mine.yaml n_calls=3", "-s search.n_calls=3"),
        ("tune mine.yaml search.n_calls=3", "-s search.n_calls=3"),
        ("tune epochs=3 mine.yaml", "-s training.epochs=3"),
        ("tune mine.yaml --n-calls 3", "-s search.n_calls=VALUE"),
        ("tune mine.yaml --workers=2", "-s execution.workers=VALUE"),
        ("-s search.n_calls=3 tune mine.yaml", "hpopt tune mine.yaml -s search.n_calls=3"),
        ("check mine.csv", "`hpopt check mine.yaml`"),
        ("tune rows.csv", "`hpopt init rows.csv --target NAME`"),
        ("check rows.csv", "`hpopt init rows.csv --target NAME`"),
        ("tune runs/2026-11-23T10-37-05_iris", "hpopt resume"),
        ("mine.yaml", "`hpopt tune mine.yaml`"),
        ("rows.csv", "`hpopt init rows.csv`"),
        ("init mine.yaml", "`hpopt tune mine.yaml`"),
        ("tune compose.yaml", "`hpopt init DATA --target NAME`"),
        ("tune mine.yaml --quite", "--quiet"),
        ("tune mine.yaml space.optimizer=adam", "hpopt tune mine.yaml -s space.optimizer=adam"),
        ("tune mine.yaml training.epochs=3", "hpopt tune mine.yaml -s training.epochs=3"),
        ("check mine.yaml n_calls=3", "hpopt check mine.yaml -s search.n_calls=3"),
        ("resume latest n_calls=3", "hpopt resume latest -s search.n_calls=3"),
        ("tune mine.yaml -s search.n_calls 3", "hpopt tune mine.yaml -s search.n_calls=3"),
        ("tune mine.yaml -s n_calls=3", "did you mean `search.n_calls`?"),
        ("tune mine.yaml -s metric=f1", "did you mean `training.metric`?"),
        ("tune mine.yaml -s search.metric=f1", "did you mean `training.metric`?"),
        ("--n-calls 3 tune mine.yaml", "hpopt tune mine.yaml -s search.n_calls=3"),
        ("--n-calls=3 check mine.yaml", "hpopt check mine.yaml -s search.n_calls=3"),
        ("--quiet tune mine.yaml", "hpopt tune mine.yaml --quiet"),
        ("--nonsense show latest", "`hpopt show --help`"),
        ("--nonsense", "`hpopt --help`"),
        ("tnue mine.yaml", "`tune`"),
        ("tune mine.yaml -s", "option `-s` requires an argument"),
    ],
)
def test_a_slip_is_answered_with_what_would_be_right(here, hpopt, arguments, hint):
    done = hpopt(*arguments.split())
    assert done.code == 2
    assert not done.out
    assert hint in done.err
    assert done.err.startswith("error[")


def test_a_yaml_of_another_tool_is_one_error(here, hpopt):
    assert hpopt("tune", "compose.yaml").err.count("error[") == 1


def test_nothing_here_to_list_says_what_makes_one(tmp_path, hpopt):
    assert "`hpopt init DATA" in hpopt("tune").err
    assert "`hpopt tune CONFIG`" in hpopt("plot").err


@pytest.mark.parametrize(
    "arguments", [["help"], ["help", "tune"], ["version"], ["-h"], ["tune", "-h"], ["runs", "-h"]]
)
def test_help_and_version_are_commands_too(hpopt, arguments):
    done = hpopt(*arguments)
    assert done.code == 0
    assert re.match("Usage: .*hpopt|hpopt |Usage: python -m pytest", done.out)


def test_a_deleted_journal_or_model_is_named_with_what_is_left(here, hpopt):
    run = here / "runs" / "2026-11-23T10-37-05_iris"
    assert "`hpopt export-best" in hpopt("predict", "latest", "rows.csv").err
    (run / "config.yaml").write_text(CONFIG)
    (run / "journal.jsonl").unlink()
    for name in (run, run.name, "iris"):
        assert "put it back from a copy" in hpopt("show", name).err


def test_lines_end_between_words():
    text = "  a line of words that goes on and on\nshort"
    assert wrapped(text, 20).split("\n") == [
        "  a line of words", "    that goes on and", "    on", "short"
    ]  # fmt: skip


TABLE = """\
  for comparison                 validation  test          [95 %]
  default params (trial 1)           0.3611  0.38    [0.19, 0.59]
  gradient boosting                  0.9722  0.96    [0.79, 1.00]"""
COLUMNS = """\
column  kind    use   distinct  why
age     number  used       140  every value is a number"""


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        (TABLE, 80, TABLE),
        (TABLE, 60, """\
  for comparison            validation  test        [95 %]
  default params (trial 1)      0.3611  0.38  [0.19, 0.59]
  gradient boosting             0.9722  0.96  [0.79, 1.00]"""),
        (TABLE, 50, """\
  for comparison    validation  test        [95 %]
  default params        0.3611  0.38  [0.19, 0.59]
  (trial 1)
  gradient              0.9722  0.96  [0.79, 1.00]
  boosting"""),
        (COLUMNS, 50, """\
column  kind    use   distinct  why
age     number  used       140  every value is a
                                number"""),
        (COLUMNS, 20, COLUMNS),  # names may be copied
    ],
)  # fmt: skip
def test_rows_of_a_table_keep_their_columns(text, width, shown):
    assert wrapped(text, width) == shown


def test_an_error_has_colours_on_a_terminal_alone(monkeypatch, capsys):
    error = ConfigError("wrong", help="right")
    show_error(error)
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    show_error(error)
    assert "\x1b[1;31merror[config]\x1b[0m: wrong" in capsys.readouterr().err
