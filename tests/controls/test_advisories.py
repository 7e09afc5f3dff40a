import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.controls.advisories import MAX_RECORD_BYTES, compile_advisory, parse_osv
from holdfast.errors import ControlError
from holdfast.model.advisory import Affected, Event, Range
from tests.controls.records import COLLECTED, collected, record
from tests.shared import needs_shared

V31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"


def test_record_is_read_whole() -> None:
    advisory = parse_osv(
        {
            "id": "GHSA-1",
            "modified": "2026-01-02T03:04:05.123456789Z",
            "published": "2026-01-01T00:00:00+02:00",
            "aliases": ["CVE-1", "CVE-1", "GHSA-1"],
            "related": ["CVE-2"],
            "upstream": ["CVE-3"],
            "summary": " Two\nlines ",
            "severity": [{"type": "CVSS_V3", "score": V31}, {"type": "CVSS_V4", "score": V4}],
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "Demo_App"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}],
                    "versions": ["1.0"],
                    "severity": [{"type": "CVSS_V3", "score": V31}],
                }
            ],
        }
    )
    assert advisory.problems == ()
    assert advisory.modified == datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
    assert advisory.published == datetime(2025, 12, 31, 22, tzinfo=UTC)
    assert (advisory.aliases, advisory.related, advisory.upstream) == (("CVE-1",), ("CVE-2",), ("CVE-3",))
    assert advisory.summary == "Two lines"
    assert advisory.severity is not None
    assert advisory.severity.score == 9.3
    (affected,) = advisory.affected
    assert affected.severity is not None
    assert affected.severity.score == 9.8
    ranges = (Range("ECOSYSTEM", (Event("introduced", "0"), Event("fixed", "2"))),)
    assert affected == Affected("PyPI", "demo-app", ranges, ("1.0",), affected.severity)


def test_body_is_canonical_and_digest_follows_content_alone() -> None:
    one = parse_osv(b'{"modified": "2026-01-02T03:04:05Z",\n "id": "T-1"}')
    other = parse_osv({"id": "T-1", "modified": "2026-01-02T03:04:05Z"})
    assert one.body == '{"id":"T-1","modified":"2026-01-02T03:04:05Z"}'
    assert one == other
    assert one.digest != parse_osv({"id": "T-1", "modified": "2026-01-02T03:04:06Z"}).digest


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"id": 7}',
        b'{"id": ""}',
        b'{"id": "a\\u0000b"}',
        b"\xff\xfe",
        b'{"id": "\xff"}',
        b'{"id": "T", "x": "\\ud800"}',
        b'{"id": "T", "x": 1e999}',
        b"[" * 100_000,
        b'{"id": "T", "x": ' + b"[" * 100_000,
    ],
)
def test_what_has_no_id_or_is_no_record_is_refused_with_its_place(data: bytes) -> None:
    with pytest.raises(ControlError) as caught:
        parse_osv(data, where="all.zip:T.json")
    assert caught.value.where == "all.zip:T.json"


def test_huge_record_is_refused_unread() -> None:
    with pytest.raises(ControlError, match="bytes"):
        parse_osv(b" " * (MAX_RECORD_BYTES + 1))


def test_nested_object_is_refused() -> None:
    nested: dict[str, Any] = {}
    for _ in range(100_000):
        nested = {"x": nested}
    with pytest.raises(ControlError, match="deep"):
        parse_osv({"id": "T", "x": nested})


def test_byte_order_mark_and_big_numbers_are_read() -> None:
    assert parse_osv(b'\xef\xbb\xbf{"id": "T", "database_specific": {"n": ' + b"9" * 40 + b"}}").id == "T"


def test_year_one_is_no_date() -> None:
    one = "0001-01-01T00:00:00Z"
    advisory = parse_osv({"id": "T", "modified": one, "published": "0001-01-01T00:00:00+05:00", "withdrawn": one})
    assert (advisory.modified, advisory.published, advisory.withdrawn) == (None, None, None)
    assert advisory.problems == ()


