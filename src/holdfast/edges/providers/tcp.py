"""TCP by sockets: one connection, opened and closed, to whom probes may ask."""

import socket

from holdfast.edges.providers.addresses import Resolve, find_addresses, resolve_host
from holdfast.errors import ActionError, UnsentError
from holdfast.mitigations.probe_hosts import ANYBODY, ProbeHosts


class SocketTcp:
    """Opens connections. Safe between threads."""

    def __init__(self, hosts: ProbeHosts = ANYBODY, resolve: Resolve = resolve_host) -> None:
        self._hosts = hosts
        self._resolve = resolve

    def connect(self, host: str, port: int, timeout_s: float) -> None:
        """Open a connection and close it at once. Raises: ActionError: nobody accepts one, or may be asked."""
        because = "it has no address"
        try:
            for address in find_addresses(self._hosts, host, port, self._resolve):
                try:
                    socket.create_connection((address, port), timeout=timeout_s).close()
                except OSError as error:
                    because = _words(error)
                else:
                    return
        except UnsentError as error:
            because = error.message
        except (OSError, UnicodeError, OverflowError, ValueError) as error:  # the last: a NUL in a name
            because = _words(error)
        raise ActionError(f"no connection to {host[:200]}:{port}: {because}")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
