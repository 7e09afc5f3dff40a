"""Estates and visitors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient
from playwright.sync_api import Browser, expect

from holdfast.loop.tokens import SESSION_COOKIE, redeem_login_code
from holdfast.model.tenancy import Permission
from tests.edges.web.estate import Estate, full_estate
from tests.edges.web.serving import chromium, make_pages, require_browser

OURS = {"Origin": "http://holdfast.test", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium for all tests: one process of tests can drive but one at a time."""
    require_browser()
    expect.set_options(timeout=30_000)  # a busy machine is late, not wrong
    with chromium() as started:
        yield started


@dataclass
class Visitor:
    """A browser with a session, without a browser."""

    estate: Estate
    client: TestClient[Litestar]
    told: list[str]

    def get(self, path: str, status: int = 200) -> str:
        """Return a page's text, after a check of its status."""
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Response:
        """Send a form, by default from a page of ours."""
        sent: Any = fields or {}
        answer: Response = self.client.post(
            path, data=sent, headers=OURS if headers is None else headers, follow_redirects=False
        )
        return answer

    def become(self, *permissions: Permission) -> None:
        """Take the session of a new token."""
        code = self.estate.code(self.estate.token(*permissions))
        _, cookie = redeem_login_code(self.estate.store, code, self.estate.clock.now())
        self.client.cookies.set(SESSION_COOKIE, cookie)


def visit(estate: Estate, **more: object) -> Iterator[Visitor]:
    """Give a visitor of an estate, as its administrator."""
    told: list[str] = []
    app = Litestar([make_pages(estate, told.append, **more)], openapi_config=None, logging_config=None)
    with TestClient(app, base_url="http://holdfast.test") as client:
        visitor = Visitor(estate, client, told)
        visitor.become(Permission.ADMIN)
        yield visitor
    estate.store.close()


@pytest.fixture(scope="session")
def fresh_estate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Estate]:
    """Give an estate in the middle of its incident, as often as asked for."""
    folder = tmp_path_factory.mktemp("estate")
    source = folder / "full.db"
    full = full_estate(source)
    full.store.close()
    numbers = iter(range(10_000))
    return lambda: full.copy(source, Path(folder / f"{next(numbers)}.db"))


@pytest.fixture
def visitor(fresh_estate: Callable[[], Estate]) -> Iterator[Visitor]:
    """A visitor of the estate in the middle of its incident."""
    yield from visit(fresh_estate())


@pytest.fixture
def newcomer() -> Iterator[Visitor]:
    """A visitor of an installation that knows nothing yet."""
    yield from visit(Estate())
