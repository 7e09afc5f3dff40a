"""The pages behind a real server and in a real browser."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from litestar import Litestar, Router
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from holdfast.edges.api.app import create_app
from holdfast.edges.api.deps import ApiDependencies
from holdfast.edges.web.router import WebDependencies, web_router
from tests.edges.web.estate import Estate

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VENDORED = Path(__file__).parents[3] / "src/holdfast/edges/web/static/vendor/htmx.min.js"


def make_pages(estate: Estate, on_change: Callable[[str], None], **more: object) -> Router:
    """Return the pages of an estate."""
    return web_router(WebDependencies(estate.store, estate.clock, estate.ids, on_change=on_change, **more))  # type: ignore[arg-type] # each is checked where it is named


def make_app(estate: Estate) -> tuple[Litestar, ApiDependencies]:
    """Return the API with the pages beside it."""
    api = ApiDependencies(estate.store, estate.clock, estate.ids, b"k" * 32)
    return create_app(api, [make_pages(estate, api.changes.notify)]), api


@dataclass
class Served:
    """A running server."""

    estate: Estate
    url: str
    api: ApiDependencies

    def tell(self) -> None:
        """Say that the store changed, as whoever writes does."""
        self.api.changes.notify("acme")


@contextmanager
def serve(estate: Estate) -> Iterator[Served]:
    """Serve an estate on a free port of loopback."""
    app, api = make_app(estate)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="on", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Served(estate, f"http://127.0.0.1:{listener.getsockname()[1]}", api)
        finally:
            api.changes.close()
            server.should_exit = True
            thread.join(timeout=10)


def require_browser() -> None:
    """Skip with the reason where there is no browser; in CI that is a failure."""
    missing = [
        what for what, there in ((CHROMIUM, shutil.which(CHROMIUM)), (VENDORED, VENDORED.is_file())) if not there
    ]
    if missing:
        because = f"not there: {', '.join(map(str, missing))}; apt-get install chromium, make setup"
        if os.environ.get("CI"):
            pytest.fail(because)
        pytest.skip(because)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            yield browser
        finally:
            browser.close()


def launch(playwright: Playwright) -> Browser:
    """Start Chromium as these tests use it."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


def sign_in(page: Page, served: Served) -> None:
    """Open the one-time link, and wait for the first page."""
    page.goto(f"{served.url}/login?code={served.estate.code()}")
    page.wait_for_selector("#answer")
