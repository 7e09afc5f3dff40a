"""Product trees of CSAF: platforms of Red Hat, modules, product paths of 2.1, depth and circles."""

import pytest

from holdfast.model.vex import Package, VexStatus
from tests.facts.vex.documents import CSAF, IMAGE, Json, changed, read_one, red_hat, related_by

CURL = "pkg:rpm/redhat/curl@7.76.1-29.el9_4?arch=x86_64"
MODULE = "pkg:rpmmod/redhat/nodejs@18:9040020240301:rhel9"
NPM = "pkg:rpm/redhat/npm@9.2.0-1.module%2Bel9.4.0%2B1?arch=x86_64"
MAIN, EUS = "BaseOS-9.4.0.Z.MAIN", "AppStream-9.2.0.Z.EUS"
NINE, EIGHT, OPENSHIFT = "red_hat_enterprise_linux_9", "red_hat_enterprise_linux_8", "9Base-RHOSE-4.16"
TREE = ("product_tree",)
STATUS = ("vulnerabilities", 0, "product_status")


def packages(*listed: str, status: str = "known_not_affected", version: str = "2.0") -> list[Package | None]:
    statements, _ = read_one(red_hat({status: list(listed)}, version=version))
    return [claim.product.package for one in statements for claim in one.claims]


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_a_package_in_a_platform_is_that_of_its_release(version: str) -> None:
    (found,) = packages(f"{MAIN}:{CURL}", status="fixed", version=version)
    assert found is not None
    assert (found.ecosystem, found.name, found.version) == ("Red Hat:9", "curl", "7.76.1-29.el9_4")
    assert found.qualifiers == (("arch", "x86_64"), ("rpmmod", ""))
    (source,) = packages(f"{EIGHT}:pkg:rpm/redhat/kernel?arch=src", version=version)
    assert source is not None
    assert (source.ecosystem, source.name, source.is_source, source.version) == ("Red Hat:8", "kernel", True, "")


def test_a_build_in_many_channels_is_one_claim() -> None:
    listed = [f"{platform}:{CURL}" for platform in (MAIN, "AppStream-9.4.0.Z.MAIN", NINE)]
    assert len(packages(*listed, status="fixed")) == 1
    assert len(packages(*listed, f"{EIGHT}:{CURL}", status="fixed")) == 2


def test_an_extended_stream_speaks_of_builds_only() -> None:
    (found,) = packages(f"{EUS}:{CURL}", status="fixed")
    assert found is not None
    assert found.ecosystem == "Red Hat:9"
    assert packages(f"{EUS}:pkg:rpm/redhat/curl") == [None]
    _, notes = read_one(red_hat({"known_not_affected": [f"{EUS}:pkg:rpm/redhat/curl"]}))
    assert any("a stream of Red Hat:9 can't be told from what a machine has" in note for note in notes)


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_a_module_between_package_and_platform_is_what_the_package_comes_from(version: str) -> None:
    (found,) = packages(f"{MAIN}:{MODULE}:{NPM}", version=version)
    assert found is not None
    assert dict(found.qualifiers)["rpmmod"] == "nodejs:18:9040020240301:rhel9"
    named = NPM + "&rpmmod=nodejs:18:9040020240301:rhel9"
    assert packages(f"{MAIN}:{named}", version=version) == [found]
    assert packages(f"{MAIN}:{MODULE}:{named}", version=version) == [found]
    assert packages(f"{MAIN}:{MODULE.replace('18:', '20:')}:{named}", version=version) == [None]
    assert packages(f"{MAIN}:pkg:rpmmod/redhat/nodejs:{NPM}", version=version) == [None]
    assert packages(f"{MAIN}:{MODULE}:{MODULE}:{NPM}", version=version) == [None]


@pytest.mark.parametrize(
    "listed",
    [
        f"{OPENSHIFT}:{CURL}",
        f"{OPENSHIFT}:{MODULE}:{NPM}",
        f"{NINE}:pkg:oci/ubi@sha256%3A{'a' * 64}",
        f"{NINE}:{MODULE}",
        f"{NINE}:pkg:rpm/redhat/curl?distro=redhat-8",
        NINE,
    ],
)
def test_what_is_no_rpm_in_a_release_names_nothing(listed: str) -> None:
    statements, notes = read_one(red_hat({"known_not_affected": [listed]}))
    claims = [claim for one in statements for claim in one.claims]
    assert len(claims) == 1
    assert not claims[0].product.is_exact
    assert any("matches nothing" in note for note in notes)


def test_a_severity_is_no_reason() -> None:
    """Red Hat writes how bad it is as the impact of every product."""
    document = changed(red_hat({"known_not_affected": [f"{NINE}:{CURL}"]}), (("vulnerabilities", 0, "flags"), ...))
    (one,), notes = read_one(document)
    assert one.status is VexStatus.UNDER_INVESTIGATION
    assert any("not why" in note for note in notes)
    (one,), _ = read_one(changed(document, (("vulnerabilities", 0, "threats", 0, "details"), "it is not built in")))
    assert one.status is VexStatus.NOT_AFFECTED