@pytest.mark.parametrize("value", ["yesterday", "2026-01-01T00:00:00", 7, [], "2026-99-01T00:00:00Z"])
def test_what_is_no_date_is_a_problem(value: object) -> None:
    advisory = parse_osv({"id": "T", "modified": "2026-01-02T03:04:05Z", "withdrawn": value})
    assert advisory.withdrawn is None
    assert advisory.problems[0].startswith("withdrawn: ")


def test_missing_modified_is_a_problem() -> None:
    assert parse_osv({"id": "T"}).problems == ("modified: missing",)


def test_bad_parts_are_problems_and_the_rest_counts() -> None:
    good = record({"introduced": "0"})["affected"][0]
    broken = {
        "id": "T",
        "modified": "2026-01-02T03:04:05Z",
        "aliases": ["CVE-1", 7, "", "a\x00b"],
        "related": "CVE-2",
        "severity": [7, {"type": "CVSS_V3", "score": "HIGH"}],
        "affected": [
            good,
            "nothing",
            {"package": {"ecosystem": "PyPI"}},
            {"package": {"ecosystem": "PyPI", "name": "x" * 600}},
            {
                "package": {"ecosystem": "PyPI", "name": "half"},
                "ranges": [
                    "no",
                    {"type": "MAGIC"},
                    {"type": ["SEMVER"]},
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": 7}, {"broken": "1"}, None]},
                ],
                "versions": ["1.0", None, "9" * 600, "1\x00"],
            },
        ],
    }
    advisory = parse_osv(broken)
    assert advisory.aliases == ("CVE-1",)
    assert [one.name for one in advisory.affected] == ["demo", "half"]
    assert advisory.affected[1].ranges == (Range("ECOSYSTEM", (Event("introduced", "0"),)),)
    assert advisory.affected[1].versions == ("1.0",)
    assert len(advisory.problems) == 14


def test_problems_are_capped() -> None:
    advisory = parse_osv({"id": "T", "modified": "2026-01-02T03:04:05Z", "affected": [7] * 10_000})
    assert len(advisory.problems) == 51
    assert advisory.problems[-1] == "and 9950 more problems"


def test_word_of_a_vendor_is_neither_score_nor_problem() -> None:
    advisory = parse_osv(
        record(severity=[{"type": "Ubuntu", "score": "medium"}], database_specific={"severity": "HIGH"})
    )
    assert advisory.severity is None
    assert advisory.problems == ()


def test_unknown_ecosystem_is_kept() -> None:
    assert parse_osv(record({"introduced": "0"}, ecosystem="Atlantis")).affected[0].ecosystem == "Atlantis"


def test_ubuntu_release_loses_its_lts_mark() -> None:
    assert parse_osv(record(ecosystem="Ubuntu:22.04:LTS")).affected[0].ecosystem == "Ubuntu:22.04"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["modified", "withdrawn", "aliases", "severity", "summary", "affected", "package", "ranges"])
records = st.recursive(
    json_values,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            fields | st.sampled_from(["events", "type", "versions", "ecosystem", "name"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(fields, records, max_size=5))
def test_any_object_with_an_id_is_read_and_compiled(body: dict[str, Any]) -> None:
    advisory = parse_osv(json.dumps({**body, "id": "T"}).encode())
    assert compile_advisory(advisory).advisory.id == "T"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(ControlError):
        parse_osv(data)


@needs_shared
@pytest.mark.parametrize("ecosystem", COLLECTED)
def test_collected_records_are_read_without_a_problem(ecosystem: str) -> None:
    advisories = [parse_osv(one) for one in collected(ecosystem, every=3)]
    assert len(advisories) > 300
    assert [advisory.id for advisory in advisories if advisory.problems] == []
    assert all(advisory.affected for advisory in advisories)
