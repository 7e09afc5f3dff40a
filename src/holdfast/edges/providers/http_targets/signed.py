"""Signed HTTP requests to one receiver.

```
X-Holdfast-Timestamp: 1767225600            seconds since 1970
X-Holdfast-Fence: 7                         a receiver may refuse a fence below the highest that it saw
Idempotency-Key: run_…/1                    the same key is the same request
X-Holdfast-Signature: v1=<hex>              HMAC-SHA256 by the shared secret over, each on a line of its own:
                                            method, path with query, timestamp, key, fence; then the body
```

Rules:
1. Key and fence are signed as well: a request that somebody recorded can't be sent as another.
2. A redirect is not followed: a signature is for the receiver that the operator named.
3. What became of a request is known by its answer, or by the `look` address; with neither nobody pretends to know.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from holdfast.edges.providers.outcomes import Outcomes
from holdfast.edges.providers.target_spec import (
    Option,
    TargetSpec,
    Tools,
    boolean_option,
    duration_option,
    required_text,
    text_option,
)
from holdfast.errors import ActionError, PlanError, UnsentError
from holdfast.model.target import Target
from holdfast.ports.outside import Reply

OUTPUT_LIMIT_BYTES = 64 * 1024
NOT_DONE = frozenset({400, 401, 403, 404, 405, 406, 410, 411, 413, 414, 415, 422, 428, 429, 431})
"""Statuses by which a receiver says that it did nothing. Others of failure leave it open."""


def sign(secret: str, parts: Sequence[str], body: bytes) -> str:
    """Return the signature of a request: of its method, path with query, timestamp, key and fence, and its body."""
    text = "".join(f"{part}\n" for part in parts).encode()
    return f"v1={hmac.new(secret.encode(), text + body, hashlib.sha256).hexdigest()}"


class SignedHttp:
    """One receiver."""

    def __init__(self, target: Target, tools: Tools) -> None:
        self.name = target.name
        self.idempotent = boolean_option(target, "idempotent")
        self._target = target
        self._tools = tools
        self._url = required_text(target, "url")
        self._look = text_option(target, "look")
        self._method = text_option(target, "method", "POST") or "POST"
        self._timeout_s = duration_option(target, "timeout", 10.0)
        self._told = Outcomes()

    def find_problem(self) -> str | None:
        """Say why it can't be used now. Without a `look` address it is asked by HEAD, which changes nothing."""
        try:
            if self._look is not None:
                self._ask_look("holdfast-doctor")
                return None
            reply = self._ask("HEAD", self._url, b"", "holdfast-doctor", 0)
        except (ActionError, PlanError) as error:
            return error.message
        if reply.status in {401, 403} or reply.status >= 500:
            return f"it answers with status {reply.status}"
        return None

    def send(self, body: bytes, key: str, fence: int) -> Reply:
        """Send one signed request."""
        self._told.forget(key)
        try:
            reply = self._ask(self._method, self._url, body, key, fence)
        except UnsentError:
            self._told.keep(key, Reply(404, "it never reached the receiver"))
            raise
        if not 200 <= reply.status < 300:
            if reply.status in NOT_DONE:
                self._told.keep(key, Reply(404, f"refused with status {reply.status}"))
            raise ActionError(f"`{self.name}` answered with status {reply.status}{_said(reply)}", hint=_hint(reply))
        self._told.keep(key, reply)
        return reply

    def look(self, key: str) -> Reply | None:
        """Return what became of a key."""
        return self._ask_look(key) if self._look is not None else self._told.find(key)

    def _ask_look(self, key: str) -> Reply:
        reply = self._ask("GET", (self._look or "").replace("{key}", quote(key, safe="")), b"", key, 0)
        if not (200 <= reply.status < 300 or reply.status == 404):
            raise ActionError(f"`{self.name}` answered with status {reply.status} when asked what became of a request")
        return reply

    def _ask(self, method: str, url: str, body: bytes, key: str, fence: int) -> Reply:
        headers = self._headers(method, url, body, key, fence)
        sent = body if method not in {"GET", "HEAD"} else None
        with self._tools.http.open(method, url, headers=headers, timeout_s=self._timeout_s, body=sent) as answer:
            return Reply(answer.status, answer.body(OUTPUT_LIMIT_BYTES).decode("utf-8", "replace"))

    def _headers(self, method: str, url: str, body: bytes, key: str, fence: int) -> Mapping[str, str]:
        secret = self._tools.required_secret(self._target, "secret")
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        timestamp = str(int(self._tools.clock.now().timestamp()))
        headers = {
            "content-type": "application/json" if _is_json(body) else "text/plain; charset=utf-8",
            "user-agent": "holdfast",
            "idempotency-key": key,
            "x-holdfast-fence": str(fence),
            "x-holdfast-timestamp": timestamp,
            "x-holdfast-signature": sign(secret, (method, path, timestamp, key, str(fence)), body),
        }
        authorization = self._tools.secret(self._target, "authorization")
        return headers | ({"authorization": authorization} if authorization is not None else {})


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _said(reply: Reply) -> str:
    line = next((line.strip() for line in reply.output.splitlines() if line.strip()), "")
    shown = "".join(sign for sign in line if sign.isprintable())[:160]
    return f": {shown}" if shown and reply.status in NOT_DONE else ""


def _hint(reply: Reply) -> str | None:
    if 300 <= reply.status < 400:
        return "a redirect is not followed: name the address itself"
    return "is the secret the receiver's?" if reply.status in {401, 403} else None


def _check(target: Target) -> Sequence[str]:
    look = text_option(target, "look")
    return ["`look` has no `{key}` in it"] if look is not None and "{key}" not in look else []


SPEC = TargetSpec(
    id="signed",
    section="http",
    about="A receiver of signed requests.",
    options=(
        Option("url", True, False, "Where requests are sent.", "url"),
        Option("secret", True, True, "What requests are signed with; the receiver has it as well."),
        Option("authorization", False, True, "A whole `Authorization` header, where the receiver wants one."),
        Option("method", False, False, "How they are sent; `POST` without.", choices=("POST", "PUT", "PATCH")),
        Option("look", False, False, "Where what became of a key is asked, with `{key}` in it: 2xx or 404.", "url"),
        Option("idempotent", False, False, "`true` if it does one key once, however often it comes.", "boolean"),
        Option("timeout", False, False, "How long an answer may take; `10s` without.", "duration"),
    ),
    open=SignedHttp,
    check=_check,
)
