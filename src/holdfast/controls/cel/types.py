"""The types of expressions, and how a fact's shape is declared.

A schema maps a variable's name to its type. A field that may be missing or `None` needs no mark: every field may, and
reading one that is gives `Unknown`. `DYN` is "not known before evaluation".
"""

from collections.abc import Mapping

from holdfast.model.frozen import frozen


@frozen
class Type:
    """`parameters` are a list's element, or a map's key and value; `fields` are an object's, in order of name."""

    name: str
    parameters: tuple["Type", ...] = ()
    fields: tuple[tuple[str, "Type"], ...] | None = None

    def __str__(self) -> str:
        inner = ", ".join(str(parameter) for parameter in self.parameters)
        return f"{self.name}({inner})" if inner else self.name

    def field(self, name: str) -> "Type | None":
        """Return the type of an object's field, `None` when it has none of that name."""
        return dict(self.fields or ()).get(name)


DYN = Type("dyn")
BOOL = Type("bool")
INT = Type("int")
DOUBLE = Type("double")
STRING = Type("string")
NULL = Type("null")
TIMESTAMP = Type("timestamp")
DURATION = Type("duration")
SEMVER = Type("semver")
NUMBERS = frozenset({INT, DOUBLE})
ORDERED = frozenset({BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION, SEMVER})

Schema = Mapping[str, Type]


def list_of(element: Type) -> Type:
    """Return the type of a list."""
    return Type("list", (element,))


def map_of(key: Type, value: Type) -> Type:
    """Return the type of a map whose keys are not known before evaluation."""
    return Type("map", (key, value))


def object_of(name: str, fields: Mapping[str, Type]) -> Type:
    """Return the type of a mapping with declared fields; any other field is an error when it is compiled."""
    return Type(name, (), tuple(sorted(fields.items())))


def unify(left: Type, right: Type) -> Type | None:
    """Return the more definite of two types that can stand for each other; `None` when they cannot."""
    if left in {DYN, right}:
        return right
    if right == DYN:
        return left
    if left.name != right.name or left.name not in {"list", "map"}:
        return None
    parameters = [unify(one, other) for one, other in zip(left.parameters, right.parameters, strict=True)]
    found = tuple(parameter for parameter in parameters if parameter is not None)
    return Type(left.name, found) if len(found) == len(parameters) else None


def are_comparable(left: Type, right: Type) -> bool:
    """Whether `==` makes sense; an int and a double compare by value."""
    return unify(left, right) is not None or {left, right} <= NUMBERS


def are_ordered(left: Type, right: Type) -> bool:
    """Whether `<` makes sense."""
    return are_comparable(left, right) and {left, right} <= ORDERED | {DYN}


def join(types: list[Type]) -> Type:
    """Return the one type of several values: `DYN` when they differ or there are none."""
    return types[0] if len(set(types)) == 1 else DYN
