"""What a feature covers, and what a plan's digest stands for."""

from dataclasses import replace

import pytest

from holdfast.facts.manifest import parse_manifest
from holdfast.mitigations.plan import concerns, covers, plan_digest
from holdfast.model.component import Location
from holdfast.model.exposure import Exposure
from holdfast.model.plan import Coverage, Feature, OnExpiry, OnFailure, Plan, Step
from holdfast.model.verdict import Fail, Pass, Unknown
from tests.facts.manifest_texts import GOOD
from tests.mitigations.exposures import EXPOSURE

PLAN = parse_manifest(GOOD.encode(), file="f").services[0].plans[0]


def feature(*what: str) -> Feature:
    return Feature("f", "f", "off", what)


@pytest.mark.parametrize(
    ("cover", "ecosystem", "name"),
    [
        ("pkg:pypi/acme-pdf", "PyPI", "acme-pdf"),
        ("pkg:pypi/Acme_PDF", "PyPI", "acme-pdf"),
        ("pkg:npm/%40acme/pdf", "npm", "@acme/pdf"),
        ("pkg:golang/example.org/acme/pdf", "Go", "example.org/acme/pdf"),
        ("pkg:deb/debian/openssl", "Debian:12", "openssl"),
    ],
)
def test_package_without_version_covers_every_version(cover: str, ecosystem: str, name: str) -> None:
    exposure = replace(EXPOSURE, ecosystem=ecosystem, name=name, locations=())
    assert covers(feature(cover), exposure) is True


@pytest.mark.parametrize("cover", ["pkg:pypi/acme", "pkg:npm/acme-pdf", "pkg:pypi/", "pkg:", "acme-pdf"])
def test_other_package_covers_nothing(cover: str) -> None:
    assert covers(feature(cover), EXPOSURE) is False


def located(*files: str) -> Exposure:
    return replace(EXPOSURE, locations=tuple(Location(file) for file in files))


@pytest.mark.parametrize(
    ("glob", "file", "expected"),
    [
        ("src/receipts/**", "src/receipts/uv.lock", True),
        ("src/receipts/**", "src/receipts/a/b/uv.lock", True),
        ("src/receipts", "src/receipts/uv.lock", True),
        ("src/receipts/*.lock", "src/receipts/uv.lock", True),
        ("src/*/uv.lock", "src/receipts/uv.lock", True),
        ("**/uv.lock", "src/receipts/uv.lock", True),
        ("src/**/uv.lock", "src/uv.lock", True),
        ("**", "uv.lock", True),
        ("src/*.lock", "src/receipts/uv.lock", False),
        ("src/receipts", "src/receipts2/uv.lock", False),
        ("src/receipts/uv.lock", "src/receipts", False),
        ("receipts/**", "src/receipts/uv.lock", False),
    ],
)
def test_path_covers_what_lies_under_it(glob: str, file: str, expected: bool) -> None:
    assert covers(feature(glob), located(file)) is expected


def test_path_does_not_cover_what_is_reached_elsewhere_too() -> None:
    assert covers(feature("src/a/**"), located("src/a/uv.lock", "src/b/uv.lock")) is False
    assert covers(feature("src/a/**", "src/b"), located("src/a/uv.lock", "src/b/uv.lock")) is True


def test_path_covers_nothing_without_a_location() -> None:
    assert covers(feature("**"), located()) is False


def test_glob_with_many_stars_ends() -> None:
    assert covers(feature("/".join(["**", "*a*a*a*"] * 40)), located("/".join(["aaab"] * 60))) is True
    assert covers(feature("/".join(["**", "*a*a*a*c"] * 40)), located("/".join(["aaab" * 20] * 60))) is False


RECEIPTS = Feature("receipts", "shop.receipts", "off", ("pkg:pypi/acme-pdf",))
SALES = Feature("sales", "shop.sales", "off", ("pkg:pypi/other",))


def plan_of(*steps: tuple[str, dict[str, str]]) -> Plan:
    return replace(PLAN, steps=tuple(Step(action, tuple(sorted(given.items()))) for action, given in steps))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([("flag.off", {"flag": "shop.receipts"})], Pass),
        ([("flag.off", {"feature": "receipts"})], Pass),
        ([("flag.set", {"feature": "sales"}), ("flag.off", {"feature": "receipts"})], Pass),
        ([("flag.off", {"feature": "sales"})], Fail),
        ([("flag.off", {"flag": "receipts"})], Fail),
        ([("flag.off", {"flag": "gone"})], Fail),
        ([("flag.off", {"feature": "sales"}), ("service.off", {})], Pass),
        ([("flag.off", {"feature": "sales"}), ("command", {"name": "purge"})], Fail),
        ([("flag.off", {"feature": "sales"}), ("edge.block", {"path": "/sales"})], Fail),
        ([("deploy.rollback", {}), ("probe", {"flag": "shop.sales", "variant": "off"})], Pass),
        ([("edge.block", {"path": "/admin"})], Pass),
        ([("notify", {"text": "hello"})], Pass),
    ],
)
def test_plan_concerns_what_it_turns_off_or_the_whole_service(
    steps: list[tuple[str, dict[str, str]]], expected: type[Pass] | type[Fail]
) -> None:
    assert isinstance(concerns(plan_of(*steps), EXPOSURE, [RECEIPTS, SALES]), expected)


def test_feature_that_covers_nothing_leaves_it_open() -> None:
    bare = replace(SALES, covers=())
    found = concerns(plan_of(("flag.off", {"feature": "sales"})), EXPOSURE, [bare])
    assert found == Unknown("feature `sales` does not say what it covers")


def test_digest_stays_when_the_plan_moves_in_its_file() -> None:
    assert plan_digest(replace(PLAN, when_line=99, when_column=1)) == plan_digest(PLAN)


def test_digest_of_a_plan_of_old_stays_what_it_was() -> None:
    """Drills and runs are recorded under it: it was computed before plans had rungs, expiry and health."""
    assert plan_digest(PLAN) == "sha256:b4802a5ba0a3fea50fd80648346f897146e2a48f7f736e81d66b734ec25e8f64"


def test_digest_changes_with_every_limit() -> None:
    changed = [
        replace(PLAN, otherwise="x"),
        replace(PLAN, on_failure=OnFailure.KEEP),
        replace(PLAN, expires_s=60.0),
        replace(PLAN, on_expiry=OnExpiry.REVERT),
        replace(PLAN, health=PLAN.verify),
        replace(PLAN, health_for_s=61.0),
        replace(PLAN, max_share=0.5),
        replace(PLAN, cooldown_s=60.0),
    ]
    limits = ({"id": "a"}, {"after": ()}, {"attempts": 1}, {"backoff_s": 1.0}, {"deadline_s": 1.0})
    changed += [replace(PLAN, steps=(replace(PLAN.steps[0], **limit),)) for limit in limits]
    changed.append(replace(PLAN, verify=(replace(PLAN.verify[0], arguments=(("a", "b"),)),)))
    assert len({plan_digest(one) for one in [PLAN, *changed]}) == len(changed) + 1


def test_digest_changes_with_what_the_plan_does() -> None:
    changed = [replace(PLAN, when="true"), replace(PLAN, steps=()), replace(PLAN, coverage=Coverage.PARTIAL)]
    changed += [replace(PLAN, verify=()), replace(PLAN, autonomy=()), replace(PLAN, id="other")]
    digests = {plan_digest(one) for one in [PLAN, *changed]}
    assert len(digests) == 7
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests)
