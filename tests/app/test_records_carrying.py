"""Records carried from one data folder to another, by command, on both engines."""

import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from holdfast.app.house import open_house
from holdfast.app.main import run
from holdfast.app.settings import read_settings
from holdfast.edges.providers.compiled import FILE_NAME, IMPORTED, open_compiled
from holdfast.edges.providers.osv_folder import FolderFeed
from holdfast.edges.stores import open_store
from holdfast.loop.advise import push_advisory
from holdfast.loop.feeds import sync
from holdfast.loop.turn import Turn
from holdfast.model.advisory import Snapshot
from holdfast.model.tenancy import PUBLIC
from holdfast.testing.clocks import FakeClock, FakeIds
from tests.edges.providers.bucket import record, write_bucket

KEV = '{"dateReleased": "2026-02-01T00:00:00Z", "vulnerabilities": [{"cveID": "CVE-2026-1"}]}'
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("HOLDFAST_"):
            monkeypatch.delenv(name)


class Site:
    """Two data folders, one with a feed, and what passes between them; the far one's store is on the engine at hand."""

    def __init__(self, top: Path, capture: pytest.CaptureFixture[str], database: str | None) -> None:
        self.top, self._capture, self._database = top, capture, database
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

    def sync(self, synced_at: datetime) -> None:
        """Let the near server sync its feed at an instant."""
        with_kev = open_store(read_settings(self._made(self.near)).database)
        sync(with_kev, FolderFeed(self.feed), FakeClock(synced_at), ecosystems=["Go", "PyPI"])
        with with_kev.write(PUBLIC, synced_at) as tx:
            fields = {"added": "2026-02-01", "ransomware": False}
            tx.enrichments.save("kev", {"CVE-2026-1": fields}, datetime(2026, 2, 1, tzinfo=UTC), "cisa")
        with_kev.close()

    def _made(self, data: Path) -> Path:
        data.mkdir(mode=0o700, exist_ok=True)
        return data

    def export(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        command = ("feed", "export", self.file, "--with-records", "--data", self.near, "--key", self.key)
        return self(*command, *arguments, code=code)

    def take(self, *arguments: object, code: int = 0) -> tuple[str, str]:
        with pytest.MonkeyPatch.context() as patch:
            if self._database is not None:
                patch.setenv("HOLDFAST_DATABASE", self._database)
            command = ("feed", "import", self.file, "--data", self.far)
            return self(*command, *(arguments or ("--trust", self.trust)), code=code)

    def held(self) -> tuple[list[Snapshot], set[str]]:
        """Return the far store's feeds, and what it knows to affect a package."""
        store = open_store(self._database or str(self.far / "holdfast.db"))
        try:
            with store.read(PUBLIC) as tx:
                return list(tx.feeds.list()), {one for one, _, _ in tx.advisories.rules("PyPI", "lamp").intervals}
        finally:
            store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def site(tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Site:
    url = str(request.getfixturevalue("postgresql_url")) if request.param == "postgresql" else None
    made = Site(tmp_path, capsys, url)
    made("feed", "keygen", made.key, "--name", "near.example")
    return made


@pytest.fixture
def plain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Site:
    made = Site(tmp_path, capsys, None)
    made("feed", "keygen", made.key, "--name", "near.example")
    return made


def test_a_server_has_what_the_other_one_had_and_as_old(site: Site) -> None:
    then = datetime.now(UTC).replace(microsecond=0) - 2 * DAY
    site.sync(then)
    site.export()
    out, _ = site.take("--trust", site.trust, "--format", "json")
    carried = json.loads(out)
    assert (carried["with_records"], carried["signed"]) == (True, True)
    assert [(one["ecosystem"], one["records"]) for one in carried["items"]] == [("Go", 1), ("PyPI", 1)]
    assert [(one["kind"], one["records"], one["source"]) for one in carried["lists"]] == [("kev", 1, "cisa")]
    feeds, affected = site.held()
    assert [(one.synced_at, one.validator, one.error) for one in feeds] == [(then, carried["digest"], None)] * 2
    assert [one.source for one in feeds] == [str(site.feed)] * 2
    assert affected == {"L-1"}


def test_a_file_made_of_a_feed_is_the_one_made_of_the_server_that_imported_it(site: Site) -> None:
    site.export("--feed", site.feed)
    first = site.file.read_bytes()
    site.take()
    site.near = site.far
    if site._database is None:
        site.export()
        assert site.file.read_bytes() == first


def test_scans_of_the_folder_rest_on_what_was_imported(site: Site) -> None:
    site.sync(datetime.now(UTC))
    site.export()
    site.take()
    (site.top / "project").mkdir()
    (site.top / "project/requirements.txt").write_text("lamp==1.0\n")
    out, _ = site("scan", site.top / "project", "--data", site.far, "--format", "json")
    assert [one["advisory"] for one in json.loads(out)["findings"]] == ["L-1"]
    compiled = open_compiled(site.far / FILE_NAME)
    (facts,) = compiled.facts(["L-1"]).values()
    assert (facts.known_exploited, compiled.meta(IMPORTED) is not None) == (True, True)
    compiled.close()


def test_an_older_snapshot_is_refused_unless_asked_for(site: Site) -> None:
    now = datetime.now(UTC)
    site.sync(now - DAY)
    site.export()
    older = site.file.read_bytes()
    changed = record("L-2", modified="2026-01-03T00:00:00Z")
    write_bucket(site.feed, {"PyPI": [record("L-1"), changed], "Go": [record("G-1", "Go")]})
    site.sync(now)
    site.export()
    site.take()
    before = site.held()
    site.file.write_bytes(older)
    _, err = site.take(code=4)
    assert "older than what is here" in err
    assert site.held() == before
    _, err = site.take("--trust", site.trust, "--allow-older")
    assert "put back: Go was synced" in err
    assert site.held()[1] == {"L-1"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:-1], "shorter"),
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "changed"),
        (lambda data: data[:60], "cut"),
        (lambda data: data.replace(b'"payload": "', b'"payload": "A', 1), "not verified"),
    ],
)
def test_what_is_refused_changes_nothing(plain: Site, change: Callable[[bytes], bytes], words: str) -> None:
    plain.sync(datetime.now(UTC))
    plain.export()
    plain.file.write_bytes(change(plain.file.read_bytes()))
    _, err = plain.take(code=4)
    assert words in err
    assert not (plain.far / "holdfast.db").exists()


