"""HTTP by httpx: one request, no redirects, no cookies, a limit on the whole time it may take."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from ssl import SSLContext

import httpx

from holdfast.edges.providers.addresses import Resolve, resolve_host
from holdfast.edges.providers.cookies import refuse_cookies
from holdfast.edges.providers.deadlines import bound, deadline
from holdfast.edges.providers.probe_transport import ProbeTransport
from holdfast.errors import ActionError, UnsentError
from holdfast.mitigations.probe_hosts import ProbeHosts
from holdfast.ports.http import Answer

_NEVER_SENT = (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError)  # the last: a host that can't be resolved
_VALUE = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?", re.ASCII)
"""What a header may hold: signs that can be printed, no space before or after them."""


@cache
def _trust() -> SSLContext:
    """Return the certificates that are trusted: reading them takes longer than most requests."""
    return httpx.create_ssl_context()


class HttpxHttp:
    """Sends requests over pooled connections; with a `transport` by that. Safe between threads."""

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=16)
        self._client = httpx.Client(
            follow_redirects=False, limits=limits, verify=_trust(), transport=transport, cookies=refuse_cookies()
        )
        for one in (self._client._transport, *self._client._mounts.values()):  # the latter: proxies
            bound(one)

    @contextmanager
    def open(
        self, method: str, url: str, *, headers: Mapping[str, str], timeout_s: float, body: bytes | None = None
    ) -> Iterator[Answer]:
        """Send a request and give its answer while the context is open.

        `timeout_s` bounds each wait, and the whole answer is given up after ten times as long: one that drips a byte at
        a time is no answer.

        Raises:
            ActionError: no answer: refused, timed out, cut, or not a valid URL. Also while the body is read.
            UnsentError: a header can't be sent: of it only the name is said, as its value may be a secret.
        """
        require_sendable(headers)
        sent = self._client.stream(method, url, headers=dict(headers), timeout=timeout_s, content=body)
        try:
            with deadline(10 * timeout_s), sent as response:
                yield Answer(response.status_code, _lower(response.headers), response.iter_bytes())
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, *_NEVER_SENT) as error:
            because = str(error) or type(error).__name__
            raise UnsentError(f"no answer from {_without_secrets(url)}: {because}") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            because = str(error) or type(error).__name__
            raise ActionError(f"no answer from {_without_secrets(url)}: {because}") from None

    def close(self) -> None:
        """Release connections."""
        self._client.close()


def open_probe_http(hosts: ProbeHosts, resolve: Resolve = resolve_host) -> HttpxHttp:
    """Return what sends the probes of manifests: to whom they may ask, and nobody else."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=0)
    inner = httpx.HTTPTransport(verify=_trust(), limits=limits)
    bound(inner)
    return HttpxHttp(ProbeTransport(hosts, inner, resolve))


def require_sendable(headers: Mapping[str, str]) -> None:
    """Raises: UnsentError: the libraries below would repeat the value in their own message."""
    for name, value in headers.items():
        if not _VALUE.fullmatch(value):
            raise UnsentError(
                f"the header `{name}` can't be sent: it has a sign that no header may have, or ends in a space",
                hint="does the secret end in a line break?",
            )


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _without_secrets(url: str) -> str:
    """A URL for a message: without user, password and query."""
    head = url.partition("?")[0]
    scheme, mark, rest = head.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"[:200]
