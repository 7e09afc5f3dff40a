"""One request, one transaction: reading, writing, and answering the same question again.

Rules:
1. `now` is taken from the clock once per request, for a change once its turn to write has come, and passed down.
2. What changes state, its journal entries and its remembered answer are committed together.
3. A POST with an `Idempotency-Key` that was answered before gets the same answer again, marked `Idempotent-Replayed`;
   with another body it is refused. A key counts per token and path. What failed is not remembered: try it again.
4. An answer that holds a secret is remembered encrypted under what proved the caller's identity, which is not stored.
"""

import base64
import hashlib
import json
import os
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from litestar import Response

from holdfast.edges.api.deps import Ask, deps_of
from holdfast.errors import ConflictError, UsageError
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Permission

JSON_TYPE = "application/json"
_MOST_KEY_CHARACTERS = 255
_NONCE_BYTES = 12
Found = TypeVar("Found")


def read(
    request: Ask,
    find: Callable[[Turn], object],
    *,
    permission: Permission | None = Permission.READ,
    media_type: str = JSON_TYPE,
) -> Response[Any]:
    """Answer from a consistent view of the caller's org.

    Raises:
        ForbiddenError: the token lacks the permission.
    """
    deps = deps_of(request)
    _idempotency(request, b"")  # a question changes nothing and needs no key, but a broken one is told
    with deps.store.read(request.user.org) as tx:
        turn = Turn(tx, deps.clock.now(), deps.ids, request.user, deps.settings.feed_max_age, deps.targets)
        if permission is not None:
            turn.require(permission)
        answer = find(turn)
    return Response(msgspec.json.encode(answer), media_type=media_type)


def ask_after(
    request: Ask,
    find: Callable[[Turn], Found],
    ask: Callable[[Found], object],
    *,
    permission: Permission = Permission.READ,
) -> Response[Any]:
    """Find something in a view of the caller's org, then ask on outside of it, once the view is closed; answer that.

    Raises:
        ForbiddenError: the token lacks the permission.
    """
    _idempotency(request, b"")
    return Response(msgspec.json.encode(ask(look(request, find, permission=permission))), media_type=JSON_TYPE)


def look(request: Ask, find: Callable[[Turn], Found], *, permission: Permission) -> Found:
    """Return something from a view of the caller's org, which is closed then: what a change is made with.

    Raises:
        ForbiddenError: the token lacks the permission.
    """
    deps = deps_of(request)
    with deps.store.read(request.user.org) as tx:
        turn = Turn(tx, deps.clock.now(), deps.ids, request.user, deps.settings.feed_max_age, deps.targets)
        turn.require(permission)
        return find(turn)


def write(
    request: Ask,
    body: bytes,
    act: Callable[[Turn], object],
    *,
    permission: Permission | None = None,
    status: int = 200,
    is_secret: bool = False,
) -> Response[Any]:
    """Change the caller's org in one transaction, and remember the answer where a key asks for it.

    `permission` is for what has no use case that asks for it by itself.

    Raises:
        ForbiddenError: the token lacks the permission.
        ConflictError: the key came before, with another body.
    """
    deps = deps_of(request)
    name, digest = _idempotency(request, body)
    with deps.store.write_now(request.user.org, deps.clock) as (tx, now):
        turn = Turn(tx, now, deps.ids, request.user, deps.settings.feed_max_age, deps.targets)
        if permission is not None:
            turn.require(permission)
        if name is not None and (known := tx.settings.recall(name)) is not None:
            return _replay(request, known, digest, status)
        content = msgspec.json.encode(act(turn))
        if name is not None:
            tx.settings.remember(name, digest, _seal(request, content) if is_secret else content.decode(), now)
    deps.changes.notify(request.user.org)
    deps.on_change(request.user.org)
    return Response(content, media_type=JSON_TYPE, status_code=status)


def _idempotency(request: Ask, body: bytes) -> tuple[str | None, str]:
    """Return the name under which the answer is remembered, `None` without a key, and the digest of what is asked."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None, ""
    if not 0 < len(key) <= _MOST_KEY_CHARACTERS or not key.isascii() or not key.isprintable():
        raise UsageError("expected 1 to 255 printable ASCII characters", where="Idempotency-Key", hint="a UUID will do")
    parts = json.dumps([request.user.id, request.url.path, key]).encode()
    query = request.scope["query_string"]
    return hashlib.sha256(parts).hexdigest(), hashlib.sha256(query + b"\0" + body).hexdigest()


def _replay(request: Ask, known: tuple[str, str], digest: str, status: int) -> Response[Any]:
    remembered, answer = known
    if remembered != digest:
        raise ConflictError("this key came before, with another body", where="Idempotency-Key", hint="use a new key")
    content = _unseal(request, answer) if answer.startswith("sealed:") else answer.encode()
    headers = {"Idempotent-Replayed": "true"}
    return Response(content, media_type=JSON_TYPE, status_code=status, headers=headers)


def _cipher(request: Ask) -> AESGCM:
    return AESGCM(hashlib.sha256(b"holdfast answer\0" + request.auth.secret.encode()).digest())


def _seal(request: Ask, content: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return "sealed:" + base64.b64encode(nonce + _cipher(request).encrypt(nonce, content, None)).decode()


def _unseal(request: Ask, answer: str) -> bytes:
    raw = base64.b64decode(answer.removeprefix("sealed:"))
    return _cipher(request).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
