"""Real processes: the server gone, the relay started cold, an application restarted; the flag is off still."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from holdfast.edges.providers.system import SystemClock
from holdfast.edges.stores import open_store
from holdfast.model.flag import Overlay
from tests.e2e.relaying import python_application, relay
from tests.e2e.serving import Server, serve, wait_until

FLAG = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


def prepare(server: Server) -> str:
    """Define a flag; returns a token that reads it."""
    server.call("PUT", "/environments/production", {"tier": 1})
    server.call("PUT", "/flags/production/shop.receipts", FLAG)
    body = {"name": "relay", "permissions": ["flags:read"], "environment": "production"}
    return str(server.call("POST", "/tokens", body)["secret"])


def kill(data: Path) -> None:
    """Hold the flag off, as a run of a plan does."""
    store, now = open_store(data / "holdfast.db"), SystemClock().now()
    with store.write("default", now) as tx:
        tx.overlays.save(Overlay("default", "ovl_1", "production", "shop.receipts", "off", "a hole", None, now))
    store.close()


def test_flag_is_off_for_an_application_restarted_while_only_the_relay_is_up(tmp_path: Path) -> None:
    """Killed through server and relay; server gone; relay killed and started cold; application started anew."""
    snapshot = tmp_path / "flags"
    with serve(tmp_path / "data", "--feed", "none") as server:
        token = prepare(server)
        with relay(server.url, token, snapshot) as near:
            wait_until(snapshot.exists)
            with python_application(near.flagd_port) as shop:
                assert shop.ask("shop.receipts")["value"] is True
                kill(tmp_path / "data")
                wait_until(lambda: shop.ask("shop.receipts")["value"] is False)
                server.kill()
                assert shop.ask("shop.receipts") == {"value": False, "variant": "off"}
            near.kill()
        with relay(server.url, token, snapshot) as cold:
            with python_application(cold.flagd_port) as shop:
                assert shop.ask("shop.receipts") == {"value": False, "variant": "off"}
            health = httpx.get(f"{cold.url}/healthz", trust_env=False).json()
            assert (health["status"], health["stale_since"] is None) == ("stale", False)
            answer = httpx.post(f"{cold.url}/ofrep/v1/evaluate/flags/shop.receipts", json={}, trust_env=False)
            assert answer.json()["value"] is False
            assert answer.headers["x-holdfast-stale-since"] == health["stale_since"]


def test_proofs_of_the_relays_clients_reach_the_server(tmp_path: Path) -> None:
    with serve(tmp_path / "data", "--feed", "none") as server:
        token = prepare(server)
        with relay(server.url, token, tmp_path / "flags", "--name", "near") as near:
            wait_until((tmp_path / "flags").exists)
            with python_application(near.flagd_port) as shop:
                kill(tmp_path / "data")
                wait_until(lambda: shop.ask("shop.receipts")["value"] is False)

                def proofs() -> dict[str, dict[str, bool]]:
                    """What is proven, by kind: the relay, and its one client."""
                    answer = server.call("GET", "/flags/production/shop.receipts/proofs")
                    return {one["kind"]: one for held in answer["items"] for one in held["clients"]}

                wait_until(lambda: proofs().get("server", {}).get("fetched", False))
                relay_, shop_ = proofs()["relay"], proofs()["server"]
                assert relay_["fetched"] is True
                assert str(shop_["id"]).startswith(f"{relay_['id']}/local@127.0.0.1")
                assert shop_["effective"] is False
                unproven = server.call("GET", "/flags/production/shop.receipts/proofs")["items"][0]["unproven"]
                assert unproven == [shop_["id"]]


def test_relay_refuses_a_torn_snapshot_loudly_and_serves_the_older_one(tmp_path: Path) -> None:
    snapshot = tmp_path / "flags"
    with serve(tmp_path / "data", "--feed", "none") as server:
        token = prepare(server)
        with relay(server.url, token, snapshot):
            wait_until(snapshot.exists)
            kill(tmp_path / "data")
            wait_until(lambda: b'"defaultVariant": "off"' in snapshot.read_bytes())
    snapshot.write_bytes(snapshot.read_bytes()[:-20])
    with relay("http://127.0.0.1:1", token, snapshot) as cold:
        assert any("REFUSED" in line and "torn" in line for line in cold.said)
        answer = httpx.post(f"{cold.url}/ofrep/v1/evaluate/flags/shop.receipts", json={}, trust_env=False)
        assert answer.json()["value"] is True


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "loopback alone"),
        (["--allow-origin", "*"], "one by one"),
        (["--token-file", "/nonexistent"], "can't be read"),
        (["--from", "nowhere"], "a server's URL"),
    ],
)
def test_relay_that_would_be_open_to_others_does_not_start(tmp_path: Path, options: list[str], words: str) -> None:
    command = [sys.executable, "-m", "holdfast", "flags", "serve", "--from", "http://127.0.0.1:1", "--port", "0"]
    command += ["--environment", "production", "--snapshot", str(tmp_path / "flags"), "--flagd-port", "0", *options]
    done = subprocess.run(command, env={"HOLDFAST_TOKEN": "x"}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert words in done.stderr


def test_relay_answers_no_name_but_loopbacks(tmp_path: Path) -> None:
    with serve(tmp_path / "data", "--feed", "none") as server:
        token = prepare(server)
        with relay(server.url, token, tmp_path / "flags") as near:
            wait_until((tmp_path / "flags").exists)
            url = f"{near.url}/ofrep/v1/evaluate/flags"
            assert httpx.post(url, json={}, trust_env=False).status_code == 200
            rebound = httpx.post(url, json={}, headers={"host": "evil.example"}, trust_env=False)
            assert rebound.status_code == 403
            page = httpx.post(url, json={}, headers={"origin": "https://evil.example"}, trust_env=False)
            assert "access-control-allow-origin" not in page.headers


def test_relay_carries_neither_the_store_nor_the_framework(tmp_path: Path) -> None:
    script = """
import json, sys
import holdfast.app.relay, holdfast.app.relay_serving, holdfast.edges.flagd.server
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(json.loads(done.stdout))
    assert loaded & {"sqlalchemy", "alembic", "litestar", "psycopg", "httpx", "jinja2", "google"} == set()
    assert {"uvicorn", "grpc"} <= loaded


def test_relay_is_small(tmp_path: Path) -> None:
    with serve(tmp_path / "data", "--feed", "none") as server:
        token = prepare(server)
        with relay(server.url, token, tmp_path / "flags") as near:
            wait_until((tmp_path / "flags").exists)
            assert psutil.Process(near.process.pid).memory_info().rss < 120 << 20
