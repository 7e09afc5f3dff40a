"""Logins without stored secrets: whom an org trusts, and the exchange of an identity token for one of ours."""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import cut_page
from holdfast.edges.api.deps import ApiDependencies, Ask, deps_of
from holdfast.edges.api.problems import PROBLEM_TYPE
from holdfast.edges.api.verbs import delete, get, post, put
from holdfast.edges.api.wire import Cursor, Limit, NameInPath
from holdfast.edges.api.wire_oidc import ACCESS, ExchangeIn, ExchangeOut, ExchangeProblem, TrustIn, TrustOut, TrustPage
from holdfast.loop.oidc import LIFE, Exchange, Granted, Refused, exchange
from holdfast.loop.oidc_trusts import TrustAsk, check_trust, get_trust, remove_trust, set_trust
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Permission
from holdfast.model.trust import Condition, Trust

_LOG = logging.getLogger("holdfast.login")
_FORM = "application/x-www-form-urlencoded"
_LIMIT_BYTES = 64 * 1024
_MOST_FIELDS = 20
_AWAY = "temporarily_unavailable"

Visitor = Request[Any, Any, State]


def trust_out(trust: Trust) -> TrustOut:
    """Return a trust as it is sent."""
    return TrustOut(
        trust.id,
        trust.name,
        trust.version,
        trust.system,
        trust.issuer,
        trust.audience,
        {one.claim: list(one.values) for one in trust.conditions},
        sorted(trust.permissions),
        list(trust.services),
        trust.environment,
        trust.team,
        trust.changed_at,
        trust.changed_by,
    )


@get("/trusts", summary="List trusts")
def list_trusts(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[TrustPage]:
    """List whose identity tokens this org takes, by name."""

    def find(turn: Turn) -> TrustPage:
        items, following = cut_page("trusts", turn.tx.trusts.list(), lambda one: one.name, cursor, limit)
        return TrustPage([trust_out(one) for one in items], following)

    return read(request, find, permission=Permission.ADMIN)


@get("/trusts/{trust:str}", summary="Get a trust")
def read_trust(request: Ask, trust: NameInPath) -> Response[TrustOut]:
    """Get a trust by name."""
    return read(request, lambda turn: trust_out(get_trust(turn, trust)), permission=Permission.ADMIN)


@put("/trusts/{trust:str}", opt=takes(TrustIn), summary="Trust an identity")
def put_trust(request: Ask, trust: NameInPath, body: RawBody) -> Response[TrustOut]:
    """Take identity tokens of an issuer that meet the conditions, each for a token of ours of fifteen minutes."""
    asked = decode_body(request, body, TrustIn)
    ask = TrustAsk(
        trust,
        asked.system,
        asked.issuer,
        asked.audience,
        tuple(Condition(claim, tuple(dict.fromkeys(values))) for claim, values in sorted(asked.conditions.items())),
        frozenset(asked.permissions),
        tuple(asked.services),
        asked.environment,
        asked.team,
    )

    def act(turn: Turn) -> TrustOut:
        check_trust(ask, deps_of(request).issuers)
        return trust_out(set_trust(turn, ask))

    return write(request, body, act, permission=Permission.ADMIN)


@delete("/trusts/{trust:str}", status_code=200, summary="Trust an identity no more")
def delete_trust(request: Ask, trust: NameInPath) -> Response[TrustOut]:
    """Trust nobody under this name any more; tokens that were given are worth nothing from then on."""
    return write(request, b"", lambda turn: trust_out(remove_trust(turn, trust)), permission=Permission.ADMIN)


_ANSWERS = {"429": "Too many failed: wait.", "503": "The issuer does not answer."}


@post(
    "/oidc/token",
    status_code=200,
    opt=takes(ExchangeIn) | {"exclude_from_auth": True, "form": True, "problem": lambda: ExchangeProblem}
    | {"answers": lambda: _ANSWERS},
    request_max_body_size=_LIMIT_BYTES,
    summary="Exchange an identity token",
)  # fmt: skip
def post_exchange(request: Visitor, body: RawBody) -> Response[ExchangeOut]:
    """Exchange the identity token of a pipeline that the org trusts for a token of fifteen minutes (RFC 8693).

    The token speaks of the pipeline's repository alone. An identity token is taken once. No token is needed to ask.
    """
    deps: ApiDependencies = request.app.state["api"]
    now, address = deps.clock.now(), request.client.host if request.client else ""
    wait_s = deps.login_limits.wait_s(address, now)
    if wait_s is not None:
        words = Refused("slow_down", "too many logins failed", "too many logins failed", f"wait {wait_s} seconds")
        return _problem(429, words, {"Retry-After": str(wait_s)})
    asked = _asked(request, body)
    outcome = asked if isinstance(asked, Refused) else _exchange(deps, asked)
    if isinstance(outcome, Granted):
        _LOG.info("login: token %s for %s", outcome.token.id, _about(outcome))
        scope = " ".join(sorted(outcome.token.permissions))
        given = ExchangeOut(outcome.secret, ACCESS, "Bearer", int(LIFE.total_seconds()), scope)
        answer: Response[Any] = Response(msgspec.json.encode(given), media_type="application/json")
        return answer
    if outcome.error != _AWAY:
        deps.login_limits.count(address, now)
    org = asked.org[:128] if isinstance(asked, Exchange) else ""
    _LOG.warning("login refused: org %r, from %s: %s", org, address, outcome.because)
    return _problem(503, outcome, {"Retry-After": "30"}) if outcome.error == _AWAY else _problem(400, outcome)


def _about(granted: Granted) -> str:
    binding = granted.token.binding
    return f"{binding.trust}, repository {binding.repository_id!r}" if binding else ""


def _exchange(deps: ApiDependencies, asked: Exchange) -> Granted | Refused:
    if deps.issuers is None:
        return Refused("invalid_request", "this server takes no identities", "no issuers", "send a token of its own")
    return exchange(deps.store, deps.clock, deps.ids, deps.issuers, asked)


def _asked(request: Visitor, body: bytes) -> Exchange | Refused:
    """Return what a form asks for, or what is wrong with it."""
    if request.content_type[0].lower() != _FORM:
        return _wrong(f"expected `{_FORM}`")
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=_MOST_FIELDS, keep_blank_values=True, errors="strict")
    except ValueError:
        return _wrong("no form, or too many fields")
    if len({name for name, _ in pairs}) < len(pairs):
        return _wrong("a field was given more than once")
    try:
        form = msgspec.convert(dict(pairs), ExchangeIn)
    except msgspec.ValidationError as error:
        return _wrong(str(error))
    named = form.scope.split()
    if not {*named} <= {*Permission}:
        return Refused("invalid_scope", "there is no such permission", "no such permission", "such as `builds:write`")
    if "\0" in form.org:
        return _wrong("a NUL character")
    return Exchange(form.org, form.subject_token, frozenset(Permission(name) for name in named))


def _wrong(words: str) -> Refused:
    return Refused("invalid_request", words, words, "see `Exchange an identity token` in the API's description")


def _problem(status: int, refused: Refused, headers: dict[str, str] | None = None) -> Response[Any]:
    title = HTTPStatus(status).phrase
    kind = f"urn:holdfast:problem:{refused.error.replace('_', '-')}"
    problem = ExchangeProblem(
        type=kind,
        title=title,
        status=status,
        detail=refused.words,
        error=refused.error,
        error_description=refused.words,
        hint=refused.hint,
    )
    return Response(msgspec.json.encode(problem), status_code=status, media_type=PROBLEM_TYPE, headers=headers)


HANDLERS = [list_trusts, read_trust, put_trust, delete_trust, post_exchange]
