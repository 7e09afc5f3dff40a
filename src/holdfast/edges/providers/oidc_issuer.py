"""Issuers of identity tokens, asked for their keys over HTTP.

Rules:
1. Only `https` is asked, and no address of a cloud's own, of this machine or of a link; with `loopback`, which is the
   operator's word, this machine too, and there also `http`. No redirect is followed, no proxy takes part.
2. An issuer is who says so of itself at its own address, and its keys lie at that same address.
3. Keys are kept for ten minutes; where an issuer does not answer they count for an hour. An unknown key asks again, but
   no issuer is asked more often than every thirty seconds, however many strange tokens come.
4. A key proves only the kind of signature that it is for, by its own type: a public key is never a shared secret.

Source: OpenID Connect Discovery 1.0, section 4; RFC 7517 (keys).
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import jwt

from holdfast.edges.providers.addresses import Resolve, resolve_host
from holdfast.edges.providers.http import HttpxHttp, open_probe_http
from holdfast.errors import ActionError, FeedError, UnauthenticatedError, UnsentError
from holdfast.loop.oidc_claims import ALGORITHMS
from holdfast.mitigations.probe_hosts import ANYBODY
from holdfast.ports.clock import Clock
from holdfast.ports.http import Http

FRESH, STALE, REST = timedelta(minutes=10), timedelta(hours=1), timedelta(seconds=30)
TIMEOUT_S, WAIT_S = 2.0, 10.0
_MOST_BYTES = 256 * 1024
_MOST_KEYS = 64
_MOST_ISSUERS = 256
_LEAST_RSA_BITS = 2048
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVES = {"ES256": "P-256", "ES384": "P-384", "EdDSA": "Ed25519"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def open_issuer_http(*, loopback: bool, resolve: Resolve = resolve_host) -> HttpxHttp:
    """Return what asks issuers: never a cloud's own address, and this machine only with `loopback`."""

    def checked(host: str, port: int) -> Sequence[str]:
        found = resolve(host, port)
        if not loopback and any(_is_here(one) for one in found):
            raise UnsentError(f"{host[:200]} is this machine: no issuer is asked there")
        return found

    return open_probe_http(ANYBODY, checked)


def _is_here(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any(one.is_loopback or one.is_unspecified for one in (found, mapped) if one is not None)


@dataclass(slots=True)
class _Kept:
    """An issuer's keys by name, when they were read, and when it was asked last. `lock` lets one ask at a time."""

    keys: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    read_at: datetime | None = None
    asked_at: datetime | None = None
    problem: str = "it was never asked"
    lock: threading.Lock = field(default_factory=threading.Lock)


class HttpIssuers:
    """Checks signatures by the keys that issuers publish. Safe between threads."""

    def __init__(self, http: Http, clock: Clock, *, loopback: bool = False) -> None:
        self._http = http
        self._clock = clock
        self._loopback = loopback
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def refusal(self, issuer: str) -> str | None:
        """Say why an issuer's address is never asked, `None` when it may be."""
        return _find_wrong_address(issuer, loopback=self._loopback)

    def verify(self, token: str, issuer: str) -> Mapping[str, object]:
        """Return the claims of a token that the issuer signed; times and audience are not looked at.

        Raises:
            UnauthenticatedError: it did not, or not with a key that it publishes.
            FeedError: the issuer could not be asked, or answered nonsense.
        """
        refusal = self.refusal(issuer)
        if refusal is not None:
            raise UnauthenticatedError(refusal)
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"no signed token: {error}") from None
        algorithm, name = str(header.get("alg")), str(header.get("kid"))
        key = _key_for(self._find_key(issuer, name), algorithm)
        try:
            claims: dict[str, object] = jwt.decode(token, key, algorithms=[algorithm], options=_SIGNATURE_ALONE)
        except jwt.PyJWTError as error:
            raise UnauthenticatedError(f"the signature does not hold: {error}") from None
        return claims

    def _find_key(self, issuer: str, name: str) -> dict[str, Any]:
        kept = self._of(issuer)
        if not kept.lock.acquire(timeout=WAIT_S):
            raise FeedError(f"{issuer} is being asked, and takes its time")
        try:
            now = self._clock.now()
            rested = kept.asked_at is None or now - kept.asked_at >= REST
            if rested and (name not in kept.keys or kept.read_at is None or now - kept.read_at >= FRESH):
                self._ask(issuer, kept, now)
            if kept.read_at is None or now - kept.read_at >= STALE:
                raise FeedError(f"no keys of {issuer}: {kept.problem}")
            if name not in kept.keys:
                raise UnauthenticatedError(f"the issuer publishes no key {name[:80]!a}")
            return kept.keys[name]
        finally:
            kept.lock.release()

    def _of(self, issuer: str) -> _Kept:
        with self._lock:
            if issuer not in self._kept and len(self._kept) >= _MOST_ISSUERS:
                self._kept.pop(next(iter(self._kept)))
            return self._kept.setdefault(issuer, _Kept())

    def _ask(self, issuer: str, kept: _Kept, now: datetime) -> None:
        kept.asked_at = now
        try:
            kept.keys = self._fetch(issuer)
        except FeedError as error:
            kept.problem = error.message
        else:
            kept.read_at = now

    def _fetch(self, issuer: str) -> dict[str, dict[str, Any]]:
        about = self._fetch_json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if about.get("issuer") != issuer:
            raise FeedError("it says of itself that it is another issuer")
        address = about.get("jwks_uri")
        if not isinstance(address, str) or _origin(address) != _origin(issuer):
            raise FeedError("its keys lie at another address than itself")
        found = self._fetch_json(address).get("keys")
        if not isinstance(found, list) or len(found) > _MOST_KEYS:
            raise FeedError("its keys are no list, or too many")
        named = [(one.get("kid"), one) for one in found if isinstance(one, dict) and one.get("use", "sig") == "sig"]
        return {name: one for name, one in named if isinstance(name, str) and name}

    def _fetch_json(self, url: str) -> dict[str, Any]:
        try:
            with self._http.open("GET", url, headers={"accept": "application/json"}, timeout_s=TIMEOUT_S) as answer:
                body = answer.body(_MOST_BYTES + 1)
        except ActionError as error:
            raise FeedError(error.message) from None
        if answer.status != 200:
            raise FeedError(f"{url[:200]} answered {answer.status}")
        if len(body) > _MOST_BYTES:
            raise FeedError(f"{url[:200]} answered more than {_MOST_BYTES // 1024} KiB")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise FeedError(f"{url[:200]} answered no JSON object")
        return found


