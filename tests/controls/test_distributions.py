"""What records of distributions say beside ranges. The records are in the shape that each distribution publishes."""

from typing import Any

import pytest

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.controls.distributions import mended_cves, other_names, release_of
from holdfast.controls.match import affects
from holdfast.controls.vague import vague_packages
from holdfast.model.advisory import Compiled, PackageState


def entry(ecosystem: str, name: str, *events: dict[str, str], **fields: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *events]}]
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges, **fields}


def make(*affected: dict[str, Any], **fields: Any) -> Compiled:
    body = {"id": "T-1", "modified": "2026-01-02T03:04:05Z", "affected": list(affected), **fields}
    return compile_advisory(parse_osv(body))


def how(advisory: Compiled, ecosystem: str, name: str, version: str) -> str | None:
    result = affects(advisory, ecosystem, name, version)
    return result.confidence if result else None


@pytest.mark.parametrize(
    ("ecosystem", "release", "is_sure"),
    [
        ("Debian:12", "Debian:12", True),
        ("Ubuntu:22.04:LTS", "Ubuntu:22.04", True),
        ("Ubuntu:24.10", "Ubuntu:24.10", True),
        ("Ubuntu:Pro:18.04:LTS", "Ubuntu:18.04", True),
        ("Ubuntu:Pro:FIPS-updates:18.04:LTS", "Ubuntu:Pro:FIPS-updates:18.04", True),
        ("Red Hat:enterprise_linux:9::baseos", "Red Hat:9", True),
        ("Red Hat:enterprise_linux:9::appstream", "Red Hat:9", True),
        ("Red Hat:enterprise_linux:10.0", "Red Hat:10", True),
        ("Red Hat:rhel_eus:9.2::baseos", "Red Hat:9", False),
        ("Red Hat:rhel_e4s:8.8::appstream", "Red Hat:8", False),
        ("Red Hat:openshift:4.14::el9", "Red Hat:openshift:4.14::el9", True),
        ("Red Hat:enterprise_linux:90::baseos", "Red Hat:90", True),
        ("SUSE:Linux Enterprise Server 15 SP5", "SUSE:Linux Enterprise Server 15 SP5", True),
        ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "SUSE:Linux Enterprise Server 15 SP5", True),
        ("SUSE:Linux Enterprise Server 15 SP3-LTSS", "SUSE:Linux Enterprise Server 15 SP3", False),
        ("SUSE:Linux Enterprise Server 12 SP5-LTSS Extended Security", "SUSE:Linux Enterprise Server 12 SP5", False),
        ("SUSE:Linux Enterprise High Performance Computing 15 SP4-ESPOS", "SUSE:Linux Enterprise Server 15 SP4", False),
        ("SUSE:Linux Enterprise Server 12", "SUSE:Linux Enterprise Server 12", True),
        ("SUSE:Linux Enterprise Server 16.0", "SUSE:Linux Enterprise Server 16", True),
        ("SUSE:Linux Enterprise Micro 5.3", "SUSE:Linux Enterprise Micro 5.3", True),
        ("SUSE:Manager Server 4.3", "SUSE:Manager Server 4.3", True),
        ("openSUSE:Leap 15.5", "openSUSE:Leap 15.5", True),
        ("openEuler:22.03-LTS-SP1", "openEuler:22.03-LTS-SP1", True),
        ("Rocky Linux:9", "Rocky Linux:9", True),
        ("Wolfi", "Wolfi", True),
        ("PyPI", "PyPI", True),
    ],
)
def test_release_of_an_ecosystem_is_what_an_inventory_names(ecosystem: str, release: str, is_sure: bool) -> None:
    assert release_of(ecosystem) == (release, is_sure)


@pytest.mark.parametrize(
    ("urgency", "state"),
    [
        ("unimportant", PackageState.WILL_NOT_FIX),
        ("end-of-life", PackageState.END_OF_LIFE),
        ("not yet assigned", None),
        ("high**", None),
        (7, None),
    ],
)
def test_debian_says_by_urgency_what_it_will_not_fix(urgency: object, state: PackageState | None) -> None:
    advisory = make(entry("Debian:12", "sedge", ecosystem_specific={"urgency": urgency}))
    assert advisory.said == ((("Debian:12", "sedge", state),) if state else ())


def test_debian_fix_of_what_is_unimportant_is_a_fix() -> None:
    fixed = entry("Debian:12", "sedge", {"fixed": "1.2-3"}, ecosystem_specific={"urgency": "unimportant"})
    assert make(fixed).said == ()


def test_word_of_another_distribution_is_not_read_as_debians() -> None:
    assert make(entry("Alpine:v3.20", "sedge", ecosystem_specific={"urgency": "unimportant"})).said == ()


@pytest.mark.parametrize("specific", [None, [], "unimportant", {"urgency": None}])
def test_distributions_word_of_another_shape_says_nothing(specific: object) -> None:
    assert make(entry("Debian:12", "sedge", ecosystem_specific=specific)).said == ()


@pytest.mark.parametrize("ecosystem", ["Wolfi", "Alpine:v3.20", "Debian:12"])
def test_fix_at_zero_says_not_affected_and_matches_nothing(ecosystem: str) -> None:
    advisory = make(entry(ecosystem, "sedge", {"fixed": "0"}))
    assert advisory.said == ((ecosystem, "sedge", PackageState.NOT_AFFECTED),)
    for version in ("1.0-r0", "0~git1-1", "0_git1-r0", "0_alpha-r0"):
        assert how(advisory, ecosystem, "sedge", version) is None
    assert advisory.fixes == ()
    assert vague_packages(advisory) == ()


