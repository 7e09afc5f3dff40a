"""A run's clock waits for a live client of the flag: the official OFREP provider, cut off from the server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider

from holdfast.edges.providers.system import SystemClock
from holdfast.edges.stores import open_store
from holdfast.loop.flag_proofs import LIVE
from tests.e2e.serving import Server, application, serve, wait_until
from tests.e2e.test_killed import MANIFEST, ON_OFF, RECORD, composition

NOWHERE = "http://127.0.0.1:1"
FLAG = "shop.receipts"


@dataclass
class Struck:
    """A server, its data, the shop's own provider of flags, and the exposure that opened in the shop."""

    server: Server
    data: Path
    provider: OFREPProvider
    finding: str = ""

    def ask(self) -> bool:
        """Return what the application is given for its flag; its code default is the dangerous side."""
        return api.get_client("shop").get_boolean_value(FLAG, True)

    def strike(self) -> None:
        """Publish the advisory."""
        (self.finding,) = self.server.call("POST", "/advisories", RECORD)["exposures"]

    def seen(self) -> tuple[str, str, int]:
        """Return the states of the exposure and of its run, and how many are not proven."""
        detail = self.server.call("GET", f"/findings/{self.finding}")
        (run,) = detail["runs"]
        assert all(name.startswith("client shop-1@") for name in run["unproven"])
        return detail["finding"]["state"], run["state"], len(run["unproven"])


@pytest.fixture
def struck(tmp_path: Path) -> Iterator[Struck]:
    """The client is given `on` and cut off; the advisory is published; the plan's probe holds at once."""
    with application() as stub, serve(tmp_path / "data", "--feed", "none") as server:
        stub.state = {"renderer": "acme-pdf"}
        started = Struck(server, tmp_path / "data", prepare(server, stub.url))
        api.set_provider_and_wait(started.provider, "shop")
        assert started.ask() is True
        started.provider.base_url = NOWHERE
        stub.state = {"renderer": "plain"}
        started.strike()
        wait_until(lambda: started.seen() == ("open", "verifying", 1))
        assert server.call("GET", f"/flags/production/{FLAG}/overlays")["items"] != []
        assert started.ask() is True  # what it waits for: this application is not safe
        yield started


def prepare(server: Server, url: str) -> OFREPProvider:
    """Declare and rehearse the shop; returns a provider of its flags."""
    server.call("PUT", "/environments/production", {"tier": 1, "exposure": "internet"})
    server.call("PUT", f"/flags/production/{FLAG}", ON_OFF)
    body = {"service": "shop", "version": "1", "sbom": composition("pkg:pypi/acme-pdf@1.4.0")}
    server.call("POST", "/releases", body | {"manifest": MANIFEST.format(url=url)})
    server.call("POST", "/deployments", {"service": "shop", "version": "1", "environment": "production"})
    drill = server.call("POST", "/drills", {"service": "shop", "environment": "production", "level": "L1"})["id"]
    wait_until(lambda: server.call("GET", f"/drills/{drill}")["outcome"] == "passed")
    reader = {"name": "shop", "permissions": ["flags:read"], "environment": "production"}
    secret = server.call("POST", "/tokens", reader)["secret"]
    headers = {"Authorization": f"Bearer {secret}", "X-Holdfast-Client": "shop-1"}
    return OFREPProvider(server.url, headers_factory=lambda: headers)


def test_clock_stops_when_a_client_that_was_cut_off_is_back(struck: Struck) -> None:
    struck.provider.base_url = struck.server.url
    assert struck.ask() is False
    wait_until(lambda: struck.seen() == ("mitigated", "effective", 0))


def test_client_that_stays_away_holds_the_clock_for_its_window_alone(struck: Struck) -> None:
    """Instead of waiting, its last sign of life is moved back by the window."""
    store, now = open_store(struck.data / "holdfast.db"), SystemClock().now()
    with store.write("default", now) as tx:
        (client,) = [one for one in tx.flag_clients.list("production", now - LIVE) if one.id.startswith("shop-1@")]
        tx.flag_clients.save([replace(client, seen_at=now - LIVE - timedelta(seconds=1))])
    store.close()
    wait_until(lambda: struck.seen() == ("mitigated", "effective", 0))
