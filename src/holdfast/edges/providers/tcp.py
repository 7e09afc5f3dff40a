"""TCP by sockets: one connection, opened and closed."""

import socket

from holdfast.errors import ActionError


class SocketTcp:
    """Opens connections. Safe between threads."""

    def connect(self, host: str, port: int, timeout_s: float) -> None:
        """Open a connection and close it at once. Raises: ActionError: nobody accepts one."""
        try:
            socket.create_connection((host, port), timeout=timeout_s).close()
        except (OSError, UnicodeError, OverflowError) as error:
            because = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ActionError(f"no connection to {host[:200]}:{port}: {because}") from None
