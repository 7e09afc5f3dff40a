"""What documents say of a finding: matched exactly, the strictest counts, and doubt clears nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.findings.vex import Judgeable, Said, Vex, VexLimits, find_said
from holdfast.model.component import Component, Occurrence
from holdfast.model.finding import Finding, Kind
from holdfast.model.purl import parse_purl
from holdfast.model.vex import Claim, Product, Statement, VexDocument, VexStatus, parse_package

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
SHOP = Judgeable((parse_package("pkg:oci/shop@7?repository_url=registry.example/shop"),), frozenset({DIGEST}))
NOT, AFFECTED, FIXED, OPEN = (
    VexStatus.NOT_AFFECTED,
    VexStatus.AFFECTED,
    VexStatus.FIXED,
    VexStatus.UNDER_INVESTIGATION,
)


def product(purl: str) -> Product:
    return Product(purl, parse_package(purl))


def statement(
    purl: str = "pkg:npm/left-pad", status: VexStatus = NOT, *parts: str, days: int = -1, document: str = "doc"
) -> Statement:
    at = NOW + timedelta(days=days)
    claims = (Claim(product(purl), tuple(product(one) for one in parts)),)
    return Statement(
        ("CVE-2026-1",), claims, status, "component_not_present", authors=("Ana",), document=document, at=at
    )


def finding(component: str | Component = "pkg:npm/left-pad@1.0.0", **fields: object) -> Finding:
    found = parse_purl(component) if isinstance(component, str) else component
    plain = Finding(Kind.VULNERABILITY, "GHSA-1", ("CVE-2026-1", "GHSA-1"), occurrence=Occurrence(found, ()))
    return replace(plain, **fields)  # type: ignore[arg-type]  # checked by the dataclass


def said(
    *statements: Statement, about: Finding | None = None, judged: Judgeable = SHOP, limits: VexLimits | None = None
) -> Said | None:
    vex = Vex.of([VexDocument("vex.json", "openvex", "doc", statements)], judged)
    return find_said(about or finding(), vex, limits or VexLimits(), NOW)


def clears(*statements: Statement, about: Finding | None = None, judged: Judgeable = SHOP) -> bool:
    found = said(*statements, about=about, judged=judged)
    return found is not None and found.clears


@pytest.mark.parametrize(
    ("purl", "component", "matches"),
    [
        ("pkg:npm/left-pad", "pkg:npm/left-pad@1.0.0", True),
        ("pkg:npm/left-pad@1.0.0", "pkg:npm/left-pad@1.0.0", True),
        ("pkg:npm/left-pad@1.0", "pkg:npm/left-pad@1.0.0", False),
        ("pkg:npm/Left-Pad", "pkg:npm/left-pad@1.0.0", False),
        ("pkg:npm/left", "pkg:npm/left-pad@1.0.0", False),
        ("pkg:npm/%40acme/pad", "pkg:npm/pad@1.0.0", False),
        ("pkg:npm/@acme/pad@1", "pkg:npm/%40acme/pad@1", True),
        ("pkg:NPM/left-pad", "pkg:npm/left-pad@1.0.0", True),
        ("pkg:npm/left-pad@1.0.0?arch=x86", "pkg:npm/left-pad@1.0.0", False),
        ("pkg:npm/left-pad#lib", "pkg:npm/left-pad@1.0.0", False),
        ("pkg:pypi/left-pad", "pkg:npm/left-pad@1.0.0", False),
        ("pkg:pypi/Zope.Interface@5", "pkg:pypi/zope-interface@5", True),
        ("pkg:golang/example.org/a@v1.2.0", "pkg:golang/example.org/a@1.2.0", True),
        ("pkg:golang/example.org/a@v1.2.0#sub", "pkg:golang/example.org/a@1.2.0", False),
        ("pkg:maven/org.a/b@1?type=jar", "pkg:maven/org.a/b@1", True),
        ("pkg:maven/org.a/b@1?classifier=x", "pkg:maven/org.a/b@1", False),
        ("pkg:deb/debian/curl@7?arch=amd64", "pkg:deb/debian/curl@7?arch=amd64&distro=debian-12", True),
        ("pkg:deb/debian/curl@7?arch=arm64", "pkg:deb/debian/curl@7?arch=amd64&distro=debian-12", False),
        ("pkg:deb/debian/curl@7?distro=debian-12.4", "pkg:deb/debian/curl@7?distro=debian-12", True),
        ("pkg:deb/debian/curl@7?distro=debian-11", "pkg:deb/debian/curl@7?distro=debian-12", False),
        ("pkg:deb/debian/curl@7?distro=bookworm", "pkg:deb/debian/curl@7?distro=debian-12", False),
        ("pkg:deb/ubuntu/curl@7", "pkg:deb/debian/curl@7?distro=debian-12", False),
        ("pkg:rpm/redhat/bash@5-1?epoch=1", "pkg:rpm/redhat/bash@5-1?distro=redhat-9&epoch=1", True),
        ("pkg:rpm/redhat/bash@5-1", "pkg:rpm/redhat/bash@5-1?distro=redhat-9&epoch=1", False),
        ("pkg:rpm/redhat/bash?epoch=2", "pkg:rpm/redhat/bash@5-1?distro=redhat-9&epoch=1", False),
        ("pkg:rpm/redhat/bash@5-1?epoch=0", "pkg:rpm/redhat/bash@5-1?distro=redhat-9", True),
    ],
)
def test_a_package_url_matches_what_it_names_and_nothing_else(purl: str, component: str, matches: bool) -> None:
    assert clears(statement(purl), about=finding(component)) is matches


def test_a_source_package_is_what_binaries_are_built_from() -> None:
    binary = Component(
        "Debian:12", "libcurl4", "7-2", qualifiers=(("arch", "amd64"),), source_package="curl", source_version="7-1"
    )
    assert clears(statement("pkg:deb/debian/curl@7-1?arch=source"), about=finding(binary))
    assert not clears(statement("pkg:deb/debian/libcurl4@7-2?arch=source"), about=finding(binary))
    assert not clears(statement("pkg:deb/debian/curl@7-1"), about=finding(binary))
    assert clears(statement("pkg:deb/debian/libcurl4@7-2?arch=amd64"), about=finding(binary))


@pytest.mark.parametrize(
    ("purl", "matches"),
    [
        ("pkg:oci/shop@7", True),
        ("pkg:oci/shop", True),
        ("pkg:oci/shop?repository_url=registry.example/shop", True),
        ("pkg:oci/shop?repository_url=registry.example/other", False),
        ("pkg:oci/shop@8", False),
        ("pkg:oci/other@7", False),
        ("pkg:oci/any@sha256%3A" + "a" * 64, True),
        ("pkg:oci/shop@sha256%3A" + "b" * 64, False),
        ("pkg:generic/shop@7", False),
    ],
)
def test_a_product_counts_only_where_it_is_what_is_judged(purl: str, matches: bool) -> None:
    assert clears(statement(purl)) is matches  # of all that is in it
    assert clears(statement(purl, NOT, "pkg:npm/left-pad@1.0.0")) is matches
    assert not clears(statement(purl, NOT, "pkg:npm/other"))
    assert not clears(statement(purl), judged=Judgeable())
    assert not clears(statement(purl, NOT, "pkg:npm/left-pad@1.0.0"), judged=Judgeable())


def test_a_part_that_names_nothing_never_widens_a_statement() -> None:
    unknown = Claim(product("pkg:oci/shop@7"), (Product("cpe:/a:x"),))
    assert said(replace(statement(), claims=(unknown,))) is None
    assert said(replace(statement(), claims=(Claim(Product("shop"), (product("pkg:npm/left-pad"),)),))) is None


def test_a_digest_names_an_image_without_its_name() -> None:
    hashed = Claim(Product("shop", None, (DIGEST,)), (product("pkg:npm/left-pad"),))
    assert clears(replace(statement(), claims=(hashed,)))


def test_another_vulnerability_says_nothing() -> None:
    assert said(replace(statement(), ids=("CVE-2026-2",))) is None
    assert clears(replace(statement(), ids=("CVE-2026-2", "GHSA-1")))


def test_only_vulnerabilities_and_malice_in_packages_are_spoken_of() -> None:
    assert said(statement(), about=finding(kind=Kind.LICENSE)) is None
    assert said(statement(), about=finding(occurrence=None, kind=Kind.CODE)) is None


def test_a_later_statement_of_the_same_document_overrides() -> None:
    """Day -3: under investigation. Day -2: affected. Day -1: not affected."""
    older = (statement(status=OPEN, days=-3), statement(status=AFFECTED, days=-2))
    found = said(statement(days=-1), *older)
    assert found is not None
    assert (found.clears, found.others) == (True, ())
    assert not clears(statement(days=-3), *older)
    second = replace(statement(status=AFFECTED), version="10")
    assert not clears(replace(statement(), version="9"), second)  # of one instant, the later version
    assert clears(replace(statement(), version="11"), second)


def test_documents_that_differ_count_as_the_strictest_and_both_are_told() -> None:
    found = said(statement(days=-1), statement(status=AFFECTED, days=-9, document="other"))
    assert found is not None
    assert (found.clears, found.statement.status) == (False, AFFECTED)
    assert [one.status for one in found.others] == [NOT]
    assert not clears(statement(), statement(status=OPEN, document="other"))
    assert not clears(statement(), statement(status=AFFECTED))  # one document that says both at once
    assert clears(statement(), statement(status=FIXED, document="other"))


def test_documents_without_id_are_told_apart_by_file() -> None:
    first = replace(statement(days=-1, document=""), file="a.json")
    second = replace(statement(status=AFFECTED, days=-9, document=""), file="b.json")
    assert not clears(first, second)
    assert clears(first, replace(second, file="a.json"))


def test_a_date_that_has_not_come_does_not_count() -> None:
    found = said(statement(days=1))
    assert found is not None
    assert (found.clears, len(found.void)) == (False, 1)
    assert "has not come" in found.void[0]
    assert not clears(statement(status=AFFECTED, days=-1), statement(days=1))


def test_a_warning_counts_before_its_date() -> None:
    """Its author's clock runs ahead, or it was announced: who waits for it ships what is known to be affected."""
    assert not clears(statement(), statement(status=AFFECTED, days=1))
    assert not clears(statement(), statement(status=OPEN, days=1))


