"""Google's CEL as the reference: compiles and evaluates, and says plainly when there was no value."""

from typing import Any

from cel_expr_python import cel

from holdfast.controls.cel import BOOL, DOUBLE, DYN, INT, STRING, Type, list_of, map_of
from holdfast.model.frozen import frozen

SCHEMA: dict[str, Type] = {
    "b": BOOL,
    "i": INT,
    "x": DOUBLE,
    "s": STRING,
    "d": DYN,
    "numbers": list_of(INT),
    "words": list_of(STRING),
    "ages": map_of(STRING, INT),
    "absent": map_of(STRING, INT),
}
VALUES: dict[str, object] = {
    "b": True,
    "i": 7,
    "x": 2.5,
    "s": "acme-pdf",
    "d": {"n": 3, "s": "deep", "list": [1, 2.0, "three"], "map": {"k": True}},
    "numbers": [1, 2, 3],
    "words": ["alpha", "beta", ""],
    "ages": {"ann": 30, "bob": 40},
    "absent": {},
}
_TYPES = {
    "b": cel.Type.BOOL,
    "i": cel.Type.INT,
    "x": cel.Type.DOUBLE,
    "s": cel.Type.STRING,
    "d": cel.Type.DYN,
    "numbers": cel.Type.List(cel.Type.INT),
    "words": cel.Type.List(cel.Type.STRING),
    "ages": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
    "absent": cel.Type.Map(cel.Type.STRING, cel.Type.INT),
}
_ENVIRONMENT = cel.NewEnv(variables=_TYPES)


@frozen
class Refused:
    """The expression does not compile."""

    because: str


@frozen
class Failed:
    """It compiled and gave an error, which in this library is a value whose text is truthy."""

    because: str


def evaluate(text: str) -> Any:  # a value of any type, or Refused or Failed
    """Return the value of an expression over `VALUES`."""
    try:
        program = _ENVIRONMENT.compile(text)
    except RuntimeError as error:
        return Refused(str(error))
    try:
        value = program.eval(data=VALUES)
    except RuntimeError as error:  # a few errors are raised after all
        return Failed(str(error))
    if value.type() == cel.Type.ERROR:
        return Failed(str(value.value()))
    return value.plain_value()
