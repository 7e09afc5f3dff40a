"""Messages that reached nobody, and sending them again."""

from dataclasses import asdict

from litestar import Response
from litestar.params import RawBody

from holdfast.edges.api.body import decode_body, takes
from holdfast.edges.api.calls import read, write
from holdfast.edges.api.cursors import read_cursor, write_cursor
from holdfast.edges.api.deps import Ask
from holdfast.edges.api.verbs import get, post
from holdfast.edges.api.wire import Answer, Cursor, Instant, Limit
from holdfast.edges.api.wire_mitigations import AgainIn
from holdfast.errors import UsageError
from holdfast.loop.turn import Turn
from holdfast.loop.untold import send_again, untold_view
from holdfast.model.tenancy import Permission


class UntoldOut(Answer, frozen=True):
    """A message that reached nobody; `to` is `null` where it was for everybody and no receiver is configured."""

    id: str
    to: str | None
    title: str
    run: str | None
    since: Instant
    given_up_at: Instant
    attempts: int
    because: str


class UntoldPage(Answer, frozen=True):
    """A page of them, and how many there are in all."""

    items: list[UntoldOut]
    next: str | None
    count: int


class AgainOut(Answer, frozen=True):
    """How many were put into line anew."""

    again: int


@get("/mitigations/messages", summary="What reached nobody?")
def list_untold(request: Ask, cursor: Cursor = None, limit: Limit = 100) -> Response[UntoldPage]:
    """List the messages that were given up: tried for days and not taken, or with nobody to take them."""

    def find(turn: Turn) -> UntoldPage:
        view = untold_view(turn.tx, read_cursor("messages", cursor), limit)
        following = write_cursor("messages", view.next) if view.next else None
        return UntoldPage([UntoldOut(**asdict(row)) for row in view.rows], following, view.count)

    return read(request, find)


@post("/mitigations/messages/again", opt=takes(AgainIn), status_code=200, summary="Send again")
def post_again(request: Ask, body: RawBody) -> Response[AgainOut]:
    """Send a message again that was given up, or all of them: each is tried for three days anew, under its id."""
    asked = decode_body(request, body, AgainIn)

    if asked.all == (asked.id is not None):
        raise UsageError("expected `id`, or `all`", where="$", hint='{"all": true} sends everything again')

    def act(turn: Turn) -> AgainOut:
        return AgainOut(send_again(turn.tx, asked.id, turn.identity, turn.now))

    return write(request, body, act, permission=Permission.MITIGATE)


HANDLERS = [list_untold, post_again]
