"""Another program asks a writer to end by a file in the run folder."""

import threading

from hpopt.runs.requests import STOP_REQUEST, heeding_requests, request_stop


def test_a_request_is_heeded_while_the_run_is_written(tmp_path):
    stop = threading.Event()
    with heeding_requests(tmp_path, stop):
        assert not stop.wait(0.1)
        request_stop(tmp_path)
        request_stop(tmp_path)  # asking twice is no error
        assert stop.wait(10)
    assert not (tmp_path / STOP_REQUEST).exists()


def test_what_an_earlier_writer_was_asked_does_not_count(tmp_path):
    request_stop(tmp_path)
    stop = threading.Event()
    with heeding_requests(tmp_path, stop):
        assert not stop.wait(1.2)


def test_a_link_in_its_place_is_not_written_through(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / STOP_REQUEST).symlink_to(elsewhere)
    request_stop(tmp_path)
    assert not elsewhere.exists()


def test_what_is_no_file_asks_for_nothing(tmp_path):
    """A folder of that name can't be taken away, and would end each resumption."""
    (tmp_path / STOP_REQUEST).mkdir()
    stop = threading.Event()
    with heeding_requests(tmp_path, stop):
        assert not stop.wait(1.2)
    assert (tmp_path / STOP_REQUEST).is_dir()
