"""The official SDKs of Node and the browser, unmodified, on flags that are killed and come back."""

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.e2e.answering import Quiet, serving
from tests.e2e.relaying import SDKS, Application, application, relay, sdks_or_skip
from tests.flag_stand import ENVIRONMENT, ORG, FlagStand, open_stand, serve_app, wait_for

KINDS = {"boolean": (True, False), "string": ("new", "old"), "number": (7.5, 0), "object": ({"a": [1]}, {})}


@pytest.fixture(scope="module")
def sdks() -> Path:
    """Where the SDKs are."""
    return sdks_or_skip()


@pytest.fixture
def stand() -> Iterator[FlagStand]:
    with open_stand() as opened:
        for kind, (value, _) in KINDS.items():
            text = {"state": "ENABLED", "variants": {"v": value}, "defaultVariant": "v"}
            opened.define(f"kind.{kind}", json.dumps(text))
        rule = {"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]}
        text = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": rule}
        opened.define("beta", json.dumps(text))
        yield opened


@pytest.fixture(params=["ofrep", "flagd"])
def node(request: pytest.FixtureRequest, stand: FlagStand, sdks: Path, tmp_path: Path) -> Iterator[Application]:
    """An application on Node: over OFREP to the server, or in-process through a relay, as no header can be sent."""
    with serve_app(stand.ofrep()) as url:
        command = ["node", str(SDKS / "server.mjs"), str(sdks), request.param]
        if request.param == "ofrep":
            with application(*command, url, "reader") as started:
                yield started
        else:
            with relay(url, "reader", tmp_path / "flags") as near:
                wait_for((tmp_path / "flags").exists)
                with application(*command, str(near.flagd_port)) as started:
                    yield started


def ask(node: Application, flag: str, fallback: Any, kind: str = "boolean", **context: str) -> dict[str, Any]:
    """Return what the SDK says of a flag."""
    return node.ask(json.dumps({"flag": flag, "kind": kind, "fallback": fallback, "context": context}))


def test_node_reads_every_kind(node: Application) -> None:
    for kind, (value, fallback) in KINDS.items():
        assert ask(node, f"kind.{kind}", fallback, kind)["value"] == value


def test_node_sees_a_kill_and_its_end(stand: FlagStand, node: Application) -> None:
    """Killed twice, lifted once: off still. Lifted again: on."""
    assert ask(node, "tax", False)["value"] is True
    stand.hold("ovl_1")
    assert wait_for(lambda: ask(node, "tax", True)["value"] is False)
    stand.hold("ovl_2")
    stand.lift("ovl_1")
    assert ask(node, "tax", True)["value"] is False
    stand.lift("ovl_2")
    assert wait_for(lambda: ask(node, "tax", False)["value"] is True)


def test_node_hands_its_context_to_the_rules(node: Application) -> None:
    assert ask(node, "beta", False, plan="gold")["value"] is True
    assert ask(node, "beta", True, plan="tin")["value"] is False


def test_node_keeps_its_default_for_an_unknown_flag(node: Application) -> None:
    details = ask(node, "nope", True)
    assert (details["value"], details["errorCode"]) == (True, "FLAG_NOT_FOUND")


def test_node_hands_the_revision_to_hooks(stand: FlagStand, node: Application) -> None:
    metadata = ask(node, "tax", False)["flagMetadata"]
    assert (metadata["flagSetId"], metadata["revision"]) == (ENVIRONMENT, stand.revision)


class Site(Quiet, SimpleHTTPRequestHandler):
    """Serves a folder as a site of its own."""


@pytest.fixture
def page(stand: FlagStand, sdks: Path, tmp_path: Path) -> Iterator[Page]:
    """A page of another site, in a real Chromium, with the official web provider."""
    bundle = [str(sdks / "node_modules/.bin/esbuild"), str(SDKS / "web.js"), "--bundle", "--format=iife"]
    made = subprocess.run(
        [*bundle, f"--outfile={tmp_path / 'web.js'}", "--log-level=error"],
        env={"NODE_PATH": str(sdks / "node_modules"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "index.html").write_text('<!doctype html><meta charset="utf-8"><script src="web.js"></script>')
    site = partial(Site, directory=str(tmp_path))
    with serve_app(stand.ofrep(heartbeat_s=1)) as url, serving(site) as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        opened = browser.new_page()
        opened.goto(f"{origin}/index.html?flags={url}&token=reader&plan=gold")
        assert opened.evaluate("window.ready") is True
        yield opened
        browser.close()


@pytest.mark.browser
def test_browser_is_told_of_a_kill_and_its_end_by_its_stream(stand: FlagStand, page: Page) -> None:
    assert page.evaluate("window.ask('tax', false).value") is True
    assert wait_for(lambda: any(one.connected for one in stand.book.list((ORG, ENVIRONMENT))))
    stand.hold()
    page.wait_for_function("window.ask('tax', true).value === false")
    stand.lift()
    page.wait_for_function("window.ask('tax', false).value === true")
    assert "changed" in page.evaluate("window.seen")


@pytest.mark.browser
def test_browser_is_known_as_one_and_holds_nothing_open(stand: FlagStand, page: Page) -> None:
    assert wait_for(lambda: any(one.connected for one in stand.book.list((ORG, ENVIRONMENT))))
    (client,) = stand.book.list((ORG, ENVIRONMENT))
    assert (client.kind, client.fetched) == ("browser", stand.revision)
    page.close()
    assert wait_for(lambda: not any(one.connected for one in stand.book.list((ORG, ENVIRONMENT))))


@pytest.mark.browser
def test_browser_reads_its_context_and_its_defaults(page: Page) -> None:
    assert page.evaluate("window.ask('beta', false).value") is True
    assert page.evaluate("window.ask('nope', true)")["errorCode"] == "FLAG_NOT_FOUND"