def test_a_statement_without_a_date_is_not_overridden_by_one_that_has_it() -> None:
    """Which of them came first is not known."""
    undated = replace(statement(status=AFFECTED), at=None)
    assert not clears(undated, statement())
    assert not clears(statement(), undated)
    assert clears(replace(undated, version="1"), replace(undated, status=NOT, version="2"))


def test_a_policy_names_whose_word_counts() -> None:
    limits = VexLimits(authors=frozenset({"Bea"}))
    found = said(statement(), limits=limits)
    assert found is not None
    assert not found.clears
    assert "Ana" in found.void[0]
    allowed = said(
        statement(), replace(statement(status=AFFECTED), authors=("Cem",)), limits=VexLimits(frozenset({"Ana"}))
    )
    assert allowed is not None
    assert allowed.clears


def test_what_is_exploited_or_malicious_is_cleared_only_where_the_policy_lets_it() -> None:
    for about, word in (
        (finding(known_exploited=True), "known-exploited"),
        (finding(kind=Kind.MALICIOUS), "malicious"),
    ):
        assert not clears(statement(), about=about)
        found = said(statement(), about=about, limits=VexLimits(also_clears=frozenset({word})))
        assert found is not None
        assert found.clears
    assert clears(statement(), about=finding(known_exploited=None))


