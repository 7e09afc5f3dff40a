"""Logging in without a stored secret: an identity token that a trusted issuer signed, for a token of ours.

Rules:
1. Only issuers that the org trusts are asked for keys, and never while a transaction is open.
2. Signature, times, audience and conditions are checked before anything is written. A token is taken once.
3. What we give is valid for a quarter of an hour, may do no more than its trust grants, and speaks of one repository.
4. Who is refused hears that the token proves nothing here; why is for the log.

Source: RFC 8693 (token exchange), RFC 8725 (JSON web tokens: best practice).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta

from holdfast.errors import FeedError, UnauthenticatedError
from holdfast.loop.oidc_claims import LEEWAY, audience_of, bind, find_unmet, find_wrong_time, granted, peek
from holdfast.loop.tokens import draft_token, record_created
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Permission, Token
from holdfast.model.trust import Trust
from holdfast.ports.clock import Clock
from holdfast.ports.ids import Ids
from holdfast.ports.oidc import Issuers
from holdfast.ports.store import Store, Transaction

LIFE = timedelta(minutes=15)


@frozen
class Exchange:
    """What is asked: an identity token for one of an org's, with some permissions, or all that its trust grants."""

    org: str
    token: str = field(repr=False)
    wanted: frozenset[Permission] = frozenset()


@frozen
class Granted:
    """A token of ours with the text that is shown once."""

    token: Token
    secret: str = field(repr=False)


@frozen
class Refused:
    """Why nothing is given: a word of RFC 6749, what may be said to anybody, and what only the log may hold."""

    error: str
    words: str
    because: str
    hint: str


def _refused(because: str) -> Refused:
    return Refused(
        "invalid_grant",
        "this identity token proves nothing here",
        because,
        "is its audience the one that the trust names, and did the token come from this run? The server's log says why",
    )


def exchange(store: Store, clock: Clock, ids: Ids, issuers: Issuers, asked: Exchange) -> Granted | Refused:
    """Take an identity token, and give one of ours for it."""
    try:
        peeked = peek(asked.token)
        with store.read(asked.org) as tx:
            trusts = [one for one in tx.trusts.list() if one.issuer == peeked.issuer]
        if not trusts:
            return _refused(f"the org trusts no issuer {peeked.issuer[:200]!a}")
        claims = issuers.verify(asked.token, peeked.issuer)
    except UnauthenticatedError as error:
        return _refused(error.message)
    except FeedError as error:
        hint = "try again in a moment"
        return Refused("temporarily_unavailable", "the issuer's keys could not be read", error.message, hint)
    if claims.get("iss") != peeked.issuer:
        return _refused("the issuer that was verified is another one")
    wrong = find_wrong_time(claims, clock.now())
    if wrong is not None:
        return _refused(wrong)
    trust = _choose(trusts, claims, asked.wanted)
    return trust if isinstance(trust, Refused) else _grant(store, (clock, ids), asked, trust, claims)


def _grant(
    store: Store, machine: tuple[Clock, Ids], asked: Exchange, trust: Trust, claims: Mapping[str, object]
) -> Granted | Refused:
    clock, ids = machine
    try:
        binding = bind(trust, claims)
    except UnauthenticatedError as error:
        return _refused(f"trust {trust.id}: {error.message}")
    permissions = granted(trust, claims)
    with store.write_now(asked.org, clock) as (tx, now):
        if tx.trusts.find(trust.name) != trust:
            return _refused(f"trust {trust.id} was changed meanwhile")
        if find_wrong_time(claims, now) is not None:
            return _refused("it expired while it waited for its turn")
        if not _take(tx, asked.token, claims, now):
            return _refused(f"trust {trust.id}: it was taken before")
        allowed = permissions & asked.wanted if asked.wanted else permissions
        drafted, secret = draft_token(
            asked.org, trust.name, allowed, now=now, ids=ids, expires_at=now + LIFE, team=trust.team
        )
        token = replace(drafted, binding=binding)
        record_created(tx, token, trust.id)
    store.tenants.save_token(token)  # after its entry is committed: no token works without one
    return Granted(token, secret)


def _choose(trusts: Sequence[Trust], claims: Mapping[str, object], wanted: frozenset[Permission]) -> Trust | Refused:
    """Return the first trust by name that lets this identity in and grants what is wanted."""
    audience = audience_of(claims)
    unmet: list[str] = []
    met: list[Trust] = []
    for trust in trusts:
        missing = "aud" if trust.audience != audience else find_unmet(trust, claims)
        if missing is None:
            met.append(trust)
        else:
            unmet.append(f"trust {trust.id} wants another `{missing}`")
    if not met:
        return _refused("; ".join(unmet))
    for trust in met:
        may = granted(trust, claims)
        if may and wanted <= may:
            return trust
    named = ", ".join(one.id for one in met)
    return Refused(
        "invalid_scope",
        "this identity is not granted that",
        f"trust {named} does not grant {', '.join(sorted(wanted)) or 'anything'}",
        "what runs for a change may only ask the gate (`builds:write`)",
    )


def _take(tx: Transaction, token: str, claims: Mapping[str, object], now: datetime) -> bool:
    """Note that a token is taken; `False` when it was. What names itself by `jti` is known by that, else by its text.

    The text is what was signed, without the signature: some signatures can be written in two ways.
    """
    name = claims.get("jti")
    known_by = f"jti\0{name}" if isinstance(name, str) and name else f"text\0{token.rpartition('.')[0]}"
    digest = hashlib.sha256(f"{claims.get('iss')}\0{known_by}".encode("utf-8", "surrogatepass")).hexdigest()
    expires = float(str(claims["exp"]))
    latest = now + timedelta(days=1)  # by then it is too old, whatever it says of itself
    until = min(datetime.fromtimestamp(min(expires, latest.timestamp()), UTC) + LEEWAY, latest)
    tx.trusts.forget_used(now - LEEWAY)
    return tx.trusts.use(digest, until)
