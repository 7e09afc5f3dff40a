"""Flag definitions: what is refused, and what overlays make of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import PlanError
from holdfast.mitigations.flags import MAX_DEFINITION_BYTES, apply_overlays, forced_variant, parse_flag
from tests.mitigations.flag_texts import boolean_flag, overlay


def parse(**fields: Any) -> str:
    document = {"state": "ENABLED", "variants": {"a": 1, "b": 2}, "defaultVariant": "a"} | fields
    return parse_flag("f", json.dumps(document)).kind


def refusal(text: str, key: str = "f") -> str:
    with pytest.raises(PlanError) as caught:
        parse_flag(key, text)
    return str(caught.value)


def refusal_of(**fields: Any) -> str:
    document = {"state": "ENABLED", "variants": {"a": 1, "b": 2}, "defaultVariant": "a"} | fields
    return refusal(json.dumps(document))


@pytest.mark.parametrize(
    ("variants", "kind"),
    [
        ({"a": True}, "boolean"),
        ({"a": "x"}, "string"),
        ({"a": 1}, "integer"),
        ({"a": 1.5}, "float"),
        ({"a": 1, "b": 1.5}, "float"),
        ({"a": {"x": 1}}, "object"),
        ({"a": [1]}, "object"),
    ],
)
def test_kind_of_a_flag_follows_its_variants(variants: dict[str, Any], kind: str) -> None:
    assert parse(variants=variants) == kind


def test_variants_of_several_types_are_refused() -> None:
    assert "several types: boolean, string" in refusal_of(variants={"a": True, "b": "x"})


@pytest.mark.parametrize("variants", [None, {}, [], "on", {"a": None}, {"": 1}])
def test_unusable_variants_are_refused(variants: Any) -> None:
    assert "variant" in refusal_of(variants=variants)


def test_default_that_is_no_variant_is_refused_and_names_the_variants() -> None:
    text = refusal_of(defaultVariant="c")
    assert 'defaultVariant `"c"` is no variant' in text
    assert "`a`, `b`" in text


def test_missing_default_means_the_callers_own() -> None:
    assert parse_flag("f", '{"state": "ENABLED", "variants": {"a": 1}}').default is None


def test_boolean_default_names_the_variant_of_that_word() -> None:
    assert parse_flag("f", '{"state":"ENABLED","variants":{"true":1},"defaultVariant":true}').default == "true"


@pytest.mark.parametrize("state", [None, "enabled", "OFF", 1])
def test_unknown_state_is_refused(state: Any) -> None:
    assert "expected state `ENABLED` or `DISABLED`" in refusal_of(state=state)


def test_unknown_field_is_named() -> None:
    assert "unknown field `targetting`" in refusal_of(targetting={})


def test_duplicate_key_is_refused() -> None:
    assert "`state` is given twice" in refusal('{"state":"ENABLED","state":"DISABLED","variants":{"a":1}}')


def test_broken_json_names_line_and_column() -> None:
    assert refusal('{"state": "ENABLED",\n  "variants" 1}').startswith("flag f:2:14: not JSON")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_number_that_json_has_no_text_for_is_refused(number: str) -> None:
    assert "number" in refusal(f'{{"state":"ENABLED","variants":{{"a":{number}}}}}')


def test_huge_definition_is_refused() -> None:
    assert f"the limit is {MAX_DEFINITION_BYTES}" in refusal(boolean_flag(metadata={"x": "y" * MAX_DEFINITION_BYTES}))


@pytest.mark.parametrize("depth", [60, 9_000])
def test_deep_definition_is_refused(depth: int) -> None:
    text = '{"state":"ENABLED","variants":{"a":1},"targeting":' + '{"!":' * depth + "1" + "}" * depth + "}"
    assert "deep" in refusal(text)


@pytest.mark.parametrize("key", ["", "a b", "a/b", "a\x00", "-a", "x" * 200, "ü", "a\n"])
def test_key_that_is_no_name_is_refused(key: str) -> None:
    assert "expected a flag's key" in refusal(boolean_flag(), key)


def test_operator_that_prints_is_refused() -> None:
    assert "`log` is refused" in refusal_of(targeting={"if": [{"log": "x"}, "a", "b"]})


def test_reference_is_written_out() -> None:
    rule = {"==": [{"var": "plan"}, "gold\\d"]}
    text = json.dumps(
        {
            "state": "ENABLED",
            "variants": {"a": 1, "b": 2},
            "defaultVariant": "a",
            "targeting": {"if": [{"$ref": "gold"}, "b"]},
            "$evaluators": {"gold": rule},
        }
    )
    assert parse_flag("f", text).document["targeting"] == {"if": [rule, "b"]}


def test_reference_without_rule_is_refused() -> None:
    assert "`$evaluators` does not have" in refusal_of(targeting={"if": [{"$ref": "gold"}, "b"]})


def test_references_in_a_circle_are_refused() -> None:
    evaluators = {"x": {"!": {"$ref": "y"}}, "y": {"!": {"$ref": "x"}}}
    text = refusal_of(targeting={"if": [{"$ref": "x"}, "b"]}, **{"$evaluators": evaluators})
    assert "in a circle: x → y → x" in text


def test_references_that_double_are_refused() -> None:
    """Thirty rules, each naming the next one twice, would be a billion nodes."""
    evaluators: dict[str, Any] = {f"r{n}": {"and": [{"$ref": f"r{n + 1}"}, {"$ref": f"r{n + 1}"}]} for n in range(30)}
    evaluators["r30"] = {"var": "x"}
    assert "grow without end" in refusal_of(targeting={"if": [{"$ref": "r0"}, "b"]}, **{"$evaluators": evaluators})


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5).map(json.dumps)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        flag = parse_flag("f", text)
    except PlanError:
        return
    assert flag.variants


def test_definition_without_overlay_is_served_to_the_bit() -> None:
    text = '{ "state":"ENABLED",\t"variants":{"on":true}, "defaultVariant":"on"}\n'
    assert apply_overlays(text, []) is text
    assert apply_overlays(text, [overlay("f", 1, lifted=True)]) is text


def test_overlay_takes_rules_and_state_away() -> None:
    text = boolean_flag(state="DISABLED", targeting={"if": [True, "on"]}, metadata={"owner": "shop"})
    forced = json.loads(apply_overlays(text, [overlay("f", 1)]))
    assert forced["state"] == "ENABLED"
    assert forced["defaultVariant"] == "off"
    assert forced["targeting"] == {}
    assert forced["metadata"] == {"owner": "shop"}


def test_oldest_overlay_decides_between_variants() -> None:
    stack = [overlay("f", 2, "on"), overlay("f", 1, "off"), overlay("f", 3, "on")]
    assert forced_variant(stack) == "off"


def test_lifting_the_oldest_lets_the_next_one_decide() -> None:
    assert forced_variant([overlay("f", 1, "off", lifted=True), overlay("f", 2, "on")]) == "on"


def test_overlay_of_a_variant_that_is_gone_is_an_error() -> None:
    with pytest.raises(PlanError, match="which is gone"):
        apply_overlays(boolean_flag(), [overlay("f", 1, "safe")])