def of_2_1(*changes: tuple[tuple[str | int, ...], object]) -> Json:
    """Return the document of CSAF 2.1 that says what `CSAF` does."""
    document = changed(CSAF, (("document", "csaf_version"), "2.1"), ((*TREE, "relationships"), ...))
    shop, pad = document["product_tree"]["branches"][0]["branches"]
    shop["product"]["product_identification_helper"] = {"purls": [IMAGE]}
    pad["product"]["product_identification_helper"] = {"purls": ["pkg:npm/left-pad@1.0.0"]}
    name = {"name": "left-pad 1.0.0 in shop 7", "product_id": "shop-7:pad-1"}
    document["product_tree"]["product_paths"] = [related_by("2.1", name, "pad-1", "shop-7")]
    return changed(document, *changes)


def test_csaf_2_1_says_what_2_0_says() -> None:
    found, _ = read_one(of_2_1())
    expected, _ = read_one(CSAF)
    assert found == expected


def test_csaf_2_1_unknown_clears_nothing() -> None:
    (one,), _ = read_one(of_2_1((STATUS, {"unknown": ["shop-7"]})))
    assert one.status is VexStatus.UNDER_INVESTIGATION


PURLS = (*TREE, "branches", 0, "branches", 0, "product", "product_identification_helper", "purls")


def test_csaf_2_1_package_urls_of_one_product_name_it_in_each_of_its_places() -> None:
    other = IMAGE + "?repository_url=registry.example/shop"
    statements, _ = read_one(of_2_1((PURLS, [IMAGE, other]), (STATUS, {"known_not_affected": ["shop-7:pad-1"]})))
    assert [claim.product.name for claim in statements[0].claims] == [IMAGE, other]
    assert all(len(claim.parts) == 1 for claim in statements[0].claims)


@pytest.mark.parametrize("purls", [[IMAGE, "pkg:oci/shop@8"], [IMAGE, "pkg:npm/shop@7"], [IMAGE, "no purl"]])
def test_csaf_2_1_package_urls_that_differ_in_more_than_qualifiers_name_nothing(purls: list[str]) -> None:
    statements, notes = read_one(of_2_1((PURLS, purls), (STATUS, {"known_not_affected": ["shop-7"]})))
    assert [claim.product.is_exact for claim in statements[0].claims] == [False]
    assert any("matches nothing" in note for note in notes)


def test_csaf_2_1_name_in_some_products_is_no_name_of_the_whole() -> None:
    ids = [{"system_name": "x", "text": "X-1", "product_ids": ["old"]}, {"system_name": "x", "text": "X-2"}]
    (one, *_), notes = read_one(of_2_1((("vulnerabilities", 0, "ids"), ids)))
    assert one.ids == ("CVE-2026-1", "X-2")
    assert any("`X-1` is a name in some products only" in note for note in notes)


def test_a_part_of_a_part_of_a_product_names_nothing() -> None:
    path = {
        "full_product_name": {"name": "deep", "product_id": "deep"},
        "beginning_product_reference": "old",
        "subpaths": [
            {"category": "default_component_of", "next_product_reference": "pad-1"},
            {"category": "default_component_of", "next_product_reference": "shop-7"},
        ],
    }
    document = of_2_1(((*TREE, "product_paths"), [path]), (STATUS, {"known_not_affected": ["deep"]}))
    (one,), notes = read_one(document)
    assert not one.claims[0].product.is_exact
    assert any("composed of what is composed itself" in note for note in notes)


def chain(length: int) -> Json:
    """Return a document whose product `p1` lies in `p2`, that in `p3`, and so on."""
    names = [{"name": f"p{number}", "product_id": f"p{number}"} for number in range(length)]
    made = [related_by("2.0", name, f"p{number + 1}", "shop-7") for number, name in enumerate(names)]
    return changed(CSAF, ((*TREE, "relationships"), made), (STATUS, {"known_not_affected": ["p0"]}))


def test_a_long_chain_is_given_up_and_told() -> None:
    (one,), notes = read_one(chain(50_000))
    assert not one.claims[0].product.is_exact
    assert any("composed of over 16 products" in note for note in notes)


def test_products_that_double_at_each_step_cost_nothing() -> None:
    names = [{"name": f"p{number}", "product_id": f"p{number}"} for number in range(60)]
    made = [related_by("2.0", name, f"p{number + 1}", f"p{number + 1}") for number, name in enumerate(names)]
    document = changed(CSAF, ((*TREE, "relationships"), made), (STATUS, {"known_not_affected": ["p0", "p50"]}))
    (one,), notes = read_one(document)
    assert not any(claim.product.is_exact for claim in one.claims)
    assert any("composed of over 16 products" in note for note in notes)


def nested(levels: int) -> Json:
    """Return a document with a product in the branch of a level."""
    inside: Json = {"category": "product_version", "name": "1", "product": product("deep", "pkg:npm/deep@1")}
    for _ in range(levels - 1):
        inside = {"category": "product_family", "name": "x", "branches": [inside]}
    return changed(CSAF, ((*TREE, "branches"), [inside]), (STATUS, {"known_not_affected": ["deep"]}))


def product(name: str, purl: str) -> Json:
    return {"name": name, "product_id": name, "product_identification_helper": {"purl": purl}}


def test_branches_are_read_as_deep_as_is_told() -> None:
    (one,), _ = read_one(nested(64))
    assert one.claims[0].product.is_exact
    (one,), notes = read_one(nested(65))
    assert not one.claims[0].product.is_exact
    assert any("branches below the 64th level are not read" in note for note in notes)
