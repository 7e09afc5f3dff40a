"""Backstage catalogs: components, owners, groups, and locations that lead out."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.facts.estate.backstage import SPEC
from holdfast.testing.trees import MemoryTree

PAY = b"""apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: pay
  annotations: {backstage.io/source-location: "dir:./src"}
spec: {type: service, lifecycle: production, owner: group:default/payments, system: checkout}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: pay-jobs}
spec: {type: service, system: checkout}
"""
ORG = b"""apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {type: team, parent: product}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: checkout}
spec: {owner: shop-team}
"""
ROOT = b"""apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: all}
spec:
  target: ./org.yaml
  targets: ["./*/catalog-info.yaml", "https://git.example/x.yaml", "../../etc/passwd", /etc/passwd, ./gone.yaml]
"""


def test_a_catalog_leads_to_its_components_with_owners_and_groups() -> None:
    tree = MemoryTree({"catalog-info.yaml": ROOT, "org.yaml": ORG, "pay/catalog-info.yaml": PAY})
    assert SPEC.is_for("catalog-info.yaml", ROOT)
    estate = SPEC.read("catalog-info.yaml", ROOT, tree)
    found = [(one.path, one.name, one.team, one.group, one.place) for one in estate.members]
    assert found == [
        ("pay/src", "pay", "payments", "product", "pay/catalog-info.yaml:1:1"),
        ("pay", "pay-jobs", "shop-team", "", "pay/catalog-info.yaml:8:1"),
    ]
    assert estate.groups == (("product", ""),)
    told = "\n".join(estate.problems)
    assert all(word in told for word in ("not fetched", "outside of the folder: `../..", "`/etc/passwd`", "not there"))


def test_circles_end_and_odd_entities_are_named() -> None:
    circle = ROOT.replace(b"./org.yaml", b"./catalog-info.yaml")
    bad = b"""apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {annotations: {}}
---
kind: Component
metadata: {name: out, annotations: {backstage.io/source-location: "dir:../../x"}}
---
a: *nothing
"""
    tree = MemoryTree({"catalog-info.yaml": circle, "x/catalog-info.yaml": bad})
    estate = SPEC.read("catalog-info.yaml", circle, tree)
    assert estate.members == ()
    told = "\n".join(estate.problems)
    assert "a component without a name" in told
    assert "x/catalog-info.yaml:5:" in told
    assert "outside of the folder" in told


@given(st.binary(max_size=300))
def test_any_file_is_answered(data: bytes) -> None:
    estate = SPEC.read("catalog-info.yaml", b"apiVersion: backstage.io/v1alpha1\n" + data, MemoryTree({}))
    assert all(".." not in one.path.split("/") for one in estate.members)


def _locations(targets: list[str]) -> bytes:
    listed = "".join(f"    - {one}\n" for one in targets)
    return b"apiVersion: backstage.io/v1alpha1\nkind: Location\nspec:\n  targets:\n" + listed.encode()


def test_a_catalog_of_endless_patterns_or_places_is_cut_and_says_so() -> None:
    files = {f"a{number}/catalog-info.yaml": PAY for number in range(300)}
    patterns = SPEC.read(
        "c.yaml", _locations([f"./**/a{number}?/**/x.yaml" for number in range(100)]), MemoryTree(files)
    )
    assert [one for one in patterns.problems if "patterns" in one]
    assert len(patterns.problems) <= 21
    places = SPEC.read("c.yaml", _locations([f"./gone{number}.yaml" for number in range(2000)]), MemoryTree({}))
    assert places.problems[-1].startswith("c.yaml: over 1000 locations")


def test_a_catalog_of_too_many_or_too_large_files_is_cut_and_says_so() -> None:
    large = PAY + b"#" * (900 << 10)
    estate = SPEC.read("c.yaml", _locations(["./*/x.yaml"]), MemoryTree({f"{at}/x.yaml": large for at in range(12)}))
    assert 8 <= len(estate.members) < 12
    assert "over 1000 files or 8 MiB" in estate.problems[-1]
    many = SPEC.read("c.yaml", b"---\na: b\n" * 20_000, MemoryTree({}))
    assert "over 10000 entities" in many.problems[-1]
