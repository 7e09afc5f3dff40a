"""`holdfast scan` as a person or a pipeline meets it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from holdfast.app.scanning import LocalScan
from holdfast.edges.cli.scan import ScanAdvisories, ScanRequest, make_scan
from holdfast.errors import FeedError
from holdfast.testing.clocks import START
from tests.edges.providers.bucket import record, write_bucket
from tests.shared import SHARED_DATA, needs_shared

SEVERE = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
PIN = "lamp==1.0\nshade==2.0\n"


class Tools(LocalScan):
    """The real tools, at a fixed instant."""

    at = START

    def now(self) -> datetime:
        return self.at


class Place:
    """A folder to scan, a feed and a data folder."""

    def __init__(self, root: Path) -> None:
        self.tree = root / "tree"
        self.tree.mkdir()
        self.data = root / "data"
        self.feed = root / "osv"
        self.publish(record("L-1", aliases=["CVE-2026-1"], severity=SEVERE))

    def publish(self, *records: Mapping[str, Any]) -> None:
        write_bucket(self.feed, {"PyPI": records})

    def write(self, name: str, text: str) -> None:
        (self.tree / name).write_text(text)

    def scan(
        self, *options: str, feed: bool = True, tools: Callable[[], LocalScan] = Tools, max_age: str = ""
    ) -> Result:
        named = ["--feed", str(self.feed)] if feed else []
        arguments = [str(self.tree), *named, "--data", str(self.data), *options]
        named_none = {"HOLDFAST_FEED": "", "HOLDFAST_KEV": "", "HOLDFAST_FEED_MAX_AGE": max_age}
        return CliRunner().invoke(make_scan(tools), arguments, env=named_none)

    def json(self, *options: str, feed: bool = True) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.scan("--format", "json", *options, feed=feed).stdout)
        return document


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with two pinned packages, one of them affected."""
    made = Place(tmp_path)
    made.write("requirements.txt", PIN)
    return made


def test_json_has_the_shape_that_was_promised(place: Place) -> None:
    document = place.json()
    assert list(document) == [
        "schema",
        "files",
        "components",
        "findings",
        "not_affected",
        "end_of_life",
        "owned",
        "unparsed",
        "unknown",
        "feed",
    ]
    assert document["files"] == [{"file": "requirements.txt", "format": "requirements_txt", "components": 2}]
    assert document["components"][0] == {
        "purl": "pkg:pypi/lamp@1.0",
        "version": "1.0",
        "locations": [{"file": "requirements.txt", "line": 1}],
        "direct": document["components"][0]["direct"],
        "scope": "runtime",
        "source": "registry",
    }
    (finding,) = document["findings"]
    assert finding["advisory"] == "L-1"
    assert finding["aliases"] == ["CVE-2026-1", "L-1"]
    assert finding["severity"]["score"] == 9.8
    assert finding["known_exploited"] is None
    assert finding["fix"] == {"version": "1.5", "command": r"sed -i '1s/==1\.0/==1.5/' requirements.txt"}
    assert document["feed"]["records"] == 1
    assert document["unknown"] == []


def test_a_scan_repeated_gives_the_same_bytes(place: Place) -> None:
    first = place.scan("--format", "json").stdout_bytes
    assert first.endswith(b"}\n")
    assert place.scan("--format", "json").stdout_bytes == first


@pytest.mark.parametrize(
    ("option", "code"),
    [([], 0), (["--fail-on", "any"], 1), (["--fail-on", "critical"], 1), (["--fail-on", "known-exploited"], 5)],
)
def test_findings_alone_do_not_fail(place: Place, option: list[str], code: int) -> None:
    assert place.scan(*option).exit_code == code


def test_a_finding_below_the_bar_passes_and_an_unscored_one_counts_as_high(place: Place) -> None:
    place.publish(record("L-1"))
    assert place.scan("--fail-on", "critical").exit_code == 0
    assert place.scan("--fail-on", "high").exit_code == 1


@pytest.mark.parametrize("bar", ["any", "critical", "known-exploited"])
def test_a_malicious_package_is_above_every_bar(place: Place, bar: str) -> None:
    place.publish(record("MAL-2026-1"))
    assert place.scan("--fail-on", bar).exit_code == 1
    (finding,) = json.loads(place.scan("--format", "json").stdout)["findings"]
    assert finding["kind"] == "malicious"
    row = next(line for line in place.scan("--format", "markdown").stdout.splitlines() if "MAL-2026-1" in line)
    assert row.startswith("| malicious |")


def test_what_could_not_be_judged_is_five_and_blocked_beats_it(place: Place) -> None:
    place.write("bun.lockb", "x")
    assert place.scan("--fail-on", "any").exit_code == 1
    place.write("requirements.txt", "shade==2.0\n")
    assert place.scan("--fail-on", "any").exit_code == 5
    assert place.scan().exit_code == 0


