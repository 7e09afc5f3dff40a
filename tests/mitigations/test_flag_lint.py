"""Code, manifest and definitions are held against each other; what can't be told is said."""

import json
from typing import Any

import pytest

from holdfast.facts.flag_sources import FlagSources, Unread
from holdfast.facts.flag_usage import FlagRead, Span, Unsettled, Value
from holdfast.facts.manifest_places import DeclaredFlag, PlannedFlag
from holdfast.mitigations.flag_lint import Declared, LintResult, Rule, lint_flags

FEATURE = DeclaredFlag("shop", "receipts", "shop.receipts", "off", "holdfast.yaml", 10, 15)
PLANNED = PlannedFlag("shop", "receipts-off", "shop.receipts", "holdfast.yaml", 16, 39)
AT, DEFAULT_AT = Span(4, 5, 4, 60), Span(4, 55, 4, 59)
SWITCH = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}


def read(
    key: Any = "shop.receipts", default: Any = True, kind: str | None = "boolean", file: str = "shop.py"
) -> FlagRead:
    """One evaluation; `...` is a value that is not settled."""
    settled = [Unsettled("it is computed") if one is ... else Value(one) for one in (key, default)]
    return FlagRead(file, AT, "get_boolean_value", kind, settled[0], settled[1], DEFAULT_AT)


def lint(
    *reads: FlagRead,
    definitions: dict[str, dict[str, Any]] | None = None,  # flagd's JSON
    unread: tuple[Unread, ...] = (),
    mentions: dict[str, tuple[str, int, int]] | None = None,
    planned: tuple[PlannedFlag, ...] = (),
    features: tuple[DeclaredFlag, ...] = (FEATURE,),
) -> list[LintResult]:
    texts = definitions and {name: {k: json.dumps(v) for k, v in flags.items()} for name, flags in definitions.items()}
    return lint_flags(FlagSources(reads, unread, 1, mentions or {}), Declared(features, planned, texts))


def only(found: list[LintResult]) -> LintResult:
    assert len(found) == 1, found
    return found[0]


def defined(**fields: Any) -> dict[str, dict[str, Any]]:  # flagd's JSON
    return {"production": {"shop.receipts": {**SWITCH, **fields}}}


def test_default_that_is_not_the_safe_value_is_found_with_its_exact_fix() -> None:
    found = only(lint(read(), definitions=defined()))
    assert (found.rule, found.flag, found.file, found.line, found.column) == (
        Rule.DANGEROUS_DEFAULT,
        "shop.receipts",
        "shop.py",
        4,
        5,
    )
    assert found.message == (
        "`get_boolean_value` of `shop.receipts` falls back to `True` when nobody answers, "
        "and its safe variant `off` is `False`"
    )
    assert found.fix == "at 4:55 write `False` for `True`"
    assert found.replacement is not None
    assert (found.replacement.at, found.replacement.text) == (DEFAULT_AT, "False")


def test_replacement_is_written_in_the_language_of_the_file() -> None:
    found = only(lint(read(file="shop.tsx"), definitions=defined()))
    assert found.replacement is not None
    assert found.replacement.text == "false"


def test_default_that_is_the_safe_value_is_fine() -> None:
    assert lint(read(default=False), definitions=defined()) == []


def test_safe_variant_may_be_the_one_that_serves_true() -> None:
    variants = {"on": False, "off": True}
    assert lint(read(default=True), definitions=defined(variants=variants)) == []
    assert only(lint(read(default=False), definitions=defined(variants=variants))).rule is Rule.DANGEROUS_DEFAULT


@pytest.mark.parametrize(
    ("variants", "kind", "fine", "wrong"),
    [
        ({"on": "pdf", "off": "plain"}, "string", "plain", "pdf"),
        ({"on": 5, "off": 0}, "number", 0.0, 5),
        ({"on": {"a": 1}, "off": {}}, "object", {}, {"a": 1}),
        ({"on": True, "off": False}, "boolean", False, 0),
        ({"on": True, "off": False}, None, False, None),
    ],
)
def test_values_of_every_type_are_compared(variants: dict[str, Any], kind: str | None, fine: Any, wrong: Any) -> None:
    given = defined(variants=variants)
    assert lint(read(default=fine, kind=kind), definitions=given) == []
    assert only(lint(read(default=wrong, kind=kind), definitions=given)).rule is Rule.DANGEROUS_DEFAULT


