"""The page of adoption: modes, what comes next, and what blocking would hold."""

import re

import pytest
from playwright.sync_api import Browser, expect

from holdfast.model.tenancy import Permission
from tests.edges.web.adoption_estate import with_adoption
from tests.edges.web.builds_estate import with_gate
from tests.edges.web.conftest import Visitor
from tests.edges.web.estate import HOSTILE, Estate
from tests.edges.web.serving import serve, sign_in
from tests.edges.web.test_browser import DOUBLE_IDS, HEADINGS, LABELS, OVERFLOW
from tests.edges.web.test_pages_runs import words_of


def test_each_group_says_its_mode_what_comes_next_and_what_blocking_would_hold(visitor: Visitor) -> None:
    builds = with_adoption(visitor.estate)
    page = visitor.get("/adoption")
    told = words_of(page)
    assert "2 of 4 groups block. If all did, 4 more builds of the last 30 days would have been held." in told
    assert re.search(r"payments 3 services . observe . warn \d\d \w{3} \d{4} , in 6 d", told), told
    assert re.search(r"storefront 3 services . warn . block .{0,40} would have held 2 of 5 builds", told)
    assert re.search(r"platform 3 services . block it blocks 5 2", told)
    assert "payments: what blocking would hold" in told
    assert "platform: what blocking would hold" not in told
    assert f'href="/builds/{builds["payments-0"]}"' in page
    assert "in no group" in told


def test_where_every_group_blocks_the_page_says_what_was_held(visitor: Visitor) -> None:
    with_gate(visitor.estate)  # whose org says nothing of modes: no group may observe
    with_adoption(visitor.estate)
    told = words_of(visitor.get("/adoption"))
    assert re.search(r"4 of 4 groups block. \d+ builds of the last 30 days were held.", told), told


def test_without_anything_the_page_says_how_to_begin(newcomer: Visitor) -> None:
    assert "holdfast adopt ~/src --server URL" in words_of(newcomer.get("/adoption"))


def test_the_page_is_for_who_may_read_and_carries_nothing_inline(visitor: Visitor) -> None:
    with_adoption(visitor.estate)
    page = visitor.get("/adoption")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert HOSTILE not in page
    visitor.become(Permission.BUILDS_WRITE)
    visitor.get("/adoption", 403)


@pytest.mark.browser
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_page_holds_in_a_browser_at_both_widths(browser: Browser, width: int, theme: str) -> None:
    estate = Estate()
    with_adoption(estate)
    with serve(estate) as served:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
        )
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        sign_in(page, served)
        page.goto(f"{served.url}/adoption")
        expect(page.get_by_role("heading", name="Adoption")).to_be_visible()
        expect(page.get_by_role("row", name=re.compile("payments 3 services"))).to_contain_text("observe")
        assert page.evaluate(LABELS) == []
        assert page.evaluate(DOUBLE_IDS) == []
        assert page.evaluate(HEADINGS) == 1
        assert page.evaluate(OVERFLOW) == 0
        page.get_by_role("link", name="adoption", exact=True).focus()
        assert page.evaluate("() => document.activeElement.textContent") == "adoption"
        assert complaints == []
        context.close()
    estate.store.close()
