"""A server that answers a byte at a time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

HEADER = b"HTTP/1.1 200 OK\r\nx-long: "
"""An answer that drips in a header."""
BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
"""An answer that drips in its body."""


@contextmanager
def dripping(begins: bytes) -> Iterator[str]:
    """Give the address of a server whose one answer begins so and goes on with a byte every 10 ms, until the end."""
    gone = threading.Event()

    def drip() -> None:
        connection, _ = server.accept()
        with connection, suppress(ConnectionError):
            connection.recv(65_536)
            connection.sendall(begins)
            while not gone.wait(0.01):
                connection.sendall(b".")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            gone.set()
            thread.join(timeout=30)