def test_every_package_of_a_source_must_be_cleared() -> None:
    first, second = parse_purl("pkg:deb/debian/libcurl4@7?arch=amd64"), parse_purl("pkg:deb/debian/curl@7?arch=amd64")
    both = finding(first, packages=(Occurrence(first, ()), Occurrence(second, ())))
    one, other = statement("pkg:deb/debian/libcurl4@7"), statement("pkg:deb/debian/curl@7", document="other")
    found = said(one, about=both)
    assert found is not None
    assert found.void == ("it speaks of 1 of the 2 packages that have it",)
    assert clears(one, other, about=both)
    assert not clears(one, replace(other, status=AFFECTED), about=both)


def test_a_notice_is_cleared_with_every_cve_that_it_mends_or_by_its_own_name() -> None:
    notice = finding(id="RHSA-2026:1", ids=("RHSA-2026:1",), mends=("CVE-2026-1", "CVE-2026-2"))
    first = statement()
    second, whole = replace(first, ids=("CVE-2026-2",)), replace(first, ids=("RHSA-2026:1",))
    found = said(first, about=notice)
    assert found is not None
    assert found.void == ("nobody says it of CVE-2026-2",)
    assert clears(first, second, about=notice)
    assert clears(whole, about=notice)
    assert not clears(first, second, replace(whole, status=AFFECTED, document="b"), about=notice)
    assert not clears(first, replace(second, status=AFFECTED), about=notice)
    assert clears(first, about=replace(notice, mends=("CVE-2026-1",)))
    assert not clears(replace(first, ids=("CVE-2026-3",)), about=notice)
    assert Vex.of([VexDocument("f", "x", "d", (first, second))], SHOP).of_findings([notice]).statements.keys() == {
        "CVE-2026-1",
        "CVE-2026-2",
    }


