"""What a package of a VEX document is on a machine: builds, sources, modules."""

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.facts.packages.rpm import parse
from holdfast.findings.vex_naming import is_named
from holdfast.model.component import Component
from holdfast.model.vex import Product, parse_package
from tests.facts.vex.documents import read_one, red_hat

CURL = Component(
    "Red Hat:9",
    "libcurl",
    "7.76.1-29.el9",
    qualifiers=(("arch", "x86_64"), ("distro", "redhat-9")),
    source_package="curl",
)
LABEL = "nodejs:18:9040020240301:rhel9"
NPM = replace(
    CURL,
    name="npm",
    version="9.2.0-1.module+el9.4.0+1",
    qualifiers=(("arch", "x86_64"), ("rpmmod", LABEL)),
    source_package="nodejs",
)


def product(purl: str, module: str | None = None) -> Product:
    """Return what a document names; with `module`, from that one, or from none where it is empty."""
    package = parse_package(purl)
    if module is not None:
        package = replace(package, qualifiers=(*package.qualifiers, ("rpmmod", module)))
    return Product(purl, package)


@pytest.mark.parametrize(
    ("purl", "component", "expected"),
    [
        ("pkg:rpm/redhat/curl?arch=src", CURL, True),
        ("pkg:rpm/redhat/curl?arch=source", CURL, True),
        ("pkg:rpm/redhat/libcurl?arch=src", CURL, False),
        ("pkg:rpm/redhat/curl", CURL, False),
        ("pkg:rpm/redhat/curl?arch=src&distro=redhat-9.4", CURL, True),
        ("pkg:rpm/redhat/curl?arch=src&distro=redhat-8", CURL, False),
        ("pkg:rpm/redhat/curl@7.76.1-29.el9?arch=src", CURL, False),  # its version is the binary's own
        ("pkg:rpm/redhat/libcurl@7.76.1-29.el9?arch=x86_64", CURL, True),
        ("pkg:rpm/redhat/libcurl@7.76.1-29.el9?arch=aarch64", CURL, False),
        ("pkg:rpm/fedora/curl@7-1?arch=src", replace(CURL, ecosystem="Fedora:40", source_version="7-1"), True),
        ("pkg:rpm/fedora/curl@7-2?arch=src", replace(CURL, ecosystem="Fedora:40", source_version="7-1"), False),
    ],
)
def test_a_source_names_all_that_is_built_from_it(purl: str, component: Component, expected: bool) -> None:
    assert is_named(product(purl), component) is expected


@pytest.mark.parametrize(
    ("module", "component", "expected"),
    [
        ("nodejs:18", NPM, True),
        (LABEL, NPM, True),
        ("nodejs:1", NPM, False),
        ("nodejs:20", NPM, False),
        (LABEL + ":more", NPM, False),
        ("", NPM, False),
        ("nodejs:18", CURL, False),
        ("", replace(NPM, qualifiers=()), False),  # its label was lost on the way, and its release tells
        ("nodejs:18", replace(NPM, qualifiers=()), False),
        (None, NPM, True),
    ],
)
def test_a_module_is_the_one_that_is_named_or_none(module: str | None, component: Component, expected: bool) -> None:
    assert is_named(product(f"pkg:rpm/redhat/{component.name}", module), component) is expected


def test_a_package_of_no_module_is_no_module_s() -> None:
    assert is_named(product("pkg:rpm/redhat/libcurl", ""), CURL)


REAL = Path(__file__).parents[1] / "facts" / "packages" / "data" / "rpmdb.sqlite"


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/gull?arch=src", ["gull", "gull-libs"]),
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/gull", ["gull"]),
        ("BaseOS-9.4.0.Z.MAIN:pkg:rpm/redhat/gull-libs@1.2.3-4.el9?arch=noarch&epoch=2", ["gull-libs"]),
        ("BaseOS-9.4.0.Z.MAIN:pkg:rpm/redhat/gull-libs@1.2.3-4.el9?arch=noarch", []),
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/python3-tern", []),
        ("red_hat_enterprise_linux_9:pkg:rpm/redhat/python3-tern?rpmmod=tern:1", ["python3-tern"]),
        ("BaseOS-9.4.0.Z.MAIN:pkg:rpmmod/redhat/tern@1:20260101:abcd:pkg:rpm/redhat/python3-tern", ["python3-tern"]),
        ("red_hat_enterprise_linux_9:pkg:rpmmod/redhat/tern@2:pkg:rpm/redhat/python3-tern", []),
        ("red_hat_enterprise_linux_8:pkg:rpm/redhat/gull?arch=src", []),
    ],
)
def test_what_red_hat_writes_is_what_a_real_database_holds(said: str, names: list[str]) -> None:
    statements, _ = read_one(red_hat({"known_not_affected": [said]}))
    products = [claim.product for one in statements for claim in one.claims]
    installed = [one.component for one in parse("rpmdb.sqlite", REAL.read_bytes(), "Red Hat:9").occurrences]
    assert sorted(one.name for one in installed if any(is_named(each, one) for each in products)) == names
    others = parse("rpmdb.sqlite", REAL.read_bytes(), "AlmaLinux:9").occurrences
    assert not any(is_named(each, one.component) for one in others for each in products)
