"""What an engine waits for before a clock stops: that live clients of a flag were given what a run forces."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from holdfast.loop.flag_proofs import LIVE
from holdfast.loop.guards import set_guards
from holdfast.loop.respond_deeds import GONE
from holdfast.loop.respond_engine import Engine
from holdfast.model.exposure import State
from holdfast.model.flag import FlagClient
from holdfast.model.guard import Guards
from holdfast.model.plan import Plan, Step
from holdfast.model.run import Run, RunState
from holdfast.testing.http import Reply
from tests.loop.elsewhere import Elsewhere
from tests.loop.shop import ENVIRONMENT, ORG, T0, URL, Shop, make_exposure, make_plan, open_shop

FLAT = Reply(body=b'{"tax": "flat"}')
CLIENT = FlagClient(ORG, ENVIRONMENT, "shop-1@tok_1", "server", "shop", "eu", 1, 1, None, True, T0)


@contextmanager
def opened(url: str, *plans: Plan) -> Iterator[Shop]:
    """Open a shop in which nothing rests."""
    with open_shop(*plans, url=url) as shop:
        with shop.write() as tx:
            set_guards(tx, Guards(cooldown_s=0.0), "tok_1", T0)
        yield shop


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    with opened(store_url) as shop:
        yield shop


def see(shop: Shop, client: FlagClient = CLIENT, fetched: int | None = 1) -> None:
    """Let a client be seen now."""
    with shop.write() as tx:
        tx.flag_clients.save([replace(client, fetched=fetched, seen_at=shop.clock.now())])


@dataclass
class Driven:
    """A run, and the one engine that drives it."""

    shop: Shop
    engine: Engine
    id: str

    def now(self) -> Run:
        """Return the run as it is stored."""
        return self.shop.run(self.id)

    def after(self, seconds: float) -> Run:
        """Return the run as it is so much later, looked at once more."""
        self.shop.clock.tick(seconds)
        self.engine.step(ORG)
        return self.now()


def begin(shop: Shop, **options: Any) -> Driven:
    """Let the plan act, and look once."""
    (run,) = shop.expose(make_exposure())
    engine = shop.engine(**options)
    engine.step(ORG)
    return Driven(shop, engine, run.id)


def test_clock_stops_when_a_live_client_has_fetched_and_it_is_named_meanwhile(shop: Shop) -> None:
    """12:00:00 forced, the probe holds, nobody is named yet; 12:00:01 named; 12:00:05 it fetches, the clock stops."""
    see(shop)
    run = begin(shop)
    assert (run.now().state, run.now().unproven) == (RunState.VERIFYING, ())
    later = run.after(1)
    assert (later.state, later.unproven) == (RunState.VERIFYING, ("client shop-1@tok_1",))
    assert (shop.exposure().state, shop.served()) == (State.OPEN, "off")
    shop.clock.tick(4)
    see(shop, fetched=2)
    proven = run.after(0.5)
    assert (proven.state, proven.unproven, proven.effective_at) == (RunState.EFFECTIVE, (), shop.clock.now())
    assert shop.exposure().state is State.MITIGATED


def test_client_that_is_dead_holds_the_clock_for_its_window_and_no_longer(shop: Shop) -> None:
    """The plan's deadline of 30 seconds is over by then: the dead are waited out before it is given up."""
    see(shop)
    run = begin(shop)
    assert run.after(LIVE.total_seconds()).state is RunState.VERIFYING
    assert run.after(1).state is RunState.EFFECTIVE
    assert shop.exposure().state is State.MITIGATED


def test_client_that_lives_on_without_the_change_is_named_in_the_end_and_the_effect_stays(shop: Shop) -> None:
    see(shop)
    run = begin(shop)
    shop.clock.tick(GONE.total_seconds() - 1)
    see(shop)
    assert run.after(0).state is RunState.VERIFYING
    failed = run.after(1)
    assert (failed.state, failed.unproven, shop.served()) == (RunState.FAILED, ("client shop-1@tok_1",), "off")
    assert "not fetched by client shop-1@tok_1" in str(failed.held)
    assert (shop.exposure().state, "run.failed" in shop.kinds()) == (State.OPEN, True)


