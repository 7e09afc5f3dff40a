"""Reports of other tools, told by their content."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.facts import reported
from holdfast.facts.reported import read_report, read_report_parts
from holdfast.registry import load_room
from tests.facts.reports import test_cyclonedx, test_grype, test_osv_scanner, test_sarif, test_trivy

VALID: dict[str, Any] = {
    "cyclonedx": test_cyclonedx.DOCUMENT,
    "grype": {"matches": [test_grype.MATCH], "descriptor": {}},
    "osv_scanner": {"results": [{"source": {"path": "x"}, "packages": [test_osv_scanner.PACKAGE]}]},
    "sarif": test_sarif.document(test_sarif.result()),
    "trivy": test_trivy.REPORT,
}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, 5, -1, True, "x", [], {}, [5], {"a": 1}, 1e300, "\x1b[31m", [[]], [{}]]
)


def test_room_has_a_valid_sample_of_every_format() -> None:
    assert {spec.id for spec in load_room("facts.reports")} == set(VALID)


@pytest.mark.parametrize("format_id", sorted(VALID))
def test_report_is_known_by_its_content(format_id: str) -> None:
    report = read_report("r", json.dumps(VALID[format_id]).encode())
    assert report.format == format_id
    assert report.findings


def _damaged(value: Any, data: st.DataObject) -> Any:
    """The same with one part replaced by something odd."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 4)) == 0:
        return data.draw(ODD)
    key: Any = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = _damaged(value[key], data)
    return copy


@pytest.mark.parametrize("format_id", sorted(VALID))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_report_with_odd_values_is_read_or_an_error(format_id: str, data: st.DataObject) -> None:
    try:
        report = read_report("r", json.dumps(_damaged(VALID[format_id], data)).encode())
    except FactError:
        return
    assert all(gap.because.isprintable() for gap in report.unparsed)
    assert all(one.message.isprintable() and one.id.isprintable() for one in report.findings)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"results": [], "errors": []}',
        b'{"results": [{"check_id": "x"}]}',
        b"\xff",
    ],
)
def test_report_of_nothing_known_is_an_error(data: bytes) -> None:
    with pytest.raises(FactError) as caught:
        read_report("r.json", data)
    assert str(caught.value.where).startswith("r.json")


def test_report_over_the_limit_is_not_held_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "MAX_REPORT_BYTES", 1 << 20)
    with pytest.raises(FactError, match="a report of over 1 MiB is not held as a whole"):
        read_report("r", bytes((1 << 20) + 1))


def test_report_over_what_is_read_at_all_is_refused() -> None:
    with pytest.raises(FactError, match="a report of over 1024 MiB is not read"):
        read_report_parts("r", 2 << 30, lambda _start, _count: b"")


@pytest.mark.parametrize("format_id", sorted(VALID))
def test_report_that_is_read_piece_by_piece_says_the_same(format_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps(VALID[format_id], indent=1).encode()
    whole = read_report("r", data)
    monkeypatch.setattr(reported, "MAX_REPORT_BYTES", 10)
    assert read_report_parts("r", len(data), lambda start, count: data[start : start + count]) == whole


def test_findings_beyond_the_most_that_are_kept_are_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.facts.reports._gathering.MAX_FINDINGS", 2)
    many = test_sarif.document(*(test_sarif.result(line=number) for number in (1, 2, 2, 3, 1)))
    report = read_report("r", json.dumps(many).encode())
    assert (len(report.findings), [gap.because for gap in report.unparsed]) == (
        2,
        ["over 2 findings: 1 more were not read"],
    )


TRIVY: dict[str, Any] = {"SchemaVersion": 2, "Results": []}
GRYPE: dict[str, Any] = {"descriptor": {"name": "grype"}, "matches": []}
OSV_SCANNER: dict[str, Any] = {"results": []}
CYCLONEDX: dict[str, Any] = {"bomFormat": "CycloneDX", "specVersion": "1.6"}


@pytest.mark.parametrize(
    "document",
    [
        TRIVY | {"Results": "x"},
        TRIVY | {"Results": ["x"]},
        TRIVY | {"Results": [{"Vulnerabilities": {"a": 1}}]},
        TRIVY | {"Results": [{"Secrets": "x"}]},
        GRYPE | {"matches": {}},
        GRYPE | {"matches": ["x"]},
        OSV_SCANNER | {"results": [{"packages": "x"}]},
        CYCLONEDX | {"vulnerabilities": ["x"]},
        CYCLONEDX | {"vulnerabilities": "x"},
    ],
)
def test_list_that_is_none_is_a_gap_and_never_an_empty_one(document: dict[str, Any]) -> None:
    report = read_report("r.json", json.dumps(document).encode())
    assert (len(report.unparsed), report.findings) == (1, ())
