"""Identities: tokens for programs, one-time codes and sessions for browsers.

Rules:
- A token reads `hf_<public id>_<secret>`, the secret being 256 random bits in hex. Only its sha256 is stored.
- Secrets are compared in constant time, and an unknown token costs what a known one costs.
- A token that is unknown, expired, revoked or broken is refused with the same words: nothing can be probed.
- A login code works once, for five minutes; a session works for twelve hours. Both belong to a token: when that expires
  or is revoked, they are worth nothing. Both are stored as sha256, in the org's settings, so that replicas share them.
- A person's tokens are one identity, by an opaque id that is made of nothing and found again by the digest of the
  person's name. The name itself stands with the token alone.
- The journal names opaque ids only.
"""

import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from holdfast.errors import ForbiddenError, NotFoundError, UnauthenticatedError, UsageError
from holdfast.loop.turn import Turn
from holdfast.model.instant import from_microseconds, to_microseconds
from holdfast.model.tenancy import Permission, Token
from holdfast.ports.ids import Ids
from holdfast.ports.store import Store, Transaction

TOKEN_PREFIX = "hf_"  # noqa: S105 - the public part of every token
SESSION_COOKIE = "holdfast_session"
CODE_LIFE = timedelta(minutes=5)
SESSION_LIFE = timedelta(hours=12)
_MOST_OPEN = 32
_MOST_CHARACTERS = 200
_NOBODY = "0" * 64
ADMINISTRATOR = "administrator"
"""The person to whom the first token of an org belongs."""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def draft_token(
    org: str,
    name: str,
    permissions: Iterable[Permission],
    *,
    now: datetime,
    ids: Ids,
    expires_at: datetime | None = None,
    team: str | None = None,
    environment: str | None = None,
    person: tuple[str, str] | None = None,
) -> tuple[Token, str]:
    """Return a token that nobody stored yet, and the text that is shown once; `person` is (opaque id, name).

    Raises:
        UsageError: no permission, it expires in the past, or a flags token names no environment.
    """
    granted = frozenset(permissions)
    if not granted:
        raise UsageError("a token without permissions", hint=f"one of {', '.join(Permission)}")
    if expires_at is not None and expires_at <= now:
        raise UsageError("a token that has expired already", hint="`expires_at` lies in the future")
    if Permission.FLAGS_READ in granted and environment is None:
        raise UsageError("a `flags:read` token without an environment", hint="name the one whose flags it reads")
    secret = secrets.token_hex(32)
    identifier = ids.new("tok")
    who, called = person or (None, None)
    digest = _digest(secret)
    token = Token(
        org,
        identifier,
        name,
        digest,
        granted,
        now,
        expires_at,
        team,
        environment,
        person=who,
        person_name=called,
    )
    return token, f"{TOKEN_PREFIX}{identifier}_{secret}"


def record_created(tx: Transaction, token: Token, actor: str) -> None:
    """Journal that a token was made: its id, its person's, and what it may do, never a name or secret."""
    body: dict[str, object] = {"id": token.id, "permissions": sorted(token.permissions), "by": actor}
    expires_at = to_microseconds(token.expires_at) if token.expires_at else None
    tx.journal.append("token.created", body | {"expires_at": expires_at, "person": token.person})


def find_person(tx: Transaction, name: str, ids: Ids) -> tuple[str, str]:
    """Return a person's opaque id, made when the org hears the name first, and the name as it is kept.

    Raises:
        UsageError: no name.
    """
    called = unicodedata.normalize("NFC", " ".join(name.split()))
    if not called:
        raise UsageError("a person without a name", hint="the name that colleagues know")
    known = tx.settings.get(_person_key(tx.org, called))
    if known is None:
        known = ids.new("per")
        tx.settings.set(_person_key(tx.org, called), known)
    return known, called


def keep_person(tx: Transaction, token: Token) -> None:
    """Remember the person of a token that was made before its org was there."""
    if token.person is not None and token.person_name is not None:
        tx.settings.set(_person_key(tx.org, token.person_name), token.person)


def _person_key(org: str, name: str) -> str:
    return f"person:{_digest(f'{org}/{name.casefold()}')}"


def bind_token(store: Store, token: Token, name: str, *, now: datetime, ids: Ids) -> Token:
    """Let a token of nobody belong to a person; one that has a person keeps it."""
    if token.person is not None:
        return token
    with store.write(token.org, now) as tx:
        who, called = find_person(tx, name, ids)
        tx.journal.append("token.bound", {"id": token.id, "person": who, "by": "holdfast"})
    bound = replace(token, person=who, person_name=called)
    store.tenants.save_token(bound)
    return bound


def issue_token(
    store: Store,
    org: str,
    name: str,
    permissions: Iterable[Permission],
    *,
    now: datetime,
    ids: Ids,
    expires_at: datetime | None = None,
    team: str | None = None,
    environment: str | None = None,
    person: str | None = None,
    actor: str = "holdfast",
) -> tuple[Token, str]:
    """Make, journal and store a token; returns it with the text that is shown once.

    The journal comes first: a crash in between leaves an entry about a token that never worked, not one that works
    without an entry. `person` is the name of the person it belongs to, `None` for a machine's.
    """
    with store.write(org, now) as tx:
        token, text = draft_token(
            org,
            name,
            permissions,
            now=now,
            ids=ids,
            expires_at=expires_at,
            team=team,
            environment=environment,
            person=find_person(tx, person, ids) if person is not None else None,
        )
        record_created(tx, token, actor)
    store.tenants.save_token(token)
    return token, text


