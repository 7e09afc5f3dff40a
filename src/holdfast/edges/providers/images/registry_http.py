"""Asks a registry: with a login or a token, through redirects, and nobody else.

Rules:

1. A registry elsewhere is asked by TLS. Only this machine itself is asked without.
2. A login goes to the registry, and to the token server that it names, where that is of the registry's own domain and
   is asked by TLS as well. A token goes to the registry alone. A redirect to another host carries neither.
3. Nobody is asked at a link-local address or where a cloud tells machines their credentials; nor, unless the registry
   is this machine itself, at this machine. That is told by the addresses at the moment of connecting.
4. An answer has a limit in size and time. At most five redirects are followed, and none from TLS to without.

Source: OCI distribution specification; Distribution, "Token Authentication Specification"; RFC 9110, 11.
"""

import json
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from holdfast.edges.providers.addresses import Resolve, resolve_host
from holdfast.edges.providers.deadlines import bound
from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.images.credentials import PASSWORD, USER, Found
from holdfast.edges.providers.images.reference import Reference, is_this_machine
from holdfast.edges.providers.probe_transport import ProbeTransport
from holdfast.errors import ActionError, FactError, UsageError
from holdfast.mitigations.probe_hosts import ANYBODY
from holdfast.ports.http import Answer

_TIMEOUT_S = 60.0
_MAX_REDIRECTS = 5
_MAX_TOKEN_BYTES = 1 << 20
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*"([^"]*)"')
_REDIRECTS = {301, 302, 303, 307, 308}