def test_switch_without_a_definition_is_judged_by_its_variants_name() -> None:
    assert only(lint(read())).rule is Rule.DANGEROUS_DEFAULT
    assert lint(read(default=False)) == []
    assert only(lint(read(default="pdf", kind="string"))).rule is Rule.UNKNOWN
    calm = DeclaredFlag("shop", "receipts", "shop.receipts", "calm", "holdfast.yaml", 10, 15)
    found = only(lint(read(), features=(calm,)))
    assert (found.rule, found.message) == (
        Rule.UNKNOWN,
        "`get_boolean_value` of `shop.receipts`: "
        "what its safe variant `calm` serves can't be told without a definition",
    )


def test_value_of_another_type_is_never_served() -> None:
    found = only(lint(read(kind="string", default="plain"), definitions=defined()))
    assert found.rule is Rule.WRONG_TYPE
    assert found.message == "`get_boolean_value` asks for a string, and `shop.receipts` is a boolean in `production`"


def test_default_or_key_that_is_not_settled_is_unknown() -> None:
    found = only(lint(read(default=...), definitions=defined()))
    assert (found.rule, found.flag) == (Rule.UNKNOWN, "shop.receipts")
    assert [one.rule for one in lint(read(key=...), read(default=False), definitions=defined())] == [Rule.UNKNOWN]


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        (defined(variants={"on": True}), "it has no variant `off` in `production`"),
        (defined(state="SOMETIMES"), "its definition in `production` can't be read"),
        (
            {**defined(), "staging": {"shop.receipts": {**SWITCH, "variants": {"on": False, "off": True}}}},
            "its safe variant `off` serves different values in `production`, `staging`",
        ),
    ],
)
def test_definition_that_does_not_tell_is_unknown(definitions: dict[str, dict[str, Any]], message: str) -> None:
    found = [one for one in lint(read(default=False), definitions=definitions) if one.rule is Rule.UNKNOWN]
    assert message in only(found).message


def test_flag_that_no_code_reads_is_found_at_its_declaration() -> None:
    found = only(lint())
    assert (found.rule, found.file, found.line, found.column) == (Rule.NEVER_READ, "holdfast.yaml", 10, 15)


def test_flag_that_is_perhaps_read_is_unknown() -> None:
    assert only(lint(mentions={"shop.receipts": ("a.py", 2, 3)})).message == (
        "whether code reads `shop.receipts` can't be told: it stands at a.py:2:3"
    )
    blind = lint(read(key=...))
    assert [one.rule for one in blind] == [Rule.UNKNOWN, Rule.UNKNOWN]
    assert "hides which it asks" in blind[0].message
    unread = lint(unread=(Unread("page.vue", 1, 1, "not read"),))
    assert [one.message for one in unread] == [
        "whether code reads `shop.receipts` can't be told: page.vue was not read",
        "not read",
    ]


def test_flag_that_nobody_declares_is_found_once() -> None:
    reads = [read(key="shop.other", file=file) for file in ("b.py", "a.py", "c.py")]
    found = only(lint(*reads, features=()))
    assert (found.rule, found.file, found.flag) == (Rule.UNDECLARED, "a.py", "shop.other")
    assert found.message == "`shop.other` is read here, and in 2 more places, and no feature declares it"


def test_plan_whose_flag_no_environment_has_is_found() -> None:
    found = only(lint(read(default=False), planned=(PLANNED,), definitions={"production": {"other": SWITCH}}))
    assert (found.rule, found.line) == (Rule.UNDEFINED, 16)
    assert lint(read(default=False), planned=(PLANNED,), definitions=defined()) == []


def test_plan_without_definitions_is_unknown() -> None:
    assert only(lint(read(default=False), planned=(PLANNED,))).rule is Rule.UNKNOWN


def test_results_are_in_order_of_place_whatever_comes_first() -> None:
    reads = [read(file=file) for file in ("b.py", "a.py")]
    one, other = lint(*reads, definitions=defined()), lint(*reversed(reads), definitions=defined())
    assert one == other
    assert [result.file for result in one] == ["a.py", "b.py"]
