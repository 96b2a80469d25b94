"""An HTTP server for programs and browsers on this machine, on Python's own."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class LocalServer(ThreadingHTTPServer):
    """Serves at an address, a thread for each connection. Raises OSError where it can't be had."""

    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__((host, port), handler)
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
