"""An HTTP server for programs and browsers on this machine, on Python's own."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, urlsplit

from hpopt.errors import RunError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class LocalServer(ThreadingHTTPServer):
    """Serves at an address, a thread for each connection. Raises RunError where it can't be had."""

    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        try:
            super().__init__((host, port), handler)
        except (OSError, UnicodeError) as error:  # a name with a part that no name can have
            is_name = isinstance(error, socket.gaierror | UnicodeError)
            raise RunError(
                f"{host}:{port} can't be served on: {getattr(error, 'strerror', None) or error}",
                help="give --host an address of this machine, such as 127.0.0.1"
                if is_name
                else "try another --port, or --port 0 for one that is free",
            ) from None
        self.is_local = host in _LOOPBACK
        self._names = {f"{name}:{self.server_port}" for name in _LOOPBACK}

    def is_named(self, name: str) -> bool:
        """Whether a request's Host is a name of this server.

        On loopback others are refused, for a page of somebody else's may have made its own name
        lead here (DNS rebinding); beyond it the server can't know what it is called.
        """
        return not self.is_local or name in self._names

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of those who go away in the middle of an answer."""


def address_of(path: str) -> SplitResult | None:
    """The parts of what a request asks for; None of what is no address."""
    try:
        return urlsplit(path)
    except ValueError:
        return None
