"""Who may consent, and the signed link that asks."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from holdfast.errors import ForbiddenError, UsageError
from holdfast.loop.approvals import LINK_LIFE, ask_people, check_link, make_link, require_person, set_public_url
from holdfast.loop.turn import Turn
from holdfast.model.run import Run
from holdfast.model.tenancy import Permission, Token
from tests.loop.shop import ORG, T0, Shop, make_exposure, make_plan, open_shop

PERSON = Token(ORG, "tok_1", "laptop", "0" * 64, frozenset({Permission.MITIGATE}), T0, None, person="per_1")


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(make_plan("approve-1")) as opened:
        yield opened


def parts(link: str) -> tuple[str, str, str]:
    """Return (run, exp, sig) of a link."""
    asked = parse_qs(urlsplit(link).query)
    return asked["run"][0], asked["exp"][0], asked["sig"][0]


def link_of(shop: Shop, run: Run) -> tuple[str, str]:
    with shop.write() as tx:
        _, expires_s, sign = parts(make_link(tx, run, T0))
    return expires_s, sign


def test_person_is_who_all_their_tokens_are(shop: Shop) -> None:
    with shop.write() as tx:
        for name in ("tok_1", "tok_2"):
            assert require_person(Turn(tx, T0, shop.ids, replace(PERSON, id=name))) == "per_1"


@pytest.mark.parametrize("token", [None, replace(PERSON, person=None)])
def test_machine_is_no_person(shop: Shop, token: Token | None) -> None:
    with shop.write() as tx, pytest.raises(ForbiddenError, match="only people approve"):
        require_person(Turn(tx, T0, shop.ids, token))


def test_link_is_good_until_it_ends(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    expires_s, sign = link_of(shop, run)
    with shop.store.read(ORG) as tx:
        assert check_link(tx, run, expires_s, sign, T0) == T0 + LINK_LIFE
        assert check_link(tx, run, expires_s, sign, T0 + LINK_LIFE - timedelta(seconds=1))
        with pytest.raises(ForbiddenError, match="ended at 2026-05-02T12:00:00Z"):
            check_link(tx, run, expires_s, sign, T0 + LINK_LIFE)


@pytest.mark.parametrize(
    ("expires_s", "sign"),
    [
        ("9999999999", None),
        ("x", None),
        ("", None),
        ("1" * 40, None),
        ("²", None),
        (None, ""),
        (None, "0" * 64),
        (None, "é\udc80"),
    ],
)
def test_changed_link_is_refused(shop: Shop, expires_s: str | None, sign: str | None) -> None:
    (run,) = shop.expose(make_exposure())
    known = link_of(shop, run)
    with shop.store.read(ORG) as tx, pytest.raises(ForbiddenError, match="was changed"):
        check_link(tx, run, known[0] if expires_s is None else expires_s, known[1] if sign is None else sign, T0)


def test_link_is_for_its_run_and_its_plan_alone(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    expires_s, sign = link_of(shop, run)
    with shop.store.read(ORG) as tx:
        for other in (replace(run, id="run_other"), replace(run, plan_digest="another")):
            with pytest.raises(ForbiddenError, match="was changed"):
                check_link(tx, other, expires_s, sign, T0)


def test_no_link_is_good_before_the_first_was_made(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        tx.settings.set("approvals.key", None)
        with pytest.raises(ForbiddenError, match="was changed"):
            check_link(tx, run, "9999999999", "", T0)


def test_waiting_run_sends_a_message_with_a_link(shop: Shop) -> None:
    with shop.write() as tx:
        set_public_url(tx, "https://holdfast.example/")
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        (message,) = tx.outbox.due(T0)
        body = json.loads(message.body)
        assert (message.to, body["kind"], body["run"]) == ("*", "approval", run.id)
        assert body["link"].startswith("https://holdfast.example/approve?run=")
        name, expires_s, sign = parts(body["link"])
        assert name == run.id
        assert check_link(tx, run, expires_s, sign, T0)


def test_without_an_address_the_link_is_a_path(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        assert make_link(tx, run, T0).startswith("/approve?")


def test_address_that_is_none_is_refused(shop: Shop) -> None:
    with shop.write() as tx, pytest.raises(UsageError, match="expected an address"):
        set_public_url(tx, "javascript:alert(1)")


def test_many_runs_that_ask_send_one_message(shop: Shop) -> None:
    (run,) = shop.expose(make_exposure())
    with shop.write() as tx:
        before = {one.id for one in tx.outbox.due(T0)}
        ask_people(tx, [replace(run, id=f"run_{number:03}") for number in range(500)], T0)
        new = [one for one in tx.outbox.due(T0) if one.id not in before]
    assert [json.loads(one.body)["title"] for one in new] == ["500 runs wait for approval"]


def test_automatic_run_asks_nobody() -> None:
    with open_shop() as shop:
        shop.expose(make_exposure())
        with shop.store.read(ORG) as tx:
            assert list(tx.outbox.due(T0)) == []


def test_journal_names_no_person(shop: Shop) -> None:
    with shop.write() as tx:
        set_public_url(tx, "https://holdfast.example")
    assert "address.changed" in shop.kinds()
