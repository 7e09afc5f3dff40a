"""The predicate language: a documented subset of CEL with three-valued logic and a budget of steps.

`compile_expression(parse_expression(text, file=…, line=…, column=…), schema)` gives a `Program`; `program.decide(…)` a
verdict. Mistakes of the author are `ExpressionError`s with their place; gaps in the data are `Unknown`.
"""

from holdfast.controls.cel.check import check
from holdfast.controls.cel.parser import parse_expression
from holdfast.controls.cel.program import DEFAULT_BUDGET, Program, compile_expression
from holdfast.controls.cel.syntax import Expression
from holdfast.controls.cel.types import (
    BOOL,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    SEMVER,
    STRING,
    TIMESTAMP,
    Schema,
    Type,
    list_of,
    map_of,
    object_of,
)

__all__ = [
    "BOOL",
    "DEFAULT_BUDGET",
    "DOUBLE",
    "DURATION",
    "DYN",
    "INT",
    "NULL",
    "SEMVER",
    "STRING",
    "TIMESTAMP",
    "Expression",
    "Program",
    "Schema",
    "Type",
    "check",
    "compile_expression",
    "list_of",
    "map_of",
    "object_of",
    "parse_expression",
]
