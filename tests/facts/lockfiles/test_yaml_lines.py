"""The line-by-line subset of YAML: where it answers, a full parser says the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.facts.lockfiles._yaml import load_slowly
from holdfast.facts.lockfiles._yaml_lines import parse_lines
from holdfast.facts.lockfiles._yaml_values import YamlList, YamlObject
from tests.facts.lockfiles import test_pnpm_lock_yaml, test_pubspec_lock, test_yarn_lock
from tests.shared import SHARED_DATA, needs_shared

KEYS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "/a@1.0.0(b@2)",
            "a@npm:^1.0",
            "'@s/a'",
            '"x, y"',
            "a b",
            "a#b",
            "<<",
            "-",
            "- a",
            "? a",
            "1",
            "'it''s'",
        ),
        *(
            "a@https://x/y",
            "a'b",
            "=",
            "~",
            "null",
            "{a}",
            "a,b",
            "&a",
            "*a",
            "!a",
            "@a",
            "`a",
            "%a",
            '"\\n"',
            "a:",
            "''",
        ),
    ]
)
VALUES = st.sampled_from(
    [
        *(
            "",
            "x",
            "1.10",
            "'x'",
            '"x"',
            "x y",
            "x: y",
            "x #y",
            "x#y",
            "x:",
            "{}",
            "[]",
            "{a: b}",
            "{a: b, c: 'd'}",
            "[a]",
        ),
        *(
            "{a: https://x/y, b: c}",
            "[a, 'b']",
            "{a: b, a: c}",
            "{ a: b }",
            "{a: b c}",
            "{a: >=1 || ^2}",
            "{a}",
            "{a: }",
        ),
        *(
            "|",
            ">-",
            "&x y",
            "*x",
            "!!int 3",
            "@x",
            "%x",
            "`x",
            "- x",
            "? x",
            "'it''s'",
            '"\\t"',
            "'x' y",
            "x,y",
            "[a",
            "]",
        ),
        *(
            "^1.0.0",
            "~1",
            "<2",
            ">=1",
            "=1",
            "$REF",
            "(x)",
            "link:../x",
            "1.0.0(react@18)",
            "x  ",
            "[a b, c]",
            "{'a': b}",
        ),
        *("null", "-1", "---", "...", "# x", "{a: b,c: d}", "[a,b]", "{a: [b]}", "{a: b} c", "x\t", "\tx", "{a: b:c}"),
    ]
)
LINES = st.one_of(
    st.builds(lambda indent, key, value: f"{' ' * indent}{key}: {value}", st.integers(0, 6), KEYS, VALUES),
    st.builds(lambda indent, key: f"{' ' * indent}{key}:", st.integers(0, 6), KEYS),
    st.builds(lambda indent, value: f"{' ' * indent}- {value}", st.integers(0, 6), VALUES),
    st.sampled_from(["", "  ", "# x", "   # y", "---", "...", "%YAML 1.1", "x", "  x", "\t", "a:x", "-", "  -"]),
)


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, YamlObject):
        places = (one.line, one.lines) == (other.line, other.lines)
        return places and list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, YamlList):
        return one.lines == other.lines and len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _is_right(text: str) -> bool:
    """Whether the answer, if there is one, is what a full parser says; raises where that one refuses the text."""
    fast = parse_lines(text)
    if fast is None:
        return True
    slow = load_slowly("a.yaml", text)
    return slow.unparsed == () and _same(fast, slow.root)


@settings(max_examples=600, deadline=None)
@given(lines=st.lists(LINES, max_size=8))
def test_lines_say_what_a_full_parser_says(lines: list[str]) -> None:
    assert _is_right("\n".join(lines))


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="ab1:-#,.@{}[]'\" \n", max_size=40))
def test_lines_say_what_a_full_parser_says_of_any_text(text: str) -> None:
    assert _is_right(text)


@pytest.mark.parametrize("text", [test_pnpm_lock_yaml.LOCK, test_yarn_lock.BERRY, test_pubspec_lock.LOCK])
def test_lines_are_enough_for_what_tools_write(text: str) -> None:
    assert parse_lines(text) is not None
    assert _is_right(text)


@pytest.mark.parametrize(
    "text",
    ["", "# x\n", "a: 1\na: 2\n", "a: |\n  x\n", "a: x\n  y\n", "a: &x y\n", "a:\tb\n", "a: \x1b\n", "- a\n", "a\n"],
)
def test_lines_leave_what_is_outside_of_them_to_the_parser(text: str) -> None:
    assert parse_lines(text) is None


@needs_shared
@pytest.mark.parametrize("folder", ["pnpm-lock_yaml", "yarn_lock", "pubspec_lock", "Podfile_lock"])
def test_lines_say_the_same_of_real_files(folder: str) -> None:
    texts = [path.read_text() for path in sorted((SHARED_DATA / "lockfiles" / folder).glob("*/*"))]
    assert texts
    assert all(_is_right(text) for text in texts)
