"""Asking people: who counts as one, and the signed link by which a message asks.

Rules:
1. Only a person consents. A machine's token may ask, undo and pause; it neither approves nor lets automation go on.
2. A link names a run, the plan that it was made for and when it ends; each is signed. It opens a page, and no more:
   whoever follows it, a scanner of mail too, has changed nothing. Approving takes a person's session and a form.
3. The key is an org's own, made when first used and kept in its store, so that every replica signs alike.
4. Many runs that ask at once send one message.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from holdfast.errors import ForbiddenError, UsageError
from holdfast.loop.turn import Turn
from holdfast.model.instant import format_instant
from holdfast.model.run import Message, Run
from holdfast.ports.store import Transaction

LINK_LIFE = timedelta(hours=24)
MOST_MESSAGES = 5
PUBLIC_URL = "public.url"
_KEY = "approvals.key"
EVERYBODY = "*"


def require_person(turn: Turn, deed: str = "approve") -> str:
    """Return the person who asks; `deed` is what people alone may do.

    Raises:
        ForbiddenError: the token is a machine's.
    """
    if turn.token is None or turn.token.person is None:
        raise ForbiddenError(
            f"this token belongs to no person, and only people {deed}",
            hint="make one with `holdfast token create NAME --person WHO --permission mitigate`",
        )
    return turn.token.person


def set_public_url(tx: Transaction, url: str | None) -> None:
    """Remember under which address people reach the pages; journaled when it changes.

    Raises:
        UsageError: no address of a web server.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise UsageError(f"expected an address in HOLDFAST_URL, got `{url[:80]}`", hint="https://holdfast.example")
    if tx.settings.get(PUBLIC_URL) != url:
        tx.settings.set(PUBLIC_URL, url)
        tx.journal.append("address.changed", {"id": PUBLIC_URL, "url": url, "by": "holdfast"})


def make_link(tx: Transaction, run: Run, now: datetime) -> str:
    """Return the link that asks for approval of a run; only its path where no public address is known."""
    expires_s = int((now + LINK_LIFE).timestamp())
    sign = _sign(_get_key(tx), run, expires_s)
    path = f"/approve?{urlencode({'run': run.id, 'exp': expires_s, 'sig': sign})}"
    return f"{(tx.settings.get(PUBLIC_URL) or '').rstrip('/')}{path}"


def check_link(tx: Transaction, run: Run, expires_s: str, sign: str, now: datetime) -> datetime:
    """Return when a link ends, if it is ours, is for the run as it is now, and has not ended.

    Raises:
        ForbiddenError: it was changed, is for another plan, or has ended; says which.
    """
    key = tx.settings.get(_KEY)
    digits = expires_s if expires_s.isascii() and expires_s.isdigit() and len(expires_s) <= 12 else "0"
    expected = _sign(bytes.fromhex(key), run, int(digits)) if key else ""
    if not hmac.compare_digest(expected.encode(), sign.encode("utf-8", "surrogatepass")) or not key:
        raise ForbiddenError(
            "this link was changed, or is for a plan that the run no longer has", hint=f"open run {run.id} on the pages"
        )
    ends_at = datetime.fromtimestamp(int(digits), tz=now.tzinfo)
    if now >= ends_at:
        raise ForbiddenError(f"this link ended at {format_instant(ends_at)}", hint=f"open run {run.id} on the pages")
    return ends_at


def _sign(key: bytes, run: Run, expires_s: int) -> str:
    text = json.dumps(["approve", run.org, run.id, run.plan_digest, expires_s])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _get_key(tx: Transaction) -> bytes:
    known = tx.settings.get(_KEY)
    if known is None:
        known = secrets.token_hex(32)
        tx.settings.set(_KEY, known)
    return bytes.fromhex(known)


def ask_people(tx: Transaction, runs: Sequence[Run], now: datetime) -> None:
    """Put a message with a link into the outbox for each run that waits for people; for many at once a single one."""
    if not runs:
        return
    if len(runs) > MOST_MESSAGES:
        first = runs[0]
        text = f"{len(runs)} runs wait for approval, the first for `{first.service}` in {first.environment}."
        tell_all(tx, f"{first.id}/approvals", "approval", f"{len(runs)} runs wait for approval", text, now, first)
        return
    for run in runs:
        because = f" It does not act by itself: {run.held}." if run.held else ""
        text = f"Plan `{run.plan.id}` for `{run.service}` in {run.environment} waits for approval.{because}"
        title = f"Approve `{run.plan.id}` for {run.service}?"
        tell_all(tx, f"{run.id}/approval", "approval", title, text, now, run, link=make_link(tx, run, now))


def tell_all(  # noqa: PLR0917  in the order in which a message is read
    tx: Transaction,
    message_id: str,
    kind: str,
    title: str,
    text: str,
    now: datetime,
    run: Run | None = None,
    link: str | None = None,
) -> None:
    """Put a message to everybody into the outbox, once by its id."""
    body = {"kind": kind, "title": title, "text": text, "link": link, "run": run.id if run else None}
    if run is not None:
        body |= {"exposure": run.exposure, "service": run.service, "environment": run.environment}
    tx.outbox.add(Message(tx.org, message_id, EVERYBODY, json.dumps(body), now, now, run.id if run else None))
