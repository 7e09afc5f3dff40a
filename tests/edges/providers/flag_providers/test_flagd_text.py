"""The text of a flagd document: one value is written anew, and the rest stays to the byte."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.flag_providers._flagd import Flagd, Loaded, forced_value
from holdfast.edges.providers.flag_providers._flagd_text import parse_flagd
from holdfast.errors import ActionError

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x7f", min_codepoint=32), min_size=1, max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | NAMES
VALUES = st.recursive(SCALARS, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=3))
FLAGS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=5)
FORCED = '{"state": "ENABLED", "variants": {"a": 1}, "defaultVariant": "a", "targeting": {}}'


@settings(max_examples=150, deadline=None)
@given(flags=FLAGS, beside=st.dictionaries(NAMES, VALUES, max_size=3), indent=st.sampled_from([None, 0, 2, 7]))
def test_json_comes_back_to_the_byte(flags: dict[str, object], beside: dict[str, object], indent: int | None) -> None:
    text = json.dumps({**beside, "flags": flags}, indent=indent, ensure_ascii=False)
    for flag in flags:
        own = parse_flagd(text, "json").value_text(flag)
        forced = parse_flagd(text, "json").with_value(flag, FORCED)
        assert json.loads(forced)["flags"] == {**flags, flag: json.loads(FORCED)}
        assert parse_flagd(forced, "json").with_value(flag, own) == text


@settings(max_examples=100, deadline=None)
@given(flags=FLAGS, flow=st.sampled_from([None, True, False]))
def test_yaml_comes_back_to_the_byte_or_is_refused(flags: dict[str, object], flow: bool | None) -> None:
    text = yaml.safe_dump({"flags": flags}, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    read = yaml.safe_load(text)["flags"]  # not what was dumped: PyYAML loses rare line breaks by itself
    for flag in flags:
        try:
            document = parse_flagd(text, "yaml")
            own, forced = document.value_text(flag), document.with_value(flag, FORCED)
        except ActionError:
            continue  # a key that YAML reads as something else, or one that PyYAML writes and can't place
        assert yaml.safe_load(forced)["flags"] == {**read, flag: json.loads(FORCED)}
        assert parse_flagd(forced, "yaml").with_value(flag, own) == text


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=60) | st.sampled_from(['{"flags":{', '{"flags":{}}', "flags: [", "flags: {a: 1}", "[" * 3000])
)
@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_any_text_is_read_or_refused_with_a_reason(kind: str, text: str) -> None:
    try:
        changed = parse_flagd(text, kind).with_value("a", FORCED)
    except ActionError:
        return
    assert parse_flagd(changed, kind).flags["a"]["defaultVariant"] == "a"


def test_key_that_stands_twice_is_the_last_one() -> None:
    text = '{"flags": {"a": {"x": 1}, "a": {"x": 2}}}'
    document = parse_flagd(text, "json")
    assert document.value_text("a") == '{"x": 2}'
    assert document.with_value("a", "{}") == '{"flags": {"a": {"x": 1}, "a": {}}}'


def test_value_that_is_no_flag_is_refused() -> None:
    with pytest.raises(ActionError, match="can't be changed without"):
        parse_flagd('{"flags": {"a": {}}}', "json").with_value("a", "3")


def test_yaml_reads_on_and_off_as_flagd_does() -> None:
    """Bare `on` and `off` are names of variants there, and a date is a text."""
    text = "flags:\n  pay:\n    state: ENABLED\n    variants: {on: true, off: false}\n    defaultVariant: on\n"
    text += "    metadata: {since: 2026-01-01}\n"
    flag = parse_flagd(text, "yaml").flags["pay"]
    assert (flag["variants"], flag["defaultVariant"]) == ({"on": True, "off": False}, "on")
    assert flag["metadata"] == {"since": "2026-01-01"}
    with pytest.raises(ActionError, match="no text"):
        parse_flagd("flags: {pay: {variants: {1: true}}}", "yaml")


@pytest.mark.parametrize("odd", ['"metadata": [1]', '"defaultVariant": ["on"]', '"metadata": {"heldBy": ["x"]}'])
def test_document_that_flagd_would_refuse_is_no_surprise(odd: str) -> None:
    value = json.loads(f'{{"state": "ENABLED", "variants": {{"on": true}}, {odd}}}')
    assert forced_value(value, "on")["metadata"]["heldBy"] == "Holdfast"
    text = json.dumps({"flags": {"pay": value}})
    source = FileLike(text)
    assert getattr(Flagd("flagd", source, None).read("pay"), "served", "?") is None


class FileLike:
    """A document in memory."""

    def __init__(self, text: str) -> None:
        self.text = text

    def load(self) -> Loaded:
        return Loaded(parse_flagd(self.text, "json"), self.text)

    def save(self, text: str, loaded: Loaded) -> bool:
        del loaded
        self.text = text
        return True

    def find_problem(self) -> str | None:
        return None
