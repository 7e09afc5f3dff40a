"""The gate's pages in a real Chromium: in both themes, at both widths, and without scripts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.edges.web.builds_estate import many_builds, with_gate
from tests.edges.web.estate import Estate
from tests.edges.web.serving import Served, serve, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Opened:
    """A served estate with a gate, and the ids of what there is."""

    served: Served
    ids: dict[str, str]

    def paths(self) -> list[str]:
        """Return the addresses of the gate's pages."""
        builds = [f"/builds/{self.ids[name]}" for name in ("passed", "held", "let_go")]
        return ["/builds", "/builds?by=team&verdict=held", *builds, "/policies", "/policies/org", "/waivers"]


@pytest.fixture(scope="module")
def gated(
    fresh_estate: Callable[[], Estate], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Callable[[], Estate], dict[str, str]]:
    """Give an estate with ten thousand builds, made once and copied as often as asked for, and its ids."""
    folder, full = tmp_path_factory.mktemp("gated"), fresh_estate()
    ids = with_gate(full)
    many_builds(full, 10_000)
    full.store.close()
    source, numbers = full.path, iter(range(10_000))
    assert source is not None
    return lambda: full.copy(source, folder / f"{next(numbers)}.db"), ids


@pytest.fixture
def opened(gated: tuple[Callable[[], Estate], dict[str, str]]) -> Iterator[Opened]:
    """An estate with ten thousand builds, behind a real server."""
    make, ids = gated
    estate = make()
    with serve(estate) as running:
        yield Opened(running, ids)
    estate.store.close()


def signed_in(context: BrowserContext, served: Served) -> tuple[Page, list[str]]:
    """Return a page, and what its console will complain of."""
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, served)
    return page, complaints


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_fit_and_say_nothing_on_the_console(browser: Browser, opened: Opened, width: int, scheme: str) -> None:
    options = {"light": "light", "dark": "dark"}
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=options[scheme])  # type: ignore[arg-type] # one of the two words it takes
    page, complaints = signed_in(context, opened.served)
    for path in opened.paths():
        page.goto(opened.served.url + path)
        assert page.evaluate(OVERFLOW) <= 0, path
        assert page.locator("h1").count() == 1, path
    assert complaints == []
    context.close()


def test_held_build_is_let_go_without_scripts(browser: Browser, opened: Opened) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{opened.served.url}/login?code={opened.served.estate.code()}")
    page.goto(f"{opened.served.url}/builds/{opened.ids['held']}")
    page.get_by_role("button", name="Let it go").click()  # the browser asks for the reason
    expect(page.get_by_role("heading", level=1)).to_contain_text("Blocked.")
    page.get_by_label("Why it is let go").fill("the shop is down")
    page.get_by_role("button", name="Let it go").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Let go.")
    expect(page.locator("#answer").locator("..")).to_contain_text("the shop is down")
    context.close()


def test_waiver_is_approved_and_policies_are_compared_by_hand(browser: Browser, opened: Opened) -> None:
    context = browser.new_context()
    page, complaints = signed_in(context, opened.served)
    page.goto(f"{opened.served.url}/waivers")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(f"#w-{opened.ids['asked']}")).to_contain_text("in force")
    page.goto(f"{opened.served.url}/policies")
    page.get_by_role("link", name="the whole org").click()
    page.get_by_role("link", name="compare").click()
    expect(page.get_by_role("heading", name="What changed from version 1")).to_be_visible()
    assert complaints == []
    context.close()
