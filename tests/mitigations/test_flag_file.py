"""Files of flags: every mistake has its line, and one bad flag does not stop the others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.mitigations.flag_file import parse_flag_file

GOOD = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


def test_each_flag_has_its_line_and_its_problem() -> None:
    good = json.dumps(GOOD)
    text = '{\n"flags": {\n"a": GOOD,\n\n"b": {"state": "ON", "variants": {"on": true}},\n"c": 1}}'.replace(
        "GOOD", good
    )
    flags = {one.key: one for one in parse_flag_file(text, "f.json")}
    assert [(key, one.line, one.problem is None) for key, one in flags.items()] == [
        ("a", 3, True),
        ("b", 5, False),
        ("c", 6, False),
    ]
    assert str(flags["b"].problem).startswith("f.json:5: expected state")


def test_shared_rules_are_written_out() -> None:
    flag = GOOD | {"targeting": {"if": [{"$ref": "staff"}, "on", "off"]}}
    rule = {"ends_with": [{"var": "email"}, "@shop.example"]}
    (one,) = parse_flag_file(json.dumps({"flags": {"a": flag}, "$evaluators": {"staff": rule}}), "f.json")
    assert one.definition["targeting"] == {"if": [rule, "on", "off"]}
    assert "$evaluators" not in one.definition


@pytest.mark.parametrize("wrap", [True, False])
def test_flag_that_is_named_twice_is_refused_with_its_line(wrap: bool) -> None:
    flags = '{\n"a": {"variants": {"a": {}}},\n"a": {"variants": {}}}'
    with pytest.raises(FactError, match="twice") as refused:
        parse_flag_file(f'{{"flags": {flags}}}' if wrap else flags, "f.json")
    assert refused.value.where == "f.json:3"


def test_keys_elsewhere_are_no_flags() -> None:
    flag = GOOD | {"variants": {"x": [{"flags": {"a": 1}}, "a"]}, "defaultVariant": "x"}
    (one,) = parse_flag_file(json.dumps({"metadata": {"a": 1}, "flags": {"a": flag}}, indent=1), "f.json")
    assert (one.line, one.problem) == (6, None)


@given(st.dictionaries(st.text(min_size=1), st.just(GOOD)), st.sampled_from([None, 1]))
def test_every_flag_of_a_file_is_found(flags: dict[str, object], indent: int | None) -> None:
    text = json.dumps({"flags": flags}, indent=indent)
    found = parse_flag_file(text, "f.json")
    assert [one.key for one in found] == list(flags)
    if indent:
        lines = text.split("\n")
        assert all(json.dumps(one.key) in lines[one.line - 1] for one in found)


@given(st.text())
def test_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_flag_file(text, "f.json")
    except FactError:
        return
    assert all(one.line >= 1 for one in found)
