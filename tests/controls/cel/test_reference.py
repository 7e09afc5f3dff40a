"""The reference of the language names everything that there is."""

from pathlib import Path

from holdfast.controls.cel.functions import NAMES
from holdfast.controls.cel.macros import MACROS
from holdfast.controls.cel.program import DEFAULT_BUDGET
from holdfast.controls.cel.syntax import MAX_DEPTH, MAX_TEXT_CHARACTERS
from holdfast.mitigations.plan import PLAN_SCHEMA

TEXT = (Path(__file__).parents[3] / "docs" / "reference" / "cel.md").read_text(encoding="utf-8")


def test_every_function_and_macro_is_named() -> None:
    missing = [name for name in sorted({*NAMES, *MACROS}) if f"`{name}`" not in TEXT and f"`{name}(" not in TEXT]
    assert missing == []


def test_every_field_that_a_plan_can_read_is_named() -> None:
    for variable, declared in PLAN_SCHEMA.items():
        row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{variable}` |"))
        assert [field for field, _ in declared.fields or () if f"`{field}`" not in row] == []


def test_limits_are_those_of_the_code() -> None:
    for limit in (f"{MAX_TEXT_CHARACTERS:,} characters", f"{MAX_DEPTH} levels", f"{DEFAULT_BUDGET:,} steps"):
        assert limit in " ".join(TEXT.split()), limit
