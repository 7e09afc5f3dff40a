"""Evaluation has three values, an instant and a budget, and never raises on data."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from holdfast.controls.cel import DYN, compile_expression, parse_expression
from holdfast.errors import ExpressionError
from holdfast.model.verdict import Fail, Pass, Unknown, Verdict
from tests.controls.cel.test_agreement import EXPRESSION_TEXTS

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def evaluate(text: str, budget: int = 10_000, **variables: object) -> Any:  # whatever the expression gives
    schema = dict.fromkeys(variables, DYN)
    return compile_expression(parse_expression(text), schema, expected=None).evaluate(variables, now=NOW, budget=budget)


def decide(text: str, **variables: object) -> Verdict:
    return compile_expression(parse_expression(text), dict.fromkeys(variables, DYN)).decide(variables, now=NOW)


FINDING = {"severity": None, "id": "OSV-1", "aliases": ["CVE-1", None]}


@pytest.mark.parametrize(
    "text", ["f.severity >= 7.0", "f.missing == 1", "!(f.severity > 1.0)", "f.severity + 1.0 > 2.0"]
)
def test_missing_value_gives_unknown_and_names_the_field(text: str) -> None:
    verdict = decide(text, f=FINDING)
    assert isinstance(verdict, Unknown)
    assert "`f.severity` is not known" in verdict.because or "`f.missing` is not known" in verdict.because


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f.severity > 7.0 && f.id == 'other'", False),
        ("f.id == 'other' && f.severity > 7.0", False),
        ("f.severity > 7.0 || f.id == 'OSV-1'", True),
        ("f.id == 'OSV-1' || f.severity > 7.0", True),
        ("f.aliases.exists(a, a == 'CVE-1')", True),
        ("f.aliases.all(a, a == 'CVE-9')", False),
        ("'CVE-1' in f.aliases", True),
        ("has(f.severity)", False),
        ("has(f.id)", True),
        ("has(f.severity) && f.severity > 7.0", False),
        ("f.aliases == ['CVE-2', 'x']", False),
    ],
)
def test_answer_that_does_not_hang_on_what_is_missing_is_given(text: str, expected: bool) -> None:
    assert evaluate(text, f=FINDING) is expected


@pytest.mark.parametrize(
    "text",
    [
        "f.severity > 7.0 && f.id == 'OSV-1'",
        "f.severity > 7.0 || f.id == 'other'",
        "f.aliases.exists(a, a == 'CVE-9')",
        "f.aliases.all(a, a == 'CVE-1')",
        "'CVE-9' in f.aliases",
        "f.aliases.exists_one(a, a == 'CVE-1')",
        "f.aliases.filter(a, a == 'CVE-1').size() == 1",
        "f.aliases[1] == 'x'",
        "f.aliases[7] == 'x'",
        "f.severity > 7.0 ? true : true",
        "f.aliases == ['CVE-1', 'x']",
        "has(f.severity.deeper)",
        "1 / 0 == 1",
        "9223372036854775807 + 1 > 0",
    ],
)
def test_answer_that_hangs_on_what_is_missing_is_unknown(text: str) -> None:
    assert isinstance(evaluate(text, f=FINDING), Unknown)


def test_verdict_is_pass_fail_or_unknown() -> None:
    assert decide("f.id == 'OSV-1'", f=FINDING) == Pass()
    assert decide("f.id == 'x'", f=FINDING) == Fail("`f.id == 'x'` is false")
    assert isinstance(decide("f.id", f=FINDING), Unknown)


def test_truthy_value_is_not_true() -> None:
    assert decide("f", f=1) == Unknown("expected true or false, got int")
    assert isinstance(evaluate("f && true", f="yes"), Unknown)


def test_null_literal_is_a_value_and_missing_is_not() -> None:
    assert evaluate("[null].exists(v, v == null)") is True
    assert isinstance(evaluate("v == null", v=None), Unknown)
    assert evaluate("null") is None


def test_inner_macro_variable_gives_the_outer_one_back() -> None:
    assert evaluate("[1, 2].exists(n, [5].exists(n, n == 5) && n == 2)") is True
    assert evaluate("[1, 2].exists(n, n == 1) && n == 9", n=9) is True


def test_age_is_counted_from_the_evaluations_instant() -> None:
    at = NOW - timedelta(days=3)
    assert evaluate("age(at) == duration('72h')", at=at) is True
    assert evaluate("age(at) > duration('72h')", at=at) is False


def test_enumeration_members_and_tuples_are_texts_and_lists() -> None:
    class Colour(StrEnum):
        RED = "red"

    assert evaluate("c == 'red' && c in items", c=Colour.RED, items=("red",)) is True


def test_value_that_cel_has_no_type_for_is_unknown() -> None:
    assert evaluate("v == 1", v=object()) == Unknown("a value of Python's type `object` has no type in CEL")


def test_budget_ends_a_long_evaluation() -> None:
    text = "items.all(a, items.all(b, items.all(c, a + b + c >= 0)))"
    assert evaluate(text, items=list(range(100))) == Unknown("the expression used up its 10000 steps")
    assert evaluate(text, items=[1, 2, 3]) is True


def test_budget_is_not_absorbed_by_or() -> None:
    text = "items.all(a, items.all(b, a + b >= 0)) || true"
    assert isinstance(evaluate(text, items=list(range(500))), Unknown)


@pytest.mark.parametrize(
    "text",
    [
        "[s]" + ".map(a, a + a)" * 40,
        "[[1]]" + ".map(a, a + a)" * 40,
        "[[1]]" + ".map(a, [a, a])" * 40,
        "[[1]]" + ".map(a, [a, a])" * 20 + " == [[1]]" + ".map(a, [a, a])" * 20,
    ],
)
def test_value_that_doubles_forty_times_uses_up_the_budget(text: str) -> None:
    assert isinstance(evaluate(text, s="x" * 16), Unknown)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(a|aa)+b", "(.*)(.*)(.*)(.*)x", "a{0,50}a{0,50}a{0,50}b"])
def test_pattern_that_is_catastrophic_elsewhere_ends(pattern: str) -> None:
    found = evaluate(f"s.matches('{pattern}')", s="a" * 200 + "!", budget=100_000)
    assert found is False or isinstance(found, Unknown)


def test_data_nested_without_end_is_unknown() -> None:
    first: list[object] = []
    second: list[object] = []
    for _ in range(5000):
        first, second = [first], [second]
    assert evaluate("a == b", a=first, b=second, budget=100_000) == Unknown("values that are nested too deeply")


def test_very_long_text_is_not_searched() -> None:
    assert isinstance(evaluate("s.matches('a')", s="b" * 100_000), Unknown)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["n", "s", "list", "map", "k"]), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(EXPRESSION_TEXTS, _VALUES, _VALUES, _VALUES)
def test_any_data_gives_a_value_or_unknown(text: str, first: object, second: object, third: object) -> None:
    names = ["b", "i", "x", "s", "d", "numbers", "words", "ages"]
    variables = dict(zip(names, [first, second, third, first, second, third, first, second], strict=True))
    try:
        program = compile_expression(parse_expression(text), dict.fromkeys(names, DYN), expected=None)
    except ExpressionError:
        reject()
    answer = program.decide(variables, now=NOW)
    assert isinstance(answer, (Pass, Fail, Unknown))
