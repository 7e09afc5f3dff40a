"""A site that no network reaches: another server's records are carried to it, and it judges as that one does."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.app.main import run
from holdfast.controls.advisories import parse_osv
from holdfast.edges.cli.composition import composition_to_json
from holdfast.edges.providers.records_write import RecordsPart, write_records_file
from holdfast.edges.stores import open_store
from holdfast.findings.dsse import PAYLOAD_TYPE, seal_unsigned
from holdfast.model.advisory import Snapshot
from holdfast.model.instant import format_instant
from holdfast.model.tenancy import PUBLIC
from holdfast.ports.store import Store, Transaction
from tests.app.test_gating import MANIFEST, POLICY, add, commit
from tests.e2e.serving import PATIENCE_S, Server, environment, serve, wait_until
from tests.e2e.test_gate_server import SEVERITY, ask, token_of
from tests.edges.providers.bucket import record, write_bucket
from tests.edges.providers.test_git_tree import git
from tests.loop.world import sbom

MANY = 1000
KEV = '{"dateReleased": "2026-02-01T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2026-1"}]}'


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "holdfast", *(str(one) for one in arguments)]


def holdfast(*arguments: object, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run one command in a process that no network reaches: whatever it would ask goes to a port where nobody is."""
    nowhere = {f"{kind}_PROXY": "http://127.0.0.1:9" for kind in ("HTTP", "HTTPS", "ALL")}
    done = subprocess.run(
        command(*arguments), env=environment(**nowhere, **variables),
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HOLDFAST_"):
            monkeypatch.delenv(name)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    lamp = record("L-lamp", name="lamp", severity=SEVERITY, aliases=["CVE-2026-1"])
    return write_bucket(tmp_path / "osv", {"PyPI": [lamp, record("L-desk", name="desk", severity=SEVERITY)]})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    top = tmp_path / "repository"
    top.mkdir()
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    commit(top, "holdfast.yaml", MANIFEST)
    commit(top, "requirements.txt", "desk==1.0\n")
    git(top, "checkout", "-qb", "change")
    add(top, ["lamp==1.0"])
    return top


@pytest.fixture
def key(tmp_path: Path) -> Path:
    assert run(["feed", "keygen", str(tmp_path / "site.key")]) == 0
    return tmp_path / "site.key"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the variables that put the far server's store on an engine."""
    if request.param == "sqlite":
        return {}
    return {"HOLDFAST_DATABASE": str(request.getfixturevalue("postgresql_url"))}


def _run_lamp(server: Server) -> None:
    """Let a service run whose one package is affected."""
    server.call("PUT", "/policies/org", {"document": POLICY})
    composition = composition_to_json(sbom("pkg:pypi/lamp@1.0"))
    server.call("POST", "/releases", {"service": "store", "version": "1", "sbom": composition})
    server.call("POST", "/deployments", {"service": "store", "version": "1", "environment": "production"})


def _exposures(server: Server) -> list[tuple[object, ...]]:
    found = server.call("GET", "/findings")["items"]
    packages = [one for one in found if one["kind"] == "vulnerability"]
    return [(one["name"], one["advisories"], one["risk"]["known_exploited"], one["state"]) for one in packages]


def _judged(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs between two servers by nature."""
    snapshots = [{**one, "validator": None} for one in document["snapshot"]]
    return {**document, "snapshot": snapshots, "build": None}


def test_a_server_behind_an_air_gap_judges_as_the_one_that_has_the_feed(
    repository: Path, feed: Path, key: Path, tmp_path: Path, database: dict[str, str]
) -> None:
    (tmp_path / "kev.json").write_text(KEV)
    file, near_data, far_data = tmp_path / "records.hfs", tmp_path / "near", tmp_path / "far"
    with serve(near_data, "--feed", str(feed), HOLDFAST_KEV=str(tmp_path / "kev.json")) as near:
        _run_lamp(near)
        wait_until(lambda: bool(_exposures(near)))
        done, here = ask(repository, feed, near.url, token_of(near))
        assert (done.returncode, here["verdict"]) == (1, "blocked"), done.stderr
        exposed = _exposures(near)
        assert run(["feed", "export", str(file), "--with-records", "--key", str(key), "--data", str(near_data)]) == 0
        (synced,) = (one["synced_at"] for one in near.call("GET", "/feeds")["items"])
    assert exposed == [("lamp", ["CVE-2026-1", "L-lamp"], True, "open")]
    with serve(far_data, "--feed", "none", **database) as far:
        _run_lamp(far)
        (state,) = far.call("GET", "/feeds")["items"]
        assert (state["state"], _exposures(far)) == ("unknown", [])
        carried = holdfast(
            "feed", "import", file, "--trust", f"{key}.pub", "--data", far_data, "--format", "json", variables=database
        )
        assert _exposures(far) == exposed  # while it runs
        (state,) = far.call("GET", "/feeds")["items"]
        assert (state["synced_at"], state["state"], state["error"]) == (synced, "pass", None)
        _, there = ask(repository, feed, far.url, token_of(far))
    assert _judged(there) == _judged(here)
    assert [one["validator"] for one in there["snapshot"]] == [json.loads(carried.stdout)["digest"]]


def _many(folder: Path, day: int, synced_at: datetime) -> Path:
    """Write a snapshot with many records of one day, of a feed that was synced at an instant."""
    at = datetime(2026, 1, day, tzinfo=UTC)
    made = [record(f"L-{number:05}", name=f"p{number}", modified=format_instant(at)) for number in range(MANY)]
    bodies = [(str(one["id"]), parse_osv(one).body) for one in made]
    snapshot = Snapshot("PyPI", "osv.example", synced_at, at, 0)
    file = folder / f"{day}.hfs"
    write_records_file(
        file, [RecordsPart("PyPI", bodies, lambda _: snapshot)], list, lambda it: seal_unsigned(PAYLOAD_TYPE, it)
    )
    return file


def test_an_import_that_is_killed_leaves_the_old_state_in_use_and_goes_on(
    tmp_path: Path, database: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in database.items():
        monkeypatch.setenv(name, value)
    first_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    first, between, newest = (_many(tmp_path, 2 + hours, first_at + timedelta(hours=hours)) for hours in range(3))
    take = ["feed", "import", "--unsigned", "--data", str(tmp_path / "far")]
    assert run([*take, str(first)]) == 0
    store = open_store(database.get("HOLDFAST_DATABASE") or str(tmp_path / "far/holdfast.db"))
    try:
        _kill_in_the_middle([*take, newest], database, store)
        with store.read(PUBLIC) as tx:
            (held,) = tx.feeds.list()
            begun = sum(at is not None and at.day == 4 for at in _dates(tx).values())
        assert 0 < begun < MANY
        assert held.synced_at == first_at
        assert "import it again" in str(held.error)
        assert run([*take, str(between)]) == 4  # it would put back what was brought
        assert "by an import that was cut" in capsys.readouterr().err
        assert run([*take, str(newest)]) == 0
        with store.read(PUBLIC) as tx:
            (held,) = tx.feeds.list()
            assert {at.day for at in _dates(tx).values() if at} == {4}
        assert (held.synced_at, held.error) == (first_at + timedelta(hours=2), None)
    finally:
        store.close()


def _dates(tx: Transaction) -> Mapping[str, datetime | None]:
    return tx.advisories.known("PyPI")


def _kill_in_the_middle(arguments: list[object], database: dict[str, str], store: Store) -> None:
    def is_begun() -> bool:
        with store.read(PUBLIC) as tx:
            return any(at is not None and at.day == 4 for at in _dates(tx).values())

    with subprocess.Popen(command(*arguments), env=environment(**database), stderr=subprocess.DEVNULL) as process:
        wait_until(is_begun)
        process.send_signal(signal.SIGKILL)
