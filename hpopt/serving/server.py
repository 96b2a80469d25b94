"""The HTTP endpoint of a run's best model, on Python's own server.

Python's own server needs no extra, and one thread a connection is enough: what takes time is the
network, through which all requests go together. It is for a few programs that know it, not for the
open internet: no TLS, no users. A page of somebody else's that is open in a browser on this machine
can't ask: requests must name a host that this server has, and content types that pages need leave
for.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from hpopt.errors import DataError
from hpopt.inputs.kind import count_rows
from hpopt.jsonline import json_line
from hpopt.local_server import LocalServer, address_of
from hpopt.predicting import Model
from hpopt.serving.answering import Answering, Busy
from hpopt.serving.described import openapi
from hpopt.serving.requests import CSV, JSON, rows_of
from hpopt.version import VERSION

_MOST_DIGITS = 18  # of a length
_PATIENCE_S = 30.0  # with a connection that says nothing


class Endpoint(LocalServer):
    """Serves a model. Raises RunError where the address can't be had."""

    request_queue_size = 128

    def __init__(
        self, model: Model, host: str, port: int, *, most_bytes: int, most_rows: int
    ) -> None:
        super().__init__(host, port, _Handler)
        self.model = model
        self.most_bytes, self.most_rows = most_bytes, most_rows
        self.answering = Answering(model.network, model.data.features)
        self.description = json.dumps(openapi(model, most_bytes, most_rows))

    @property
    def url(self) -> str:
        """The address, without a path."""
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def server_close(self) -> None:
        """Close the address, and end the thread that answers."""
        super().server_close()
        if hasattr(self, "answering"):
            self.answering.close()


class _Refused(Exception):  # noqa: N818
    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint
    protocol_version = "HTTP/1.1"
    server_version = f"hpopt/{VERSION}"
    sys_version = ""
    timeout = _PATIENCE_S
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def do_GET(self) -> None:
        """What the endpoint says of itself."""
        self._reply(self._told)

    def do_POST(self) -> None:
        """Predictions."""
        self._reply(self._predicted)

    def _reply(self, of: Any) -> None:
        try:
            if not self.server.is_named(self.headers.get("Host", "")):
                raise _Refused(HTTPStatus.FORBIDDEN, "this is no name of this server")
            if (address := address_of(self.path)) is None:
                raise _Refused(HTTPStatus.BAD_REQUEST, "this is no address")
            self._send(HTTPStatus.OK, *of(address.path))
        except _Refused as refused:
            self._refuse(refused.status, str(refused))
        except DataError as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), close=False)
        except Busy:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests wait; try again")
        except OSError:
            raise
        except Exception as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")

    def _told(self, path: str) -> tuple[str, str]:
        if path == "/health":
            model = self.server.model
            health = {"status": "ok", "run": model.run.path.name, "hpopt": VERSION}
            return json.dumps(health), JSON
        if path in ("/schema", "/openapi.json"):
            return self.server.description, JSON
        if path == "/predict":
            raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "POST rows to /predict")
        raise _Refused(HTTPStatus.NOT_FOUND, "there are /predict, /schema and /health")

    def _predicted(self, path: str) -> tuple[str, str]:
        if path != "/predict":
            raise _Refused(HTTPStatus.NOT_FOUND, "rows are POSTed to /predict")
        kind = self.headers.get_content_type()
        if kind not in (JSON, CSV):
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send {JSON} or {CSV}")
        rows = rows_of(self.server.model, self._body(), kind)
        if count_rows(rows.rows) > self.server.most_rows:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{self.server.most_rows} rows at most"
            )
        said = self.server.model.said(rows, self.server.answering.outputs(rows.rows))
        if CSV in self.headers.get("Accept", ""):
            digits = None if self.server.model.data.labels else "%.15g"  # as `hpopt predict` does
            return said.to_csv(index=False, float_format=digits), CSV
        answer = {"predictions": said.to_dict("records"), "notes": rows.notes}
        return json_line(answer), JSON

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "say Content-Length")
        # Python reads no number of thousands of digits.
        if len(length) > _MOST_DIGITS or int(length) > self.server.most_bytes:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{self.server.most_bytes} bytes at most"
            )
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise _Refused(HTTPStatus.BAD_REQUEST, "the request is cut off")
        return body

    def _refuse(self, status: HTTPStatus, why: str, *, close: bool = True) -> None:
        # What is left of a body that was not read would be taken for the next request.
        self.close_connection = self.close_connection or close
        self._send(status, json.dumps({"error": why}), JSON)

    def _send(self, status: HTTPStatus, text: str, kind: str) -> None:
        content = text.encode(errors="backslashreplace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind == CSV else kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of single requests."""
