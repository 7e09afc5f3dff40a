"""The page behind a signed link: it shows, and changes nothing until a person says so."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from holdfast.loop.approvals import LINK_LIFE, make_link
from holdfast.loop.tokens import SESSION_COOKIE, issue_token, redeem_login_code
from holdfast.model.run import Run, RunState
from holdfast.model.tenancy import Permission
from tests.edges.web.conftest import Visitor
from tests.edges.web.estate import ORG
from tests.edges.web.test_deeds import waiting


def link_of(visitor: Visitor) -> str:
    """Return the path that a message carries."""
    run, now = waiting(visitor), visitor.estate.clock.now()
    with visitor.estate.store.write(ORG, now) as tx:
        return make_link(tx, run, now)


def fields_of(link: str) -> dict[str, str]:
    """Return what the form on the page sends."""
    return dict(parse_qsl(urlsplit(link).query))


def journal_head(visitor: Visitor) -> object:
    with visitor.estate.store.read(ORG) as tx:
        return tx.journal.head()


def test_page_shows_what_would_be_done_and_how_far_it_reaches(visitor: Visitor) -> None:
    page = visitor.get(link_of(visitor))
    assert "Approve it?" in page
    assert "orders.receipts in production-eu" in page
    assert "How far it reaches" in page
    assert "no drill of it was measured" in page
    assert "<button" in page


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_the_link_changes_nothing(visitor: Visitor, method: str) -> None:
    link, run, before = link_of(visitor), waiting(visitor), journal_head(visitor)
    for _ in range(3):
        assert visitor.client.request(method, link).status_code in {200, 405}
    visitor.client.cookies.delete(SESSION_COOKIE)
    visitor.client.request(method, link)
    assert (waiting(visitor), journal_head(visitor)) == (run, before)
    assert visitor.told == []


def test_form_approves_and_leads_to_the_run(visitor: Visitor) -> None:
    link = link_of(visitor)
    answer = visitor.post("/approve", fields_of(link) | {"back": f"/runs/{waiting(visitor).id}"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{waiting(visitor).id}")
    assert waiting(visitor).state is RunState.APPROVED
    assert visitor.told == [ORG]


def refused(visitor: Visitor, fields: dict[str, str], status: int, **more: dict[str, str]) -> str:
    """Send the form, and check that nothing came of it."""
    run: Run = waiting(visitor)
    answer = visitor.post("/approve", fields, **more)
    assert answer.status_code == status, answer.text
    assert waiting(visitor) == run
    return answer.text


def test_form_of_another_site_changes_nothing(visitor: Visitor) -> None:
    refused(visitor, fields_of(link_of(visitor)), 403, headers={"Origin": "http://evil.example"})
    refused(visitor, fields_of(link_of(visitor)), 403, headers={})


def test_changed_or_missing_signature_is_told_on_a_page(visitor: Visitor) -> None:
    link = link_of(visitor)
    assert "was changed" in visitor.get(link + "0", 403)
    assert "was changed" in refused(visitor, fields_of(link) | {"sig": "0" * 64}, 403)
    assert "was changed" in refused(visitor, fields_of(link) | {"exp": "99999999999"}, 403)
    refused(visitor, {}, 404)


def test_ended_link_is_told_on_a_page(visitor: Visitor) -> None:
    link = link_of(visitor)
    visitor.estate.clock.tick(LINK_LIFE.total_seconds())
    visitor.become(Permission.ADMIN)
    assert "this link ended at" in visitor.get(link, 403)
    assert "this link ended at" in refused(visitor, fields_of(link), 403)


def test_stranger_is_asked_to_sign_in(visitor: Visitor) -> None:
    link = link_of(visitor)
    visitor.client.cookies.delete(SESSION_COOKIE)
    refused(visitor, fields_of(link), 401)
    opening = visitor.client.get(link)
    assert (opening.status_code, opening.headers["refresh"].startswith("0; url=/approve?")) == (200, True)
    again = opening.headers["refresh"].removeprefix("0; url=")
    assert "Sign in" in visitor.get(again, 401)


def test_browser_that_left_its_session_at_home_is_sent_once_more(visitor: Visitor) -> None:
    link = link_of(visitor)
    cookie = visitor.client.cookies[SESSION_COOKIE]
    visitor.client.cookies.delete(SESSION_COOKIE)
    again = visitor.client.get(link).headers["refresh"].removeprefix("0; url=")
    visitor.client.cookies.set(SESSION_COOKIE, cookie)
    assert "Approve it?" in visitor.get(again)


def test_session_that_may_look_sees_no_button(visitor: Visitor) -> None:
    link = link_of(visitor)
    visitor.become(Permission.READ)
    page = visitor.get(link)
    assert "may look, and not act" in page
    refused(visitor, fields_of(link), 403)


def test_session_of_a_machine_does_not_approve(visitor: Visitor) -> None:
    link, estate = link_of(visitor), visitor.estate
    token, _ = issue_token(estate.store, ORG, "ci", [Permission.ADMIN], now=estate.clock.now(), ids=estate.ids)
    _, cookie = redeem_login_code(estate.store, estate.code(token), estate.clock.now())
    visitor.client.cookies.set(SESSION_COOKIE, cookie)
    assert "only people approve" in refused(visitor, fields_of(link), 403)


def test_what_was_approved_already_offers_no_button(visitor: Visitor) -> None:
    link = link_of(visitor)
    visitor.post("/approve", fields_of(link))
    page = visitor.get(link)
    assert "Nothing to approve." in page
    assert "you approved it already" in page
    assert 'action="/approve"' not in page
