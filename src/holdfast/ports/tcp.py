"""TCP, as probes need it."""

from typing import Protocol


class Tcp(Protocol):
    """Tries whether somebody accepts connections."""

    def connect(self, host: str, port: int, timeout_s: float) -> None:
        """Open a connection and close it at once.

        Raises:
            ActionError: nobody accepts one; says why.
        """
        ...