_SIGNATURE_ALONE: Any = {
    "verify_signature": True,
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_iss"), False),
    **dict.fromkeys(("verify_sub", "verify_jti"), False),
}
"""Times, audience and the rest are judged by the loop, with its own clock."""


def _key_for(published: Mapping[str, Any], algorithm: str) -> Any:
    """Return the key of a published one, for one kind of signature.

    Raises:
        UnauthenticatedError: it is not for that, too short, or broken.
    """
    if algorithm not in ALGORITHMS or published.get("alg", algorithm) != algorithm:
        raise UnauthenticatedError(f"the key is not for {algorithm[:20]!a}")
    kind, curve = _KINDS.get(algorithm[:2]), _CURVES.get(algorithm)
    if published.get("kty") != kind or (curve is not None and published.get("crv") != curve):
        raise UnauthenticatedError(f"a key of another kind than {algorithm}")
    try:
        key = jwt.PyJWK(dict(published), algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise UnauthenticatedError(f"the issuer's key can't be read: {type(error).__name__}") from None
    if kind == "RSA" and key.key_size < _LEAST_RSA_BITS:
        raise UnauthenticatedError(f"the issuer's key has {key.key_size} bits")
    if not hasattr(key, "verify"):
        raise UnauthenticatedError("the issuer published a private key")
    return key


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        return (parts.scheme, (parts.hostname or "").lower(), parts.port) if not parts.username else None
    except ValueError:
        return None


def _find_wrong_address(issuer: str, *, loopback: bool) -> str | None:
    """Say what is wrong with an issuer's address, `None` when it is one."""
    origin = _origin(issuer)
    shown = issuer[:200]
    if origin is None or not origin[1] or not issuer.isascii() or not issuer.isprintable() or " " in issuer:
        return f"expected an issuer's address, got {shown!a}"
    if "?" in issuer or "#" in issuer or "*" in issuer:
        return f"an issuer's address has no query, fragment or wildcard: {shown!a}"
    is_here = origin[1] in _LOOPBACK
    if is_here and not loopback:
        return f"an issuer on this machine: {shown!a}; the operator allows that with HOLDFAST_OIDC_LOOPBACK=1"
    if origin[0] != "https" and not (is_here and origin[0] == "http"):
        return f"expected an `https` address, got {shown!a}"
    return None
