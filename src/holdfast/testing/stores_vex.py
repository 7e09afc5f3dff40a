"""What every store does with VEX documents."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

from holdfast.model.vex import Claim, KeptVex, Product, Statement, VexStatus, parse_package
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER


def kept_vex(name: str = "vendor", org: str = ORG) -> KeptVex:
    """Return a document of one statement."""
    digest = "sha256:" + "0" * 64
    return KeptVex(org, f"vex_{name}", name, digest, "openvex", "doc", ("Ana",), 1, ("a note",), START, "tok_1")


def statement(*ids: str, why: str = "component_not_present") -> Statement:
    """Return a statement about these vulnerabilities."""
    product = Product("shop", parse_package("pkg:oci/shop@7?tag=x"), ("sha256:" + "a" * 64,))
    part = Product("left-pad", parse_package("pkg:npm/left-pad"))
    claim = Claim(product, (part, Product("cpe:/a:x")))
    return Statement(
        ids, (claim,), VexStatus.NOT_AFFECTED, why, authors=("Ana",), document="doc", at=START, version="1", file="x"
    )


class VexSuite:
    """Documents by name, statements by vulnerability."""

    def test_a_vex_document_is_found_by_its_name_and_changed_under_it(self, store: Store) -> None:
        changed = replace(kept_vex(), digest="sha256:" + "1" * 64)
        with store.write(ORG, START) as tx:
            for one in (kept_vex(), kept_vex("other"), changed):
                tx.vex.save(one, [])
        with store.read(ORG) as tx:
            assert [one.name for one in tx.vex.list()] == ["other", "vendor"]
            assert tx.vex.find("vendor") == changed
            assert tx.vex.find("Vendor") is None
        with store.write(ORG, START) as tx:
            tx.vex.remove("vendor")
            tx.vex.remove("vendor")
            assert [one.name for one in tx.vex.list()] == ["other"]

    def test_statements_are_found_once_by_any_vulnerability_that_they_name(self, store: Store) -> None:
        both, one, odd = statement("CVE-1", "GHSA-1"), statement("CVE-2"), statement("CVE-1", "x" * 5000, why="odd\0")
        with store.write(ORG, START) as tx:
            tx.vex.save(kept_vex(), [one, both])
            tx.vex.save(kept_vex("other"), [odd])
        with store.read(ORG) as tx:
            assert tx.vex.about(["GHSA-1", "CVE-1", "CVE-9"])[1] == both
            assert [len(found.ids) for found in tx.vex.about({"CVE-1"})] == [2, 2]
            assert tx.vex.about([str(number) for number in range(2000)] + ["CVE-2"]) == [one]
            assert list(tx.vex.about([])) == []

    def test_what_a_vex_document_said_before_is_gone_with_it(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.vex.save(kept_vex(), [statement("CVE-1"), statement("CVE-2")])
            tx.vex.save(kept_vex(), [statement("CVE-3")])
            assert list(tx.vex.about(["CVE-1", "CVE-2"])) == []
            assert list(tx.vex.about(["CVE-3"])) == [statement("CVE-3")]
            tx.vex.remove("vendor")
            assert list(tx.vex.about(["CVE-3"])) == []

    def test_no_org_sees_another_ones_vex_documents(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.vex.save(kept_vex(), [statement("CVE-1")])
        with store.write(OTHER, START) as tx:
            assert (tx.vex.find("vendor"), list(tx.vex.list()), list(tx.vex.about(["CVE-1"]))) == (None, [], [])
            tx.vex.remove("vendor")
        with store.read(ORG) as tx:
            assert (tx.vex.find("vendor"), list(tx.vex.about(["CVE-1"]))) == (kept_vex(), [statement("CVE-1")])

    def test_what_waits_for_judgement_waits_once_until_it_is_done(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.vex.save(kept_vex(), [statement("CVE-1", "GHSA-1")])
            tx.vex.save(kept_vex("other"), [statement("CVE-2"), statement("CVE-1")])
            assert set(tx.vex.named("vendor")) == {"CVE-1", "GHSA-1"}
            assert set(tx.vex.named()) == {"CVE-1", "GHSA-1", "CVE-2"}
            for clusters in (["b", "a"], ["b", "c"], []):
                tx.vex.mark(clusters)
        with store.write(OTHER, START) as tx:
            assert (list(tx.vex.due(9)), set(tx.vex.named())) == ([], set())
            tx.vex.done(["a"])
        with store.write(ORG, START) as tx:
            assert list(tx.vex.due(2)) == ["a", "b"]
            tx.vex.done(["a", "b", "x"])
            assert list(tx.vex.due(9)) == ["c"]
