"""What every store does with VEX documents."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

from holdfast.model.vex import Claim, KeptVex, Product, Statement, VexDocument, VexStatus, parse_package
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER


def kept_vex(name: str = "vendor", org: str = ORG) -> KeptVex:
    """Return a document of one statement."""
    product = Product("shop", parse_package("pkg:oci/shop@7?tag=x"), ("sha256:" + "a" * 64,))
    part = Product("left-pad", parse_package("pkg:npm/left-pad"))
    said = Statement(
        ("CVE-2026-1",),
        (Claim(product, (part, Product("cpe:/a:x"))),),
        VexStatus.NOT_AFFECTED,
        "component_not_present",
        authors=("Ana",),
        document="doc",
        at=START,
        version="1",
        file=name,
    )
    document = VexDocument(name, "openvex", "doc", (said,), ("a note",))
    return KeptVex(org, f"vex_{name}", name, "sha256:" + "0" * 64, document, START, "tok_1")


class VexSuite:
    """Documents by name."""

    def test_a_vex_document_is_found_by_its_name_and_changed_under_it(self, store: Store) -> None:
        changed = replace(kept_vex(), digest="sha256:" + "1" * 64)
        with store.write(ORG, START) as tx:
            for one in (kept_vex(), kept_vex("other"), changed):
                tx.vex.save(one)
        with store.read(ORG) as tx:
            assert [one.name for one in tx.vex.list()] == ["other", "vendor"]
            assert tx.vex.find("vendor") == changed
            assert tx.vex.find("Vendor") is None
        with store.write(ORG, START) as tx:
            tx.vex.remove("vendor")
            tx.vex.remove("vendor")
            assert [one.name for one in tx.vex.list()] == ["other"]

    def test_no_org_sees_another_ones_vex_documents(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.vex.save(kept_vex())
        with store.write(OTHER, START) as tx:
            assert (tx.vex.find("vendor"), list(tx.vex.list())) == (None, [])
            tx.vex.remove("vendor")
        with store.read(ORG) as tx:
            assert tx.vex.find("vendor") == kept_vex()
