"""A server for this machine: where it can be had, and what it takes for an address."""

from http.server import BaseHTTPRequestHandler

import pytest

from hpopt.errors import RunError
from hpopt.local_server import LocalServer, address_of


@pytest.mark.parametrize("host", ["1.2.3.4.5", "no.such.host.invalid", "x" * 300, "a..b"])
def test_a_host_that_is_none_is_what_is_said(host):
    with pytest.raises(RunError, match="can't be served on") as caught:
        LocalServer(host, 0, BaseHTTPRequestHandler)
    assert "--host" in caught.value.render()


def test_a_port_that_is_taken_is_what_is_said():
    with (
        LocalServer("127.0.0.1", 0, BaseHTTPRequestHandler) as first,
        pytest.raises(RunError, match="can't be served on") as caught,
    ):
        LocalServer("127.0.0.1", first.server_port, BaseHTTPRequestHandler)
    assert "another --port" in caught.value.render()


def test_what_is_no_address_has_no_parts():
    assert address_of("/predict?a=1").path == "/predict"
    assert address_of("http://[x") is None
