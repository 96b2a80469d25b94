"""The dashboard answers only who knows its token and calls it by its name."""

import json
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from conftest import synthetic_run

from hpopt.errors import RunError
from hpopt.page.following import Following
from hpopt.page.serving import Dashboard


@pytest.fixture
def served(tmp_path):
    (tmp_path / "runs").mkdir()
    run = synthetic_run(tmp_path / "runs", trials=5)
    asked = []

    def stop(path):
        asked.append(path)
        if len(asked) > 1:
            raise RunError("it has stopped already")
        return "It ends."

    with (
        closing(Following(tmp_path / "runs")) as following,
        Dashboard(following, "127.0.0.1", 0, {"stop": stop}) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                following.path(run.path.name)
                break
            except KeyError:
                time.sleep(0.05)
        server.run, server.asked = run, asked
        yield server
        server.shutdown()
        thread.join()


def ask(server, path, *, method="GET", token=None, host=None, origin=None):
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    place = f"/{server.token if token is None else token}/{path}"
    connection.putrequest(method, place, skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{server.server_port}" if host is None else host)
    if origin is not None:
        connection.putheader("Origin", origin)
    if method == "POST":
        connection.putheader("Content-Length", "0")
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content, answer.headers


def test_the_page_and_its_run(served):
    status, page, headers = ask(served, "")
    assert status == 200
    assert b"connect-src 'self'" in page
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    status, content, _ = ask(served, f"run?id={served.run.path.name}")
    assert status == 200
    assert len(json.loads(content)["trials"]) == 5
    status, content, _ = ask(served, f"surrogate?id={served.run.path.name}")
    assert json.loads(content)["surrogate"]["order"]


def test_its_address_ends_in_the_token(served):
    address = urlsplit(served.url)
    assert address.path == f"/{served.token}/"
    assert len(served.token) >= 32


@pytest.mark.parametrize("path", ["", "run?id=x", "events"])
def test_without_the_token_nothing_is_said(served, path):
    for token in ("", "wrong", served.token[:-1], served.token + "x", "%C3%A9"):
        status, content, _ = ask(served, path, token=token)
        assert status == 403
        assert "token" in json.loads(content)["error"]


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1", "localhost:1", "127.0.0.1:80"])
def test_a_name_that_is_not_its_own_is_refused(served, host):
    """So that a page whose name is made to lead to this machine reads nothing (DNS rebinding)."""
    assert ask(served, "", host=host)[0] == 403


@pytest.mark.parametrize(
    "id", ["", "x", "../../etc", "..%2F..%2Fetc%2Fpasswd", "%00", "/etc/passwd", "."]
)
def test_there_is_no_way_out_of_the_folder(served, id):
    assert ask(served, f"run?id={id}")[0] == 404
    assert ask(served, f"surrogate?id={id}")[0] == 404


def test_what_is_no_address_is_refused(served):
    connection = HTTPConnection("127.0.0.1", served.server_port, timeout=20)
    connection.putrequest("GET", "http://[x", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


@pytest.mark.parametrize("path", ["../page.html", "static/page.css", "..%2f..%2fetc/passwd", "x"])
def test_there_are_no_other_files(served, path):
    assert ask(served, path)[0] == 404


def test_only_this_page_changes_something(served):
    path = f"stop?id={served.run.path.name}"
    assert ask(served, path)[0] == 404  # a GET changes nothing
    for origin in (
        None,
        "http://evil.example",
        f"https://evil.example:{served.server_port}",
        "null",
    ):
        assert ask(served, path, method="POST", origin=origin)[0] == 403
    assert served.asked == []
    own = f"http://127.0.0.1:{served.server_port}"
    status, content, _ = ask(served, path, method="POST", origin=own)
    assert (status, json.loads(content)) == (200, {"said": "It ends."})
    assert served.asked == [str(served.run.path)]
    status, content, _ = ask(served, path, method="POST", origin=own)
    assert (status, json.loads(content)) == (409, {"error": "it has stopped already"})


def test_what_was_not_allowed_is_refused(served):
    own = f"http://127.0.0.1:{served.server_port}"
    status, content, _ = ask(served, f"resume?id={served.run.path.name}", method="POST", origin=own)
    assert status == 403
    assert "--allow-control" in json.loads(content)["error"]


def test_messages_come_as_server_sent_events(served):
    connection = HTTPConnection("127.0.0.1", served.server_port, timeout=20)
    connection.request("GET", f"/{served.token}/events")
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream"
    line = answer.readline()
    assert json.loads(line.removeprefix(b"data: "))["id"] == served.run.path.name
    connection.close()


def test_beyond_loopback_it_may_be_called_by_any_name(tmp_path):
    """What others call this machine it can't know; the token is asked for all the same."""
    (tmp_path / "runs").mkdir()
    with (
        closing(Following(tmp_path / "runs")) as following,
        Dashboard(following, "0.0.0.0", 0, {}) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert ask(server, "", host="machine.example:80")[0] == 200
        assert ask(server, "", host="machine.example:80", token="wrong")[0] == 403
        server.shutdown()
        thread.join()
