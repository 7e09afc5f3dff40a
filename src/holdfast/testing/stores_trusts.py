"""What every store does with trusts, and with tokens that are bound."""

# ruff: noqa: S101 - a suite of tests

from dataclasses import replace

from holdfast.model.tenancy import Binding, Permission, Token
from holdfast.model.trust import Condition, System, Trust
from holdfast.ports.store import Store
from holdfast.testing.clocks import START
from holdfast.testing.stores import ORG, OTHER, at


def trust(name: str = "gate", org: str = ORG, **fields: object) -> Trust:
    """Return a trust in a pipeline of GitHub's."""
    made = Trust(
        org=org,
        id=f"tru_{name}",
        name=name,
        system=System.GITHUB,
        issuer="https://issuer.example",
        audience="https://holdfast.example",
        conditions=(Condition("repository_owner_id", ("4711",)), Condition("repository", ("acme/*",))),
        permissions=frozenset({Permission.BUILDS_WRITE}),
        services=("svc_shop",),
        environment=None,
        changed_at=START,
        changed_by="tok_1",
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # checked by the dataclass


class TrustSuite:
    """Trusts by name, tokens that are taken once, bindings."""

    def test_a_trust_is_found_by_its_name_and_changed_under_it(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            for one in (trust("gate"), trust("deploy"), trust("gate", audience="other", version=2)):
                tx.trusts.save(one)
        with store.read(ORG) as tx:
            assert [(one.name, one.version) for one in tx.trusts.list()] == [("deploy", 1), ("gate", 2)]
            assert tx.trusts.find("gate") == trust("gate", audience="other", version=2)
            assert tx.trusts.find("Gate") is None
        with store.write(ORG, START) as tx:
            tx.trusts.remove("gate")
            tx.trusts.remove("gate")
            assert [one.name for one in tx.trusts.list()] == ["deploy"]

    def test_a_token_is_taken_once_until_it_is_forgotten(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            assert tx.trusts.use("a", at(1))
            assert not tx.trusts.use("a", at(1))
            assert tx.trusts.use("b", at(2))
        with store.write(ORG, START) as tx:
            assert not tx.trusts.use("a", at(3))
            assert tx.trusts.forget_used(at(1)) == 0
            assert tx.trusts.forget_used(at(2)) == 1
            assert tx.trusts.use("a", at(3))
            assert not tx.trusts.use("b", at(3))

    def test_no_org_sees_another_ones_trusts(self, store: Store) -> None:
        with store.write(ORG, START) as tx:
            tx.trusts.save(trust())
            tx.trusts.use("a", at(1))
        with store.write(OTHER, START) as tx:
            assert tx.trusts.find("gate") is None
            assert list(tx.trusts.list()) == []
            tx.trusts.remove("gate")
            assert tx.trusts.use("a", at(1))
        with store.read(ORG) as tx:
            assert tx.trusts.find("gate") is not None

    def test_a_tokens_binding_is_kept_with_it(self, store: Store) -> None:
        binding = Binding("tru_gate", "https://issuer.example", "acme/shop", "99", "4711", "w@main", "production")
        permissions = frozenset({Permission.BUILDS_WRITE})
        bound = Token(ORG, "tok_b", "gate", "0" * 64, permissions, START, at(1), binding=binding)
        store.tenants.save_token(bound)
        store.tenants.save_token(replace(bound, id="tok_c", binding=None))
        assert store.tenants.find_token("tok_b") == bound
        assert store.tenants.forget_bound(ORG, at(1)) == 0
        assert store.tenants.forget_bound(ORG, at(2)) == 1
        assert [one.id for one in store.tenants.tokens(ORG)] == ["tok_c"]
