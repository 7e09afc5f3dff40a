"""A pipeline logs in by who it is: its system's identity token, for a token of the server's. No secret is stored.

Rules:
1. `HOLDFAST_TOKEN` counts first. Else the identity is what `HOLDFAST_ID_TOKEN` or the file `HOLDFAST_ID_TOKEN_FILE`
   holds (GitLab, and others), or what GitHub's runner gives for the asking.
2. A change from a fork never logs in: its code is a stranger's. It is decided on this machine.
3. No token is ever printed, or named in an error. It is sent by `https`, or to this machine.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from holdfast.errors import ActionError, HoldfastError, UnauthenticatedError, UsageError
from holdfast.ports.http import Http

IDENTITY_S, LOGIN_S = 4.0, 3.0
_MOST_BYTES = 64 * 1024
_MOST_EVENT_BYTES = 32 << 20
_HERE = {"localhost", "127.0.0.1", "::1"}
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_JWT = "urn:ietf:params:oauth:token-type:jwt"


class ForkError(HoldfastError):
    """The change comes from a fork, which never logs in: it is decided here."""


class NoAnswerError(HoldfastError):
    """The server did not answer."""


def find_token(http: Callable[[], Http], server: str, variables: Mapping[str, str], scope: str = "builds:write") -> str:
    """Return a token for a server: the one that is set, or one for what this pipeline is.

    Raises:
        ForkError: the change comes from a fork.
        NoAnswerError: the server did not answer.
        UnauthenticatedError: it gave none for this identity.
        UsageError: there is neither a token nor an identity.
    """
    token = variables.get("HOLDFAST_TOKEN", "").strip()
    if token:
        return token
    if is_from_fork(variables):
        raise ForkError("this change comes from a fork, which logs in nowhere")
    audience = variables.get("HOLDFAST_AUDIENCE", "").strip() or server.rstrip("/")
    identity = _from_outside(variables) or _from_github(http, audience, variables)
    if not identity:
        raise UsageError("`--server` needs a token, or a pipeline's identity", hint=_hint(variables))
    return _exchange(http(), server, identity, audience, variables.get("HOLDFAST_ORG", "").strip() or "default", scope)


def _hint(variables: Mapping[str, str]) -> str:
    if variables.get("GITHUB_ACTIONS") == "true":
        return "give the job `permissions: {id-token: write}`, or export HOLDFAST_TOKEN=hf_…"
    if variables.get("GITLAB_CI"):
        return "give the job `id_tokens: {HOLDFAST_ID_TOKEN: {aud: …}}`, or set HOLDFAST_TOKEN"
    return "export HOLDFAST_TOKEN=hf_…"


def is_from_fork(variables: Mapping[str, str]) -> bool:
    """Whether the pipeline judges a change from another repository, as far as its system says.

    GitHub says so in the event; a change of its own update service counts too, as it gets no identity either.
    """
    source = variables.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID")
    if source:
        return source != variables.get("CI_MERGE_REQUEST_PROJECT_ID", variables.get("CI_PROJECT_ID"))
    if variables.get("GITHUB_ACTIONS") != "true" or "GITHUB_BASE_REF" not in variables:
        return False
    change = _event(variables.get("GITHUB_EVENT_PATH", "")).get("pull_request")
    if not isinstance(change, dict):
        return False
    head, base = (_number_of(change.get(side)) for side in ("head", "base"))
    no_identity = not variables.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    return head is None or head != base or (no_identity and variables.get("GITHUB_ACTOR") == "dependabot[bot]")


def _number_of(side: object) -> object:
    """Return the number of a side's repository; `None` where it is gone."""
    repository = side.get("repo") if isinstance(side, dict) else None
    return repository.get("id") if isinstance(repository, dict) else None


