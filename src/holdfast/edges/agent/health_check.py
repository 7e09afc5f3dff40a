"""Asks a process whether it is well, and has done with it at a deadline.

Rules:
1. A check ends at its deadline, however little comes at a time: an answer that drips, a name with many addresses.
   Looking a name up alone takes as long as the system's resolver lets it; an address needs none.
2. No thread takes part: who asks starts processes, and must have one thread.
"""

import io
import socket
import ssl
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEALTH_TIMEOUT_S = 2.0


def check_health(health: str, timeout_s: float = HEALTH_TIMEOUT_S) -> str | None:
    """Say why a health check fails; `None` when it holds. An http(s) URL must answer 2xx, `host:port` be open."""
    end = time.monotonic() + timeout_s
    try:
        if "://" in health:
            return _check_url(health, end)
        host, _, port = health.rpartition(":")
        _connect(host.strip("[]"), int(port), end).close()
    except TimeoutError:
        return f"{health}: no answer within {timeout_s:g} s"
    except (OSError, HTTPException, ValueError) as error:
        return f"{health}: {str(error).strip() or type(error).__name__}"
    return None


def _check_url(url: str, end: float) -> str | None:
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (HTTPConnection if context is None else HTTPSConnection).default_port
    connection = HTTPConnection(host, port) if context is None else HTTPSConnection(host, port, context=context)
    with closing(connection):
        connection.sock = _connect(host, port, end)
        if context is not None:
            connection.sock.settimeout(_left_s(end))
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        connection.sock.settimeout(_left_s(end))
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        status = _read_status(connection.sock, end)
    return None if 200 <= status < 300 else f"{url} answers {status}"


def _connect(host: str, port: int, end: float) -> socket.socket:
    """Open a connection to the first of a host's addresses that takes one. Raises: OSError: none does."""
    failed = OSError(f"{host} has no address")
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return socket.create_connection((str(address[0]), port), timeout=_left_s(end))
        except OSError as error:
            failed = error
    raise failed


def _left_s(end: float) -> float:
    """Return the seconds that are left. Raises: TimeoutError: none is."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _read_status(connection: socket.socket, end: float) -> int:
    response = HTTPResponse(cast("socket.socket", _Ending(connection, end)), method="GET")
    with closing(response):
        response.begin()
        return response.status


class _Ending(io.RawIOBase):
    """What a socket gives until an instant of the monotonic clock; a timeout of its own begins anew at every byte."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection = connection
        self._end = end

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return it as a file; the one thing that a response wants of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what there is. Raises: TimeoutError: the time is over."""
        self._connection.settimeout(_left_s(self._end))
        return self._connection.recv_into(buffer)
