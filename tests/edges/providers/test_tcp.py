"""TCP: whether somebody accepts connections."""

import socket

import pytest

from holdfast.edges.providers.tcp import SocketTcp
from holdfast.errors import ActionError


def test_listening_port_accepts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        SocketTcp().connect("127.0.0.1", server.getsockname()[1], 2)
        connection, _ = server.accept()
        assert connection.recv(1) == b"", "it was closed at once"
        connection.close()


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 1), ("127.0.0.1", 99999), ("a" * 300, 80), ("a\x00b", 80)])
def test_what_does_not_accept_says_why(host: str, port: int) -> None:
    with pytest.raises(ActionError, match="no connection to") as caught:
        SocketTcp().connect(host, port, 2)
    assert caught.value.message.rpartition(": ")[2]
