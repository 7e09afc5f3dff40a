"""Rooms that grow by one file each.

A room is a package whose every public module carries one `SPEC`; its id is the file name. Third parties add modules by
the entry point group `holdfast.<room>`. A room is loaded when first used; `doctor` and the tests load all of them.
"""

import os
import pkgutil
import sys
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from holdfast.errors import HoldfastError

if TYPE_CHECKING:  # it loads most of the mail package: only where somebody adds to a room
    from importlib.metadata import EntryPoint


def _spec(module: ModuleType, identifier: str) -> Any:  # each room narrows it to its own SPEC type
    spec = getattr(module, "SPEC", None)
    where = getattr(module, "__file__", module.__name__)
    if spec is None:
        raise HoldfastError("a module of a room without `SPEC`", where=where, hint="name the module `_…` if it is none")
    if getattr(spec, "id", None) != identifier:
        raise HoldfastError(f"expected `SPEC.id` `{identifier}`, got `{getattr(spec, 'id', None)}`", where=where)
    return spec


@cache
def _points() -> "tuple[EntryPoint, ...]":
    """The entry points of all rooms, read once: reading every package's is most of what loading a room costs."""
    if not names_rooms(sys.path):
        return ()
    from importlib.metadata import distributions

    every = (point for one in distributions() for point in one.entry_points)
    return tuple(point for point in every if point.group.startswith("holdfast."))


def names_rooms(places: Sequence[str]) -> bool:
    """Whether any package installed at `places` adds to a room of ours; where one can't be looked into, it may."""
    return any(_names_rooms(place or ".") for place in places)


def _names_rooms(place: str) -> bool:
    if os.path.isfile(place):  # an archive of packages
        return True
    try:
        with os.scandir(place) as entries:
            installed = [one.path for one in entries if one.name.endswith((".dist-info", ".egg-info"))]
    except OSError:  # not there, which is usual
        return False
    for folder in installed:
        try:
            with open(os.path.join(folder, "entry_points.txt"), "rb") as file:
                if b"[holdfast." in file.read():
                    return True
        except OSError:
            continue
    return False


@cache
def own_names(room: str) -> tuple[str, ...]:
    """Return the ids of the package `holdfast.<room>`, in order, without loading any of its modules."""
    package = import_module(f"holdfast.{room}")
    return tuple(sorted(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")))


@cache
def load_spec(room: str, identifier: str) -> Any:
    """Return one SPEC of the package `holdfast.<room>`.

    Raises:
        HoldfastError: it has no SPEC, or one whose id is not its file name; names the file.
    """
    return _spec(import_module(f"holdfast.{room}.{identifier}"), identifier)


@cache
def load_third_party(room: str) -> tuple[Any, ...]:
    """Return the SPECs that others add to a room by entry point.

    Raises:
        HoldfastError: as `load_spec`.
    """
    return tuple(_spec(point.load(), point.name) for point in _points() if point.group == f"holdfast.{room}")


@cache
def load_room(room: str) -> tuple[Any, ...]:
    """Return every SPEC of the package `holdfast.<room>`, ordered by id, then those of third parties.

    Raises:
        HoldfastError: as `load_spec`.
    """
    return (*(load_spec(room, name) for name in own_names(room)), *load_third_party(room))
