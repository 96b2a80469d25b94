"""`hpopt dashboard` as a process beside a search: it shows it, stops it and resumes it."""

import json
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

CONFIG = """\
dataset: {source: sklearn, name: wine}
model: {builder: dense_dropout, num_layers: 1}
training: {epochs: 20, batch_size: 32}
space:
  learning_rate: {type: real, low: 1e-3, high: 1e-1, prior: log-uniform, default: 0.01}
search: {engine: random, n_calls: 500}
execution: {workers: 1}
output: {plots: false, confirm: 0, report: true}
"""


def hpopt(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "hpopt", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def request(address, path, method="GET"):
    connection = HTTPConnection(address.netloc, timeout=30)
    headers = {"Origin": f"http://{address.netloc}"} if method == "POST" else {}
    connection.request(method, address.path + path, headers=headers)
    answer = connection.getresponse()
    form = json.loads(answer.read())
    connection.close()
    return answer.status, form


def wait_until(is_so, limit_s=240):
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if (found := is_so()) is not None:
            return found
        time.sleep(0.3)
    raise AssertionError("it did not come to be")


@pytest.mark.keras
def test_a_search_is_watched_stopped_and_resumed(tmp_path):
    (tmp_path / "wine.yaml").write_text(CONFIG)
    tune = hpopt(tmp_path, "tune", "wine.yaml")
    dashboard = None
    try:
        [run] = wait_until(lambda: list(tmp_path.glob("runs/*/journal.jsonl")) or None)
        id = run.parent.name
        dashboard = hpopt(tmp_path, "dashboard", "--no-open", "--allow-control")
        address = urlsplit(dashboard.stdout.readline().strip())

        def record():
            status, form = request(address, f"run?id={id}")
            return form if status == 200 else None

        def with_trials(count):
            form = record()
            return form if form and form["made"] >= count else None

        def stopped_record():
            form = record()
            return form if form and form["state"] == "stopped" else None

        assert wait_until(lambda: with_trials(2))["state"] == "running"
        assert request(address, f"stop?id={id}", "POST")[0] == 200
        out, _ = tune.communicate(timeout=240)
        assert tune.returncode == 130, out
        stopped = wait_until(stopped_record)
        assert 2 <= stopped["made"] < 500
        assert stopped["verdict"]
        page = run.parent / "report.html"
        assert id in page.read_text()
        assert request(address, f"stop?id={id}", "POST")[0] == 409
        # Resumed, by a process of its own.
        assert request(address, f"resume?id={id}", "POST")[0] == 200
        assert wait_until(lambda: with_trials(stopped["made"] + 1))["state"] == "running"
        assert request(address, f"resume?id={id}", "POST")[0] == 409
        assert request(address, f"stop?id={id}", "POST")[0] == 200
        wait_until(stopped_record)
        dashboard.send_signal(signal.SIGINT)
        dashboard.communicate(timeout=30)
        assert dashboard.returncode == 0
    finally:
        for process in filter(None, (tune, dashboard)):
            process.kill()
            process.communicate()


def test_what_cannot_be_shown_is_said(tmp_path):
    for arguments, words in (
        ((), "there is no folder runs"),
        (("nowhere/run",), "no run"),
        (("--port", "99999", "."), "`--port`"),
    ):
        process = hpopt(tmp_path, "dashboard", "--no-open", *arguments)
        out, _ = process.communicate(timeout=60)
        assert process.returncode in (1, 2)
        assert words in out
        assert "Traceback" not in out
