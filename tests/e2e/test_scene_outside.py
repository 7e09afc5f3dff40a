"""The world outside on a night: the shop behind a real nginx, and a real Unleash that is told, and then dies."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from holdfast.app.demo_steps import Shop, free_port
from tests.e2e.scenes import PDF, Manifest, Scene, shop_in, shop_manifest
from tests.e2e.serving import Server, serve, wait_until
from tests.edges.providers.flag_providers.servers import UnleashServer, rollout, start_unleash, stop_unleash
from tests.edges.providers.nginx_server import NginxServer
from tests.edges.providers.started import started

ROOT = Path(__file__).parents[2]
FIXED = "pkg:pypi/acme-pdf@9.0"
CLOSED = "The shop is closed for repairs."
PROXY = """
  - name: {name}
    kind: nginx
    service: {service}
    folder: {folder}/holdfast
    config: {folder}/nginx.conf
    url: {url}
"""
FLAGS = """
flags:
  - name: unleash
    kind: unleash
    environment: elsewhere
    unleash_environment: development
    url: {url}
    admin_token: file:{folder}/admin
    client_token: file:{folder}/client
"""


@contextmanager
def nginx_before(port: int) -> Iterator[NginxServer]:
    """Start a private nginx before an application. Skips without one, and fails in CI."""
    with started("nginx.sh", f"http://127.0.0.1:{port}") as (url, folder):
        yield NginxServer(url, folder)


@contextmanager
def server_with(data: Path, targets: str, **secrets: str) -> Iterator[Server]:
    """Start a server that may reach these targets, and rests from nothing."""
    data.mkdir(mode=0o700)
    for name, text in {"targets.yaml": targets, **secrets}.items():
        (data / name).write_text(text)
        (data / name).chmod(0o600)
    with serve(data, "--feed", "none") as running:
        running.call("PATCH", "/mitigations/guards", {"cooldown_s": 0})
        yield running


def see(url: str) -> tuple[int, str]:
    """Return what a customer gets."""
    answer = httpx.get(url, timeout=5.0, trust_env=False)
    return answer.status_code, answer.text


def closing(nginx: NginxServer) -> Manifest:
    """Return a plan that shows a maintenance page in the service's place."""
    return {
        "id": "closed",
        "when": 'component.name == "acme-pdf"',
        "do": [{"action": "service.off", "message": CLOSED}],
        "coverage": "full",
        "verify": [{"http": {"url": f"{nginx.url}/receipts/1", "expect": {"status": 503, "text": CLOSED}}}],
        "autonomy": {"default": "auto"},
    }


def test_the_shop_behind_nginx_goes_into_maintenance_and_out(tmp_path: Path) -> None:
    port = free_port()
    with nginx_before(port) as nginx:

        def closes(service: Manifest) -> None:
            service["plans"], service["drills"] = [closing(nginx)], []

        targets = "proxies:" + PROXY.format(name="edge", service="shop", folder=nginx.folder, url=nginx.url)
        with (
            server_with(tmp_path / "data", targets) as server,
            shop_in(server, tmp_path / "shop", closes, PDF, port=port) as scene,
        ):
            assert scene.rehearse() == {}
            assert see(f"{nginx.url}/receipts/1")[0] == 200
            exposure = scene.strike("CLOSED-1", PDF)
            scene.wait_for_run(exposure, "effective")
            for path in ("/receipts/1", "/orders/1"):
                status, text = see(nginx.url + path)
                assert (status, CLOSED in text) == (503, True)
            assert scene.shop.ask("/healthz")["status"] == "ok"
            scene.ship(FIXED)
            scene.wait_for_run(exposure, "undone")
            assert scene.state(exposure) == "resolved"
            assert see(f"{nginx.url}/receipts/1")[0] == 200


@contextmanager
def application(unleash: UnleashServer, flag: str, folder: Path) -> Iterator[Shop]:
    """Start an application with Unleash's own SDK."""
    words = [sys.executable, "-m", "tests.e2e.unleash_application", unleash.url, unleash.client, flag, str(folder)]
    pipe, quiet = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(words, stdout=pipe, stderr=quiet, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield Shop(int(process.stdout.readline()), "", "")
        finally:
            process.kill()


@pytest.mark.unleash
def test_unleash_is_really_off_and_when_it_is_dead_the_next_rung_is_taken(tmp_path: Path) -> None:
    """An incident is clamped through Unleash and ends. Unleash dies. The next incident closes the service at nginx.

    The application's SDK goes by what it heard last: with Unleash dead the feature stays on, and only nginx helps.
    """
    unleash, folder = start_unleash()
    is_up = True
    flag = unleash.feature(rollout(100))
    try:
        with (
            application(unleash, flag, tmp_path) as app,
            nginx_before(app.port) as nginx,
            server_with(
                tmp_path / "data",
                "proxies:"
                + PROXY.format(name="edge", service="till", folder=nginx.folder, url=nginx.url)
                + FLAGS.format(url=unleash.url, folder=tmp_path / "data"),
                admin=unleash.admin,
                client=unleash.client,
            ) as server,
        ):
            scene = till(server, app, flag, nginx)
            kept = unleash.state(flag)
            first = scene.strike("UNLEASH-1", PDF)
            scene.wait_for_run(first, "effective")
            assert (app.ask("/")["renderer"], unleash.seen(flag)) == ("plain", "off")
            scene.ship(FIXED)
            scene.wait_for_run(first, "undone")
            wait_until(lambda: app.ask("/")["renderer"] == "acme-pdf")
            assert unleash.state(flag) == kept
            scene.ship(PDF)
            assert scene.rehearse() == {}
            stop_unleash(unleash, folder)
            is_up = False
            second = scene.strike("UNLEASH-2", PDF)
            wait_until(lambda: [run["plan"] for run in scene.runs(second)][-1] == "closed")
            scene.wait_for_run(second, "effective")
            assert scene.runs(second)[0]["state"] == "failed"
            assert app.ask("/")["renderer"] == "acme-pdf"
            status, text = see(f"{nginx.url}/receipts/1")
            assert (status, CLOSED in text, scene.state(second)) == (503, True, "mitigated")
    finally:
        if is_up:
            stop_unleash(unleash, folder)


def till(server: Server, app: Shop, flag: str, nginx: NginxServer) -> Scene:
    """Declare and rehearse a service whose flag is Unleash's, with a page of maintenance as its next rung."""

    def edit(service: Manifest) -> None:
        service["name"] = "till"
        service["features"] = [{"name": "receipts", "flag": flag, "safe": "off", "covers": ["pkg:pypi/acme-pdf"]}]
        (first,) = service["plans"]
        first |= {"do": [{"action": "flag.off", "flag": flag}], "otherwise": "closed", "autonomy": {"default": "auto"}}
        first["verify"][0]["http"]["url"] = f"http://127.0.0.1:{app.port}/"
        service["plans"], service["drills"] = [first, closing(nginx)], []

    scene = Scene(server, app, shop_manifest(app.port, edit), "elsewhere")
    server.call("PUT", "/environments/elsewhere", {"tier": 1, "exposure": "internet"})
    scene.ship(PDF)
    assert scene.rehearse() == {}
    return scene
