"""Requests to `hpopt serve` and `hpopt dashboard`, as bytes, without a network."""

from __future__ import annotations

import io
import json
import random
import time
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.fuzz.case import GOLDEN, ended
from tests.fuzz.mutating import TEXTS, VALUES, changed_bytes, changed_form

# What stands in a request for what is known once there is a server.
HOST, TOKEN, ID = b"the.host", b"the-token", b"the-id"
_MOST_BYTES, _MOST_ROWS = 200_000, 500


def request(rng: random.Random) -> tuple[str, bytes]:
    """A server's name, and what is sent to it: one or two requests, hardly as they should be."""
    server = rng.choice(["serve", "serve", "serve", "dashboard"])
    sent = b"".join(_request(rng, server) for _ in range(rng.choice([1, 1, 2])))
    if rng.random() < 0.4:
        sent = changed_bytes(rng, sent)
    return server, sent


def _request(rng: random.Random, server: str) -> bytes:
    if server == "dashboard":
        names = ["", "run?id=the-id", "surrogate?id=x", "stop?id=the-id", "resume?id=the-id", "x/y"]
        method, path = rng.choice(["GET", "GET", "POST"]), f"/the-token/{rng.choice(names)}"
        headers, body = {"Origin": "http://the.host"}, b""
    else:
        path = rng.choice(["/predict"] * 6 + ["/schema", "/health", "/", "http://[x"])
        method = "POST" if path == "/predict" else rng.choice(["GET", "HEAD", "POST"])
        kind, body = _rows(rng)
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
    headers["Host"] = "the.host"
    if rng.random() < 0.2:
        name = rng.choice([*headers, "Accept", "Transfer-Encoding", "Expect", "Connection"])
        texts = ["9" * 5000, "-3", "text/csv", "chunked", "100-continue", rng.choice(TEXTS)]
        headers[name] = rng.choice(texts).replace("\n", " ")
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _rows(rng: random.Random) -> tuple[str, bytes]:
    table = (GOLDEN / "inputs" / "customers.csv").read_text().splitlines()
    names, *rows = (line.split(",") for line in table[: rng.choice([2, 3, 9])])
    if rng.random() < 0.3:
        text = "\n".join(",".join(cells) for cells in (names, *rows))
        return "text/csv", changed_bytes(rng, text.encode())
    records = [dict(zip(names, map(_value, cells), strict=False)) for cells in rows]
    form: Any = {"rows": records}
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        form = changed_form(rng, form, [*VALUES, "\ud800", [[0.0] * 5] * 2])
    return "application/json", json.dumps(form).encode()


def _value(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text or None


class _Connection:
    """A connection of which all is there at once, and that keeps what comes back."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self.answer = io.BytesIO()
        self.answer.close = lambda: None  # type: ignore[method-assign]

    def makefile(self, mode: str, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._sent) if "r" in mode else self.answer

    def sendall(self, content: bytes) -> None:
        self.answer.write(content)
        if b"text/event-stream" in content:
            raise BrokenPipeError  # nobody waits for what comes

    def settimeout(self, *_: Any) -> None: ...
    def setsockopt(self, *_: Any) -> None: ...


def _ask(server: str, file: str, run: str) -> None:
    """Let a server answer what a file holds. Raises what it raises where it is at fault."""
    from hpopt.runs.finding import find_run

    found = find_run(run)
    make = _endpoint if server == "serve" else _dashboard
    with closing(make(found)) as asked:
        address = f"127.0.0.1:{asked.server_port}".encode()
        token = getattr(asked, "token", "").encode()
        sent = Path(file).read_bytes().replace(HOST, address).replace(TOKEN, token)
        connection = _Connection(sent.replace(ID, found.path.name.encode()))
        asked.finish_request(connection, ("127.0.0.1", 1))


def _endpoint(run: Any) -> Any:
    """The endpoint of a run, whose network is taken to say the same of all rows."""
    import numpy as np

    from hpopt.export.best import data_of
    from hpopt.local_server import LocalServer
    from hpopt.predicting import Model
    from hpopt.serving import server

    class Network:
        def outputs(self, rows: Any) -> Any:
            count = len(model.data.features.apply(rows))
            return np.full((count, model.data.output.units), 0.5, np.float32)

        def close(self) -> None: ...

    class Handler(server._Handler):
        def _refuse(self, status: HTTPStatus, why: str, *, close: bool = True) -> None:
            if status == HTTPStatus.INTERNAL_SERVER_ERROR:
                raise  # the fault that is being handled
            super()._refuse(status, why, close=close)

    model = Model.__new__(Model)
    model.run, model.data = run, data_of(run, of_best=False)
    model._threshold, model._conformal = 0.5, None
    endpoint = server.Endpoint.__new__(server.Endpoint)
    LocalServer.__init__(endpoint, "127.0.0.1", 0, Handler)
    endpoint.model, endpoint.answering = model, Network()  # type: ignore[assignment]
    endpoint.most_bytes, endpoint.most_rows = _MOST_BYTES, _MOST_ROWS
    endpoint.description = "{}"
    endpoint.close = endpoint.server_close  # type: ignore[attr-defined]
    return endpoint


def _dashboard(run: Any) -> Any:
    from hpopt.page.control import stop_run
    from hpopt.page.following import Following
    from hpopt.page.serving import Dashboard

    following = Following(None, [run.path])
    dashboard = Dashboard(following, "127.0.0.1", 0, {"stop": stop_run})
    patience = time.monotonic() + 5
    while run.path.name not in following._followed and time.monotonic() < patience:
        time.sleep(0.01)

    def close() -> None:
        dashboard.server_close()
        following.close()

    dashboard.close = close  # type: ignore[attr-defined]
    return dashboard


ask = ended(_ask)