def test_nothing_to_scan_is_three(place: Place) -> None:
    (place.tree / "requirements.txt").unlink()
    result = place.scan("--format", "json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["files"] == []


def test_a_place_that_is_not_there_is_a_usage_error_in_json(place: Place) -> None:
    (place.tree / "requirements.txt").unlink()
    place.tree.rmdir()
    result = place.scan("--format", "json")
    assert result.exit_code == 2
    assert "no such file" in json.loads(result.stdout)["error"]["message"]
    assert "no such file" in result.stderr


@pytest.mark.parametrize("bad", [["--fail-on", "often"], ["--no-such"], ["--feed"]])
def test_a_usage_error_is_json_when_json_was_asked_for(place: Place, bad: list[str]) -> None:
    result = place.scan("--format=json", *bad)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["schema"] == "holdfast.scan/1"


def test_a_feed_that_is_no_place_is_a_usage_error(place: Place) -> None:
    result = place.scan("--feed", str(place.feed / "nowhere"), feed=False)
    assert result.exit_code == 2
    assert "no such feed" in result.stderr


def test_without_advisories_offline_everything_is_unknown(place: Place) -> None:
    document = place.json("--offline", feed=False)
    assert document["feed"] == {"as_of": None, "newest": None, "records": 0}
    assert [(row["ecosystem"], row["components"]) for row in document["unknown"]] == [("PyPI", 2)]
    assert place.scan("--offline", "--fail-on", "any", feed=False).exit_code == 5


def test_a_synced_file_that_grew_old_is_unknown(place: Place) -> None:
    place.scan()
    (own,) = place.data.rglob("advisories.hf")
    own.replace(place.data / "advisories.hf")

    class Later(Tools):
        at = START + timedelta(days=30)

    result = place.scan("--format", "json", "--offline", feed=False, tools=Later)
    document = json.loads(result.stdout)
    assert len(document["findings"]) == 1
    assert "longer ago than 24 hours" in document["unknown"][0]["because"]
    longer = place.scan("--offline", "--fail-on", "known-exploited", feed=False, tools=Later, max_age="9000")
    assert "could not be judged" not in longer.stdout
    assert place.scan(max_age="soon").exit_code == 2


def test_a_cut_feed_keeps_the_last_good_state(place: Place) -> None:
    before = place.json()
    archive = place.feed / "PyPI" / "all.zip"
    archive.write_bytes(archive.read_bytes()[:100])
    (place.feed / "PyPI" / "modified_id.csv").write_text("2027-01-01T00:00:00Z,L-1\n")
    result = place.scan("--format", "json")
    assert json.loads(result.stdout) == before
    assert "no new advisories for PyPI" in result.stderr


def test_a_failure_is_four_and_json(place: Place) -> None:
    class Broken(Tools):
        @contextmanager
        def advisories(self, request: ScanRequest, now: datetime, progress: object) -> Iterator[ScanAdvisories]:
            raise FeedError("the disk is full", where="here", hint="make room")
            yield

    result = place.scan("--format", "json", tools=Broken)
    assert result.exit_code == 4
    assert json.loads(result.stdout)["error"] == {"message": "the disk is full", "where": "here", "hint": "make room"}
    assert "try: make room" in result.stderr


def test_a_table_speaks_to_a_person(place: Place) -> None:
    result = place.scan()
    assert "9.8 critical" in result.stdout
    assert "L-1, CVE-2026-1" in result.stdout
    assert "requirements.txt:1" in result.stdout
    assert "1 files, 2 components, 1 findings." in result.stdout
    assert "\x1b" not in result.stdout


def test_hostile_texts_move_no_cursor_and_are_no_markup(place: Place) -> None:
    place.publish(record("L-1|<script>\u202e", aliases=["CVE-1\x1b[2J"]))
    place.write("requirements.txt", PIN + "evil\x1b[31m==1\n")
    table, markdown = place.scan().stdout, place.scan("--format", "markdown").stdout
    assert "\x1b" not in table + markdown
    assert "<script>" not in markdown
    assert all(line.count(" | ") <= 8 for line in markdown.splitlines())


def test_kev_is_read_from_a_file(place: Place, tmp_path: Path) -> None:
    kev = tmp_path / "kev.json"
    kev.write_text('{"vulnerabilities": [{"cveID": "CVE-2026-1"}]}')
    arguments = [str(place.tree), "--feed", str(place.feed), "--data", str(place.data), "--fail-on", "known-exploited"]
    result = CliRunner().invoke(make_scan(Tools), arguments, env={"HOLDFAST_KEV": str(kev)})
    assert result.exit_code == 1
    assert "9.8 critical, exploited" in result.stdout


@needs_shared
@pytest.mark.parametrize("folder", sorted(path.name for path in SHARED_DATA.glob("lockfiles/*")))
def test_every_shared_lock_file_is_read_or_reported(tmp_path: Path, folder: str) -> None:
    tree = SHARED_DATA / "lockfiles" / folder
    command = make_scan(Tools)
    for origin in sorted(tree.iterdir()):
        arguments = [str(origin), "--data", str(tmp_path), "--offline", "--format", "json"]
        result = CliRunner().invoke(command, arguments, env={"HOLDFAST_FEED": ""})
        document = json.loads(result.stdout)
        spoken_of = {one["file"] for one in document["files"]} | {one["file"] for one in document["unparsed"]}
        assert result.exit_code == 0, (origin, document)
        assert spoken_of, origin


def test_image_of_a_registry_is_not_asked_for_offline() -> None:
    ended = CliRunner().invoke(make_scan(Tools), ["--image", "registry.example/pay:1", "--offline"])
    assert ended.exit_code == 2
    assert "nothing may be asked of the network" in ended.stderr
