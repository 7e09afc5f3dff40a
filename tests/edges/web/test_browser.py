"""The pages in a real Chromium: live, by keyboard, in both themes, at both widths."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from holdfast.loop.deployment_intake import record_deployment
from holdfast.loop.requests import DeploymentRequest
from tests.edges.web.estate import ORG, Estate, advisory, sbom
from tests.edges.web.serving import Served, serve, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PAGES = ("/", "/map", "/exposures", "/exposures/exp_000009", "/figures?by=service", "/exposures/none")
LABELS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary, svg[role=img]')]
  .filter(one => {
    const named = one.getAttribute('aria-label') || one.textContent.trim() || one.getAttribute('title')
      || (one.labels && [...one.labels].some(label => label.textContent.trim()));
    return !named;
  }).map(one => one.outerHTML.slice(0, 200))"""
DOUBLE_IDS = """() => { const ids = [...document.querySelectorAll('[id]')].map(one => one.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at) }"""
HEADINGS = "() => document.querySelectorAll('h1').length"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
GROUND = "() => getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def served(fresh_estate: Callable[[], Estate]) -> Iterator[Served]:
    """The estate in the middle of its incident, behind a real server."""
    estate = fresh_estate()
    with serve(estate) as running:
        yield running
    estate.store.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile on a wide screen."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    """A page that is signed in; what its console says is kept in `complaints`."""
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.complaints = complaints  # type: ignore[attr-defined] # a test's own note on the page
    sign_in(opened, served)
    return opened


def complaints(page: Page) -> list[str]:
    """Return what the console complained about."""
    found: list[str] = page.complaints  # type: ignore[attr-defined] # see the fixture
    return found


def live(page: Page) -> None:
    """Wait until the page follows the journal."""
    expect(page.locator("#live-state")).to_have_attribute("data-state", "live")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_fit_and_say_nothing_on_the_console(page: Page, served: Served, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in PAGES:
        page.goto(served.url + path)
        assert page.evaluate(OVERFLOW) <= 0, path
        assert page.evaluate(LABELS) == [], path
        assert page.evaluate(DOUBLE_IDS) == [], path
        assert page.evaluate(HEADINGS) == 1, path
        dark = page.evaluate(GROUND) == "rgb(13, 17, 23)"
        assert dark == (scheme == "dark"), path
    said = [words for words in complaints(page) if "404" not in words]
    assert said == []


def test_live_update_arrives_without_a_reload(page: Page, served: Served) -> None:
    live(page)
    page.evaluate("window.kept = true")
    served.estate.clock.tick(30)
    served.estate.push(advisory("HF-2026-0200", "jinja2", "9.0", summary="Another one"))
    served.tell()
    expect(page.get_by_text("and 3 more")).to_be_visible()
    assert page.evaluate("window.kept") is True


def test_live_update_keeps_focus_scroll_and_open_details(page: Page, served: Served) -> None:
    live(page)
    page.get_by_text("Show what would change").click()
    expect(page.get_by_text("Nothing was changed to tell you this.")).to_be_visible()
    link = page.locator("#queue ~ .body a").first
    link.focus()
    before = page.evaluate("[scrollY, document.activeElement.href]")
    served.estate.clock.tick(5)
    served.estate.release("catalog", "8.9.0", sbom(("flask", "3.0.3")))
    entries = page.locator("text=/\\d+ journal entries/").first.inner_text()
    served.tell()
    expect(page.locator("text=/\\d+ journal entries/").first).not_to_have_text(entries)
    assert page.evaluate("[scrollY, document.activeElement.href]") == before
    expect(page.get_by_text("Nothing was changed to tell you this.")).to_be_visible()


def test_approval_turns_into_mitigated_when_it_is_read_back(page: Page, served: Served) -> None:
    live(page)
    page.get_by_role("button", name="Turn orders.receipts off").click()
    expect(page.get_by_text("Approved; it begins in a moment.")).to_be_visible()
    expect(page.locator("#answer .word")).to_have_text("Exposed.")
    live(page)
    served.estate.clock.tick(2)
    served.estate.engine().step(ORG)
    served.tell()
    expect(page.locator("#answer .word")).to_have_text("Mitigated.")


def test_running_clock_ticks(page: Page) -> None:
    clock = page.locator("[role=timer]").first
    first = clock.inner_text()
    assert re.fullmatch(r"00:0[23]:\d\d", first)
    expect(clock).not_to_have_text(first)
    expect(page.locator("#answer time")).to_contain_text("3 min")


def test_page_is_right_without_scripts(browser: Browser, served: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/login?code={served.estate.code()}")
    page.goto(served.url)
    expect(page.locator("[role=timer]").first).to_have_text("00:02:31")
    expect(page.locator("#live-state")).to_contain_text("as of 14:05:12")
    page.get_by_role("button", name="Turn orders.receipts off").click()
    expect(page.get_by_text("Approved; it begins in a moment.")).to_be_visible()
    context.close()


def test_keyboard_reaches_everything(page: Page, served: Served) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Find a service, package or CVE")).to_be_focused()
    page.keyboard.type("acme")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{served.url}/exposures?text=acme")
    link = page.locator("#live table a").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("one => one === document.activeElement"):
            break
    expect(link).to_be_focused()
    assert link.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#answer .word")).to_have_text("Exposed.")


def test_timeline_is_drawn_wide_and_listed_narrow(page: Page, served: Served) -> None:
    expect(page.locator("svg.lanes")).to_be_visible()
    expect(page.locator("ol.steps")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("svg.lanes")).to_be_hidden()
    expect(page.locator("ol.steps li").first).to_contain_text("was published")


def test_past_stands_still(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/map?as_of=2026-03-05T12:00:00")
    live(page)
    before = page.locator("#live").inner_text()
    served.estate.release("mailer", "1.2.0", sbom(("aiosmtplib", "3.0.1")))
    served.estate.turn(record_deployment, DeploymentRequest("production-eu", "mailer", version="1.2.0"))
    served.tell()
    page.wait_for_timeout(1500)
    assert page.locator("#live").inner_text() == before


def test_lost_connection_is_said(page: Page, served: Served) -> None:
    live(page)
    page.context.set_offline(True)
    served.api.changes.close()
    expect(page.locator("#live-state")).to_have_attribute("data-state", "lost")
    expect(page.locator("#live-state")).to_have_text("not live")


@pytest.mark.parametrize("late", ["hx-sse.min", "holdfast.js"])
def test_page_goes_live_when_a_script_comes_late(page: Page, served: Served, late: str) -> None:
    held: list[Route] = []
    page.route(f"**/*{late}*", lambda route: held.append(route))  # noqa: PLW0108 - the driver writes on what it is given
    page.goto(f"{served.url}/map", wait_until="commit")
    wait_until(lambda: bool(page.evaluate("'htmx' in window") and held), "the other scripts")
    page.evaluate("() => new Promise(done => setTimeout(done, 200))")
    assert len(held) == 1
    held[0].continue_()
    live(page)


def test_page_that_could_not_connect_says_so_and_tries_again(page: Page, served: Served) -> None:
    page.route("**/events*", lambda route: route.abort())
    page.goto(f"{served.url}/map")
    expect(page.locator("#live-state")).to_have_text("not live")
    page.unroute("**/events*")
    live(page)


def test_motion_is_reduced_where_asked(page: Page, served: Served) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(served.url)
    assert page.locator("button").first.evaluate("one => getComputedStyle(one).transitionDuration") == "0s"