def _event(path: str) -> Mapping[str, Any]:
    try:
        with Path(path).open("rb") as file:
            found = json.loads(file.read(_MOST_EVENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _from_outside(variables: Mapping[str, str]) -> str:
    token = variables.get("HOLDFAST_ID_TOKEN", "").strip()
    named = variables.get("HOLDFAST_ID_TOKEN_FILE", "").strip()
    if token or not named:
        return token
    try:
        with Path(named).open("rb") as file:
            return file.read(_MOST_BYTES).decode("ascii").strip()
    except (OSError, ValueError) as error:
        because = error.strerror if isinstance(error, OSError) else "it is no token"
        raise UsageError(f"the identity can't be read: {because}", where="HOLDFAST_ID_TOKEN_FILE") from None


def _from_github(http: Callable[[], Http], audience: str, variables: Mapping[str, str]) -> str:
    """Ask GitHub's runner for a token; empty where there is none to be asked."""
    url, secret = variables.get("ACTIONS_ID_TOKEN_REQUEST_URL", ""), variables.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not url or not secret:
        return ""
    _require_safe(url, "ACTIONS_ID_TOKEN_REQUEST_URL")
    url += f"{'&' if '?' in url else '?'}audience={quote(audience, safe='')}"
    headers = {"authorization": f"Bearer {secret.strip()}", "accept": "application/json"}
    try:
        status, found = ask_within(IDENTITY_S, http(), "GET", url, headers)
    except ActionError:
        status, found = 0, {}
    value = found.get("value")
    if status != 200 or not isinstance(value, str) or not value:
        raise HoldfastError("GitHub gave no identity token", hint="try again; `permissions: {id-token: write}` is set?")
    return value


def _exchange(http: Http, server: str, identity: str, audience: str, org: str, scope: str) -> str:
    _require_safe(server, "--server")
    form = {"grant_type": _EXCHANGE, "subject_token_type": _JWT, "subject_token": identity, "org": org, "scope": scope}
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    try:
        url = f"{server.rstrip('/')}/api/v1/oidc/token"
        body = urlencode(form).encode("ascii", "replace")
        status, found = ask_within(LOGIN_S, http, "POST", url, headers, body=body)
    except ActionError as error:
        raise NoAnswerError(error.message) from None
    token = found.get("access_token")
    if status == 200 and isinstance(token, str) and token:
        return token
    detail = str(found.get("detail") or f"it answered {status}")[:300]
    if status >= 429:
        raise NoAnswerError(f"no login: {detail}")
    raise UnauthenticatedError(
        f"the server does not let this pipeline in: {detail}",
        hint=f"asked of org `{org}` (HOLDFAST_ORG) for audience `{audience}` (HOLDFAST_AUDIENCE); its log says why",
    )


def ask_within(
    within_s: float, http: Http, method: str, url: str, headers: Mapping[str, str], *, body: bytes | None = None
) -> tuple[int, Any]:
    """Return status and JSON object of an answer, `{}` where it is none.

    `within_s` bounds the whole of it, wherever it drips a byte at a time: what is asked is then left to itself.

    Raises:
        ActionError: no answer within that time.
        HoldfastError: asking failed for another reason, which stands on stderr.
    """
    told: SimpleQueue[list[tuple[int, bytes] | HoldfastError]] = SimpleQueue()

    def ask() -> None:
        found: list[tuple[int, bytes] | HoldfastError] = []
        try:
            with http.open(method, url, headers=headers, timeout_s=within_s, body=body) as answer:
                found.append((answer.status, answer.body(_MOST_BYTES)))
        except HoldfastError as error:
            found.append(error)
        finally:
            told.put(found)

    Thread(target=ask, name="login", daemon=True).start()
    try:
        found = told.get(timeout=within_s)
    except Empty:
        raise ActionError(f"no answer within {within_s:g} s") from None
    if not found:  # nobody is away: a build that may pass without a server does not pass for this
        raise HoldfastError("Holdfast failed while it logged in", hint="this is a defect: report what stands above")
    if isinstance(found[0], HoldfastError):
        raise found[0]
    status, raw = found[0]
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        document = None
    return status, document if isinstance(document, dict) else {}


def _require_safe(url: str, where: str) -> None:
    """Refuse an address that would get an identity in clear. Raises: UsageError."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)):
        raise UsageError("an identity is sent by `https` alone", where=where, hint="or export HOLDFAST_TOKEN=hf_…")
