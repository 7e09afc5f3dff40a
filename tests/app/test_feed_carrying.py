"""Advisories carried to a site that no network reaches, by command."""

import json
import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.app.main import run
from holdfast.edges.providers.compiled import FILE_NAME, open_compiled
from holdfast.edges.providers.compiled_sync import refresh
from holdfast.edges.providers.osv_folder import FolderFeed
from tests.edges.providers.bucket import record, write_bucket


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HOLDFAST_"):
            monkeypatch.delenv(name)


class Site:
    """Two data folders, one with a feed, and what passes between them."""

    def __init__(self, top: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.top, self._capture = top, capture
        self.feed = write_bucket(
            top / "osv", {"PyPI": [record("L-1", aliases=["CVE-2026-1"])], "Go": [record("G-1", "Go")]}
        )
        self.file, self.key, self.trust = top / "x.hfs", top / "site.key", top / "site.key.pub"
        self.near, self.far = top / "near", top / "far"

    def __call__(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        self._capture.readouterr()
        found = run([str(one) for one in arguments])
        out, err = self._capture.readouterr()
        assert found == code, err
        return out, err

    def export(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        sources = ("--data", self.near, "--feed", self.feed, "--ecosystem", "PyPI", "--ecosystem", "Go")
        return self("feed", "export", self.file, *sources, *arguments, code=code)

    def take(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        return self("feed", "import", self.file, "--data", self.far, *arguments, code=code)


@pytest.fixture
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path, capsys)
    made("feed", "keygen", made.key, "--name", "near.example")
    return made


def _project(top: Path) -> Path:
    (top / "project").mkdir()
    (top / "project/requirements.txt").write_text("lamp==1.0\n")
    return top / "project"


def test_a_scan_behind_an_air_gap_rests_on_what_was_carried(site: Site) -> None:
    site.export("--key", site.key)
    out, _ = site.take("--trust", site.trust, "--format", "json")
    carried = json.loads(out)
    assert [(one["ecosystem"], one["records"]) for one in carried["items"]] == [("Go", 1), ("PyPI", 1)]
    assert carried["signed"] is True
    out, _ = site("scan", _project(site.top), "--data", site.far, "--format", "json")
    report = json.loads(out)
    assert [one["advisory"] for one in report["findings"]] == ["L-1"]
    near = open_compiled(site.near / "feeds" / _only(site.near / "feeds") / FILE_NAME)
    far = open_compiled(site.far / FILE_NAME)
    assert far.snapshots() == near.snapshots()  # as old as they were
    near.close()
    far.close()


def _only(folder: Path) -> str:
    (one,) = folder.iterdir()
    return one.name


def test_an_old_feed_stays_too_old_when_it_is_carried(site: Site) -> None:
    old = datetime.now(UTC) - timedelta(days=30)
    path, feed = site.near / FILE_NAME, FolderFeed(site.feed)
    refresh(path, feed, ["PyPI"], old, known_exploited=lambda: None, progress=lambda *_: None)
    site("feed", "export", site.file, "--data", site.near, "--key", site.key, "--offline")
    site.take("--trust", site.trust)
    out, _ = site("scan", _project(site.top), "--data", site.far, "--format", "json")
    assert "last synced" in json.loads(out)["unknown"][0]["because"]


def test_what_kev_epss_and_ssvc_say_goes_along(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.top / "kev.json").write_text('{"vulnerabilities": [{"cveID": "CVE-2026-1"}]}')
    (site.top / "epss.csv").write_text(
        "#model_version:v1,score_date:2026-05-30T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.4,0.9\n"
    )
    monkeypatch.setenv("HOLDFAST_KEV", str(site.top / "kev.json"))
    monkeypatch.setenv("HOLDFAST_EPSS", str(site.top / "epss.csv"))
    site.export("--key", site.key)
    monkeypatch.delenv("HOLDFAST_KEV")
    monkeypatch.delenv("HOLDFAST_EPSS")
    site.take("--trust", site.trust)
    held = open_compiled(site.far / FILE_NAME)
    (facts,) = held.facts(["L-1"]).values()
    held.close()
    assert (facts.known_exploited, facts.epss) == (True, 0.4)


def test_a_list_that_was_named_and_cannot_be_read_exports_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_KEV", str(site.top / "nowhere.json"))
    _, err = site.export("--key", site.key, code=4)
    assert "known exploited" in err
    assert not site.file.exists()


def test_a_snapshot_is_the_same_bytes_again(site: Site) -> None:
    site.export("--key", site.key)
    first = site.file.read_bytes()
    site.export("--key", site.key, "--offline")
    assert site.file.read_bytes() == first


@pytest.mark.parametrize("options", [[], ["--unsigned", "--trust", "x+y+z"]])
def test_importing_asks_for_the_key_or_for_none(site: Site, options: Sequence[str]) -> None:
    site.export("--key", site.key)
    _, err = site.take(*options, code=2)
    assert "--unsigned" in err
    assert not site.far.exists()


def test_what_nobody_signed_is_taken_only_when_asked_for_and_loudly(site: Site) -> None:
    _, err = site.export()
    assert "nobody signed it" in err
    _, err = site.take("--trust", site.trust, code=4)
    assert "not verified" in err
    out, err = site.take("--unsigned", "--format", "json")
    assert "NOT VERIFIED" in err
    assert json.loads(out)["signed"] is False


def test_another_key_is_refused(site: Site) -> None:
    site.export("--key", site.key)
    other, _ = site("feed", "keygen", site.top / "other.key")
    _, err = site.take("--trust", other.strip(), code=4)
    assert "another key" in err
    assert not site.far.exists()


def test_an_older_snapshot_is_refused_unless_asked_for(site: Site) -> None:
    site.export("--key", site.key)
    kept = site.file.read_bytes()
    write_bucket(site.feed, {"PyPI": [record("L-1"), record("L-2")], "Go": [record("G-1", "Go"), record("G-2", "Go")]})
    site.export("--key", site.key)
    site.take("--trust", site.trust)
    before = (site.far / FILE_NAME).read_bytes()
    site.file.write_bytes(kept)
    _, err = site.take("--trust", site.trust, code=4)
    assert "older than what is here" in err
    assert (site.far / FILE_NAME).read_bytes() == before
    _, err = site.take("--trust", site.trust, "--allow-older")
    assert "put back: Go was synced" in err
    site.export("--key", site.key)
    site.take("--trust", site.trust)


def test_a_snapshot_that_lacks_an_ecosystem_is_refused_likewise(site: Site) -> None:
    site.export("--key", site.key)
    site.take("--trust", site.trust)
    site(
        "feed", "export", site.file, "--data", site.near, "--feed", site.feed, "--ecosystem", "PyPI", "--key", site.key
    )
    _, err = site.take("--trust", site.trust, code=4)
    assert "Go is not in it" in err


def test_a_damaged_file_that_is_there_is_replaced(site: Site) -> None:
    site.export("--key", site.key)
    site.far.mkdir()
    (site.far / FILE_NAME).write_bytes(b"damaged")
    site.take("--trust", site.trust)
    open_compiled(site.far / FILE_NAME).close()


def test_a_key_is_for_its_owner_alone_and_never_replaced(site: Site) -> None:
    assert stat.S_IMODE(site.key.stat().st_mode) == 0o600
    assert site.trust.read_text().startswith("near.example+")
    before = site.key.read_bytes()
    _, err = site("feed", "keygen", site.key, code=2)
    assert "never replaced" in err
    assert site.key.read_bytes() == before
    site("feed", "keygen", site.top / "new.key", "--name", "a b", code=2)
    site("feed", "keygen", site.top / "nowhere/new.key", code=2)
    assert not (site.top / "new.key").exists()


@pytest.mark.parametrize("content", [b"", b"zz", b"00" * 31, b"\xff" * 40, b"00" * 9000])
def test_a_key_that_is_none_exports_nothing(site: Site, content: bytes) -> None:
    bad = site.top / "bad.key"
    bad.write_bytes(content)
    _, err = site.export("--key", bad, code=2)
    assert "expected a key" in err
    assert not site.file.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [({"feed": "nowhere"}, 2), ({"ecosystem": "npm"}, 4), ({"key": "nowhere.key"}, 2), ({"file": "nowhere/x.hfs"}, 4)],
)
def test_what_is_not_there_is_named(site: Site, change: dict[str, str], code: int) -> None:
    wanted: dict[str, Any] = {"file": site.file, "feed": site.feed, "ecosystem": "PyPI", "key": site.key}
    wanted |= {name: value if name == "ecosystem" else site.top / value for name, value in change.items()}
    _, err = site(
        "feed", "export", wanted["file"], "--data", site.near, "--feed", wanted["feed"],
        "--ecosystem", wanted["ecosystem"], "--key", wanted["key"], code=code,
    )  # fmt: skip
    assert "holdfast: " in err
    assert "Traceback" not in err
    assert not site.file.exists()
