"""A feed that is cut, a bomb, or too old: what was good stays in use, and verdicts say what they rest on."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.edges.cli.conftest import _environment, exposed, filled, shell
from tests.edges.cli.shell import Shell
from tests.edges.providers.bucket import record, write_bucket

__all__ = ["_environment", "exposed", "filled", "shell"]

GOOD = record("OSV-1", name="acme-pdf", fixed="1.5.0")
LATER = record("OSV-2", name="acme-pdf", fixed="1.6.0", modified="2026-02-02T00:00:00Z")


def bucket(place: Shell, *records: dict[str, Any]) -> Path:
    return write_bucket(place.files / "osv", {"PyPI": list(records)})


def cut(feed: Path) -> None:
    archive = feed / "PyPI" / "all.zip"
    archive.write_bytes(archive.read_bytes()[:-30])


def bomb(feed: Path) -> None:
    with zipfile.ZipFile(feed / "PyPI" / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"B-{number}.json", b" " * (16 << 20))


def status(place: Shell, code: int) -> dict[str, Any]:
    one: dict[str, Any] = place.json("feed", "status", code=code)["items"][0]
    return one


@pytest.mark.parametrize("damage", [cut, bomb])
def test_a_damaged_feed_leaves_the_last_good_one_in_use_and_is_named(exposed: Shell, damage: Any) -> None:
    feed = bucket(exposed, GOOD)
    exposed("feed", "sync", "--feed", feed)
    before = exposed.json("findings")["items"]
    good = status(exposed, 0)
    bucket(exposed, GOOD, LATER)
    damage(feed)
    exposed("feed", "sync", "--feed", feed, code=4)
    after = status(exposed, 0)  # the last good snapshot is young enough to rest on
    assert after["state"] == "pass"
    assert after["error"]
    assert (after["synced_at"], after["records"]) == (good["synced_at"], good["records"])
    assert [one["id"] for one in exposed.json("findings")["items"]] == [one["id"] for one in before]
    bucket(exposed, GOOD, LATER)
    exposed("feed", "sync", "--feed", feed)
    assert status(exposed, 0)["error"] is None
    assert any("OSV-2" in one["advisories"] for one in exposed.json("findings")["items"])


@pytest.mark.parametrize("damage", [cut, bomb])
def test_without_a_good_feed_before_it_nothing_is_told(exposed: Shell, damage: Any) -> None:
    feed = bucket(exposed, GOOD)
    damage(feed)
    exposed("feed", "sync", "--feed", feed, code=4)
    one = status(exposed, 5)
    assert one["state"] == "unknown"
    assert "no feed" in one["because"]


@pytest.mark.parametrize("damage", [cut, bomb])
def test_a_scan_by_a_damaged_feed_is_unknown(shell: Shell, damage: Any) -> None:
    feed = bucket(shell, GOOD)
    damage(feed)
    lock = shell.write("app/requirements.txt", "acme-pdf==1.4.0\n")
    document = shell.json("scan", lock.parent, "--feed", feed, code=0)
    assert document["findings"] == []
    (unknown,) = document["unknown"]
    assert (unknown["ecosystem"], unknown["components"]) == ("PyPI", 1)
    assert shell.json("scan", lock.parent, "--feed", feed, "--fail-on", "low", code=5)["unknown"]


def test_a_feed_that_grew_too_old_is_unknown_wherever_it_is_shown(
    exposed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = bucket(exposed, GOOD)
    exposed("feed", "sync", "--feed", feed)
    exposed.end()
    monkeypatch.setenv("HOLDFAST_FEED_MAX_AGE", "0")
    one = status(exposed, 5)
    assert one["state"] == "unknown"
    assert "longer ago than" in one["because"]
    lock = exposed.write("app/requirements.txt", "acme-pdf==1.4.0\n")
    document = exposed.json("scan", lock.parent, "--offline")
    assert [entry["ecosystem"] for entry in document["unknown"]] == ["PyPI"]
    assert [entry["advisory"] for entry in document["findings"]] == ["OSV-1"]  # what is known is still said
