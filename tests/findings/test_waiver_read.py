"""Files of waivers: each entry by itself, and what can't be read waives nothing."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.findings.waiver_read import read_waivers
from holdfast.model.waiver import Status

ENTRY = """\
waivers:
  - id: shop-lodash
    finding: CVE-2024-1234
    aliases: [GHSA-aaaa-bbbb-cccc]
    service: shop
    package: pkg:npm/%40acme/lodash
    versions: ">=4.0 <4.17.21"
    status: not_affected
    reason: vulnerable_code_not_in_execute_path
    statement: the template function is never called
    owner: ana
    approved_by: sec-lead
    signed: 2026-11-01T09:00:00Z
    expires: 2027-01-15T00:00:00Z
"""


def test_an_entry_is_read_whole() -> None:
    found = read_waivers(ENTRY.encode())
    assert found.problems == ()
    (one,) = found.waivers
    assert one.ids == ("CVE-2024-1234", "GHSA-aaaa-bbbb-cccc")
    assert (one.ecosystem, one.package) == ("npm", "@acme/lodash")
    assert one.versions == ((">=", "4.0"), ("<", "4.17.21"))
    assert (one.status, one.expires_at) == (Status.NOT_AFFECTED, datetime(2027, 1, 15, tzinfo=UTC))
    assert one.where == ".holdfast/waivers.yaml:2:5"


@pytest.mark.parametrize(
    ("old", "new", "where", "words"),
    [
        ("    expires: 2027-01-15T00:00:00Z\n", "", "2:5", "`expires` is missing"),
        ("2027-01-15T00:00:00Z", "2027-01-15", "14:14", "2027-01-15"),
        ("2027-01-15T00:00:00Z", "2027-01-15T00:00:00+02:00", "14:14", "not in UTC"),
        ("2027-01-15T00:00:00Z", "2026-01-15T00:00:00Z", "14:14", "before it is signed"),
        ("not_affected", "fixed", "8:13", "`fixed` is no status"),
        ("vulnerable_code_not_in_execute_path", "nobody cares", "9:13", "is no reason"),
        ("pkg:npm/%40acme/lodash", "lodash", "6:14", "purl"),
        ('">=4.0 <4.17.21"', '"about 4"', "7:15", "no version of npm"),
        ('    versions: ">=4.0 <4.17.21"\n', "", "2:5", "`versions` is missing"),
        ("    owner: ana\n", "    owner: ana\n    forever: true\n", "12:5", "unknown key `forever`"),
        ("    owner: ana\n", "", "2:5", "`owner` is missing"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_waives_nothing(old: str, new: str, where: str, words: str) -> None:
    found = read_waivers(ENTRY.replace(old, new).encode(), file="w.yaml")
    assert found.waivers == ()
    assert found.problems[0].startswith(f"w.yaml:{where}")
    assert words in found.problems[0]
    assert "\n" not in found.problems[0]


def test_a_risk_that_is_accepted_needs_a_statement() -> None:
    text = ENTRY.replace("not_affected", "affected").replace("vulnerable_code_not_in_execute_path", "will_not_fix")
    assert read_waivers(text.encode()).problems == ()
    bare = text.replace("    statement: the template function is never called\n", "")
    assert "needs a `statement`" in read_waivers(bare.encode()).problems[0]


def test_one_bad_entry_leaves_the_others() -> None:
    second = ENTRY.removeprefix("waivers:\n").replace("id: shop-lodash", "id: other").replace("owner: ana", "owner: ''")
    found = read_waivers((ENTRY + second).encode())
    assert ([one.id for one in found.waivers], len(found.problems)) == (["shop-lodash"], 1)


def test_two_of_one_id_hold_neither() -> None:
    found = read_waivers((ENTRY + ENTRY.removeprefix("waivers:\n")).encode())
    assert found.waivers == ()
    assert "a second waiver `shop-lodash`: neither holds" in found.problems[0]


@pytest.mark.parametrize(
    "text", [b"", b"waivers", b"{}", b"waivers: {a: 1}", b"\xff", b"waivers: [1, [2]]", b"a: &a\n b: *a"]
)
def test_what_is_no_list_of_waivers_waives_nothing(text: bytes) -> None:
    assert read_waivers(text).waivers == ()


@given(st.text(max_size=400))
def test_no_text_at_all_raises(text: str) -> None:
    read_waivers(ENTRY.replace("ana", text).encode("utf-8", "surrogatepass"))