def revoke_token(store: Store, org: str, token_id: str, *, now: datetime, actor: str = "holdfast") -> Token:
    """Revoke a token; a second time changes nothing. Its sessions end with it.

    Raises:
        NotFoundError: the org has no such token.
    """
    token = get_token(store, org, token_id)
    if token.revoked_at is not None:
        return token
    revoked = replace(token, revoked_at=now)
    store.tenants.save_token(revoked)  # first: what is cut here is cut, journaled or not
    with store.write(org, now) as tx:
        tx.journal.append("token.revoked", {"id": token_id, "by": actor})
        for kind in ("codes", "sessions"):
            tx.settings.set(f"{kind}:{token_id}", None)
    return revoked


def get_token(store: Store, org: str, token_id: str) -> Token:
    """Return an org's token.

    Raises:
        NotFoundError: the org has no such token.
    """
    token = store.tenants.find_token(token_id)
    if token is None or token.org != org:
        raise NotFoundError(f"there is no token `{token_id[:80]}`")
    return token


def authenticate(store: Store, text: str, now: datetime) -> Token:
    """Return the token that `hf_<public id>_<secret>` proves.

    Raises:
        UnauthenticatedError: it proves none.
    """
    token, secret = _split(store, text.removeprefix(TOKEN_PREFIX) if text.startswith(TOKEN_PREFIX) else "")
    proven = hmac.compare_digest(_digest(secret), token.digest if token else _NOBODY)
    if not proven or token is None or not _counts(token, now):
        raise _refused()
    return token


def _split(store: Store, text: str) -> tuple[Token | None, str]:
    """Return the token that `<public id>_<secret>` names, and the secret."""
    identifier, separator, secret = text.rpartition("_")
    fits = separator and len(text) <= _MOST_CHARACTERS and text.isascii() and text.isprintable()
    return (store.tenants.find_token(identifier) if fits and identifier else None), secret


def _counts(token: Token, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError("no valid token", hint="send `Authorization: Bearer hf_…`, not expired and not revoked")


def login_code(turn: Turn) -> str:
    """Return a new one-time code with which a browser becomes this token.

    Raises:
        ForbiddenError: there is no token to log in as.
    """
    if turn.token is None:
        raise ForbiddenError("a login needs a token", hint="create one first")
    code = secrets.token_hex(32)
    _add(turn.tx, f"codes:{turn.token.id}", code, turn.now, CODE_LIFE)
    turn.tx.journal.append("login.offered", {"id": turn.token.id})
    return f"{turn.token.id}_{code}"


def redeem_login_code(store: Store, text: str, now: datetime) -> tuple[Token, str]:
    """Spend a login code; returns its token and the value of the session cookie.

    Raises:
        UnauthenticatedError: the code is unknown, spent or over five minutes old, or its token does not count any more.
    """
    token, code = _split(store, text)
    if token is None or not _counts(token, now):
        raise _refused_code()
    with store.write(token.org, now) as tx:
        if not _take(tx, f"codes:{token.id}", code, now):
            raise _refused_code()
        secret = secrets.token_hex(32)
        _add(tx, f"sessions:{token.id}", secret, now, SESSION_LIFE)
        tx.journal.append("login", {"id": token.id})
    return token, f"{token.id}_{secret}"


def _refused_code() -> UnauthenticatedError:
    return UnauthenticatedError("this login link does not work", hint="it works once, for five minutes: ask again")


def find_session(store: Store, cookie: str, now: datetime) -> Token:
    """Return the token that a session cookie stands for.

    Raises:
        UnauthenticatedError: it stands for none, or no longer.
    """
    token, secret = _split(store, cookie)
    if token is None or not _counts(token, now):
        raise _refused()
    with store.read(token.org) as tx:
        known = _load(tx, f"sessions:{token.id}", now)
    if not _find(known, secret):
        raise _refused()
    return token


def end_session(store: Store, cookie: str, now: datetime) -> None:
    """Log a browser out; an unknown session is none already."""
    token, secret = _split(store, cookie)
    if token is None:
        return
    with store.write(token.org, now) as tx:
        if _take(tx, f"sessions:{token.id}", secret, now):
            tx.journal.append("logout", {"id": token.id})


def _load(tx: Transaction, name: str, now: datetime) -> list[tuple[str, int]]:
    """Return (sha256, ends at in microseconds) of what has not expired, oldest first."""
    kept = json.loads(tx.settings.get(name) or "[]")
    return [(digest, ends_at) for digest, ends_at in kept if from_microseconds(ends_at) > now]


def _add(tx: Transaction, name: str, secret: str, now: datetime, life: timedelta) -> None:
    kept = [*_load(tx, name, now), (_digest(secret), to_microseconds(now + life))]
    tx.settings.set(name, json.dumps(kept[-_MOST_OPEN:]))


def _take(tx: Transaction, name: str, secret: str, now: datetime) -> bool:
    known = _load(tx, name, now)
    found = _find(known, secret)
    kept = [entry for entry in known if entry[0] != found]
    tx.settings.set(name, json.dumps(kept) if kept else None)
    return found is not None


def _find(known: list[tuple[str, int]], secret: str) -> str | None:
    digest = _digest(secret)
    matches = [stored for stored, _ in known if hmac.compare_digest(stored, digest)]
    return matches[0] if matches else None
