"""A plan's `when` says for which exposures it is, three-valued."""

from dataclasses import replace
from typing import Any

import pytest

from holdfast.errors import ExpressionError
from holdfast.mitigations.plan import PLAN_SCHEMA, activation_of, compile_when, matches_plan
from holdfast.model.advisory import Enrichment
from holdfast.model.exposure import Exposure, Risk
from holdfast.model.inventory import Reach
from holdfast.model.plan import Coverage, Plan
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict
from tests.mitigations.exposures import EXPOSURE, NOW, PRODUCTION, SERVICE


def plan(when: str) -> Plan:
    return Plan("p", when, 15, 15, (), Coverage.FULL, (), ())


def decide(when: str, exposure: Exposure = EXPOSURE, **more: Any) -> Verdict:  # keywords of `matches_plan`
    return matches_plan(plan(when), exposure, SERVICE, PRODUCTION, now=NOW, **more)


@pytest.mark.parametrize(
    "when",
    [
        'finding.severity >= 7.0 && component.name == "acme-pdf"',
        "finding.severity >= 7",
        "finding.known_exploited && finding.epss > 0.1",
        "'CVE-1' in finding.aliases && finding.id == 'OSV-1'",
        "finding.fix_available && finding.fix_version == '1.1'",
        "finding.summary.contains('hole')",
        "component.ecosystem == 'PyPI' && component.version == '1.0' && component.direct",
        "component.purl == 'pkg:pypi/acme-pdf@1.0'",
        "service.name == 'shop' && service.team == 'storefront' && service.tier == 1 && service.exposure == 'internet'",
        "environment.name == 'production' && environment.tier == 1 && environment.exposure == 'internet'",
    ],
)
def test_plan_is_for_an_exposure_that_its_when_names(when: str) -> None:
    assert decide(when) == Pass()


def test_plan_is_not_for_another_exposure() -> None:
    assert isinstance(decide("component.name == 'other'"), Fail)


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ("finding.severity >= 7.0", "`finding.severity` is not known"),
        ("finding.known_exploited", "`finding.known_exploited` is not known"),
        ("finding.epss > 0.1", "`finding.epss` is not known"),
        ("finding.ssvc_exploitation == 'active'", "`finding.ssvc_exploitation` is not known"),
        ("finding.fix_version == '1'", "`finding.fix_version` is not known"),
    ],
)
def test_what_is_not_known_is_unknown_and_never_applies(when: str, what: str) -> None:
    assert decide(when, replace(EXPOSURE, risk=Risk())) == Unknown(what)


def test_not_known_does_not_matter_where_it_decides_nothing() -> None:
    unscored = replace(EXPOSURE, risk=Risk())
    assert isinstance(decide("finding.severity >= 7.0 && component.name == 'other'", unscored), Fail)
    assert decide("!has(finding.severity) || finding.severity >= 7.0", unscored) == Pass()


def test_enrichment_gives_what_the_exposure_does_not_hold() -> None:
    enrichment = Enrichment(ssvc_exploitation="active")
    assert decide("finding.ssvc_exploitation == 'active'", enrichment=enrichment) == Pass()


def test_plan_is_for_several_versions_as_soon_as_for_one() -> None:
    several = replace(EXPOSURE, versions=("1.0", "2.0"))
    assert decide("component.version == '2.0'", several) == Pass()
    assert isinstance(decide("component.version == '3.0'", several), Fail)


def test_host_has_no_service_and_unknown_reach_is_not_known() -> None:
    host = matches_plan(plan("service.name == 'shop'"), EXPOSURE, None, PRODUCTION, now=NOW)
    assert host == Unknown("`service` is not known")
    somewhere = replace(PRODUCTION, reach=Reach.UNKNOWN)
    verdict = matches_plan(plan("environment.exposure == 'internet'"), EXPOSURE, SERVICE, somewhere, now=NOW)
    assert verdict == Unknown("`environment.exposure` is not known")


def test_when_that_does_not_compile_names_its_place_in_the_manifest() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_when(plan("finding.severty > 7.0"), file="deploy/holdfast.yaml")
    assert caught.value.where == "deploy/holdfast.yaml:15:23"
    assert caught.value.hint == "did you mean `severity`?"


def test_stored_when_that_no_longer_compiles_is_unknown() -> None:
    assert decide("nonsense(") == Unknown(
        "the plan's `when` does not compile: expected a value, got the end of the expression"
    )


def test_activation_has_exactly_the_declared_fields() -> None:
    activation = activation_of(EXPOSURE, "1.0", SERVICE, PRODUCTION)
    assert activation.keys() == PLAN_SCHEMA.keys()
    for name, declared in PLAN_SCHEMA.items():
        fields = activation[name]
        assert isinstance(fields, dict)
        assert sorted(fields) == [field for field, _ in declared.fields or ()]