def test_the_key_comes_from_who_runs_the_server_and_never_from_the_file(
    plain: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain.sync(datetime.now(UTC))
    plain.export()
    _, err = plain("feed", "import", plain.file, "--data", plain.far, code=2)
    assert "needs the key that signed it" in err
    other, _ = plain("feed", "keygen", plain.top / "other.key")
    monkeypatch.setenv("HOLDFAST_FEED_TRUST", other.strip())
    _, err = plain("feed", "import", plain.file, "--data", plain.far, code=4)
    assert "another key" in err
    assert not plain.far.exists()
    monkeypatch.setenv("HOLDFAST_FEED_TRUST", str(plain.trust))
    _, err = plain("feed", "import", plain.file, "--data", plain.far, "--unsigned", code=2)
    assert "--unsigned" in err
    plain("feed", "import", plain.file, "--data", plain.far)
    assert plain.held()[1] == {"L-1"}


def test_what_an_org_pushed_is_not_carried(plain: Site) -> None:
    plain.sync(datetime.now(UTC))
    house = open_house(read_settings(plain.near))
    now = house.clock.now()
    with house.store.write("default", now) as tx:
        push_advisory(Turn(tx, now, FakeIds()), json.dumps(record("OWN-1")).encode(), where="$")
    house.close()
    plain.export()
    plain.take()
    assert plain.held()[1] == {"L-1"}


def test_a_snapshot_without_records_leaves_the_server_alone_and_says_so(plain: Site) -> None:
    plain.sync(datetime.now(UTC))
    plain.export()
    plain.take()
    before = plain.held()
    plain("feed", "export", plain.file, "--key", plain.key, "--data", plain.top / "local", "--feed", plain.feed,
          "--ecosystem", "PyPI", "--ecosystem", "Go")  # fmt: skip
    _, err = plain.take()
    assert "judges by its own records as before" in err
    assert plain.held() == before


def test_exporting_asks_for_something_to_export(plain: Site) -> None:
    _, err = plain.export("--offline", "--feed", "https://osv.example/bucket", code=2)
    assert "offline" in err
    _, err = plain.export(code=2)
    assert "no records to export" in err
    plain.sync(datetime.now(UTC))
    _, err = plain.export("--ecosystem", "npm", code=4)
    assert "no advisories of npm" in err
    assert not plain.file.exists()


def test_a_list_that_was_named_goes_along_and_one_that_cannot_be_read_exports_nothing(
    plain: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plain.top / "kev.json").write_text(KEV)
    monkeypatch.setenv("HOLDFAST_KEV", str(plain.top / "kev.json"))
    out, _ = plain.export("--feed", plain.feed, "--format", "json")
    assert [(one["kind"], one["as_of"]) for one in json.loads(out)["lists"]] == [("kev", "2026-02-01T00:00:00Z")]
    plain.file.unlink()
    monkeypatch.setenv("HOLDFAST_EPSS", str(plain.top / "nowhere.csv"))
    _, err = plain.export("--feed", plain.feed, code=4)
    assert "nowhere.csv" in err
    assert not plain.file.exists()


def test_two_imports_at_once_leave_one_whole_state(site: Site) -> None:
    site.sync(datetime.now(UTC))
    site.export()
    site.take()
    codes: list[int] = []
    arguments = ["feed", "import", str(site.file), "--data", str(site.far), "--trust", str(site.trust)]
    with pytest.MonkeyPatch.context() as patch:
        if site._database is not None:
            patch.setenv("HOLDFAST_DATABASE", site._database)
        threads = [threading.Thread(target=lambda: codes.append(run(list(arguments)))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert 0 in codes
    feeds, affected = site.held()
    assert ([one.error for one in feeds], affected) == ([None, None], {"L-1"})
