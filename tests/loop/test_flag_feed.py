"""Who waits for changes of flags is told, by this process and by others."""

import threading
from collections.abc import Iterator

import pytest

from holdfast.loop.flag_feed import FlagFeed
from holdfast.loop.flags import define_flag
from tests.loop.shop import ENVIRONMENT, ON_OFF, ORG, T0, Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as opened:
        yield opened


def change(shop: Shop, environment: str = ENVIRONMENT) -> None:
    with shop.write() as tx:
        known = tx.flags.find(environment, "tax")
        define_flag(tx, environment, "tax", known.definition + " " if known else ON_OFF, T0)


def test_change_is_told_when_it_is_notified(shop: Shop) -> None:
    feed, told = FlagFeed(shop.store), list[int]()
    feed.subscribe(ORG, ENVIRONMENT, told.append)
    change(shop)
    feed.notify(ORG, ENVIRONMENT)
    feed.notify(ORG, ENVIRONMENT)
    assert told == [feed.revision(ORG, ENVIRONMENT)]


def test_change_of_another_process_is_found_by_looking(shop: Shop) -> None:
    feed, told = FlagFeed(shop.store), list[int]()
    feed.subscribe(ORG, ENVIRONMENT, told.append)
    feed.poll()
    assert told == []
    change(shop)
    feed.poll()
    feed.poll()
    assert len(told) == 1


def test_change_elsewhere_is_not_told(shop: Shop) -> None:
    feed, told = FlagFeed(shop.store), list[int]()
    feed.subscribe(ORG, ENVIRONMENT, told.append)
    change(shop, "staging")
    feed.poll()
    feed.notify(ORG, "staging")
    assert told == []


def test_every_listener_is_told_until_it_leaves(shop: Shop) -> None:
    feed, one, two = FlagFeed(shop.store), list[int](), list[int]()
    leave = feed.subscribe(ORG, ENVIRONMENT, one.append)
    feed.subscribe(ORG, ENVIRONMENT, two.append)
    change(shop)
    feed.poll()
    leave()
    leave()
    change(shop)
    feed.poll()
    assert (len(one), len(two)) == (1, 2)


def test_who_comes_back_is_told_again(shop: Shop) -> None:
    feed, told = FlagFeed(shop.store), list[int]()
    feed.subscribe(ORG, ENVIRONMENT, told.append)()
    change(shop)
    feed.subscribe(ORG, ENVIRONMENT, told.append)
    feed.poll()
    change(shop)
    feed.poll()
    assert len(told) == 1


def test_watching_tells_without_being_asked(shop: Shop) -> None:
    feed, told, stop = FlagFeed(shop.store), threading.Event(), threading.Event()
    thread = threading.Thread(target=feed.run_forever, args=(stop,))
    thread.start()
    feed.subscribe(ORG, ENVIRONMENT, lambda _: told.set())
    change(shop)
    assert told.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
