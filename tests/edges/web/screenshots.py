"""Write pictures of all pages to `test-results/pages`: `python -m tests.edges.web.screenshots [NAME…]`."""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from holdfast.model.run import RunState
from tests.edges.web.adoption_estate import with_adoption
from tests.edges.web.estate import ORG, Estate, full_estate
from tests.edges.web.serving import Served, chromium, serve, sign_in

TARGET = Path(__file__).parents[3] / "test-results" / "pages"
WIDTHS = (1440, 390)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PATHS = {
    "now": "/",
    "map": "/map",
    "exposures": "/exposures",
    "exposure": "/exposures/exp_000009",
    "mitigated": "/exposures/exp_000010",
    "resolved": "/exposures/exp_000001",
    "runs": "/runs",
    "run": "/runs/RUN",
    "debt": "/debt",
    "adoption": "/adoption",
    "plans": "/plans",
    "flags": "/flags?environment=production-us",
    "flag": "/flags/production-us/orders.receipts",
    "figures": "/figures?by=service",
    "problem": "/exposures/nothing",
    "as_of": "/map?as_of=2026-03-05T12:00:00",
}


def take(browser: Browser, served: Served, paths: dict[str, str], *, signed_in: bool = True) -> None:
    """Take every page at every width in both themes."""
    for width in WIDTHS:
        for theme in THEMES:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
            page = context.new_page()
            if signed_in:
                sign_in(page, served)
            for name, path in paths.items():
                page.goto(served.url + path)
                page.wait_for_timeout(250)
                page.screenshot(path=TARGET / f"{name}-{width}-{theme}.png", full_page=True)
            context.close()


def main() -> None:
    """Write the pictures."""
    TARGET.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    paths = {name: path for name, path in PATHS.items() if not wanted or name in wanted}
    with chromium() as browser:
        if paths:
            estate = full_estate()
            with_adoption(estate)
            with estate.store.read(ORG) as tx:
                run = next(one.id for one in tx.runs.list() if one.state is RunState.EFFECTIVE)
            with serve(estate) as served:
                take(browser, served, {name: path.replace("RUN", run) for name, path in paths.items()})
        if not wanted or "empty" in wanted:
            with serve(Estate()) as served:
                take(browser, served, {"empty": "/", "empty_map": "/map", "empty_exposures": "/exposures"})
                take(browser, served, {"empty_figures": "/figures"})
                take(browser, served, {"sign_in": "/"}, signed_in=False)


if __name__ == "__main__":
    main()