def test_words_say_what_why_and_by_whom() -> None:
    found = said(statement())
    assert found is not None
    assert found.words == "VEX: not affected because component_not_present, by Ana"
    other = said(replace(statement(status=AFFECTED), response=("no_fix_planned",)))
    assert other is not None
    assert other.words == "VEX: affected (no_fix_planned), by Ana"


@given(st.text(max_size=30))
def test_any_package_url_is_read_or_refused(text: str) -> None:
    try:
        found = parse_package("pkg:" + text)
    except FactError:
        return
    assert found.type
    assert found.name


_STATEMENTS = st.builds(
    lambda status, days, document: statement(status=status, days=days, document=document),
    st.sampled_from([NOT, AFFECTED, FIXED, OPEN]),
    st.integers(-5, 2),
    st.sampled_from(["a", "b", ""]),
)


@given(st.lists(_STATEMENTS, max_size=5))
def test_another_document_never_clears_what_one_says_is_affected(statements: list[Statement]) -> None:
    assert not clears(*statements, statement(status=AFFECTED, document="vendor"))


@given(st.permutations([statement(), statement(status=AFFECTED, document="b"), statement(status=OPEN, days=-4)]))
def test_the_order_of_documents_does_not_count(statements: list[Statement]) -> None:
    found = said(*statements)
    assert found is not None
    assert found.statement.status is AFFECTED


SEVERAL = finding(ids=("CVE-2026-1", "CVE-2026-2", "GHSA-1", "GO-1"), whole=("GO-1",))


def named(*ids: str, status: VexStatus = NOT, document: str = "doc") -> Statement:
    return replace(statement(status=status, document=document), ids=ids)


def test_a_statement_about_one_cve_does_not_clear_another_that_a_record_names_beside_it() -> None:
    found = said(named("CVE-2026-1"), about=SEVERAL)
    assert found is not None
    assert (found.clears, found.void) == (False, ("nobody says it of CVE-2026-2",))
    for part in (named("GHSA-1"), named("GO-1", "CVE-2026-2")):
        assert not clears(part, about=SEVERAL)


def test_a_finding_of_several_cves_is_cleared_by_its_record_by_all_its_cves_and_by_one_statement_each() -> None:
    assert clears(named("GO-1"), about=SEVERAL)
    assert clears(named("CVE-2026-1", "CVE-2026-2"), about=SEVERAL)
    assert clears(named("CVE-2026-1"), named("CVE-2026-2", status=FIXED), about=SEVERAL)


def test_what_is_said_to_be_affected_of_a_part_holds_up_the_whole() -> None:
    every = named("CVE-2026-1", "CVE-2026-2", document="one")
    for part in ("CVE-2026-2", "GHSA-1"):
        found = said(every, named(part, status=AFFECTED, document="two"), about=SEVERAL)
        assert found is not None
        assert (found.clears, found.statement.status) == (False, AFFECTED)
