"""Who may read which flags, asked often and looked up seldom.

Rules:
1. What a look found counts for two seconds: a thousand streams of one token cost one look. A revoked token therefore
   reads flags for two seconds more in other processes; in this one `forget` ends it at once.
2. While the store is away, what was known counts on for an hour: an outage of ours takes no application's flags.
3. A ticket opens the stream of notices alone. It is made of a token's id and its stored digest, so that every replica
   can check it, it says nothing of the secret, and it ends with the token.
"""

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache

from holdfast.errors import ForbiddenError, UnauthenticatedError
from holdfast.loop.tokens import authenticate
from holdfast.model.frozen import frozen
from holdfast.model.tenancy import Permission, Token
from holdfast.ports.clock import Clock
from holdfast.ports.store import Store

FRESH = timedelta(seconds=2)
WITHOUT_STORE = timedelta(hours=1)
MAX_KNOWN = 20_000


@frozen
class Credential:
    """What a client shows: `kind` is `token`, `ticket` or `none`."""

    kind: str
    text: str = ""

    @property
    def name(self) -> str:
        """A name that gives nothing away."""
        return _name(self.kind, self.text)


@lru_cache(maxsize=1024)
def _name(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def ticket_of(token: Token) -> str:
    """Return what opens the stream of notices to who can send no header."""
    return _ticket(token.id, token.digest)


@lru_cache(maxsize=1024)
def _ticket(identifier: str, digest: str) -> str:
    proof = hmac.new(digest.encode(), b"holdfast flag stream\0" + identifier.encode(), hashlib.sha256)
    return f"{identifier}_{proof.hexdigest()}"


def look_up(store: Store, credential: Credential, now: datetime) -> Token:
    """Return whose credential it is.

    Raises:
        UnauthenticatedError: nobody's, or not any more.
    """
    if credential.kind == "token":
        return authenticate(store, credential.text, now)
    if credential.kind == "ticket":
        identifier = credential.text.rpartition("_")[0]
        fits = len(credential.text) <= 200 and credential.text.isascii() and credential.text.isprintable()
        token = store.tenants.find_token(identifier) if fits and identifier else None
        counts = token is not None and token.revoked_at is None and (token.expires_at is None or now < token.expires_at)
        if token is not None and counts and hmac.compare_digest(ticket_of(token), credential.text):
            return token
    raise UnauthenticatedError("no valid token", hint="send `Authorization: Bearer hf_…`")


def place_of(token: Token, wanted: str | None = None) -> tuple[str, str]:
    """Return the (org, environment) whose flags a token reads; `wanted` names an environment.

    Raises:
        ForbiddenError: it lacks the permission, is bound to another environment, or to none while none is named.
    """
    if not token.allows(Permission.FLAGS_READ):
        raise ForbiddenError("this token lacks `flags:read`", hint="ask for a token with that permission")
    if token.environment is None and wanted is None:
        raise ForbiddenError("this token is bound to no environment", hint="ask for one that is bound to yours")
    if wanted is not None and token.environment not in (None, wanted):
        raise ForbiddenError("this token is bound to another environment", hint="ask for one that is bound to yours")
    return token.org, wanted or token.environment or ""


class FlagAccess:
    """Remembers what looks found. Safe between threads."""

    def __init__(
        self,
        look: Callable[[Credential], Token],
        clock: Clock,
        failures: tuple[type[Exception], ...] = (),
    ) -> None:
        self._look, self._clock, self._failures = look, clock, failures
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[Token, datetime]] = OrderedDict()

    def find(self, credential: Credential) -> Token | None:
        """Return the token when a look found it a moment ago; asks nobody."""
        with self._lock:
            known = self._known.get(credential.name)
        return known[0] if known is not None and self._counts(known, FRESH) else None

    def get(self, credential: Credential) -> Token:
        """Return the token, looked up when the last look is old.

        Raises:
            UnauthenticatedError: nobody's credential, or not any more.
        """
        found = self.find(credential)
        if found is not None:
            return found
        try:
            token = self._look(credential)
        except UnauthenticatedError:
            self._drop(credential.name)
            raise
        except self._failures:
            with self._lock:
                known = self._known.get(credential.name)
            if known is None or not self._counts(known, WITHOUT_STORE):
                raise
            return known[0]
        with self._lock:
            self._known[credential.name] = (token, self._clock.now())
            self._known.move_to_end(credential.name)
            while len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)
        return token

    def forget(self) -> None:
        """Look everybody up anew from now on; while the store is away they count as before."""
        with self._lock:
            self._known = OrderedDict((name, (token, at - FRESH)) for name, (token, at) in self._known.items())

    def _drop(self, name: str) -> None:
        with self._lock:
            self._known.pop(name, None)

    def _counts(self, known: tuple[Token, datetime], age: timedelta) -> bool:
        token, at = known
        now = self._clock.now()
        return now - at < age and (token.expires_at is None or now < token.expires_at)
