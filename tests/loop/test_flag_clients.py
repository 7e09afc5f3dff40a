"""What is known of flags' clients in memory, and how it is written down."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from holdfast.errors import HoldfastError
from holdfast.loop.flag_clients import FORGET_AFTER, MAX_ASKED, MAX_EFFECTS, ClientBook, ClientName, name_client
from holdfast.loop.flag_keeper import KEEP, ClientKeeper
from holdfast.testing.clocks import FakeClock
from tests.flag_stand import ENVIRONMENT, ORG, READER, T0, FlagStand, open_stand, wait_for

PLACE = (ORG, ENVIRONMENT)
SHOP = ClientName("shop-1", "server", "shop", "eu")


@pytest.fixture
def stand() -> Iterator[FlagStand]:
    with open_stand() as opened:
        yield opened


def test_numbers_only_rise() -> None:
    book = ClientBook()
    for revision in (3, 2):
        book.deliver(PLACE, SHOP, revision, T0)
        book.fetch(PLACE, SHOP, revision, T0)
        book.take_effect(PLACE, SHOP, "tax", T0, revision=revision, current=9)
    (shop,) = book.list(PLACE)
    assert (shop.delivered, shop.fetched, shop.effective) == (3, 3, 3)


def test_stream_of_notices_is_delivered_and_one_of_values_is_fetched_too() -> None:
    book = ClientBook()
    book.deliver(PLACE, SHOP, 3, T0)
    assert book.list(PLACE)[0].fetched is None
    book.deliver(PLACE, SHOP, 4, T0, with_values=True)
    assert book.list(PLACE)[0].fetched == 4


def test_flag_that_was_asked_for_alone_is_no_whole_set() -> None:
    book = ClientBook()
    for flag, revision in (("tax", 3), ("tax", 2), ("ship", 5)):
        book.fetch_one(PLACE, SHOP, flag, revision, T0)
    (shop,) = book.list(PLACE)
    assert (shop.fetched, shop.asked) == (None, (("tax", 3), ("ship", 5)))
    for number in range(MAX_ASKED):
        book.fetch_one(PLACE, SHOP, f"flag-{number}", 6, T0)
    assert len(book.list(PLACE)[0].asked) == MAX_ASKED
    assert "tax" not in dict(book.list(PLACE)[0].asked)


def test_what_a_server_fetched_anew_is_written_soon_and_nothing_else() -> None:
    hurried: list[int] = []
    book = ClientBook()
    book.call_when_changed(lambda: None, lambda: hurried.append(1))
    book.connect(PLACE, SHOP, T0)
    book.deliver(PLACE, SHOP, 3, T0)
    book.fetch(PLACE, ClientName("tab", "browser"), 3, T0)
    book.fetch_one(PLACE, ClientName("tab", "browser"), "tax", 3, T0)
    assert hurried == []
    for revision in (3, 3, 4):
        book.fetch(PLACE, SHOP, revision, T0)
        book.fetch_one(PLACE, SHOP, "tax", revision, T0)
    assert len(hurried) == 4
    assert [one.id for one in book.take_changed(T0, 9, browsers=False)] == ["shop-1"]
    assert [one.id for one in book.take_changed(T0, 9)] == ["tab"]


def test_client_is_connected_while_one_of_its_streams_is_open() -> None:
    book = ClientBook()
    book.connect(PLACE, SHOP, T0)
    book.connect(PLACE, SHOP, T0)
    book.disconnect(PLACE, SHOP, T0)
    assert book.list(PLACE)[0].connected
    book.disconnect(PLACE, SHOP, T0)
    assert not book.list(PLACE)[0].connected


def test_effect_without_a_revision_counts_for_its_flag_alone() -> None:
    book = ClientBook()
    for number in range(MAX_EFFECTS + 5):
        book.take_effect(PLACE, SHOP, f"flag-{number}", T0, revision=None, current=number)
    (shop,) = book.list(PLACE)
    assert shop.effective is None
    assert len(shop.effects) == MAX_EFFECTS
    assert shop.effects[-1] == (f"flag-{MAX_EFFECTS + 4}", MAX_EFFECTS + 4)


def test_revision_of_the_future_counts_as_the_present_one() -> None:
    book = ClientBook()
    book.take_effect(PLACE, SHOP, "tax", T0, revision=999, current=5)
    assert book.list(PLACE)[0].effective == 5


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ClientName("tok_1@10.0.0.1")),
        ({"x-holdfast-client": "shop-1", "x-holdfast-target": "eu"}, ClientName("shop-1@tok_1", "server", None, "eu")),
        ({"x-holdfast-client": "a b\n", "x-holdfast-kind": "king"}, ClientName("tok_1@10.0.0.1")),
        ({"x-holdfast-client": "r", "x-holdfast-kind": "relay"}, ClientName("r@tok_1", "relay")),
        ({"x-holdfast-client": "x" * 129}, ClientName("tok_1@10.0.0.1")),
    ],
)
def test_client_is_named_by_what_it_says_or_by_token_and_address(headers: dict[str, str], expected: ClientName) -> None:
    assert name_client(headers.get, READER, "10.0.0.1") == expected


def test_servers_are_written_first_and_the_rest_later() -> None:
    book = ClientBook()
    for number in range(5):
        book.fetch(PLACE, ClientName(f"tab-{number}", "browser"), 1, T0)
    book.fetch(PLACE, SHOP, 1, T0)
    assert [one.id for one in book.take_changed(T0, 2)] == ["shop-1", "tab-0"]
    assert len(book.take_changed(T0, 9)) == 4
    assert book.take_changed(T0, 9) == []


def test_open_stream_is_a_sign_of_life_every_half_minute() -> None:
    book = ClientBook()
    book.connect(PLACE, SHOP, T0)
    book.connect(PLACE, ClientName("tab", "browser"), T0)
    assert len(book.take_changed(T0, 9)) == 2
    assert book.take_changed(T0 + timedelta(seconds=29), 9) == []
    (shop,) = book.take_changed(T0 + timedelta(seconds=30), 9)
    assert (shop.id, shop.seen_at) == ("shop-1", T0 + timedelta(seconds=30))


def test_client_of_a_relay_lives_by_what_the_relay_reports() -> None:
    book = ClientBook()
    book.connect(PLACE, SHOP, T0)
    reported = replace(book.list(PLACE)[0], id="near/shop-1", effects=(("tax", 1),))
    book.report([reported], T0)
    book.take_changed(T0, 9)
    assert [one.id for one in book.take_changed(T0 + timedelta(minutes=5), 9)] == ["shop-1"]
    assert next(one for one in book.list(PLACE) if one.id == "near/shop-1").connected


def test_silent_clients_are_forgotten_after_an_hour() -> None:
    book = ClientBook()
    book.fetch(PLACE, ClientName("gone"), 1, T0)
    book.connect(PLACE, SHOP, T0)
    book.prune(T0 + FORGET_AFTER + timedelta(seconds=1))
    assert [one.id for one in book.list(PLACE)] == ["shop-1"]


def test_keeper_writes_what_changed_once(stand: FlagStand) -> None:
    keeper = ClientKeeper(stand.book, stand.store, stand.clock)
    stand.book.connect(PLACE, SHOP, T0)
    assert (keeper.step(), keeper.step()) == (1, 0)
    with stand.store.read(ORG) as tx:
        (shop,) = tx.flag_clients.list(ENVIRONMENT, T0)
    assert (shop.id, shop.kind, shop.service, shop.target, shop.connected) == ("shop-1", "server", "shop", "eu", True)


def test_keeper_never_takes_a_proof_back(stand: FlagStand) -> None:
    """An earlier process knew of more than this one does."""
    stand.book.fetch(PLACE, SHOP, 7, T0)
    stand.book.take_effect(PLACE, SHOP, "tax", T0, revision=None, current=7)
    stand.book.fetch_one(PLACE, SHOP, "tax", 7, T0)
    ClientKeeper(stand.book, stand.store, stand.clock).step()
    after = ClientBook()
    after.fetch(PLACE, SHOP, 5, T0)
    after.take_effect(PLACE, SHOP, "other", T0, revision=None, current=5)
    after.fetch_one(PLACE, SHOP, "tax", 5, T0)
    ClientKeeper(after, stand.store, stand.clock).step()
    with stand.store.read(ORG) as tx:
        (shop,) = tx.flag_clients.list(ENVIRONMENT, T0)
    assert shop.fetched == 7
    assert (dict(shop.effects), shop.asked) == ({"tax": 7, "other": 5}, (("tax", 7),))


def test_keeper_writes_at_once_what_is_waited_for(stand: FlagStand) -> None:
    """In the second after a write too. The clock stands still: that second never ends."""
    keeper, stop = ClientKeeper(stand.book, stand.store, stand.clock), threading.Event()
    thread = threading.Thread(target=keeper.run_forever, args=(stop,), daemon=True)
    thread.start()
    try:
        for revision in (1, 2):
            stand.book.fetch(PLACE, SHOP, revision, T0)
            assert wait_for(partial(has_written, stand, revision))
    finally:
        stop.set()
        thread.join(10)


def has_written(stand: FlagStand, revision: int) -> bool:
    """Whether the store knows that the shop was given a revision."""
    with stand.store.read(ORG) as tx:
        return [one.fetched for one in tx.flag_clients.list(ENVIRONMENT, T0)] == [revision]


def test_keeper_writes_another_time_what_it_could_not(stand: FlagStand, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = ClientKeeper(stand.book, stand.store, stand.clock, (HoldfastError,))
    stand.book.connect(PLACE, SHOP, T0)

    def fail(*_: object) -> None:
        raise HoldfastError("the store is away")

    with monkeypatch.context() as away:
        away.setattr(stand.store, "write", fail)
        keeper.step()
    assert keeper.step() == 1


def test_keeper_forgets_who_was_not_seen_for_a_week(stand: FlagStand) -> None:
    keeper = ClientKeeper(stand.book, stand.store, stand.clock)
    stand.book.fetch(PLACE, SHOP, 1, T0)
    keeper.step()
    stand.clock.tick(KEEP.total_seconds() + 1)
    keeper.prune()
    with stand.store.read(ORG) as tx:
        assert tx.flag_clients.list(ENVIRONMENT, T0) == []
    assert stand.book.list(PLACE) == []


def test_journal_knows_nothing_of_clients(stand: FlagStand) -> None:
    with stand.store.read(ORG) as tx:
        before = len(list(tx.journal.read()))
    stand.book.connect(PLACE, SHOP, T0)
    ClientKeeper(stand.book, stand.store, FakeClock(T0)).step()
    with stand.store.read(ORG) as tx:
        assert len(list(tx.journal.read())) == before
