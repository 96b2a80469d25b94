"""What a trial wrote is kept, but not without end."""

import os

import pytest

from hpopt.errors import RunError
from hpopt.execution.logs import log_tail, output_into, shorten_log


def test_all_that_is_written_meanwhile_is_in_the_file_and_no_more(tmp_path, capfd):
    path = tmp_path / "0001" / "log.txt"
    os.write(1, b"before\n")
    for attempt in (b"first\n", b"second\n"):
        with output_into(path):
            os.write(1, attempt)
            os.write(2, b"an error\n")
    os.write(1, b"after\n")
    assert path.read_text() == "first\nan error\nsecond\nan error\n"
    assert capfd.readouterr() == ("before\nafter\n", "")


def test_a_log_that_says_nothing_leaves_no_folder_but_what_else_is_there_stays(tmp_path):
    with output_into(tmp_path / "0001" / "log.txt"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "weights.npz").touch()
    with output_into(tmp_path / "log.txt"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["weights.npz"]


def test_a_log_that_can_not_be_written_is_no_fault_of_the_trial(tmp_path):
    (tmp_path / "0001").touch()
    log = tmp_path / "0001" / "log.txt"
    with pytest.raises(RunError, match=r"0001/log.txt can't be written"), output_into(log):
        pass


def test_a_long_log_keeps_its_end(tmp_path):
    path = tmp_path / "log.txt"
    lines = [f"line {number}" for number in range(100_000)]
    path.write_text("\n".join(lines))
    shorten_log(path, most_bytes=10_000_000)
    assert path.read_text() == "\n".join(lines)
    shorten_log(path, most_bytes=1_000)
    assert path.stat().st_size == 2**16
    assert path.read_text().endswith("line 99998\nline 99999")


def test_the_tail_is_for_people(tmp_path):
    path = tmp_path / "log.txt"
    lines = [*(f"line {number}" for number in range(30)), "\x1b[31mred\x1b[0m", "x" * 500]
    path.write_text("\n".join([*lines, "Extension modules: numpy, h5py (total: 90)", "", ""]))
    tail = log_tail(path).splitlines()
    assert tail[0] == "line 12"
    assert tail[-2] == "red"
    assert len(tail[-1]) <= 200
    assert len(tail) == 20
    assert log_tail(tmp_path / "none.txt") == ""
