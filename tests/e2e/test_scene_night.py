"""A night on call, on one server: two incidents at one flag, an approval by link, the pause, a drill that fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.e2e.counting import listening
from tests.e2e.scenes import FEATURE, MONEY, PDF, SAFE, Manifest, Scene, browser, org, shop_in, token
from tests.e2e.serving import Server, serve, wait_until

pytestmark = pytest.mark.xdist_group("scene-night")


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Where messages go to, and what has come there."""
    with listening() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, told: tuple[str, list[dict[str, Any]]]) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("night") / "data"
    data.mkdir(mode=0o700)
    targets = data / "targets.yaml"
    targets.write_text(f"notify: [{{name: on-call, kind: webhook, url: '{told[0]}'}}]\n")
    targets.chmod(0o600)
    with serve(data, "--feed", "none") as running:
        yield running


def covers_both(service: Manifest) -> None:
    """Let the feature and its plan be about two packages."""
    service["features"][0]["covers"] = ["pkg:pypi/acme-pdf", "pkg:pypi/acme-money"]
    service["plans"][0]["when"] = 'component.name in ["acme-pdf", "acme-money"]'


def overlays(scene: Scene) -> list[Any]:
    held: list[Any] = scene.server.call("GET", "/flags/production/shop.receipts/overlays")["items"]
    return held


def definition(scene: Scene) -> object:
    """Return what is kept of the flag, without what holds it, and its versions."""
    flag = scene.server.call("GET", "/flags/production/shop.receipts")
    return flag["definition"], scene.server.call("GET", "/flags/production/shop.receipts/versions")


def test_a_flag_killed_by_two_incidents_comes_back_after_both(server: Server, tmp_path: Path) -> None:
    """Both come within a minute. The first ends while the second one lasts: nothing may come back yet."""
    with org(server, "two") as own, shop_in(own, tmp_path / "shop", covers_both, PDF, MONEY) as scene:
        before = definition(scene)
        assert scene.rehearse() == {}
        first = scene.strike("TWO-1", PDF)
        scene.wait_for_run(first, "effective")
        assert scene.renderer() == SAFE
        second = scene.strike("TWO-2", MONEY)
        scene.wait_for_run(second, "effective")
        assert len(overlays(scene)) == 2
        scene.ship("pkg:pypi/acme-pdf@9.0", MONEY)
        scene.wait_for_run(first, "undone")
        assert (scene.state(first), scene.state(second), scene.renderer()) == ("resolved", "mitigated", SAFE)
        assert len(overlays(scene)) == 1
        scene.ship("pkg:pypi/acme-pdf@9.0", "pkg:pypi/acme-money@9.0")
        scene.wait_for_run(second, "undone")
        wait_until(lambda: scene.renderer() == FEATURE)
        assert overlays(scene) == []
        assert definition(scene) == before


def asks_two(service: Manifest) -> None:
    service["plans"][0]["autonomy"] = {"default": "observe", "production": "approve-2"}


def test_a_link_is_opened_by_all_and_approved_by_two_who_are_signed_in(
    server: Server, told: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    with shop_in(server, tmp_path / "shop", asks_two, PDF) as scene:
        exposure = scene.strike("LINK-1", PDF)
        run = scene.wait_for_run(exposure, "awaiting_approval")["id"]
        wait_until(lambda: any("/approve?" in str(one) for one in told[1]))
        text = next(one["text"] for one in told[1] if run in one["text"])
        link = next(word for word in text.split() if "/approve?" in word)
        form = dict(parse_qsl(urlsplit(link).query))
        with (
            browser(server, token(server, "Ada")) as ada,
            browser(server, token(server, "Bob")) as bob,
            browser(server, token(server, None)) as machine,
        ):
            before = server.call("GET", "/journal/head")
            httpx.get(link, trust_env=False)  # a program that looks at every link in a mail has no session
            for visitor in (ada, bob, machine):
                assert "Approve it?" in visitor.get(link).text
                visitor.head(link)
            assert server.call("GET", "/journal/head") == before
            assert machine.post("/approve", data=form).status_code == 403
            assert ada.post("/approve", data=form).status_code == 303
            assert ada.post("/approve", data=form).status_code == 409
            assert (scene.run(exposure)["state"], scene.renderer()) == ("awaiting_approval", FEATURE)
            assert bob.post("/approve", data=form).status_code == 303
        assert len(scene.wait_for_run(exposure, "effective")["approvals"]) == 2
        assert scene.renderer() == SAFE


def in_three_steps(service: Manifest) -> None:
    """Between two flags somebody is asked, so that the test knows where the run is."""
    service["plans"][0]["do"] = [
        {"action": "flag.off", "flag": "shop.recommendations"},
        {"action": "approve"},
        {"action": "flag.off", "flag": "shop.receipts"},
    ]


def test_a_pause_stops_a_run_half_way_and_never_what_takes_it_back(server: Server, tmp_path: Path) -> None:
    with org(server, "pause") as own, shop_in(own, tmp_path / "shop", in_three_steps, PDF) as scene:
        assert scene.rehearse() == {}
        assert scene.shop.ask("/orders/1")["recommended"]
        exposure = scene.strike("PAUSE-1", PDF)
        run = f"/mitigations/{scene.wait_for_run(exposure, 'acting')['id']}"
        wait_until(lambda: steps(scene, exposure) == ["done", "intent", "pending"])
        assert not scene.shop.ask("/orders/1")["recommended"]
        own.call("PUT", "/mitigations/pause", {"paused": True, "reason": "recovering from an outage"})
        own.call("POST", f"{run}/steps/2/approve", {})
        wait_until(lambda: "recovering from an outage" in str(scene.run(exposure)["held"]))
        assert (steps(scene, exposure), scene.renderer()) == (["done", "done", "pending"], FEATURE)
        own.call("PUT", "/mitigations/pause", {"paused": False, "reason": "it is over"})
        scene.wait_for_run(exposure, "effective")
        assert scene.renderer() == SAFE
        own.call("PUT", "/mitigations/pause", {"paused": True, "reason": "again"})
        own.call("POST", f"{run}/undo", {})
        scene.wait_for_run(exposure, "undone")
        assert (scene.renderer(), bool(scene.shop.ask("/orders/1")["recommended"])) == (FEATURE, True)


def steps(scene: Scene, exposure: str) -> list[str]:
    return [str(step["state"]) for step in scene.run(exposure)["steps"]]


def test_a_failed_drill_takes_auto_away_until_one_passes(server: Server, tmp_path: Path) -> None:
    """The shop is down when it is rehearsed: nobody could see whether the plan works."""
    with org(server, "drill") as own, shop_in(own, tmp_path / "shop", covers_both, PDF, MONEY) as scene:
        assert scene.rehearse() == {}
        scene.shop.stop()
        assert "could not be seen" in scene.rehearse()["receipts-off"]
        scene.shop.start(tmp_path / "shop")
        waiting = scene.run(scene.strike("DRILL-1", PDF))
        assert (waiting["state"], waiting["level"]) == ("awaiting_approval", "approve-1")
        assert "drill" in waiting["held"], waiting["held"]
        assert "failed" in waiting["held"], waiting["held"]
        assert scene.renderer() == FEATURE
        assert scene.rehearse() == {}
        scene.wait_for_run(scene.strike("DRILL-2", MONEY), "effective")
        assert scene.renderer() == SAFE