def test_probe_that_does_not_hold_is_given_up_at_the_plans_deadline(shop: Shop) -> None:
    see(shop)
    shop.http.answer("GET", URL, Reply(500))
    run = begin(shop)
    assert run.after(29).unproven == ("client shop-1@tok_1",)
    assert run.after(1).state is RunState.FAILED


def test_one_look_that_fails_while_clients_are_waited_for_is_no_end(shop: Shop) -> None:
    """The deadline of 30 seconds is over, and the probe held until now: three in a row that don't are the end."""
    see(shop)
    run = begin(shop)
    assert run.after(40).state is RunState.VERIFYING
    shop.http.answer("GET", URL, Reply(500))
    assert run.after(1).state is RunState.VERIFYING
    assert run.after(1).state is RunState.VERIFYING
    assert run.after(1).state is RunState.FAILED


def test_browser_and_reader_of_another_flag_hold_nothing_open(shop: Shop) -> None:
    see(shop, replace(CLIENT, id="tab", kind="browser"))
    see(shop, replace(CLIENT, id="other", asked=(("ship", 1),)), fetched=None)
    assert begin(shop).now().state is RunState.EFFECTIVE


def test_client_behind_a_relay_is_waited_for_like_any_other(shop: Shop) -> None:
    near = replace(CLIENT, id="near@tok_1", kind="relay", service=None)
    far = replace(CLIENT, id="near@tok_1/shop-1", asked=(("tax", 1),))
    see(shop, near)
    see(shop, far, fetched=None)
    run = begin(shop)
    assert run.after(1).unproven == ("client near@tok_1", "client near@tok_1/shop-1")
    see(shop, near, fetched=2)
    assert run.after(1).unproven == ("client near@tok_1/shop-1",)
    see(shop, replace(far, asked=(("tax", 2),)), fetched=None)
    assert run.after(1).state is RunState.EFFECTIVE


def test_of_many_clients_some_are_named(shop: Shop) -> None:
    for number in range(22):
        see(shop, replace(CLIENT, id=f"shop-{number:02}"))
    unproven = begin(shop).after(1).unproven
    assert (len(unproven), unproven[0], unproven[-1]) == (21, "client shop-00", "other clients")


def test_clients_that_come_in_one_by_one_are_journaled_once_a_pause(shop: Shop) -> None:
    """12:00:01 six are to be named, and one of them fetches at each look: a round has one look, and one entry."""
    clients = [replace(CLIENT, id=f"shop-{number}") for number in range(6)]
    looks = []
    for client in clients:
        see(shop, client)
    run = begin(shop)

    def look() -> Reply:
        looks.append(shop.clock.now())
        see(shop, clients[-len(looks)], fetched=2)
        return FLAT

    shop.http.answer_by("GET", URL, look)
    assert len(run.after(1).unproven) == 5
    run.engine.step(ORG)
    assert (len(looks), shop.kinds().count("run.unproven")) == (1, 1)
    assert len(run.after(1).unproven) == 4
    assert (len(looks), shop.kinds().count("run.unproven")) == (2, 2)


def test_flag_that_is_served_elsewhere_waits_for_no_client_of_ours(shop: Shop) -> None:
    see(shop)
    there = Elsewhere()
    shop.http.answer("GET", URL, FLAT)
    run = begin(shop, targets=there)
    assert (there.provider.served, run.now().state) == ({"tax": "off"}, RunState.EFFECTIVE)


def test_run_without_flags_waits_for_no_client(store_url: str) -> None:
    with opened(store_url, make_plan(steps=(Step("wait", (("for", "1s"),)),))) as shop:
        see(shop)
        shop.http.answer("GET", URL, FLAT)
        run = begin(shop)
        assert run.after(1).state is RunState.EFFECTIVE
