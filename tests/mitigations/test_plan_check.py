"""What a plan cannot keep is said when its release is registered."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from holdfast.facts.manifest import parse_manifest
from holdfast.mitigations.actions import action_names
from holdfast.mitigations.plan import PlanProblem, check_plan
from holdfast.model.flag import FlagDefinition
from tests.facts.manifest_texts import GOOD
from tests.mitigations.exposures import NOW


def flag(
    environment: str = "production",
    key: str = "shop.receipts",
    version: int = 1,
    **fields: Any,  # flagd's JSON
) -> FlagDefinition:
    document = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on", **fields}
    return FlagDefinition("o", environment, key, json.dumps(document), version, NOW)


def flags(*definitions: FlagDefinition) -> Mapping[str, Mapping[str, FlagDefinition]]:
    found: dict[str, dict[str, FlagDefinition]] = {}
    for definition in definitions:
        found.setdefault(definition.environment, {})[definition.key] = definition
    return found


def problems(*definitions: FlagDefinition, old: str = "", new: str = "") -> list[PlanProblem]:
    assert old in GOOD
    manifest = parse_manifest(GOOD.replace(old, new).encode() if old else GOOD.encode(), file="f").services[0]
    return check_plan(manifest, flags(*(definitions or (flag(),))), action_names())


def test_plan_in_order_has_no_problem() -> None:
    assert problems() == []
    assert problems(flag("staging"), flag("production")) == []


def only(found: list[PlanProblem]) -> PlanProblem:
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"defaultVariant": "off"}, "unsafe safe variant: `off` of `shop.receipts` is the default in `production`"),
        ({"variants": {"on": True, "off": True}}, "unsafe safe variant: `off` of `shop.receipts` is of the same value"),
        ({"state": "DISABLED"}, "the flag `shop.receipts` in `production` is disabled"),
        ({"variants": {"on": True}}, "the flag `shop.receipts` in `production` has no variant `off`"),
        ({"state": "SOMETIMES"}, "the flag `shop.receipts` in `production` cannot be read"),
    ],
)
def test_flag_that_cannot_make_it_safe_is_an_error(fields: dict[str, Any], message: str) -> None:
    problem = only(problems(flag(**fields)))
    assert problem.message.startswith(message)
    assert (problem.plan, problem.severity, problem.where) == ("receipts-off", "error", "holdfast.yaml:15:15")


def test_unknown_flag_is_an_error() -> None:
    problem = only(problems(flag(key="other")))
    assert problem.message == "unknown flag `shop.receipts`: it is not defined in `production`"
    assert problem.severity == "error"


def test_flag_is_unknown_where_there_is_no_environment_yet() -> None:
    manifest = parse_manifest(GOOD.encode(), file="f").services[0]
    assert only(check_plan(manifest, {}, action_names())).message.startswith("unknown flag `shop.receipts`")


def test_flag_missing_where_the_plan_names_the_environment_is_an_error() -> None:
    problem = only(problems(flag("staging"), flag("production", "other")))
    assert (problem.message, problem.severity) == ("the flag `shop.receipts` is not defined in `production`", "error")


def test_flag_missing_in_an_environment_that_the_plan_does_not_name_is_a_warning() -> None:
    assert only(problems(flag(), flag("preview", "other"))).severity == "warning"


def test_environment_without_any_flag_is_none_of_the_plans() -> None:
    manifest = parse_manifest(GOOD.encode(), file="f").services[0]
    assert check_plan(manifest, {**flags(flag()), "hosts": {}}, action_names()) == []


def test_flag_that_is_safe_already_in_one_environment_only_is_a_warning() -> None:
    problem = only(problems(flag("staging", defaultVariant="off"), flag("production")))
    assert problem.severity == "warning"
    assert "`staging`" in problem.message


def test_flag_whose_targeting_may_still_serve_the_feature_is_a_warning() -> None:
    targeting = {"if": [{"==": [{"var": "country"}, "nl"]}, "on", "off"]}
    assert only(problems(flag(defaultVariant="off", targeting=targeting))).severity == "warning"


@pytest.mark.parametrize(
    ("old", "new", "message", "severity"),
    [
        ("        coverage: full\n", "", "no coverage: nobody knows", "error"),
        ("coverage: full", "coverage: client-only", "a flag in a client protects no server", "warning"),
        ("flag.off, flag: shop.receipts", "flag.of, flag: shop.receipts", "there is no action `flag.of`", "error"),
        ("flag: shop.receipts}]", "flag: shop.receipts, flga: x}]", "`flag.off` has no argument `flga`", "error"),
        ("flag: shop.receipts}]", "feature: recepts}]", "there is no feature `recepts`", "error"),
        ("{action: flag.off, flag: shop.receipts}", "{action: flag.off}", "`flag.off` names no flag", "error"),
        ("flag: shop.receipts}]", "flag: shop.other}]", "the flag `shop.other` is no feature of `shop`", "error"),
        ("finding.severity >= 7.0", "finding.severty >= 7.0", "its `when` does not compile", "error"),
        (
            'expect: {status: 200, json: {"/renderer": plain, "/n": 1}, text: "paid"}',
            "method: GET",
            "the probe of",
            "warning",
        ),
    ],
)
def test_mistake_in_the_plan_is_found(old: str, new: str, message: str, severity: str) -> None:
    found = [problem for problem in problems(old=old, new=new) if problem.message.startswith(message)]
    assert only(found).severity == severity


def test_feature_names_the_flag_as_well() -> None:
    assert problems(old="flag: shop.receipts}]", new="feature: receipts}]") == []


def test_full_coverage_without_a_probe_is_an_error() -> None:
    start, end = GOOD.index("        verify:"), GOOD.index("        autonomy:")
    found = problems(old=GOOD[start:end], new="")
    assert only(found).message.startswith("coverage `full` without a black-box probe")
    assert only(found).severity == "error"


def test_when_that_does_not_compile_names_its_place_and_what_to_try() -> None:
    problem = only(problems(old="finding.severity", new="finding.severty"))
    assert (problem.where, problem.hint) == ("holdfast.yaml:15:23", "did you mean `severity`?")


def test_service_without_plans_has_no_problem() -> None:
    manifest = parse_manifest(b"version: 1\nservices: [{name: api}]", file="f").services[0]
    assert check_plan(manifest, {}, action_names()) == []


def test_flag_left_safe_after_an_incident_lets_the_repair_through() -> None:
    """Version 1 served the feature; a person turned it off for good; now the release that repairs it is registered."""
    problem = only(problems(flag(version=2, defaultVariant="off")))
    assert problem.severity == "warning"
    assert problem.message.endswith("so forcing it changes nothing until it is turned on again")


def test_flag_that_can_only_be_safe_is_an_error_however_often_it_changed() -> None:
    assert only(problems(flag(version=7, variants={"on": False, "off": False}))).severity == "error"


def test_flag_that_was_never_on_is_an_error_that_says_what_to_do() -> None:
    problem = only(problems(flag(defaultVariant="off")))
    assert (problem.severity, "define the flag on in one environment first" in (problem.hint or "")) == ("error", True)
