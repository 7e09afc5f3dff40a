"""How probes are sent by httpx: to addresses that were checked, over connections of their own.

Rules:
1. A request goes to an address that `find_addresses` gave, and to no other; who is asked for, and by which name a
   certificate is judged, stays what the URL says.
2. No connection is used twice: one that another host's probe opened may lead elsewhere.
3. No proxy takes part: it would look names up by itself.
"""

from collections.abc import Sequence

import httpx

from holdfast.edges.providers.addresses import Resolve, find_addresses, resolve_host
from holdfast.errors import UnsentError
from holdfast.mitigations.probe_hosts import ProbeHosts

_PORTS = {"http": 80, "https": 443}


class ProbeTransport(httpx.BaseTransport):
    """Sends requests to addresses that were checked. Safe between threads."""

    def __init__(self, hosts: ProbeHosts, inner: httpx.BaseTransport, resolve: Resolve = resolve_host) -> None:
        self._hosts = hosts
        self._inner = inner
        self._resolve = resolve

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises: httpx.ConnectError: nobody may be asked there, or nobody answered."""
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or _PORTS.get(request.url.scheme, 0)
        try:
            addresses = find_addresses(self._hosts, host, port, self._resolve)
        except UnsentError as error:
            raise httpx.ConnectError(error.message, request=request) from None
        except OSError as error:
            raise httpx.ConnectError(str(error), request=request) from None
        return self._send(request, host, addresses)

    def _send(self, request: httpx.Request, host: str, addresses: Sequence[str]) -> httpx.Response:
        failed: httpx.TransportError = httpx.ConnectError("it has no address", request=request)
        for address in addresses:
            try:
                return self._inner.handle_request(_to(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    def close(self) -> None:
        """Release connections."""
        self._inner.close()


def _to(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """Return the same request to an address; its `Host` header is written already."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
