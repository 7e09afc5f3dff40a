"""A health check says why it fails, and ends."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from holdfast.edges.agent.health_check import check_health
from tests.e2e.serving import application


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Answer one request; gives the URL."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1 << 16)
            answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/healthz"
    finally:
        thread.join(timeout=30)
        server.close()


def test_a_health_check_is_an_address_or_a_port() -> None:
    with application() as stub:
        port = stub.url.rpartition(":")[2]
        assert check_health(stub.url) is None
        assert check_health(f"{stub.url}/any?thing=1") is None
        assert check_health(f"127.0.0.1:{port}") is None
    with closing(socket.socket()) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert "refused" in (check_health(f"127.0.0.1:{port}") or "")
        assert "refused" in (check_health(f"http://127.0.0.1:{port}/") or "")
    assert check_health("127.0.0.1:99999") is not None
    assert check_health("http://[::1/") is not None


def test_an_answer_that_is_no_success_is_not_healthy() -> None:
    with answering(lambda connection: connection.sendall(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")) as url:
        assert check_health(url) == f"{url} answers 503"


def test_an_answer_that_drips_ends_the_check_at_its_deadline() -> None:
    """A byte every 50 ms: each comes in time by itself, and all that come before the deadline are no answer."""
    gone, whole = threading.Event(), b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 60 + b"\r\n\r\n"

    def drip(connection: socket.socket) -> None:
        with suppress(ConnectionError):
            for byte in whole:
                connection.sendall(bytes([byte]))
                gone.wait(0.05)

    with answering(drip) as url:
        found = check_health(url, timeout_s=0.3)
        gone.set()
        assert found == f"{url}: no answer within 0.3 s"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_never_comes_ends_the_check_at_its_deadline(scheme: str) -> None:
    gone = threading.Event()

    def hang(_: socket.socket) -> None:
        gone.wait(30)

    with answering(hang) as address:
        url = address.replace("http", scheme, 1)
        found = check_health(url, timeout_s=0.1)
        gone.set()
        assert found == f"{url}: no answer within 0.1 s"


def test_what_is_no_http_is_not_healthy() -> None:
    with answering(lambda connection: connection.sendall(b"hello\r\n\r\n")) as url:
        assert check_health(url) == f"{url}: hello"
