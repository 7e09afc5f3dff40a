"""KEV, EPSS and SSVC as they are published, and as they are not."""

import gzip
import json
from pathlib import Path

import pytest

from holdfast.edges.providers.enrichment_epss import EpssSource, parse_epss
from holdfast.edges.providers.enrichment_kev import KevSource, parse_kev
from holdfast.edges.providers.enrichment_read import read_location
from holdfast.edges.providers.enrichment_ssvc import SsvcSource, parse_ssvc
from holdfast.errors import FeedError
from holdfast.model.instant import parse_instant
from tests.edges.providers.bucket import serve
from tests.shared import SHARED_DATA, needs_shared

NOW = parse_instant("2026-02-01T00:00:00Z")
KEV = {
    "dateReleased": "2026-01-30T12:00:00.5Z",
    "vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "2026-01-29", "knownRansomwareCampaignUse": "Known"}],
}
EPSS = "#model_version:v2026.01.01,score_date:2026-01-31T12:55:00Z\ncve,epss,percentile\nCVE-2026-1,0.91,0.99\n"


def test_kev_rows_carry_their_date(tmp_path: Path) -> None:
    (tmp_path / "kev.json").write_text(json.dumps(KEV))
    found = KevSource(str(tmp_path / "kev.json")).fetch(NOW)
    assert found.rows == {"CVE-2026-1": {"added": "2026-01-29", "ransomware": True}}
    assert found.as_of == parse_instant("2026-01-30T12:00:00.5Z")


def test_kev_rows_need_no_more_than_a_name() -> None:
    rows = parse_kev(b'{"vulnerabilities": [{"cveID": "CVE-2026-1", "more": 1}]}', "kev.json", NOW).rows
    assert rows == {"CVE-2026-1": {"added": "", "ransomware": False}}


def test_kev_that_is_no_text_is_refused() -> None:
    with pytest.raises(FeedError, match="as JSON"):
        parse_kev(b'{"vulnerabilities": [{"cveID": "CVE-\xff"}]}', "kev.json", NOW)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"vulnerabilities": [{}]}', '{"vulnerabilities": ["x"]}', "[" * 10_000, "\x00"]
)
def test_kev_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FeedError):
        parse_kev(text.encode(), "kev.json", NOW)


def test_epss_is_read_through_gzip(tmp_path: Path) -> None:
    (tmp_path / "epss.csv.gz").write_bytes(gzip.compress(EPSS.encode()))
    found = EpssSource(str(tmp_path / "epss.csv.gz")).fetch(NOW)
    assert found.rows == {"CVE-2026-1": {"epss": 0.91, "percentile": 0.99}}
    assert found.as_of == parse_instant("2026-01-31T12:55:00Z")


@pytest.mark.parametrize(
    "line", ["CVE-2026-2", "CVE-2026-2,high", "CVE-2026-2,1.5,0.1", "nan,0.1,0.1", "CVE-2026-2,nan"]
)
def test_epss_names_the_line_that_is_wrong(line: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse_epss(f"{EPSS}{line}\n".encode(), "epss.csv", NOW)
    assert caught.value.where == "epss.csv:4"


def test_ssvc_is_read_as_a_table_of_decisions() -> None:
    table = {"decisions": {"CVE-2026-1": {"Exploitation": "Active", "Automatable": "no", "Technical Impact": "total"}}}
    found = parse_ssvc(json.dumps(table).encode(), "ssvc.json", NOW)
    assert found.rows == {"CVE-2026-1": {"exploitation": "active", "automatable": "no", "technical_impact": "total"}}


def test_ssvc_is_read_from_cve_records() -> None:
    options = [{"Exploitation": "poc"}, {"Automatable": "yes"}, {"Technical Impact": "partial"}]
    metrics = [{"other": {"type": "ssvc", "content": {"options": options}}}, {"cvssV3_1": {}}]
    one = {"cveMetadata": {"cveId": "CVE-2026-1"}, "containers": {"adp": [{"metrics": metrics}]}}
    found = parse_ssvc(json.dumps([one, {}, 3]).encode(), "ssvc.json", NOW)
    assert found.rows["CVE-2026-1"] == {"exploitation": "poc", "automatable": "yes", "technical_impact": "partial"}


@pytest.mark.parametrize("text", ["", "3", "[]", '{"decisions": {}}', '{"decisions": {"CVE-1": 3}}'])
def test_ssvc_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FeedError):
        parse_ssvc(text.encode(), "ssvc.json", NOW)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError) as caught:
        SsvcSource(str(tmp_path / "none.json")).fetch(NOW)
    assert caught.value.where == str(tmp_path / "none.json")


def test_a_cut_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "epss.csv.gz").write_bytes(gzip.compress(EPSS.encode() * 100)[:60])
    with pytest.raises(FeedError, match="damaged gzip"):
        EpssSource(str(tmp_path / "epss.csv.gz")).fetch(NOW)


def test_an_address_is_read_as_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "kev.json").write_text(json.dumps(KEV))
    with serve(tmp_path) as bucket:
        found = KevSource(f"{bucket.url}/kev.json").fetch(NOW)
        assert found.source == f"{bucket.url}/kev.json"
        assert list(found.rows) == ["CVE-2026-1"]
        with pytest.raises(FeedError, match="got 404"):
            read_location(f"{bucket.url}/none.json")


@needs_shared
def test_the_shared_lists_are_read() -> None:
    assert len(KevSource(str(SHARED_DATA / "kev.json")).fetch(NOW).rows) == 1404
    assert len(SsvcSource(str(SHARED_DATA / "ssvc.json")).fetch(NOW).rows) == 752
