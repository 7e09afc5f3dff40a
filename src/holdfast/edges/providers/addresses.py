"""Where a probe's host leads, asked at the moment of connecting, and whether a probe may ask there.

Rules:
1. What was checked is what is connected to: a name is resolved once, and its addresses are used as they are.
2. A name one of whose addresses no probe may ask is not asked at all: which one it led to would be chance.
"""

import socket
from collections.abc import Callable, Sequence

from holdfast.errors import UnsentError
from holdfast.mitigations.probe_hosts import ProbeHosts, find_forbidden

Resolve = Callable[[str, int], Sequence[str]]


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host, the preferred first. Raises: OSError, UnicodeError: it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


def find_addresses(hosts: ProbeHosts, host: str, port: int, resolve: Resolve = resolve_host) -> Sequence[str]:
    """Return the addresses of a host that a probe may ask.

    Raises:
        UnsentError: it may not be asked.
        OSError: it has no address.
        UnicodeError: it is no name.
    """
    refusal = hosts.find_refusal(host, port)
    if refusal is not None:
        raise UnsentError(refusal)
    found = resolve(host, port)
    for address in found:
        forbidden = find_forbidden(address)
        if forbidden is not None:
            raise UnsentError(f"{host[:200]}: {forbidden}")
    return found
