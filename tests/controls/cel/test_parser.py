"""Texts become trees, or errors that name the place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.controls.cel import parse_expression
from holdfast.controls.cel.syntax import (
    MAX_DEPTH,
    MAX_TEXT_CHARACTERS,
    Binary,
    Literal,
    Logic,
    Macro,
    Select,
    find_too_deep,
)
from holdfast.errors import ExpressionError


def failure(text: str, **place: int) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, file="holdfast.yaml", **place)
    return caught.value


def test_operators_bind_by_precedence() -> None:
    root = parse_expression("1 + 2 * 3 == 7").root
    assert isinstance(root, Binary)
    assert root.operator == "=="
    assert isinstance(root.left, Binary)
    assert root.left.operator == "+"
    assert isinstance(root.left.right, Binary)
    assert root.left.right.operator == "*"


def test_chain_of_or_is_one_flat_node() -> None:
    root = parse_expression(" || ".join(["a"] * 500)).root
    assert isinstance(root, Logic)
    assert len(root.terms) == 500
    assert find_too_deep(root) is None


def test_has_becomes_a_test_of_the_field() -> None:
    root = parse_expression("has(finding.severity)").root
    assert isinstance(root, Select)
    assert (root.field, root.test) == ("severity", True)


def test_macro_keeps_variable_body_and_transform() -> None:
    root = parse_expression("[1].map(n, n > 0, n + 1)").root
    assert isinstance(root, Macro)
    assert (root.kind, root.variable) == ("map", "n")
    assert root.transform is not None


def test_negative_literal_reaches_the_smallest_integer() -> None:
    root = parse_expression("-9223372036854775808").root
    assert root == Literal(0, -(2**63))


def test_error_names_line_and_column_of_the_manifest() -> None:
    assert failure("a == ", line=15, column=15).where == "holdfast.yaml:15:20"


def test_error_in_a_later_line_counts_from_the_same_indentation() -> None:
    assert failure("a &&\nb ==", line=10, column=11).where == "holdfast.yaml:11:15"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a value, got the end of the expression"),
        ("1 +", "expected a value, got the end of the expression"),
        ("(1", "expected `)`, got the end of the expression"),
        ("a b", "expected an operator or the end, got `b`"),
        ("a = b", "expected a CEL token, got '='"),
        ("'abc", "a string without its closing '"),
        ("'\\q'", "`\\q` is not an escape of CEL"),
        ("b'x'", "bytes are not in this subset of CEL"),
        ("1u", "unsigned integers are not in this subset of CEL"),
        ("12abc", "expected a number, got `12abc`"),
        ("for", "`for` is a reserved word of CEL"),
        ("Message{}", "messages are not in this subset of CEL"),
        ("has(a)", "expected one field in `has`"),
        ("a.exists(1, true)", "expected a variable's name first in `exists`"),
        ("a.exists(x)", "`exists` takes 2 arguments, got 1"),
        ("99999999999999999999", "`99999999999999999999` does not fit into 64 bits"),
        ("!-a", "`!` and `-` cannot stand together"),
    ],
)
def test_mistake_is_named(text: str, message: str) -> None:
    assert failure(text).message == message


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "1" + ")" * 2000,
        "[" * 3000,
        "!" * 5000 + "true",
        "-" * 5000 + "a",
        "a" + ".b" * 3000,
        "a" + "[0]" * 2000,
        "1" + " + 1" * 1500,
        "true ? " * 1000 + "1",
        "{1:" * 2000,
        "f(" * 3000,
        "a.exists(x, " * 600,
    ],
)
def test_deep_nesting_is_an_error_and_not_a_crash(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


def test_nesting_up_to_the_limit_is_read() -> None:
    depth = MAX_DEPTH - 1
    assert parse_expression("(" * depth + "1" + ")" * depth).root == Literal(depth, 1)


def test_text_over_the_limit_is_refused() -> None:
    assert "characters" in failure("a" * (MAX_TEXT_CHARACTERS + 1)).message


def place_of_mistake(text: str) -> str | None:
    """Where the mistake is; `None` when there is none."""
    try:
        expression = parse_expression(text, file="f", line=3, column=5)
    except ExpressionError as error:
        return error.where or "nowhere"
    assert find_too_deep(expression.root) is None
    return None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_tree_or_an_error_with_its_place(text: str) -> None:
    where = place_of_mistake(text)
    assert where is None or where.startswith("f:")


_TOKENS = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
    ":",
    "?",
    "!",
    "-",
    "+",
    "a",
    "1",
    "2.5",
    "'x'",
    "has",
    "in",
    "&&",
    "==",
]


@settings(deadline=None)
@given(st.lists(st.sampled_from([*_TOKENS, "exists", "||", "<"]), max_size=25))
def test_any_tokens_give_a_tree_or_an_error_with_its_place(tokens: list[str]) -> None:
    where = place_of_mistake(" ".join(tokens))
    assert where is None or where.startswith("f:")
