"""`hpopt serve`: real requests, and the answers that `hpopt predict` gives, bit for bit."""

import http.client
import io
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from conftest import dirty_frame

from hpopt import predict
from hpopt.predicting import Model
from hpopt.serving.server import Endpoint

pytestmark = pytest.mark.keras
FRAME = dirty_frame().drop(columns="churn")


@pytest.fixture(scope="module")
def endpoint(table_run):
    with Endpoint(Model(table_run), "127.0.0.1", 0, most_bytes=100_000, most_rows=500) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever)
        thread.start()
        yield endpoint
        endpoint.shutdown()
        thread.join()


@pytest.fixture
def ask(endpoint):
    def ask(method, path, body=None, kind="application/json", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.server_port, timeout=60)
        try:
            content = body if body is None or isinstance(body, bytes) else body.encode()
            connection.request(method, path, content, {"Content-Type": kind, **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    return ask


def as_json(frame) -> str:
    return json.dumps({"rows": json.loads(frame.to_json(orient="records"))})


def test_it_answers_with_one_warm_function(endpoint):
    assert endpoint.answering.is_warm


@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_json_rows_get_what_predict_says(ask, table_run, count):
    rows = FRAME[:count]
    status, text = ask("POST", "/predict", as_json(rows))
    assert status == 200
    said = json.loads(text)
    assert said["predictions"] == predict(table_run, rows).to_dict("records")


def test_csv_rows_get_what_predict_writes(ask, table_run, hpopt, tmp_path):
    FRAME[:30].to_csv(tmp_path / "rows.csv", index=False)
    body = (tmp_path / "rows.csv").read_bytes()
    status, text = ask("POST", "/predict", body, "text/csv", Accept="text/csv")
    assert status == 200
    assert text == hpopt("predict", table_run.path, "rows.csv").out


def test_requests_of_many_at_once_do_not_touch_each_other(ask, table_run):
    pieces = [FRAME[start : start + size] for start, size in [(0, 1), (1, 4), (9, 1), (20, 11)] * 6]
    meant = [predict(table_run, piece).to_dict("records") for piece in pieces]
    with ThreadPoolExecutor(12) as pool:
        said = list(pool.map(lambda piece: ask("POST", "/predict", as_json(piece)), pieces))
    assert [status for status, _ in said] == [200] * len(pieces)
    assert [json.loads(text)["predictions"] for _, text in said] == meant


@pytest.mark.parametrize(
    ("body", "kind", "status", "word"),
    [
        ("{", "application/json", 422, "no JSON"),
        ("[]", "application/json", 422, "no list of rows"),
        ('{"rows": 3}', "application/json", 422, "no list of rows"),
        ("[[1, 2]]", "application/json", 422, "takes a table"),
        ('[[1], ["a"]]', "application/json", 422, "no array of numbers"),
        ("[3]", "application/json", 422, "row 1 of the request is no object"),
        ('[{"age": 3}]', "application/json", 422, "the request has no columns"),
        ('[{"age": 3}, {}]', "application/json", 422, "row 1 has `age`, and row 2 has not"),
        ('[{"age": [3]}]', "application/json", 422, "`age` of row 1 is no single value"),
        ("age\n3,4\n", "text/csv", 422, "the request"),
        ("", "text/csv", 422, "the request is empty"),
        ("x", "text/plain", 415, "application/json or text/csv"),
        ("[" + "1," * 60_000 + "1]", "application/json", 413, "100000 bytes at most"),
    ],
)
def test_what_is_wrong_with_rows_is_said(ask, body, kind, status, word):
    got, text = ask("POST", "/predict", body, kind)
    assert got == status
    assert word in json.loads(text)["error"]
    assert "/tmp" not in text
    assert "DataFrame" not in text


def test_more_rows_than_allowed_are_refused(ask):
    rows = pd.concat([FRAME] * 4)[:501]
    body = rows.to_csv(index=False).encode()
    assert len(body) < 100_000
    status, text = ask("POST", "/predict", body, "text/csv")
    assert (status, json.loads(text)["error"]) == (413, "500 rows at most")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/predict", 405), ("POST", "/x", 404), ("DELETE", "/x", 501)],
)
def test_other_addresses_are_refused(ask, method, path, status):
    assert ask(method, path)[0] == status


def test_what_is_no_address_is_refused(endpoint):
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.server_port, timeout=60)
    connection.putrequest("GET", "http://[x", skip_host=True)
    connection.putheader("Host", f"127.0.0.1:{endpoint.server_port}")
    connection.endheaders()
    assert connection.getresponse().status == 400
    connection.close()


def test_a_page_of_somebody_elses_can_not_ask(ask):
    assert ask("GET", "/health", Host="evil.example")[0] == 403


@pytest.mark.parametrize(("length", "status"), [("-3", 411), ("1" * 30, 413), ("9" * 5000, 413)])
def test_a_length_that_can_not_be_is_refused(ask, length, status):
    assert ask("POST", "/predict", "", **{"Content-Length": length})[0] == status


def test_health_and_schema(ask, endpoint, table_run):
    status, text = ask("GET", "/health")
    assert (status, json.loads(text)["run"]) == (200, table_run.path.name)
    schema = json.loads(ask("GET", "/schema")[1])
    post = schema["paths"]["/predict"]["post"]
    row = post["requestBody"]["content"]["application/json"]["schema"]["properties"]["rows"]
    assert row["maxItems"] == 500
    assert {"age", "city", "plan"} <= set(row["items"]["required"])
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(json.loads(as_json(FRAME))["rows"], row)
    said = post["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.validate(json.loads(ask("POST", "/predict", as_json(FRAME[:9]))[1]), said)


def test_the_command_serves_until_it_is_interrupted(table_run):
    command = [sys.executable, "-m", "hpopt", "serve", str(table_run.path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        url = p.stdout.readline().strip()
        port = int(url.removeprefix("http://127.0.0.1:").removesuffix("/predict"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/health")  # and stays open
        assert connection.getresponse().read().startswith(b'{"status": "ok"')
        os.kill(p.pid, signal.SIGINT)
        _, err = p.communicate(timeout=60)
        connection.close()
    assert (p.returncode, err) == (0, "")


def test_an_address_that_is_taken_is_said(table_run, endpoint, hpopt):
    done = hpopt("serve", table_run.path, "--port", endpoint.server_port)
    assert done.code == 1
    assert "another --port" in done.err


def test_csv_of_the_answer_reads_as_a_table(ask):
    _, text = ask("POST", "/predict", as_json(FRAME[:3]), Accept="text/csv")
    assert len(pd.read_csv(io.StringIO(text))) == 3
