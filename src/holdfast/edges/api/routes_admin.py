"""Identities: tokens, logins of browsers, orgs."""

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import cut_page
from holdfast.edges.api.deps import Ask, deps_of
from holdfast.edges.api.verbs import delete, get, post
from holdfast.edges.api.wire import Cursor, Limit, NameInPath, in_utc
from holdfast.edges.api.wire_admin import (
    Identity,
    LoginCode,
    OrgCreated,
    OrgIn,
    TokenCreated,
    TokenIn,
    TokenOut,
    TokenPage,
)
from holdfast.errors import ConflictError, ForbiddenError, NotFoundError
from holdfast.loop.approvals import PUBLIC_URL, set_public_url
from holdfast.loop.tokens import (
    ADMINISTRATOR,
    draft_token,
    find_person,
    get_token,
    keep_person,
    login_code,
    record_created,
    revoke_token,
)
from holdfast.loop.turn import Turn
from holdfast.model.tenancy import Org, Permission, Token


def token_out(token: Token) -> TokenOut:
    """Return a token without its digest."""
    return TokenOut(
        token.id,
        token.name,
        sorted(token.permissions),
        token.created_at,
        token.expires_at,
        token.revoked_at,
        token.team,
        token.environment,
        token.person,
        token.person_name,
    )


@get("/me", summary="Who am I?")
def get_me(request: Ask) -> Response[Identity]:
    """Say which org and token this is."""
    token = request.user
    return read(request, lambda turn: Identity(turn.tx.org, token_out(token)), permission=None)


@post("/tokens", opt=takes(TokenIn), summary="Make a token")
def post_token(request: Ask, body: RawBody) -> Response[TokenCreated]:
    """Make a token of this org; its secret is in this answer, and nowhere else."""
    asked = decode_body(request, body, TokenIn)
    made: list[Token] = []

    def act(turn: Turn) -> TokenCreated:
        token, secret = draft_token(
            turn.tx.org,
            asked.name,
            asked.permissions,
            now=turn.now,
            ids=turn.ids,
            expires_at=in_utc(asked.expires_at, where="$.expires_at"),
            team=asked.team,
            environment=asked.environment,
            person=find_person(turn.tx, asked.person, turn.ids) if asked.person is not None else None,
        )
        record_created(turn.tx, token, turn.actor)
        made.append(token)
        return TokenCreated(token_out(token), secret)

    answer = write(request, body, act, permission=Permission.ADMIN, status=201, is_secret=True)
    for token in made:  # after its entry is committed: no token works without one
        deps_of(request).store.tenants.save_token(token)
    return answer


@get("/tokens", summary="List tokens")
def list_tokens(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[TokenPage]:
    """List the tokens of this org, revoked ones too, without their secrets."""
    tokens = deps_of(request).store.tenants.tokens(request.user.org)

    def find(turn: Turn) -> TokenPage:
        items, following = cut_page("tokens", tokens, lambda token: token.id, cursor, limit)
        return TokenPage([token_out(token) for token in items], following)

    return read(request, find, permission=Permission.ADMIN)


@delete("/tokens/{token:str}", status_code=200, summary="Revoke a token")
def delete_token(request: Ask, token: NameInPath) -> Response[TokenOut]:
    """Revoke a token of this org, with its sessions; a second time changes nothing. Every token may revoke itself."""
    deps, own = deps_of(request), request.user
    known = get_token(deps.store, own.org, token)
    if known.id != own.id and not own.allows(Permission.ADMIN):
        raise ForbiddenError("this token lacks `admin`", hint="a token may revoke itself")
    revoked = revoke_token(deps.store, own.org, known.id, now=deps.clock.now(), actor=own.id)
    return read(request, lambda turn: token_out(revoked), permission=None)


@post("/login-codes", summary="Let a browser in")
def post_login_code(request: Ask, body: RawBody) -> Response[LoginCode]:
    """Make a one-time code with which a browser becomes this token for a while: open `path` within five minutes."""

    def act(turn: Turn) -> LoginCode:
        code = login_code(turn)
        return LoginCode(code, f"/login?code={code}")

    return write(request, body, act, status=201, is_secret=True)


@post("/orgs", opt=takes(OrgIn), summary="Make an org")
def post_org(request: Ask, body: RawBody) -> Response[OrgCreated]:
    """Make an org and the token of its first administrator; only the installation's own administrators may."""
    deps, asked = deps_of(request), decode_body(request, body, OrgIn)
    if deps.settings.install_org is None or request.user.org != deps.settings.install_org:
        raise NotFoundError("this org makes no other orgs", hint="ask whoever runs this installation")
    made: list[tuple[Org, Token]] = []
    addresses: list[str | None] = []

    def act(turn: Turn) -> OrgCreated:
        taken = f"org:{asked.id}"  # in this transaction: two requests at once must not both make it
        if turn.tx.settings.get(taken) or any(org.id == asked.id for org in known):
            raise ConflictError(f"there is an org `{asked.id}`", hint="ids are never reused")
        turn.tx.settings.set(taken, "taken")
        org = Org(asked.id, asked.name, turn.now)
        who = (turn.ids.new("per"), ADMINISTRATOR)
        token, secret = draft_token(asked.id, who[1], [Permission.ADMIN], now=turn.now, ids=turn.ids, person=who)
        turn.tx.journal.append("org.created", {"id": org.id, "token": token.id, "by": turn.actor})
        made.append((org, token))
        addresses.append(turn.tx.settings.get(PUBLIC_URL))
        return OrgCreated(org.id, org.name, org.created_at, token_out(token), secret)

    known = deps.store.tenants.orgs()
    answer = write(request, body, act, permission=Permission.ADMIN, status=201, is_secret=True)
    for (org, token), address in zip(made, addresses, strict=True):
        deps.store.tenants.save_org(org)
        with deps.store.write(org.id, org.created_at) as tx:
            keep_person(tx, token)
            set_public_url(tx, address)
            record_created(tx, token, token.id)
        deps.store.tenants.save_token(token)
    return answer


HANDLERS = [get_me, post_token, list_tokens, delete_token, post_login_code, post_org]
