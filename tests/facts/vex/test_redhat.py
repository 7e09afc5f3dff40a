"""Platforms of Red Hat, by what its guidelines say of CPEs and package URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.facts.vex._redhat import Platform, find_installed, find_module, find_platform
from holdfast.model.vex import parse_package

NINE = Platform("Red Hat:9", is_whole=True)
STREAM = Platform("Red Hat:9", is_whole=False)


@pytest.mark.parametrize(
    ("cpe", "expected"),
    [
        ("cpe:/o:redhat:enterprise_linux:9", NINE),
        ("cpe:/o:redhat:enterprise_linux:9::baseos", NINE),
        ("cpe:/a:redhat:enterprise_linux:9::appstream", NINE),
        ("CPE:/o:redhat:enterprise_linux:7::server", Platform("Red Hat:7", is_whole=True)),
        ("cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*", NINE),
        ("cpe:/o:redhat:enterprise_linux:10.0", Platform("Red Hat:10", is_whole=False)),
        ("cpe:/o:redhat:enterprise_linux:10", Platform("Red Hat:10", is_whole=True)),
        ("cpe:/a:redhat:rhel_eus:9.2::appstream", STREAM),
        ("cpe:/o:redhat:rhel_e4s:9.0::baseos", STREAM),
        ("cpe:/o:redhat:enterprise_linux_eus:10.2", Platform("Red Hat:10", is_whole=False)),
        ("cpe:/o:redhat:enterprise_linux:9::fastdatapath", STREAM),
    ],
)
def test_a_platform_is_the_release_that_its_cpe_names(cpe: str, expected: Platform) -> None:
    assert find_platform(cpe) == expected


@pytest.mark.parametrize(
    "cpe",
    [
        "",
        "cpe:/",
        "cpe:/o:redhat:enterprise_linux",
        "cpe:/o:redhat:enterprise_linux:",
        "cpe:/o:redhat:enterprise_linux:9server",
        "cpe:/o:redhat:enterprise_linux:9.2.1",
        "cpe:/o:redhat:enterprise_linux:*",
        "cpe:2.3:o:redhat:enterprise_linux:*:*:*:*:*:*:*:*",
        "cpe:2.3:o:redhat:enterprise_linux:-:*:*:*:*:*:*:*",
        "cpe:2.3:o:redhat:enterprise_linux:9:ga:*:*:*:*:*:*",
        "cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:x86_64:*",
        "cpe:/h:redhat:enterprise_linux:9",
        "cpe:/o:almalinux:enterprise_linux:9",
        "cpe:/a:redhat:enterprise_linux_ai:1.1::el9",
        "cpe:/a:redhat:openshift:4.16::el9",
        "cpe:/a:redhat:rhel_extras_rt:7",
        "pkg:rpm/redhat/kernel",
    ],
)
def test_anything_else_is_no_platform(cpe: str) -> None:
    assert find_platform(cpe) is None


@pytest.mark.parametrize(
    ("purl", "module"),
    [
        ("pkg:rpmmod/redhat/postgresql@13:8060020240903094008:ad008a3a", "postgresql:13:8060020240903094008:ad008a3a"),
        ("pkg:rpmmod/redhat/nodejs@18", "nodejs:18"),
        ("pkg:rpmmod/redhat/nodejs:18", "nodejs:18"),
        ("pkg:rpmmod/redhat/nodejs", ""),
        ("pkg:rpmmod/redhat/nodejs@18:", ""),
        ("pkg:rpmmod/redhat/nodejs@a:b:c:d", ""),
        ("pkg:rpmmod/almalinux/nodejs@18", ""),
        ("pkg:rpm/redhat/nodejs@18", ""),
        ("nodejs:18", ""),
    ],
)
def test_a_module_has_a_name_and_a_stream(purl: str, module: str) -> None:
    assert find_module(purl) == module


def test_a_package_in_a_platform_is_what_a_machine_of_that_release_has() -> None:
    found = find_installed(parse_package("pkg:rpm/redhat/curl@7.76.1-29.el9?arch=x86_64"), NINE)
    assert found is not None
    assert (found.ecosystem, found.version) == ("Red Hat:9", "7.76.1-29.el9")
    assert found.qualifiers == (("arch", "x86_64"), ("rpmmod", ""))


@pytest.mark.parametrize(
    ("purl", "platform"),
    [
        ("pkg:rpm/redhat/curl", STREAM),
        ("pkg:rpm/redhat/curl?distro=redhat-8", NINE),
        ("pkg:rpm/fedora/curl@1-1", NINE),
        ("pkg:rpm/almalinux/curl@1-1", NINE),
        ("pkg:oci/ubi@sha256%3Aaa", NINE),
        ("pkg:rpm/redhat/curl?rpmmod=rhel10", NINE),
        ("pkg:rpm/redhat/curl?rpmmod=nodejs:", NINE),
    ],
)
def test_what_can_not_be_told_from_a_machine_names_nothing(purl: str, platform: Platform) -> None:
    assert find_installed(parse_package(purl), platform) is None


def test_a_module_around_a_package_and_the_one_it_names_must_agree() -> None:
    named = parse_package("pkg:rpm/redhat/npm?rpmmod=nodejs:18")
    found = find_installed(named, NINE, "nodejs:18:9040020240301:rhel9")
    assert found is not None
    assert dict(found.qualifiers)["rpmmod"] == "nodejs:18:9040020240301:rhel9"
    assert find_installed(named, NINE, "nodejs:180") is None
    assert find_installed(named, NINE, "nodejs:20") is None
    bare = find_installed(parse_package("pkg:rpm/redhat/npm"), NINE, "nodejs:20")
    assert bare is not None
    assert dict(bare.qualifiers)["rpmmod"] == "nodejs:20"


@given(st.text(max_size=30), st.sampled_from(["cpe:/", "cpe:2.3:", "cpe:/o:redhat:enterprise_linux:"]))
def test_any_cpe_is_a_release_or_none(text: str, start: str) -> None:
    found = find_platform(start + text)
    assert found is None or found.ecosystem.startswith("Red Hat:")


@given(st.text(max_size=30))
def test_any_module_has_a_stream_or_is_none(text: str) -> None:
    found = find_module("pkg:rpmmod/redhat/" + text)
    assert not found or all(found.split(":")[:2])
