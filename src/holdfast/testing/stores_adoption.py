"""What every store does with what services inherited."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

import pytest

from holdfast.errors import UsageError
from holdfast.model.inherited import Inherited, InheritedFinding
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, at


def inherited(service: str = "shop", org: str = ORG) -> Inherited:
    """Return what a service was accepted with."""
    keys = (("vulnerability", "npm", "left-pad", "CVE-2026-1"), ("vulnerability", "npm", "left-pad", "GHSA-é"))
    findings = (
        InheritedFinding("vulnerability", "CVE-2026-1", "pkg:npm/left-pad@1.0", keys, at(0), at(48)),
        InheritedFinding("end-of-life", "EOL-x", None, (("end-of-life", "1:x"),), at(0)),
    )
    return Inherited(org, f"svc_{service}", f"sha256:{service}", at(1), "usr_ana", findings, ("unread:x",))


class AdoptionSuite:
    """What was accepted comes back as it was, an org for itself."""

    def test_what_was_accepted_comes_back_and_can_be_replaced(self, store: Store) -> None:
        shop, pay = inherited(), inherited("pay")
        with store.write(ORG, START) as tx:
            tx.inherited.save(shop)
            tx.inherited.save(pay)
            assert tx.inherited.find("svc_shop") == shop
            tx.inherited.save(replace(shop, findings=(), accepted_at=at(2)))
        with store.read(ORG) as tx:
            assert tx.inherited.find("svc_shop") == replace(shop, findings=(), accepted_at=at(2))
            assert [one.service_id for one in tx.inherited.all()] == ["svc_pay", "svc_shop"]
            assert tx.inherited.find("svc_other") is None

    def test_another_orgs_are_not_there(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.inherited.save(inherited())
        with store.read(OTHER) as tx:
            assert tx.inherited.find("svc_shop") is None
            assert list(tx.inherited.all()) == []
        with store.write(OTHER, START) as tx, pytest.raises(UsageError):
            tx.inherited.save(inherited())

    def test_what_is_overdue_is_past_its_date(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.inherited.save(inherited())
            found = tx.inherited.find("svc_shop")
        assert found is not None
        assert [found.overdue(at(hours)) for hours in (48, 49)] == [(), found.findings[:1]]
