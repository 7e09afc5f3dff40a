"""The compiled advisory file: made, kept up to date, opened."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from holdfast.edges.providers.compiled import FILE_NAME, Lists, open_compiled
from holdfast.edges.providers.compiled_open import Opened, Wanted, open_advisories
from holdfast.edges.providers.compiled_sync import Refreshed, refresh
from holdfast.errors import FeedError
from holdfast.model.advisory import Enrichment, PackageState, Severity
from holdfast.ports.advisories import NO_RULES
from holdfast.ports.feed import Feed, RawRecord
from holdfast.testing.clocks import START
from holdfast.testing.feeds import MemoryFeed
from tests.edges.providers.bucket import record, serve, write_bucket

CVSS = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]


def _silent(_ecosystem: str, _read: int, _expected: int | None) -> None:
    """Tell nobody."""


def _refresh(path: Path, feed: Feed, *ecosystems: str, at: datetime = START, kev: set[str] | None = None) -> Refreshed:
    return refresh(path, feed, ecosystems, at, known_exploited=lambda: kev, progress=_silent)


def _affected(path: Path, ecosystem: str = "PyPI", name: str = "lamp") -> set[str]:
    held = open_compiled(path)
    try:
        return {advisory for advisory, _, _ in held.rules(ecosystem, name).intervals}
    finally:
        held.close()


def test_packages_are_looked_up_together_as_one_by_one(tmp_path: Path) -> None:
    names = [f"lamp-{number}" for number in range(1_200)]
    feed = MemoryFeed({"PyPI": [record(f"L-{name}", name=name) for name in names], "npm": [record("N-1", "npm")]})
    path = tmp_path / FILE_NAME
    _refresh(path, feed, "PyPI", "npm")
    held = open_compiled(path)
    asked = [*(("PyPI", name) for name in names), ("npm", "lamp"), ("npm", "nobody"), ("npm", "lamp")]
    found = held.rules_of(asked)
    assert set(found) == {*asked} - {("npm", "nobody")}
    assert all(found[place] == held.rules(*place) for place in found)
    assert held.rules("npm", "nobody") == NO_RULES
    held.close()


def _open(data: Path, feed: Path | str | None, *ecosystems: str, offline: bool = False) -> Opened:
    wanted = Wanted(ecosystems or ("PyPI",), data, None if feed is None else str(feed), offline)
    opened = open_advisories(wanted, START, _silent)
    if opened.lookup is not None:
        opened.lookup.close()
    return opened


def test_a_package_gives_its_rules_and_records_their_facts(tmp_path: Path) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1", aliases=["CVE-2026-1"], severity=CVSS), record("L-2")]})
    path = tmp_path / FILE_NAME
    done = _refresh(path, feed, "PyPI", kev={"CVE-2026-1"})
    assert (done.checked, done.problems) == ({"PyPI"}, {})
    held = open_compiled(path)
    rules = held.rules("PyPI", "lamp")
    assert [advisory for advisory, _, _ in rules.intervals] == ["L-1", "L-2"]
    assert rules.fixes == ("1.5",)
    facts = held.facts(["L-1", "L-2", "L-9"])
    assert set(facts) == {"L-1", "L-2"}
    assert facts["L-1"].members == ("CVE-2026-1", "L-1")
    assert facts["L-1"].severity == Severity(9.8, CVSS[0]["score"])
    assert (facts["L-1"].known_exploited, facts["L-2"].known_exploited) == (True, False)
    assert held.snapshots()["PyPI"].records == 2
    held.close()


def test_without_a_list_exploitation_is_not_known(tmp_path: Path) -> None:
    _refresh(tmp_path / FILE_NAME, MemoryFeed({"PyPI": [record("L-1")]}), "PyPI")
    held = open_compiled(tmp_path / FILE_NAME)
    assert held.facts(["L-1"])["L-1"].known_exploited is None
    held.close()


def test_a_change_a_withdrawal_and_a_loss_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    feed = MemoryFeed({"PyPI": [record("L-1"), record("L-2"), record("L-3")], "Go": [record("G-1", "Go", "lamp")]})
    _refresh(path, feed, "PyPI", "Go")
    gone = record("L-1", modified="2026-01-03T00:00:00Z", withdrawn="2026-01-03T00:00:00Z")
    feed.records["PyPI"] = [gone, record("L-2", name="shade", modified="2026-01-03T00:00:00Z")]
    _refresh(path, feed, "PyPI", at=START + timedelta(hours=1))
    assert _affected(path) == set()
    assert _affected(path, name="shade") == {"L-2"}
    assert _affected(path, "Go") == {"G-1"}


def test_a_release_is_known_by_its_records(tmp_path: Path) -> None:
    feed = MemoryFeed({"AlmaLinux": [record("A-1", "AlmaLinux:9", "lamp", fixed="1.5-1.el9")]})
    _refresh(tmp_path / FILE_NAME, feed, "AlmaLinux")
    held = open_compiled(tmp_path / FILE_NAME)
    assert held.releases() == frozenset({"AlmaLinux:9"})
    assert held.rules("AlmaLinux:9", "lamp").intervals
    assert not held.rules("AlmaLinux:8", "lamp").intervals
    held.close()


def test_a_cut_feed_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    feed = MemoryFeed({"PyPI": [record("L-1")]})
    _refresh(path, feed, "PyPI")
    before = path.read_bytes()
    feed.records["PyPI"] = [record("L-2"), record("L-3")]
    feed.cut_after = 1
    done = _refresh(path, feed, "PyPI")
    assert done.problems == {"PyPI": "the feed was cut"}
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [FILE_NAME]


def test_an_unreadable_record_is_named_and_skipped(tmp_path: Path) -> None:
    feed = MemoryFeed({"PyPI": [record("L-1")]})
    feed.raw["PyPI"] = [RawRecord("L-9", b"{")]
    done = _refresh(tmp_path / FILE_NAME, feed, "PyPI")
    assert len(done.skipped) == 1
    assert done.skipped[0].startswith("L-9")
    assert _affected(tmp_path / FILE_NAME) == {"L-1"}


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00", b"nonsense" * 1000])
def test_a_file_that_is_none_is_refused_and_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(FeedError):
        open_compiled(path)
    assert _refresh(path, MemoryFeed({"PyPI": [record("L-1")]}), "PyPI").problems == {}
    assert _affected(path) == {"L-1"}


def test_a_folder_is_compiled_once_and_then_only_compared(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})
    first = _open(tmp_path / "data", root)
    assert (first.checked, first.problems) == (frozenset({"PyPI"}), {})
    (path,) = (tmp_path / "data").rglob(FILE_NAME)
    before = path.stat().st_mtime_ns
    assert _open(tmp_path / "data", root).checked == frozenset({"PyPI"})
    assert path.stat().st_mtime_ns == before
    write_bucket(root, {"PyPI": [record("L-1"), record("L-2")]})
    _open(tmp_path / "data", root)
    assert _affected(path) == {"L-1", "L-2"}


def test_a_list_of_exploited_counts_though_the_feed_is_as_it_was(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1", aliases=["CVE-2026-1"])]})
    kev = tmp_path / "kev.json"

    def known(named: str | None) -> tuple[bool | None, int]:
        opened = open_advisories(Wanted(("PyPI",), tmp_path / "data", str(root), False, named), START, _silent)
        assert opened.lookup is not None
        facts = opened.lookup.facts(["L-1"])["L-1"]
        opened.lookup.close()
        return facts.known_exploited, len(opened.notes)

    assert known(None) == (None, 0)
    assert known(str(kev)) == (None, 1)
    for cves, expected in ([], False), (["CVE-2026-1"], True):
        listed = [{"cveID": cve} for cve in cves]
        kev.write_text(json.dumps({"dateReleased": "2026-01-01T00:00:00Z", "vulnerabilities": listed}))
        assert known(str(kev)) == (expected, 0)
    assert known(None) == (None, 0)


def test_an_ecosystem_that_the_feed_lacks_is_a_problem(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})
    opened = _open(tmp_path / "data", root, "PyPI", "npm")
    assert set(opened.problems) == {"npm"}
    assert opened.checked == frozenset({"PyPI"})


def test_an_address_is_asked_at_most_once_an_hour(tmp_path: Path) -> None:
    with serve(write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})) as bucket:
        kev = tmp_path / "kev.json"
        kev.write_text('{"vulnerabilities": []}')

        def ask(at: datetime) -> Mapping[str, str]:
            wanted = Wanted(("PyPI",), tmp_path / "data", bucket.url, known_exploited=str(kev))
            opened = open_advisories(wanted, at, _silent)
            assert opened.lookup is not None
            opened.lookup.close()
            return opened.problems

        assert ask(START) == {}
        asked = len(bucket.asked)
        assert ask(START + timedelta(minutes=59)) == {}
        assert len(bucket.asked) == asked
        ask(START + timedelta(minutes=61))
        assert len(bucket.asked) > asked
    problems = ask(START + timedelta(hours=9))
    assert "no answer" in problems["PyPI"]


def test_offline_asks_nobody_and_says_what_is_missing(tmp_path: Path) -> None:
    opened = _open(tmp_path / "data", "http://127.0.0.1:9/osv", offline=True)
    assert opened.lookup is None
    assert opened.problems == {"PyPI": "offline"}


def test_offline_without_a_feed_says_that_another_was_synced(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})
    assert _open(tmp_path / "data", None, offline=True).problems == {"PyPI": "offline"}
    _open(tmp_path / "data", str(root))
    opened = _open(tmp_path / "data", None, offline=True)
    assert opened.problems == {"PyPI": "offline; another feed was synced here, which `--feed` names"}


def test_the_synced_file_serves_a_scan_of_the_same_feed(tmp_path: Path) -> None:
    root = write_bucket(tmp_path / "osv", {"PyPI": [record("L-1")]})
    _open(tmp_path / "data", root)
    (own,) = (tmp_path / "data").rglob(FILE_NAME)
    own.replace(tmp_path / "data" / FILE_NAME)
    assert _open(tmp_path / "data", root).checked == frozenset({"PyPI"})
    assert list((tmp_path / "data").rglob(FILE_NAME)) == [tmp_path / "data" / FILE_NAME]
    assert _open(tmp_path / "data", None).lookup is not None


def test_what_a_distribution_says_beside_ranges_is_kept(tmp_path: Path) -> None:
    entry = {
        "package": {"ecosystem": "Debian:12", "name": "sedge"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        "ecosystem_specific": {"urgency": "unimportant"},
    }
    path = tmp_path / FILE_NAME
    _refresh(path, MemoryFeed({"Debian": [{**record("D-1"), "affected": [entry]}]}), "Debian")
    held = open_compiled(path)
    assert held.rules("Debian:12", "sedge").said == (("D-1", PackageState.WILL_NOT_FIX),)
    assert held.rules("Debian:12", "rush").said == ()
    held.close()


def test_notice_is_exploited_where_one_of_the_cves_that_it_mends_is(tmp_path: Path) -> None:
    feed = MemoryFeed(
        {
            "AlmaLinux": [
                record("ALSA-1", "AlmaLinux:9", related=["CVE-2026-1", "CVE-2026-2"]),
                record("ALSA-2", "AlmaLinux:9", upstream=["CVE-2026-3"], related=["CVE-2026-1"]),
            ],
            "PyPI": [record("L-1", related=["CVE-2026-1"])],
        }
    )
    path = tmp_path / FILE_NAME
    _refresh(path, feed, "AlmaLinux", "PyPI", kev={"CVE-2026-1"})
    held = open_compiled(path)
    facts = held.facts(["ALSA-1", "ALSA-2", "L-1"])
    held.close()
    assert {name: one.known_exploited for name, one in facts.items()} == {"ALSA-1": True, "ALSA-2": False, "L-1": False}
    assert facts["ALSA-1"].members == ("ALSA-1",)
    held = open_compiled(path, Lists(frozenset({"CVE-2026-3"}), {"CVE-2026-2": Enrichment(epss=0.4)}))
    facts = held.facts(["ALSA-1", "ALSA-2"])
    held.close()
    assert (facts["ALSA-1"].known_exploited, facts["ALSA-1"].epss, facts["ALSA-2"].known_exploited) == (
        False,
        0.4,
        True,
    )
