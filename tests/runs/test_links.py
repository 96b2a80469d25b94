"""Links and pipes in a run folder from a stranger: nothing is written where they lead."""

import os

import pytest
from conftest import make_run

from hpopt.errors import RunError
from hpopt.export.exporting import export_run
from hpopt.files import open_plain, write_whole
from hpopt.plots.drawing import write_pictures
from hpopt.runs.folder import JOURNAL, Run
from hpopt.runs.journal import Journal
from hpopt.runs.logfile import logging_to
from hpopt.runs.repair import repair

WRITERS = {
    "resume": Run.reopen,
    "repair": repair,
    "plot": lambda folder: list(write_pictures(Run.open(folder), folder / "plots")),
    "export-best": lambda folder: export_run(Run.open(folder), "keras"),
}
FILES = ["journal.damaged", "journal.lock", "hpopt.log", "plots/.convergence.png.part", "a/b/c"]
FOLDERS = ["plots", "best", "data", "export", "trials/0002"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("mine")
    return make_run(tmp_path / "run")


def link(folder, name, target):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(target)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_whoever_writes_a_run_refuses_links_that_lead_out(folder, writer, name):
    outside = folder.parent / "outside"
    link(folder, name, outside if name in FOLDERS else outside / "file")
    with pytest.raises(RunError, match=f"{name} is a symbolic link that leads out"):
        WRITERS[writer](folder)
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"file": "mine"}
    assert len(Run.open(folder).trials()) == 4  # reading it goes on


def test_a_pipe_is_refused_and_not_waited_for(folder):
    os.mkfifo(folder / "hpopt.log")
    with pytest.raises(RunError, match=r"hpopt.log is neither a file nor a folder"):
        Run.reopen(folder)


def test_links_within_the_folder_and_one_to_the_folder_are_nobody_s_harm(folder):
    link(folder, "newest", folder / "trials")
    (folder.parent / "short").symlink_to(folder)
    Run.reopen(folder.parent / "short").close()


def test_no_file_is_written_through_a_link_even_where_nobody_looked(folder, tmp_path):
    mine = tmp_path / "outside" / "file"
    for name in ("log", ".text.part", "journal.lock"):
        link(folder, name, mine)
    with pytest.raises(RunError, match="a symbolic link stands there"), logging_to(folder / "log"):
        pass
    with pytest.raises(OSError, match="symbolic links"):
        open_plain(folder / "log", "ab")
    write_whole(folder / "text", lambda file: file.write(b"ours"))
    Journal(folder / JOURNAL).close()
    assert mine.read_text() == "mine"
    link(folder, JOURNAL, mine)
    with pytest.raises(RunError, match="a symbolic link stands there"):
        Journal(folder / JOURNAL)
