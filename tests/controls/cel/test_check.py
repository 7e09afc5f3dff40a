"""Expressions are checked against the facts' declared shape before anything is evaluated."""

import pytest

from holdfast.controls.cel import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    SEMVER,
    STRING,
    TIMESTAMP,
    Type,
    check,
    compile_expression,
    list_of,
    map_of,
    object_of,
    parse_expression,
)
from holdfast.errors import ExpressionError

SCHEMA = {
    "finding": object_of("finding", {"severity": DOUBLE, "id": STRING, "aliases": list_of(STRING), "at": TIMESTAMP}),
    "labels": map_of(STRING, STRING),
    "count": INT,
    "anything": DYN,
}


def type_of(text: str) -> Type:
    return check(parse_expression(text, file="f", line=2, column=3), SCHEMA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("finding.severity", DOUBLE),
        ("finding.severity >= 7", BOOL),
        ("finding.aliases", list_of(STRING)),
        ("finding.aliases[0]", STRING),
        ("labels.team", STRING),
        ("labels['team']", STRING),
        ("anything.at.all[3]", DYN),
        ("count + 1", INT),
        ("finding.aliases.map(a, a.size())", list_of(INT)),
        ("finding.aliases.filter(a, a != '')", list_of(STRING)),
        ("[1, 'a']", list_of(DYN)),
        ("age(finding.at)", DURATION),
        ("semver('1.2.3')", SEMVER),
        ("age(finding.at) > duration('72h')", BOOL),
        ("{'a': 1}", map_of(STRING, INT)),
        ("count > 1 ? 'a' : 'b'", STRING),
    ],
)
def test_expression_has_type(text: str, expected: Type) -> None:
    assert type_of(text) == expected


@pytest.mark.parametrize(
    ("text", "where", "message", "hint"),
    [
        ("findings.severity", "f:2:3", "unknown variable `findings`", "did you mean `finding`?"),
        ("finding.severty", "f:2:11", "`finding` has no field `severty`", "did you mean `severity`?"),
        ("finding['id']", "f:2:10", "`finding` has declared fields", "select one with `.`"),
        ("count.x", "f:2:8", "a value of int has no fields", None),
        ("finding.id > 1", "f:2:14", "`>` cannot compare string with int", None),
        (
            "finding.severity == null",
            "f:2:20",
            "`==` cannot compare double with null",
            "a missing value is tested with `has(…)`",
        ),
        ("count + 1.0", "f:2:9", "`+` does not take int and double", "convert one with `double(…)` or `int(…)`"),
        ("'a' in finding.id", "f:2:7", "`in` takes a list or a map, got string", "write `text.contains(part)`"),
        ("finding.id.startWith('a')", "f:2:14", "unknown method `startWith`", "did you mean `startsWith`?"),
        ("startsWith(finding.id, 'a')", "f:2:3", "unknown function `startsWith`", "write `value.startsWith(…)`"),
        ("finding.id.startsWith(1)", "f:2:14", "`startsWith` takes (string, string), got (string, int)", None),
        ("finding.id.matches('(a')", "f:2:22", "a `(` without its `)` in the regular expression `(a`", None),
        ("count && true", "f:2:3", "`&&` takes bool, got int", None),
        ("count.exists(x, true)", "f:2:9", "`exists` goes over a list or a map, got int", None),
        ("finding.aliases.exists(a, a)", "f:2:29", "`exists` takes bool, got string", None),
        ("{'a': 1, 'a': 2}", "f:2:12", "the key `a` stands twice in a map", None),
        ("{true: 1}", "f:2:4", "a map's key is a string or an int, got bool", None),
    ],
)
def test_mistake_names_place_and_what_to_try(text: str, where: str, message: str, hint: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        type_of(text)
    assert (caught.value.where, caught.value.message, caught.value.hint) == (where, message, hint)


def test_macro_variable_is_not_known_outside() -> None:
    with pytest.raises(ExpressionError, match="unknown variable `a`"):
        type_of("finding.aliases.exists(a, true) && a == 'x'")


def test_program_must_give_the_expected_type() -> None:
    with pytest.raises(ExpressionError, match="expected an expression that gives bool, got int"):
        compile_expression(parse_expression("count + 1"), SCHEMA)


def test_any_type_is_taken_where_none_is_expected() -> None:
    assert compile_expression(parse_expression("count + 1"), SCHEMA, expected=None).type == INT
