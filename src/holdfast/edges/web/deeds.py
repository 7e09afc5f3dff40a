"""What people do on pages, by POST: each is one transaction, and leads back to the page that it came from.

Nothing here says that it worked: the page shows what the store knows, and the engine reads back before it does.
"""

from collections.abc import Callable, Mapping

import litestar
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from holdfast.edges.web.deps import WebDependencies
from holdfast.edges.web.visit import Visitor, act
from holdfast.errors import NotFoundError
from holdfast.loop.approvals import require_person
from holdfast.loop.flags import define_flag
from holdfast.loop.pausing import switch_automation
from holdfast.loop.respond import approve, reject, request_run, undo
from holdfast.loop.respond_begun import approve_step, confirm, resolve
from holdfast.loop.turn import Turn
from holdfast.loop.untold import send_again
from holdfast.model.run import Run
from holdfast.model.tenancy import Permission

_DEEDS: Mapping[str, Callable[..., Run]] = {"approve": approve, "reject": reject, "undo": undo, "confirm": confirm}
_CONSENTS = frozenset({"approve", "confirm"})
_FATES = {"happened": True, "did_not_happen": False}


def deed_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """Return the handlers of the forms."""
    return [*_run_handlers(deps), *_switch_handlers(deps)]


def _run_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """What is done to a run, or makes one."""

    @litestar.post("/exposures/{exposure:str}/start", sync_to_thread=True, include_in_schema=False)
    def post_start(request: Visitor, exposure: FromPath[str], body: RawBody) -> Response[str]:
        """Start a plan for an exposure."""

        def start(turn: Turn, form: Mapping[str, str]) -> None:
            is_person = turn.token is not None and turn.token.person is not None
            plan = form.get("plan") or None
            request_run(turn.tx, exposure, plan, turn.identity, turn.now, turn.ids, is_person=is_person)

        return act(deps, request, body, start)

    @litestar.post("/runs/{run:str}/{deed:str}", sync_to_thread=True, include_in_schema=False)
    def post_deed(request: Visitor, run: FromPath[str], deed: FromPath[str], body: RawBody) -> Response[str]:
        """Approve, reject, undo or confirm a run."""

        def decide(turn: Turn, _form: Mapping[str, str]) -> None:
            chosen = _DEEDS.get(deed)
            if chosen is None:
                raise NotFoundError(f"a run can't be told to `{deed[:40]}`", hint=f"one of {', '.join(_DEEDS)}")
            chosen(turn.tx, run, require_person(turn) if deed in _CONSENTS else turn.identity, turn.now)

        return act(deps, request, body, decide)

    @litestar.post("/runs/{run:str}/steps/{step:int}/{word:str}", sync_to_thread=True, include_in_schema=False)
    def post_step(
        request: Visitor, run: FromPath[str], step: FromPath[int], word: FromPath[str], body: RawBody
    ) -> Response[str]:
        """Consent to a step that waits for people, or say what became of one whose fate nobody can prove."""

        def decide(turn: Turn, _form: Mapping[str, str]) -> None:
            who = require_person(turn)
            if word == "approve":
                approve_step(turn.tx, run, step, who, turn.now)
            elif word in _FATES:
                resolve(turn.tx, run, step, _FATES[word], who, turn.now)
            else:
                raise NotFoundError(f"a step can't be told to `{word[:40]}`", hint=f"approve, {', '.join(_FATES)}")

        return act(deps, request, body, decide)

    return [post_start, post_deed, post_step]


def _switch_handlers(deps: WebDependencies) -> list[HTTPRouteHandler]:
    """What is done to everything else: automation, messages, flags, the demo."""

    @litestar.post("/pause", sync_to_thread=True, include_in_schema=False)
    def post_pause(request: Visitor, body: RawBody) -> Response[str]:
        """Pause all automation, or let it go on."""

        def switch(turn: Turn, form: Mapping[str, str]) -> None:
            on = form.get("on") == "yes"
            switch_automation(turn, on=on, reason=form.get("reason", "") or "from the page")

        return act(deps, request, body, switch)

    @litestar.post("/messages/again", sync_to_thread=True, include_in_schema=False)
    def post_again(request: Visitor, body: RawBody) -> Response[str]:
        """Send a message again that reached nobody, or all of them."""

        def resend(turn: Turn, form: Mapping[str, str]) -> None:
            send_again(turn.tx, None if form.get("all") == "yes" else form.get("id", ""), turn.identity, turn.now)

        return act(deps, request, body, resend)

    @litestar.post("/flags/{environment:str}", sync_to_thread=True, include_in_schema=False)
    def post_flag(request: Visitor, environment: FromPath[str], body: RawBody) -> Response[str]:
        """Define a flag, or replace its definition: a new version of it."""

        def define(turn: Turn, form: Mapping[str, str]) -> None:
            key, definition = form.get("key", "").strip(), form.get("definition", "")
            define_flag(turn.tx, environment, key, definition, turn.now, actor=turn.actor)

        return act(deps, request, body, define, Permission.FLAGS_WRITE)

    @litestar.post("/demo", sync_to_thread=True, include_in_schema=False)
    def post_demo(request: Visitor, body: RawBody) -> Response[str]:
        """Play the demo."""

        def play(_turn: Turn, _form: Mapping[str, str]) -> None:
            if deps.play_demo is None:
                raise NotFoundError("there is no demo to play here", hint="`holdfast demo` plays it on its own")

        answer = act(deps, request, body, play)
        if answer.status_code == 303 and deps.play_demo is not None:
            deps.play_demo()
        return answer

    return [post_pause, post_again, post_flag, post_demo]
