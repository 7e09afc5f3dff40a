"""Alerts of other tools: kept once, answered once, and never lifting anything."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from holdfast.errors import ForbiddenError, NotFoundError, UsageError
from holdfast.loop.alerts import UNMATCHED, AlertOutcome, list_signals, take_alerts, take_together
from holdfast.loop.turn import Turn
from holdfast.model.exposure import Ending, State
from holdfast.model.run import Alert, RunState
from holdfast.model.tenancy import Permission, Token
from tests.loop.shop import ENVIRONMENT, ORG, T0, Shop, make_exposure, open_shop


@pytest.fixture
def shop(store_url: str) -> Iterator[Shop]:
    """A shop on every engine, with an exposure that nobody answered yet."""
    with open_shop(url=store_url) as opened:
        with opened.write() as tx:
            tx.exposures.save([make_exposure()])
        yield opened


def alert(number: int = 1, **fields: Any) -> Alert:
    """Return a firing alert about the exposure."""
    return replace(Alert(f"a{number}", "siem", True, T0, "exp_000001"), **fields)


def send(shop: Shop, *alerts: Alert, token: Token | None = None) -> AlertOutcome:
    """Take a batch."""
    with shop.write() as tx:
        return take_alerts(Turn(tx, shop.clock.now(), shop.ids, token), alerts)


def count(shop: Shop, exposure: str = "exp_000001") -> int:
    """Count what is kept."""
    with shop.store.read(ORG) as tx:
        return list_signals(tx, exposure, None, 10)[0]


def test_alert_asks_for_a_response_and_the_engine_acts(shop: Shop) -> None:
    outcome = send(shop, alert())
    assert (outcome.new, outcome.matched, len(outcome.runs)) == (1, 1, 1)
    shop.engine().step(ORG)
    assert (shop.run(outcome.runs[0]).state, shop.served()) == (RunState.EFFECTIVE, "off")


def test_ten_thousand_alerts_are_one_run_and_nothing_is_lost(shop: Shop) -> None:
    """Ten batches of a thousand within a minute."""
    runs: list[str] = []
    before = len(shop.kinds())
    for batch in range(10):
        shop.clock.tick(5)
        runs += send(shop, *(alert(batch * 1000 + number) for number in range(1000))).runs
    assert len(runs) == 1
    assert count(shop) == 10_000
    added = shop.kinds()[before:]
    assert added.count("alerts.received") == 10
    assert len(added) == 11  # and what was planned


def test_batches_taken_together_are_answered_each_for_itself(shop: Shop) -> None:
    """The first sender's alert begins the run and is new; what came before is nobody's news."""
    tokens = [
        Token(ORG, f"tok_{number}", "tool", "0" * 64, frozenset({Permission.FACTS_WRITE}), T0, None)
        for number in range(2)
    ]
    sent = [[alert(1)], [alert(1), alert(2)], [alert(3, exposure="exp_none")], []]
    before = len(shop.kinds())
    with shop.write() as tx:
        turns = [Turn(tx, shop.clock.now(), shop.ids, tokens[number % 2]) for number in range(4)]
        told = take_together(list(zip(turns, sent, strict=True)))
    assert [(one.received, one.new, one.matched, len(one.runs)) for one in told] == [
        (1, 1, 1, 1),
        (2, 1, 2, 0),
        (1, 1, 0, 0),
        (0, 0, 0, 0),
    ]
    assert told[2].unmatched == ("alert/siem/a3",)
    assert (count(shop), count(shop, UNMATCHED)) == (2, 1)
    assert shop.kinds()[before:].count("alerts.received") == 2  # one a sender


def test_batches_taken_together_are_kept_or_refused_as_one(shop: Shop) -> None:
    reader = Token(ORG, "tok_1", "reader", "0" * 64, frozenset({Permission.READ}), T0, None)
    with shop.write() as tx, pytest.raises(ForbiddenError, match="facts:write"):
        take_together(
            [
                (Turn(tx, shop.clock.now(), shop.ids), [alert(1)]),
                (Turn(tx, shop.clock.now(), shop.ids, reader), [alert(2)]),
            ]
        )
    assert count(shop) == 0


def test_same_alert_twice_is_one(shop: Shop) -> None:
    assert send(shop, alert(), alert()).new == 1
    again = send(shop, alert(), alert(2))
    assert (again.received, again.new, again.runs) == (2, 1, ())
    assert count(shop) == 2


def test_alert_seen_before_begins_nothing_and_journals_nothing(shop: Shop) -> None:
    send(shop, alert())
    before = shop.kinds()
    assert send(shop, alert()).new == 0
    assert shop.kinds() == before


def test_recovery_neither_acts_nor_lifts(shop: Shop) -> None:
    assert send(shop, alert(1, firing=False)).runs == ()
    (run,) = send(shop, alert(2)).runs
    shop.engine().step(ORG)
    send(shop, alert(2, firing=False))
    shop.engine().step(ORG)
    assert (shop.run(run).state, shop.served(), count(shop)) == (RunState.EFFECTIVE, "off", 3)


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"service": "shop", "environment": ENVIRONMENT, "advisory": "EX-1"}, True),
        ({"service": "shop", "environment": ENVIRONMENT, "advisory": "clu_1"}, True),
        ({"service": "shop", "environment": ENVIRONMENT}, True),
        ({"service": "shop", "environment": ENVIRONMENT, "advisory": "EX-9"}, False),
        ({"service": "shop", "environment": "staging", "advisory": "EX-1"}, False),
        ({"service": "nobody", "environment": ENVIRONMENT, "advisory": "EX-1"}, False),
        ({"service": "shop"}, False),
        ({}, False),
        ({"exposure": "exp_none"}, False),
    ],
)
def test_alert_names_its_exposure_by_id_or_by_place(shop: Shop, fields: dict[str, Any], fits: bool) -> None:
    outcome = send(shop, replace(alert(exposure=None), **fields))
    assert (outcome.matched, len(outcome.unmatched)) == ((1, 0) if fits else (0, 1))
    assert count(shop, "exp_000001" if fits else UNMATCHED) == 1


def test_alert_that_could_mean_two_exposures_is_not_guessed(shop: Shop) -> None:
    with shop.write() as tx:
        tx.exposures.save([make_exposure(2)])
    outcome = send(shop, alert(exposure=None, service="shop", environment=ENVIRONMENT))
    assert (outcome.matched, outcome.runs) == (0, ())


def test_unmatched_alert_is_kept_with_all_it_said(shop: Shop) -> None:
    send(shop, alert(exposure="exp_none", detail="odd", labels=(("a", "b"),)))
    with shop.store.read(ORG) as tx:
        _, (kept,) = list_signals(tx, UNMATCHED, None, 10)
    said = json.loads(kept.body)
    assert (kept.outcome, said["exposure"], said["detail"], said["labels"]) == (
        UNMATCHED,
        "exp_none",
        "odd",
        {"a": "b"},
    )


def test_ended_exposure_is_not_answered(shop: Shop) -> None:
    with shop.write() as tx:
        tx.exposures.save([replace(make_exposure(), state=State.RESOLVED, ending=Ending.FIXED)])
    assert send(shop, alert()).runs == ()
    assert count(shop) == 1


def test_signals_are_paged_and_counted(shop: Shop) -> None:
    send(shop, *(alert(number) for number in range(10, 15)))
    with shop.store.read(ORG) as tx:
        total, page = list_signals(tx, "exp_000001", None, 2)
        assert (total, [one.id for one in page]) == (5, ["alert/siem/a14", "alert/siem/a13"])
        assert [one.id for one in list_signals(tx, "exp_000001", page[-1].id, 9)[1]] == [
            "alert/siem/a12",
            "alert/siem/a11",
            "alert/siem/a10",
        ]
        with pytest.raises(NotFoundError):
            list_signals(tx, "exp_none", None, 2)


def test_too_many_at_once_are_refused(shop: Shop) -> None:
    with pytest.raises(UsageError, match="1001 alerts at once"):
        send(shop, *(alert(number) for number in range(1001)))


def test_token_that_may_not_tell_facts_is_refused(shop: Shop) -> None:
    token = Token(ORG, "tok_1", "reader", "0" * 64, frozenset({Permission.READ}), T0, None)
    with pytest.raises(ForbiddenError, match="facts:write"):
        send(shop, alert(), token=token)
    assert count(shop) == 0


def test_alert_is_no_way_to_say_a_persons_word(shop: Shop) -> None:
    """An id made to look like somebody's approval stays an alert's."""
    send(shop, alert(id="key/1", source="approve"))
    with shop.store.read(ORG) as tx:
        (kept,) = tx.signals.of_exposure("exp_000001")
    assert (kept.id, kept.kind) == ("alert/approve/key/1", "alert")
