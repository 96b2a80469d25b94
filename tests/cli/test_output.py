"""What `-o` does to what is there, and what a terminal and a spreadsheet are shown."""

import csv
import io
import json
import os
import re
import stat
import sys
import threading
from pathlib import Path

import pytest
from conftest import make_run

from hpopt.cli.output import safe_cell, write_file, write_output
from hpopt.cli.terminal import shown_streams
from hpopt.errors import ConfigError, Location, RunError
from hpopt.shown import in_markdown, one_line, printable

WILD = "a\x1b]0;title\x07\x1b[2J\x9b31m\r\u202eb"


def test_a_file_keeps_its_mode_and_a_link_its_target(tmp_path):
    path, link = tmp_path / "mine.csv", tmp_path / "link.csv"
    path.write_text("before")
    path.chmod(0o600)
    link.symlink_to(path.name)
    write_file(link, b"after")
    assert link.is_symlink()
    assert path.read_bytes() == b"after"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "broken").symlink_to("later.csv")
    write_file(tmp_path / "broken", b"new")
    assert (tmp_path / "later.csv").read_bytes() == b"new"
    assert (tmp_path / "broken").is_symlink()


def test_what_is_no_file_is_written_through(tmp_path):
    write_file(Path("/dev/null"), b"gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, b"through")
    reader.join()
    assert read == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with (tmp_path / "opened").open("w+b") as file:
        write_file(Path(f"/dev/fd/{file.fileno()}"), b"as a shell has it")
        assert os.path.samestat(os.fstat(file.fileno()), (tmp_path / "opened").stat())
    assert (tmp_path / "opened").read_bytes() == b"as a shell has it"


@pytest.mark.parametrize("place", ["folder", "loop", "file/below"])
def test_where_nothing_can_be_written_is_told_and_left(place, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunError, match="can't be written"):
        write_file(tmp_path / place, b"x")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("place", [None, "-", "/dev/stdout"])
def test_a_dash_is_stdout(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_output(place and Path(place), "1,2\n")
    assert capsys.readouterr().out == "1,2\n"
    assert list(tmp_path.iterdir()) == []


def test_every_command_that_writes_rows_goes_by_this(hpopt, tmp_path):
    run = make_run(tmp_path / "runs" / "it")
    (tmp_path / "out.csv").touch(mode=0o600)
    (tmp_path / "link").symlink_to("out.csv")
    assert hpopt("trials", run, "-o", "link").out == ""
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    assert (tmp_path / "out.csv").read_text() == hpopt("trials", run, "-o", "-").out != ""
    (tmp_path / "rows.csv").write_text(
        "a,y\n" + "".join(f"{n * n % 7},{n % 2}\n" for n in range(60))
    )
    drafted = hpopt("init", "rows.csv", "-t", "y", "-o", "-")
    assert drafted.code == 0
    assert all(line.startswith("note: ") for line in drafted.err.splitlines())
    assert drafted.out.startswith("#")
    assert hpopt("init", "rows.csv", "-t", "y", "-o", "/dev/null").code == 0
    assert not (tmp_path / "-").exists()


def test_nothing_that_a_terminal_obeys_is_shown():
    assert printable(WILD) == r"a\x1b]0;title\x07\x1b[2J\x9b31m\r\u202eb"
    assert printable("ä 漢 👩‍🚀\n\tx") == "ä 漢 👩‍🚀\n\tx"
    assert one_line("a\nb\tc") == r"a\nb\tc"
    assert in_markdown("<b>|`x`\n# y") == r"\<b\>\|\`x\`\\n# y"
    error = ConfigError(WILD, location=Location(WILD, 1, text=WILD), help=WILD)
    assert not re.search("[\x1b\x07\x9b\r\u202e]", error.render())


def test_streams_are_clean_and_data_that_programs_read_is_not(capsys, monkeypatch):
    with shown_streams():
        print(WILD)
        print(WILD, file=sys.stderr)
        write_output(None, f"{WILD}\n")
        monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: True, raising=False)
        write_output(None, f"{WILD}\n")
    out, err = capsys.readouterr()
    assert out == f"{printable(WILD)}\n{WILD}\n{printable(WILD)}\n"
    assert err == f"{printable(WILD)}\n"


def test_what_a_run_holds_reaches_the_terminal_clean(hpopt, tmp_path):
    run = make_run(tmp_path / "runs" / f"it{WILD}", config=f"{WILD}.yaml")
    journal = run / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"auto"', json.dumps(WILD)))
    for command in (["show", run], ["runs"], ["trials", "nothing\x1b[2J"], ["show", run, "--json"]):
        done = hpopt(*command)
        assert not re.search("[\x1b\x07\x9b\r\u202e]", done.out + done.err)


@pytest.mark.parametrize("text", ["=cmd|x", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "-x"])
def test_no_spreadsheet_runs_a_safe_cell(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["yes", "-5", "+1e-3", "", "a=b", "-inf"])
def test_other_cells_stay(text):
    assert safe_cell(text) == text


def test_trials_have_safe_cells_where_they_are_asked_for(hpopt, tmp_path):
    run = make_run(tmp_path / "runs" / "it")
    journal = run / "journal.jsonl"
    journal.write_text(journal.read_text().replace('"auto"', '"=cmd|x"'))
    rows = {
        safe: list(csv.DictReader(io.StringIO(hpopt("trials", run, *safe).out)))
        for safe in ((), ("--safe-csv",))
    }
    assert rows[()][3]["params.size"] == "=cmd|x"
    assert rows["--safe-csv",][3]["params.size"] == "'=cmd|x"


def test_no_command_writes_over_the_rows_that_it_reads(hpopt, tmp_path):
    run = make_run(tmp_path / "runs" / "it")
    (tmp_path / "rows.csv").write_text("a\n1\n")
    (tmp_path / "link").symlink_to("rows.csv")
    for place in ("rows.csv", "./rows.csv", "link"):
        done = hpopt("predict", run, "rows.csv", "-o", place)
        assert (done.code, "would be written over" in done.err) == (2, True)
    assert (tmp_path / "rows.csv").read_text() == "a\n1\n"
