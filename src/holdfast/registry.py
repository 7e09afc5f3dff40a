"""Rooms that grow by one file each.

A room is a package whose every public module carries one `SPEC`; its id is the file name. Third parties add modules by
the entry point group `holdfast.<room>`. A room is loaded when first used; `doctor` and the tests load all of them.
"""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, distributions
from types import ModuleType
from typing import Any

from holdfast.errors import HoldfastError


def _spec(module: ModuleType, identifier: str) -> Any:  # each room narrows it to its own SPEC type
    spec = getattr(module, "SPEC", None)
    where = getattr(module, "__file__", module.__name__)
    if spec is None:
        raise HoldfastError("a module of a room without `SPEC`", where=where, hint="name the module `_…` if it is none")
    if getattr(spec, "id", None) != identifier:
        raise HoldfastError(f"expected `SPEC.id` `{identifier}`, got `{getattr(spec, 'id', None)}`", where=where)
    return spec


@cache
def _points() -> tuple[EntryPoint, ...]:
    """The entry points of all rooms, read once: reading every package's is most of what loading a room costs."""
    every = (point for one in distributions() for point in one.entry_points)
    return tuple(point for point in every if point.group.startswith("holdfast."))


@cache
def load_room(room: str) -> tuple[Any, ...]:
    """Return every SPEC of the package `holdfast.<room>`, ordered by id.

    Raises:
        HoldfastError: a module without a SPEC, or one whose id is not its file name; names the file.
    """
    package = import_module(f"holdfast.{room}")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_"))
    specs = [_spec(import_module(f"{package.__name__}.{name}"), name) for name in names]
    own = [point for point in _points() if point.group == f"holdfast.{room}"]
    third_party = [_spec(point.load(), point.name) for point in own]
    return (*specs, *third_party)
