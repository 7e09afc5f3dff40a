"""Evaluating flags: values, reasons, codes, and what is compiled again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.evaluation_context import EvaluationContext

from holdfast.mitigations.evaluation import Evaluated, Evaluation, Evaluators, FlagSet, NotEvaluated, parse_context
from holdfast.model.flag import Overlay
from tests.mitigations.flag_texts import boolean_flag, definition, overlay

NOBODY = EvaluationContext()


def evaluate(text: str, context: EvaluationContext = NOBODY, *overlays: Overlay) -> Evaluation:
    return FlagSet([definition("f", text)], overlays).evaluate("f", context)


def test_plain_flag_is_static() -> None:
    assert evaluate(boolean_flag()) == Evaluated("f", True, "on", "STATIC")


def test_matching_rule_gives_its_variant() -> None:
    text = boolean_flag("off", targeting={"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]})
    assert evaluate(text, EvaluationContext("u", {"plan": "gold"})) == Evaluated("f", True, "on", "TARGETING_MATCH")


def test_rule_that_does_not_match_gives_the_default() -> None:
    text = boolean_flag("off", targeting={"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]})
    assert evaluate(text, EvaluationContext("u", {"plan": "tin"})) == Evaluated("f", False, "off", "DEFAULT")


def test_disabled_flag_leaves_the_value_to_the_caller() -> None:
    assert evaluate(boolean_flag(state="DISABLED")) == Evaluated("f", None, None, "DISABLED")


def test_flag_without_default_leaves_the_value_to_the_caller() -> None:
    out = evaluate('{"state": "ENABLED", "variants": {"on": true}}')
    assert out == Evaluated("f", None, None, "DEFAULT")


@pytest.mark.parametrize("value", [True, False, "", "x", 0, 7, 1.5, {"a": [1]}, [], {}])
def test_value_of_every_kind_comes_as_it_was_written(value: Any) -> None:
    out = evaluate(json.dumps({"state": "ENABLED", "variants": {"v": value}, "defaultVariant": "v"}))
    assert isinstance(out, Evaluated)
    assert (type(out.value), out.value) == (type(value), value)


def test_metadata_is_handed_on() -> None:
    out = evaluate(boolean_flag(metadata={"owner": "shop", "tier": 1}))
    assert isinstance(out, Evaluated)
    assert out.metadata == {"owner": "shop", "tier": 1}


def test_unknown_flag_is_not_found() -> None:
    out = FlagSet([], []).evaluate("f", NOBODY)
    assert isinstance(out, NotEvaluated)
    assert out.code == "FLAG_NOT_FOUND"


def test_definition_that_cannot_be_read_is_a_parse_error() -> None:
    out = evaluate("{")
    assert isinstance(out, NotEvaluated)
    assert out.code == "PARSE_ERROR"


def test_rule_that_names_no_variant_is_an_error() -> None:
    out = evaluate(boolean_flag(targeting={"if": [True, "purple"]}))
    assert isinstance(out, NotEvaluated)
    assert out.code == "GENERAL"


@pytest.mark.parametrize("rule", [{"/": [1, 0]}, {"<": [{"var": ""}, 1]}, {"unheard_of": [1]}, {"sem_ver": []}])
def test_rule_that_breaks_never_raises(rule: dict[str, Any]) -> None:
    out = evaluate(boolean_flag("off", targeting={"if": [rule, "on", "off"]}))
    assert isinstance(out, NotEvaluated) or out.variant in {"on", "off"}


SHARES = {"fractional": [["on", 50], ["off", 50]]}


def test_sharing_out_needs_the_targeting_key() -> None:
    out = evaluate(boolean_flag(targeting=SHARES))
    assert isinstance(out, NotEvaluated)
    assert out.code == "TARGETING_KEY_MISSING"


def test_sharing_out_is_stable_per_targeting_key() -> None:
    first = [evaluate(boolean_flag(targeting=SHARES), EvaluationContext(f"user-{n}")) for n in range(40)]
    again = [evaluate(boolean_flag(targeting=SHARES), EvaluationContext(f"user-{n}")) for n in range(40)]
    assert first == again
    assert {one.variant for one in first if isinstance(one, Evaluated)} == {"on", "off"}


def test_forced_flag_needs_no_targeting_key() -> None:
    out = evaluate(boolean_flag(targeting=SHARES), NOBODY, overlay("f", 1))
    assert out == Evaluated("f", False, "off", "STATIC")


def test_overlay_of_another_flag_changes_nothing() -> None:
    flags = FlagSet([definition("f", boolean_flag()), definition("g", boolean_flag())], [overlay("g", 1)])
    assert [one.variant for one in flags.evaluate_all(NOBODY) if isinstance(one, Evaluated)] == ["on", "off"]


@pytest.mark.parametrize("document", [[], "x", 1, {"targetingKey": 1}, {"targetingKey": ["u"]}])
def test_context_that_is_none_is_invalid(document: Any) -> None:
    out = parse_context(document)
    assert isinstance(out, NotEvaluated)
    assert out.code == "INVALID_CONTEXT"


def test_context_keeps_attributes_and_key_apart() -> None:
    assert parse_context({"targetingKey": "u", "plan": "gold"}) == EvaluationContext("u", {"plan": "gold"})


def test_changing_one_of_a_thousand_flags_compiles_one_evaluator() -> None:
    evaluators = Evaluators()
    definitions = [definition(f"f{n}", boolean_flag()) for n in range(1000)]
    FlagSet(definitions, [], evaluators).evaluate_all(NOBODY)
    before = evaluators.compiled
    flags = FlagSet(definitions, [overlay("f7", 1)], evaluators)
    off = [one.key for one in flags.evaluate_all(NOBODY) if isinstance(one, Evaluated) and one.value is False]
    assert off == ["f7"]
    assert (before, evaluators.compiled - before) == (1000, 1)


def test_evaluators_forget_the_least_recently_used() -> None:
    evaluators = Evaluators(limit=2)
    for key in ("a", "b", "a", "c"):
        evaluators.get(key, boolean_flag())
    assert evaluators.compiled == 3
    evaluators.get("a", boolean_flag())
    assert evaluators.compiled == 3
    evaluators.get("b", boolean_flag())
    assert evaluators.compiled == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=40))
def test_flag_is_never_on_while_an_overlay_holds_it(moves: list[tuple[bool, int]]) -> None:
    """Six overlays are laid and lifted in any order, some of them twice; the definition stays what it was."""
    text = boolean_flag("on", targeting={"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]})
    gold = EvaluationContext("u", {"plan": "gold"})
    plain = evaluate(text, gold)
    held: set[int] = set()
    for laid, number in moves:
        held = held | {number} if laid else held - {number}
        stack = [overlay("f", n, lifted=n not in held) for n in range(6)]
        flag = definition("f", text)
        out = FlagSet([flag], stack).evaluate("f", gold)
        assert flag.definition == text
        assert out == (Evaluated("f", False, "off", "STATIC") if held else plain)
