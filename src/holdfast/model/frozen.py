"""Frozen, slotted dataclasses that are cheap to define.

`@frozen` makes what `@dataclass(frozen=True, slots=True)` makes: the same fields, order of arguments, equality, hash,
text, and refusal of changes; `dataclasses.fields`, `replace`, `asdict` and `match` take it. The standard decorator
compiles six methods for each class, a sixth of a short command's time; here they are shared, and `__init__` is made
when it is first asked for. Setting a field at birth goes straight to its slot, so instances are made faster too.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from types import CodeType, FunctionType, MethodType
from typing import Any, TypeVar, dataclass_transform

_Class = TypeVar("_Class")
_OF_THE_FIRST = ("__dict__", "__weakref__")
"""What a class has that is made without slots, and one with them has not."""
_NOT_GIVEN = object()
"""Stands for an argument whose default is made anew each time."""


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: type[_Class], /) -> type[_Class]:
    """Return the class as a frozen, slotted dataclass."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # else `dataclass` asks for a signature, which is slow
    own = set(cls.__dict__)
    if "__slots__" in own:
        raise TypeError(f"{cls.__name__} has slots already: it is frozen once, and says its fields alone")
    if cls.__dict__.get("__hash__", _NOT_GIVEN) is None and "__eq__" in own:  # Python's answer to a bare `__eq__`
        own.remove("__hash__")
    fields = dataclasses.fields(dataclasses.dataclass(init=False, repr=False, eq=False)(cls))  # type: ignore[arg-type]
    body = {name: value for name, value in cls.__dict__.items() if name not in _OF_THE_FIRST}
    for one in fields:
        body.pop(one.name, None)  # its default: the slot has that name
    _require_order(cls, fields)
    inherited = {name for base in cls.__mro__[1:-1] for name in _slots_of(base)}
    body["__slots__"] = tuple(one.name for one in fields if one.name not in inherited)
    methods = {**_shared(fields), "__init__": _Birth(fields)}
    body |= {name: method for name, method in methods.items() if name not in own}
    make: Any = type(cls)
    made: type[_Class] = make(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


def _require_order(cls: type, fields: tuple[Field[Any], ...]) -> None:
    """Refuse fields that no `__init__` could take in their order. Raises: TypeError."""
    has_default = False
    for one in fields:
        if one.init and one.default is MISSING and one.default_factory is MISSING:
            if has_default:
                raise TypeError(f"{cls.__name__}.{one.name} has no default, and follows a field that has one")
        else:
            has_default = has_default or one.init
        if one.name == "self":
            raise TypeError(f"{cls.__name__} has a field `self`, which is what its methods call the instance")


def _slots_of(base: type) -> tuple[str, ...]:
    slots = base.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


class _Birth:
    """Stands for a class's `__init__` until somebody asks for it: most classes that are loaded are never used."""

    def __init__(self, fields: tuple[Field[Any], ...]) -> None:
        self._fields = fields

    def __set_name__(self, owner: Any, _name: str) -> None:
        self._owner = owner

    def __get__(self, instance: object, _class: type | None = None) -> Callable[..., None]:
        made = _initializer(self._owner, self._fields)
        self._owner.__init__ = made
        return made if instance is None else MethodType(made, instance)


def _initializer(cls: Any, fields: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Make the `__init__` of a class."""
    is_checked = hasattr(cls, "__post_init__")
    if all(one.init and one.default_factory is MISSING for one in fields):
        names, qualified = ("self", *(one.name for one in fields)), f"{cls.__qualname__}.__init__"
        code = _setting(len(fields), is_checked=is_checked).replace(co_varnames=names, co_qualname=qualified)
        scope = {f"_set_{number}": getattr(cls, one.name).__set__ for number, one in enumerate(fields)}
        defaults = tuple(one.default for one in fields if one.default is not MISSING)
        made: Callable[..., None] = FunctionType(code, scope, "__init__", defaults)
    else:
        made = _compiled(cls, fields, is_checked=is_checked)
    made.__annotations__ = {one.name: one.type for one in fields if one.init}
    return made


@cache
def _setting(count: int, *, is_checked: bool) -> CodeType:
    """Compile the `__init__` that so many classes have: it sets so many fields to what is given for them."""
    names = [f"field_{number}" for number in range(count)]
    body = [f"_set_{number}(self, {name})" for number, name in enumerate(names)]
    body += ["self.__post_init__()"] if is_checked else []
    scope: dict[str, Any] = {}
    exec(f"def __init__(self, {', '.join(names)}):\n " + "\n ".join(body or ["pass"]), scope)  # noqa: S102 - of numbers
    code: CodeType = scope["__init__"].__code__
    return code


def _compiled(cls: Any, fields: tuple[Field[Any], ...], *, is_checked: bool) -> Callable[..., None]:
    """Compile the `__init__` of a class that makes some of its values by itself."""
    scope: dict[str, Any] = {"_NOT_GIVEN": _NOT_GIVEN}
    arguments, body = ["self"], []
    for one in fields:
        name = one.name
        scope[f"_set_{name}"] = getattr(cls, name).__set__
        given = name
        if one.default_factory is not MISSING:
            scope[f"_make_{name}"] = one.default_factory
            given = f"_make_{name}() if {name} is _NOT_GIVEN else {name}" if one.init else f"_make_{name}()"
            default = "=_NOT_GIVEN"
        elif one.default is not MISSING:
            scope[f"_default_{name}"] = one.default
            default = f"=_default_{name}"
            given = name if one.init else f"_default_{name}"
        elif one.init:
            default = ""
        else:
            continue  # `__post_init__` sets it
        if one.init:
            arguments.append(name + default)
        body.append(f"_set_{name}(self, {given})")
    body += ["self.__post_init__()"] if is_checked else []
    exec(f"def __init__({', '.join(arguments)}):\n " + "\n ".join(body or ["pass"]), scope)  # noqa: S102 - of names of fields only
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _shared(fields: tuple[Field[Any], ...]) -> dict[str, Any]:
    """Return the methods that need no compiling, by name."""
    compared = _values_of([one.name for one in fields if one.compare])
    hashed = _values_of([one.name for one in fields if (one.compare if one.hash is None else one.hash)])
    shown = [one.name for one in fields if one.repr]
    names = [one.name for one in fields]

    def equals(self: object, other: object) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return compared(self) == compared(other)

    def hash_of(self: object) -> int:
        return hash(hashed(self))

    @recursive_repr()
    def repr_of(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def get_state(self: object) -> list[Any]:
        return [getattr(self, name) for name in names]

    def set_state(self: object, state: list[Any]) -> None:
        for name, one in zip(names, state, strict=True):
            object.__setattr__(self, name, one)

    return {
        "__eq__": equals,
        "__hash__": hash_of,
        "__repr__": repr_of,
        "__getstate__": get_state,
        "__setstate__": set_state,
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
    }


def _values_of(names: list[str]) -> Callable[[object], Any]:
    """Return what gives the values of an object, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda _object: ()
    one = attrgetter(names[0])
    return lambda thing: (one(thing),)


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