class RegistryHttp:
    """Asks for what belongs to one image."""

    def __init__(
        self, reference: Reference, found: Found, resolve: Resolve = resolve_host, trust: ssl.SSLContext | None = None
    ) -> None:
        self._reference, self._found = reference, found
        self._origin = f"{reference.scheme}://{reference.host}"
        self._authorization = ""
        is_here = is_this_machine(reference.name)
        inner = httpx.HTTPTransport(
            verify=trust or httpx.create_ssl_context(), limits=httpx.Limits(max_keepalive_connections=0)
        )
        bound(inner)
        self._http = HttpxHttp(ProbeTransport(ANYBODY, inner, resolve if is_here else _elsewhere(resolve)))

    @contextmanager
    def open(self, path: str, accept: str = "*/*") -> Iterator[Answer]:
        """Give the answer of the registry to a path below its repository, once it is 200.

        Raises:
            UsageError: there is no such thing, or it may not be had.
            FactError: the registry did not answer, or not as one does.
        """
        url = f"{self._origin}/v2/{self._reference.repository}/{path}"
        try:
            with self._follow(url, accept) as (answered, answer):
                challenge = answer.headers.get("www-authenticate", "")
                is_asked = answer.status == 401 and bool(challenge) and _same_origin(answered, self._origin)
                if not is_asked:
                    yield self._fine(answer, path)
                    return
            self._authorization = self._answer_to(challenge)  # none yet, or a token that ran out
            with self._follow(url, accept) as (_, answer):
                yield self._fine(answer, path)
        except ActionError as error:
            raise FactError(error.message, where=str(self._reference), hint="is the registry up?") from None

    def _fine(self, answer: Answer, path: str) -> Answer:
        if answer.status != 200:
            raise self._refused(answer.status, path)
        return answer

    def close(self) -> None:
        """Release connections."""
        self._http.close()

    @contextmanager
    def _follow(self, url: str, accept: str) -> Iterator[tuple[str, Answer]]:
        """Give the last URL of a chain of redirects and its answer."""
        for _ in range(_MAX_REDIRECTS + 1):
            headers = {"accept": accept, "accept-encoding": "identity"}
            if self._authorization and _same_origin(url, self._origin):
                headers["authorization"] = self._authorization
            with self._http.open("GET", url, headers=headers, timeout_s=_TIMEOUT_S) as answer:
                if answer.status not in _REDIRECTS:
                    yield url, answer
                    return
                url = self._next(url, answer.headers.get("location", ""))
        raise FactError(f"over {_MAX_REDIRECTS} redirects", where=str(self._reference))

    def _next(self, url: str, location: str) -> str:
        following = urljoin(url, location)
        self._check(following, "a redirect")
        return following

    def _check(self, url: str, what: str) -> None:
        """Raises: FactError: a URL that the registry named may not be asked."""
        try:
            parts = urlsplit(url)
            is_fine = parts.scheme in {"https", self._reference.scheme} and bool(parts.hostname) and not parts.username
        except ValueError:
            is_fine = False
        if not is_fine:
            shown = url.partition("?")[0][:200]
            raise FactError(f"{what} that leads to {shown!r}, which is not asked", where=str(self._reference))

    def _answer_to(self, challenge: str) -> str:
        """Return the header that answers a challenge, empty where none is needed. Raises: UsageError, FactError."""
        scheme = challenge.partition(" ")[0].lower()
        login = self._found.login
        if scheme == "basic" and login is not None:
            return login.basic
        if scheme == "bearer":
            return self._fetch_token(dict(_PARAMETER.findall(challenge)))
        if scheme == "basic":
            raise self._refused(401, "")
        raise FactError(f"it asks for a login of another kind: {challenge[:80]!r}", where=str(self._reference))

    def _fetch_token(self, parameters: dict[str, str]) -> str:
        realm = parameters.get("realm", "")
        self._check(realm, "a token server")
        query = {"service": parameters.get("service", ""), "scope": f"repository:{self._reference.repository}:pull"}
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        if self._found.login is not None:
            if not _is_of_domain(urlsplit(realm).hostname or "", self._reference.name):
                raise FactError(
                    f"its token server {realm[:200]!r} is of another domain, so it is not given the login",
                    where=str(self._reference),
                    hint=f"without {USER} it is asked as nobody",
                )
            headers["authorization"] = self._found.login.basic
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        with self._http.open("GET", url, headers=headers, timeout_s=_TIMEOUT_S) as answer:
            if answer.status != 200:
                raise self._refused(answer.status, "its token")
            body = answer.body(_MAX_TOKEN_BYTES)
        try:
            given = json.loads(body)
            token = given.get("token") or given.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise FactError("its token server gave no token", where=str(self._reference))
        return f"Bearer {token}"

    def _refused(self, status: int, what: str) -> UsageError | FactError:
        where = str(self._reference)
        if status in {401, 403}:
            because = f"; {self._found.because}" if self._found.because else ""
            who = "this login may not" if self._found.login else "nobody may without a login"
            hint = f"set {USER} and {PASSWORD}, or log in with docker{because}"
            return UsageError(f"{who} pull it: status {status}", where=where, hint=hint)
        if status == 404:
            return UsageError(f"the registry has no {what[:200]}", where=where, hint="is the name right?")
        return FactError(f"the registry answered {status} for {what[:200]}", where=where)


def _same_origin(url: str, origin: str) -> bool:
    one, other = urlsplit(url), urlsplit(origin)
    return (one.scheme, one.netloc.lower()) == (other.scheme, other.netloc.lower())


def _is_of_domain(host: str, registry: str) -> bool:
    """Whether a host is the registry, or of the domain that the registry's name ends in, of two labels or more."""
    domain = registry.partition(".")[2]
    if is_this_machine(registry):
        return is_this_machine(host)
    if host == registry or host.endswith(f".{registry}"):
        return not _is_address(registry) or host == registry
    return not _is_address(registry) and "." in domain and (host == domain or host.endswith(f".{domain}"))


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _elsewhere(resolve: Resolve) -> Resolve:
    """Refuse this machine's own addresses."""

    def find(host: str, port: int) -> Sequence[str]:
        found = resolve(host, port)
        for text in found:
            address = ip_address(text.partition("%")[0])
            if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            if address.is_loopback or address.is_unspecified:
                raise OSError(f"{host[:200]} leads to this machine itself, which is not asked")
        return found

    return find
