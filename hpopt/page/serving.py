"""The dashboard: the page of runs as they go on, served to a browser on this machine.

Every address begins with a token that only whoever has seen the terminal knows, and requests are
answered only if they name this server as their host: a page of somebody else's that is open in the
same browser can read nothing and change nothing. Python's own server is enough for a few viewers.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from queue import Empty
from urllib.parse import parse_qs

from hpopt.errors import HpoptError
from hpopt.jsonline import json_line
from hpopt.local_server import LocalServer, address_of
from hpopt.page.document import document
from hpopt.page.following import Following
from hpopt.version import VERSION

# How long a stream of messages is silent at most: so one sees that the browser has gone.
_HEARTBEAT_S = 10.0

# What may be changed, by name: a function of the run's id that returns what is to be said.
Actions = dict[str, Callable[[str], str]]


class Dashboard(LocalServer):
    """Serves the page of the runs that are followed, and the `actions` that are allowed.

    Raises RunError where the address can't be had.
    """

    def __init__(self, following: Following, host: str, port: int, actions: Actions) -> None:
        self.following = following
        self.actions = actions
        self.token = secrets.token_urlsafe(24)
        super().__init__(host, port, _Handler)

    @property
    def url(self) -> str:
        """The address to open."""
        host = self.server_address[0]
        return f"http://{host!s}:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: Dashboard
    protocol_version = "HTTP/1.1"
    server_version = f"hpopt/{VERSION}"
    sys_version = ""

    def do_GET(self) -> None:
        """The page, and what it asks for."""
        if (asked := self._asked()) is None:
            return
        name, id = asked
        try:
            match name:
                case "":
                    self._answer(self._page(), "text/html; charset=utf-8")
                case "run":
                    self._answer(json_line(self.server.following.record(id)))
                case "surrogate":
                    self._answer(json_line({"surrogate": self.server.following.surrogate(id)}))
                case "events":
                    self._stream()
                case _:
                    self._refuse(HTTPStatus.NOT_FOUND, "there is nothing at this address")
        except KeyError:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such run")
        except HpoptError as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))

    def do_POST(self) -> None:
        """What changes something: only where it was allowed, and asked for by this page."""
        if (asked := self._asked()) is None:
            return
        name, id = asked
        if self.headers.get("Origin", "") != f"http://{self.headers.get('Host', '')}":
            self._refuse(HTTPStatus.FORBIDDEN, "only this page may ask for that")
        elif name not in self.server.actions:
            self._refuse(HTTPStatus.FORBIDDEN, "begin it with --allow-control to control runs")
        else:
            try:
                said = self.server.actions[name](str(self.server.following.path(id)))
            except KeyError:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such run")
            except HpoptError as error:
                self._refuse(HTTPStatus.CONFLICT, str(error))
            else:
                self._answer(json.dumps({"said": said}))

    def _asked(self) -> tuple[str, str] | None:
        """What is asked for, and of which run; None where it was refused."""
        if (address := address_of(self.path)) is None:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no address")
            return None
        _, token, *rest = [*address.path.split("/", 2), ""][:3]
        if not self.server.is_named(self.headers.get("Host", "")):
            self._refuse(HTTPStatus.FORBIDDEN, "this is no name of this server")
            return None
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            text = "open the address that `hpopt dashboard` has printed: it ends in a token"
            self._refuse(HTTPStatus.FORBIDDEN, text)
            return None
        return rest[0] if rest else "", parse_qs(address.query).get("id", [""])[0]

    def _page(self) -> str:
        data = {"hpopt": VERSION, "made": None, "runs": [], "actions": list(self.server.actions)}
        return document(data, title="hpopt", extra_policy="; connect-src 'self'")

    def _stream(self) -> None:
        """Messages as server-sent events, until the browser goes away."""
        self.close_connection = True
        self._head(HTTPStatus.OK, "text/event-stream", None)
        queue = self.server.following.listen()
        try:
            while True:
                try:
                    line = f"data: {json_line(queue.get(timeout=_HEARTBEAT_S))}\n\n"
                except Empty:
                    line = ": still here\n\n"
                self.wfile.write(line.encode())
                self.wfile.flush()
        except OSError:
            pass
        finally:
            self.server.following.leave(queue)

    def _answer(self, text: str, kind: str = "application/json") -> None:
        content = text.encode()
        self._head(HTTPStatus.OK, kind, len(content))
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        content = json.dumps({"error": why}).encode()
        self.close_connection = True
        self._head(status, "application/json", len(content))
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in (
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
        ):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of single requests."""
