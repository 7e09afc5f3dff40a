"""Package URLs against the reference implementation, and back again."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from holdfast.errors import FactError
from holdfast.model.component import Component, Source
from holdfast.model.purl import normalize_pypi, parse_purl, to_purl, with_letters_of

CASES = [
    ("pkg:pypi/jinja2@3.1.2", "PyPI", "jinja2"),
    ("pkg:pypi/torch@2.1%2Bcu118", "PyPI", "torch"),
    ("pkg:npm/%40babel/core@7.0.0", "npm", "@babel/core"),
    ("pkg:golang/github.com/Azure/go@v1.0.0%2Bincompatible", "Go", "github.com/Azure/go"),
    ("pkg:golang/stdlib@1.22.1", "Go", "stdlib"),
    ("pkg:cargo/serde@1.0.0", "crates.io", "serde"),
    ("pkg:maven/org.apache/commons@1.0", "Maven", "org.apache:commons"),
    ("pkg:gem/rails@7.0", "RubyGems", "rails"),
    ("pkg:composer/laravel/framework@9", "Packagist", "laravel/framework"),
    ("pkg:hex/org/phoenix@1.7", "Hex", "org/phoenix"),
    ("pkg:swift/github.com/apple/swift-nio@2.0", "SwiftURL", "github.com/apple/swift-nio"),
    ("pkg:deb/debian/libc6@1:2.36~x%2Bb1?arch=amd64&distro=debian-12", "Debian:12", "libc6"),
    ("pkg:deb/ubuntu/bash@5.1?distro=ubuntu-22.04", "Ubuntu:22.04", "bash"),
    ("pkg:rpm/almalinux/bind@9.16-1.el9?distro=almalinux-9.3&epoch=32", "AlmaLinux:9", "bind"),
    ("pkg:apk/alpine/musl@1.2?distro=alpine-3.20.1", "Alpine:v3.20", "musl"),
    ("pkg:hex/jason@1.1.2", "Hex", "jason"),
    ("pkg:nuget/Newtonsoft.Json@13.0.3", "NuGet", "Newtonsoft.Json"),
    ("pkg:pub/characters@1.2.0", "Pub", "characters"),
    ("pkg:cran/A3@1.0.0", "CRAN", "A3"),
    ("pkg:hackage/AC-HalfInteger@1.2.1", "Hackage", "AC-HalfInteger"),
    ("pkg:conan/openssl@3.0.3", "ConanCenter", "openssl"),
    ("pkg:gem/RedCloth@4.3", "RubyGems", "RedCloth"),
    ("pkg:githubactions/actions/checkout@v4", "GitHub Actions", "actions/checkout"),
    ("pkg:apk/wolfi/curl@8.1-r0?distro=wolfi-20230201", "Wolfi", "curl"),
    ("pkg:apk/chainguard/curl@8.1-r0", "Chainguard", "curl"),
    ("pkg:rpm/rocky/bash@5-1?distro=rocky-9.3", "Rocky Linux:9", "bash"),
    ("pkg:rpm/mageia/bash@5-1?distro=mageia-9", "Mageia:9", "bash"),
    ("pkg:rpm/photon/bash@5-1?distro=photon-4.0", "Photon OS:4.0", "bash"),
    ("pkg:rpm/azurelinux/bash@5-1?distro=azurelinux-3.0", "Azure Linux:3", "bash"),
    ("pkg:rpm/openeuler/bash@5-1?distro=openEuler-22.03-LTS-SP1", "openEuler:22.03-LTS-SP1", "bash"),
    ("pkg:rpm/opensuse/bash@5-1?distro=opensuse-leap-15.5", "openSUSE:Leap 15.5", "bash"),
    ("pkg:rpm/opensuse/bash@5-1?distro=opensuse-tumbleweed-20240101", "openSUSE:Tumbleweed", "bash"),
    ("pkg:rpm/suse/bash@5-1?distro=sles-15.5", "SUSE:Linux Enterprise Server 15 SP5", "bash"),
    ("pkg:rpm/suse/bash@5-1?distro=sles-15", "SUSE:Linux Enterprise Server 15", "bash"),
    ("pkg:generic/a/b/c@1", "purl:generic", "a/b/c"),
    ("pkg:alpm/arch/bash@5.2", "purl:alpm", "arch/bash"),
    ("pkg:deb/kali/nmap@7.94?distro=kali-2024.1", "purl:deb", "kali/nmap"),
    ("pkg:deb/nmap@7.94?distro=debian-12", "purl:deb", "nmap"),
    ("pkg:rpm/nobara/bash@5?distro=nobara-39&epoch=1", "purl:rpm", "nobara/bash"),
    ("pkg:apk/postmarketos/bash@5?distro=postmarketos-24.06", "purl:apk", "postmarketos/bash"),
    ("pkg:rpm/debian/odd@1?distro=debian-12", "purl:rpm", "debian/odd"),
]


@pytest.mark.parametrize(
    ("text", "ecosystem"),
    [
        ("pkg:rpm/rhel/bash@5-1?distro=rhel-9.2", "Red Hat:9"),
        ("pkg:rpm/redhat/bash@5-1?distro=redhat-8.10", "Red Hat:8"),
        ("pkg:rpm/sles/bash@5-1?distro=sles-15.5", "SUSE:Linux Enterprise Server 15 SP5"),
        ("pkg:rpm/rockylinux/bash@5-1?distro=rocky-9.3", "Rocky Linux:9"),
    ],
)
def test_distribution_goes_by_the_names_that_other_tools_write(text: str, ecosystem: str) -> None:
    assert parse_purl(text).ecosystem == ecosystem


@pytest.mark.parametrize(("text", "ecosystem", "name"), CASES)
def test_a_purl_names_a_component_and_is_written_as_the_reference_writes_it(
    text: str, ecosystem: str, name: str
) -> None:
    component = parse_purl(text)
    assert (component.ecosystem, component.name) == (ecosystem, name)
    assert component.purl == text == PackageURL.from_string(text).to_string()
    assert parse_purl(component.purl) == component


SAFE = st.text(st.characters(categories=("Ll", "Lu", "Nd"), max_codepoint=0x17F) | st.sampled_from("._-+~@/%?#&= :"))
TYPES = st.sampled_from(["pypi", "npm", "golang", "cargo", "maven", "deb", "rpm", "apk", "generic", "nuget", "gem"])


@given(TYPES, st.lists(SAFE, max_size=3), SAFE, SAFE, st.dictionaries(st.sampled_from(["arch", "distro"]), SAFE))
def test_what_the_reference_writes_is_read_and_stays_the_same(
    purl_type: str, namespace: list[str], name: str, version: str, qualifiers: dict[str, str]
) -> None:
    try:
        text = PackageURL(purl_type, "/".join(namespace) or None, name, version, qualifiers or None).to_string()
    except ValueError:
        return
    try:
        component = parse_purl(text)
    except FactError:
        return
    assert parse_purl(component.purl) == component
    assert PackageURL.from_string(component.purl).type == purl_type


@given(st.text() | st.text().map("pkg:".__add__) | st.text().map("pkg:pypi/".__add__))
def test_any_text_is_a_component_or_an_error_that_says_so(text: str) -> None:
    with suppress(FactError):
        component = parse_purl(text, where="sbom.json:7")
        assert component.version
        assert component.purl.isprintable()
        assert parse_purl(component.purl).name == component.name


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("jinja2@3.1", "expected a package URL"),
        ("pkg:pypi/jinja2", "without a version"),
        ("pkg:pypi/jinja2@", "without a version"),
        ("pkg:npm/@babel/core", "without a version"),
        ("pkg:pypi", "without a name"),
        ("pkg:pypi//@1", "without a version"),
        ("pkg:", "without a name"),
        ("pkg:pypi/a@1%00", "control characters"),
        ("pkg:pypi/a%1b%5b31m@1", "control characters"),
        ("pkg:pypi/a@" + "9" * 10_000, "over 512 bytes"),
        ("pkg:pypi/" + "a" * 10_000 + "@1", "over 512 bytes"),
        ("pkg:deb/debian/a@1?arch=%00", "control characters"),
        ("pkg:deb/debian/a@1?upstream=" + "a" * 10_000, "over 512 bytes"),
        ("pkg:%00/a@1", "no type"),
        ("pkg:b c/a@1", "no type"),
        ("pkg:.+-/a@1", "no type"),
        ("pkg:rpm/almalinux/a@1?epoch=%0a", "control characters"),
        ("pkg:deb/debian/a@1?distro=debian-1%00", "control characters"),
    ],
)
def test_what_is_no_component_is_refused(text: str, because: str) -> None:
    with pytest.raises(FactError, match=because) as caught:
        parse_purl(text, where="sbom.json:7")
    assert caught.value.where == "sbom.json:7"


def test_an_rpm_is_compared_with_its_epoch() -> None:
    component = parse_purl("pkg:rpm/almalinux/bind@9.16-1.el9?epoch=32&distro=almalinux-9")
    assert (component.version, component.match_version) == ("9.16-1.el9", "32:9.16-1.el9")
    assert parse_purl("pkg:rpm/almalinux/bash@5.1-1.el9").match_version == "5.1-1.el9"


def test_an_rpms_source_file_is_no_package_name() -> None:
    component = parse_purl("pkg:rpm/almalinux/bind-libs@9-1?upstream=bind-9-1.src.rpm&distro=almalinux-9")
    assert component.match_name == "bind-libs"
    assert dict(component.qualifiers) == {"distro": "almalinux-9"}


def test_a_component_from_version_control_is_not_from_a_registry() -> None:
    assert parse_purl("pkg:pypi/a@1?vcs_url=git%2Bhttps://vcs.example/a").source is Source.VCS


def test_pypi_names_are_compared_in_one_spelling() -> None:
    assert {normalize_pypi(name) for name in ("Foo_Bar", "foo.bar", "foo--bar", "FOO-_.bar")} == {"foo-bar"}
    assert parse_purl("pkg:pypi/Foo_Bar@1").name == "foo-bar"


@pytest.mark.parametrize(
    ("ecosystem", "name", "purl"),
    [
        ("Packagist", "Laravel/Framework", "pkg:composer/laravel/framework@1"),
        ("SwiftURL", "https://github.com/apple/swift-nio.git", "pkg:swift/github.com/apple/swift-nio@1"),
        ("Maven", "org.apache.logging.log4j:log4j-core", "pkg:maven/org.apache.logging.log4j/log4j-core@1"),
        ("NuGet", "Newtonsoft.Json", "pkg:nuget/Newtonsoft.Json@1"),
        ("GitHub Actions", "github/codeql-action/init", "pkg:githubactions/github/codeql-action/init@1"),
    ],
)
def test_a_readers_spelling_becomes_the_canonical_purl(ecosystem: str, name: str, purl: str) -> None:
    component = Component(ecosystem, name, "1")
    assert component.purl == purl == PackageURL.from_string(purl).to_string()
    assert parse_purl(purl).match_name == component.match_name


def test_a_distributions_other_name_is_the_same_distribution() -> None:
    assert parse_purl("pkg:rpm/rocky-linux/bash@5-1?distro=rocky-9").ecosystem == "Rocky Linux:9"
    assert parse_purl("pkg:composer/Laravel/Framework@9").name == "laravel/framework"


def test_a_component_without_version_has_a_purl_without_one() -> None:
    assert to_purl(Component("PyPI", "here", "", Source.PATH)) == "pkg:pypi/here"


@pytest.mark.parametrize(
    ("purl", "name", "found"),
    [
        ("pkg:golang/github.com/azure/go@v1", "github.com/Azure/go", "github.com/Azure/go"),
        ("pkg:golang/github.com/Azure/go@v1", "github.com/azure/go", "github.com/Azure/go"),
        ("pkg:golang/github.com/azure/go@v1", "go", "github.com/azure/go"),
        ("pkg:golang/github.com/azure/go@v1", None, "github.com/azure/go"),
        ("pkg:npm/lodash@1", "Lodash", "lodash"),
    ],
)
def test_a_go_module_has_the_letters_of_its_name_where_its_purl_has_lost_them(
    purl: str, name: object, found: str
) -> None:
    assert with_letters_of(parse_purl(purl), name).name == found