def test_fix_at_zero_says_nothing_where_no_distribution_speaks() -> None:
    assert make(entry("PyPI", "sedge", {"fixed": "0"})).said == ()


def test_entries_that_disagree_say_nothing() -> None:
    one = entry("Debian:12", "sedge", ecosystem_specific={"urgency": "unimportant"})
    assert make(one, entry("Debian:12", "sedge")).said == ()


def test_red_hat_release_is_judged_by_every_stream_and_extensions_are_unsure() -> None:
    advisory = make(
        entry("Red Hat:enterprise_linux:9::baseos", "sedge-libs", {"fixed": "0:1.0-5.el9"}),
        entry("Red Hat:enterprise_linux:9::appstream", "sedge", {"fixed": "0:1.0-5.el9"}),
        entry("Red Hat:rhel_eus:9.2::baseos", "sedge-tools", {"fixed": "0:1.0-4.el9_2.1"}),
    )
    assert [how(advisory, "Red Hat:9", name, "1.0-3.el9") for name in ("sedge", "sedge-libs")] == ["high", "high"]
    assert how(advisory, "Red Hat:9", "sedge-tools", "1.0-3.el9") == "low"
    assert how(advisory, "Red Hat:8", "sedge", "1.0-3.el8") is None
    assert how(advisory, "Red Hat:9", "sedge", "1.0-5.el9") is None


def test_suse_release_is_judged_by_its_modules() -> None:
    specific = {"binaries": [{"sedge": "1.0-5.1", "libsedge1": "1.0-5.1"}]}
    module = "SUSE:Linux Enterprise Module for Basesystem 15 SP5"
    advisory = make(entry(module, "sedge", {"fixed": "1.0-5.1"}, ecosystem_specific=specific))
    assert how(advisory, "SUSE:Linux Enterprise Server 15 SP5", "sedge", "1.0-4.1") == "high"
    assert how(advisory, "SUSE:Linux Enterprise Server 15 SP4", "sedge", "1.0-4.1") is None


def test_ubuntu_pro_fix_counts_for_the_release_and_for_who_has_it() -> None:
    pro = entry("Ubuntu:Pro:18.04:LTS", "sedge", {"fixed": "1.0-1ubuntu0.1~esm2"}, versions=["1.0-1"])
    for advisory in (make(pro), make(entry("Ubuntu:18.04:LTS", "sedge", versions=["1.0-1ubuntu0.1~esm2"]), pro)):
        assert how(advisory, "Ubuntu:18.04", "sedge", "1.0-1") == "high"
        assert how(advisory, "Ubuntu:18.04", "sedge", "1.0-1ubuntu0.1~esm2") is None


def test_version_that_everybody_gets_is_affected_though_it_sorts_after_a_fix_in_ubuntu_pro() -> None:
    pro = entry("Ubuntu:Pro:18.04:LTS", "sedge", {"fixed": "1.0-1ubuntu0.1~esm2"}, versions=["1.0-1"])
    versions = ["1.0-1", "1.0-1ubuntu0.1~esm3", "1.0-1ubuntu0.1"]
    advisory = make(entry("Ubuntu:18.04:LTS", "sedge", versions=versions), pro)
    assert how(advisory, "Ubuntu:18.04", "sedge", "1.0-1ubuntu0.1") == "high"
    assert how(advisory, "Ubuntu:18.04", "sedge", "1.0-1ubuntu0.1~esm3") is None


def test_notice_that_calls_several_cves_its_aliases_joins_none_of_them() -> None:
    several = ["CVE-2024-1", "CVE-2024-2"]
    notice = make(entry("Debian:12", "sedge"), id="DSA-1-1", aliases=several).advisory
    assert (notice.aliases, notice.upstream, mended_cves(notice)) == ((), tuple(several), tuple(several))
    assert make(entry("Debian:12", "sedge"), id="DSA-1-1", aliases=several[:1]).advisory.aliases == ("CVE-2024-1",)
    assert make(entry("PyPI", "sedge"), id="PYSEC-1", aliases=several).advisory.aliases == tuple(several)


def test_record_of_one_cve_is_that_cve_and_a_notice_of_several_is_none() -> None:
    assert other_names("DEBIAN-CVE-2024-1234", ["CVE-2024-1234"]) == ("CVE-2024-1234",)
    assert other_names("UBUNTU-CVE-2024-1234", ["CVE-2024-1234", "CVE-2024-9999"]) == ("CVE-2024-1234",)
    assert other_names("CGA-aaaa-bbbb", ["CVE-2024-1234", "GHSA-x"]) == ("CVE-2024-1234", "GHSA-x")
    assert other_names("CGA-aaaa-bbbb", ["CVE-2024-1234", "CVE-2024-9999"]) == ()
    assert other_names("RHSA-2024:1", ["CVE-2024-1234"]) == ()
    assert other_names("DSA-1-1", ["CVE-2024-1234", "CVE-2024-9999"]) == ()
    advisory = make(entry("Debian:12", "sedge"), id="DEBIAN-CVE-2024-1234", upstream=["CVE-2024-1234"]).advisory
    assert advisory.aliases == ("CVE-2024-1234",)
