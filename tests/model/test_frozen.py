"""What `@frozen` makes is held against what the standard decorator makes of the same class."""

import copy
import inspect
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any, Generic, TypeVar

import pytest

from holdfast.model.frozen import frozen

Made = TypeVar("Made")
standard: Callable[[type[Any]], type[Any]] = dataclass(frozen=True, slots=True)
BOTH = pytest.mark.parametrize("decorate", [standard, frozen], ids=["standard", "frozen"])


@frozen
class Place:
    """Where something is."""

    file: str
    line: int | None = None
    notes: list[str] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.line == 0:
            raise ValueError("lines are counted from 1")

    @property
    def shown(self) -> str:
        """The place in words."""
        return f"{self.file}:{self.line}"


@frozen
class Longer(Place):
    """A place with its end."""

    end: int = 9


def _class_of(decorate: Callable[[type[Any]], type[Any]]) -> type[Any]:
    class Thing:
        """A thing."""

        name: str
        size: float = 1.0
        tags: tuple[str, ...] = ()
        seen: dict[str, int] = field(default_factory=dict, hash=False)
        secret: str = field(default="s", repr=False, compare=False)
        made: list[int] = field(default_factory=list, init=False, compare=False)

    return decorate(Thing)


@BOTH
def test_instances_show_themselves_alike(decorate: Callable[[type[Any]], type[Any]]) -> None:
    thing = _class_of(decorate)("a", tags=("x",))
    assert repr(thing).partition("<locals>.")[2] == "Thing(name='a', size=1.0, tags=('x',), seen={}, made=[])"


@BOTH
def test_equality_and_hash_look_at_the_same_fields(decorate: Callable[[type[Any]], type[Any]]) -> None:
    make = _class_of(decorate)
    assert make("a", secret="1") == make("a", secret="2")
    assert hash(make("a", seen={"x": 1})) == hash(make("a")) == hash(("a", 1.0, ()))
    assert make("a") != make("b")
    assert make("a", seen={"x": 1}) != make("a")
    assert make("a") != ("a", 1.0, ())


@BOTH
def test_arguments_are_those_of_the_fields(decorate: Callable[[type[Any]], type[Any]]) -> None:
    make = _class_of(decorate)
    assert list(inspect.signature(make).parameters) == ["name", "size", "tags", "seen", "secret"]
    assert [one.name for one in fields(make)] == ["name", "size", "tags", "seen", "secret", "made"]
    assert make.__match_args__ == ("name", "size", "tags", "seen", "secret")
    with pytest.raises(TypeError, match="name"):
        make()
    with pytest.raises(TypeError, match="unexpected"):
        make("a", other=1)


@BOTH
def test_nothing_can_be_set_or_deleted_or_added(decorate: Callable[[type[Any]], type[Any]]) -> None:
    thing = _class_of(decorate)("a")
    with pytest.raises(FrozenInstanceError, match="name"):
        thing.name = "b"
    with pytest.raises(FrozenInstanceError, match="name"):
        del thing.name
    with pytest.raises((FrozenInstanceError, TypeError)):
        thing.other = 1
    assert not hasattr(thing, "__dict__")


@BOTH
def test_copies_and_dicts_hold_the_same(decorate: Callable[[type[Any]], type[Any]]) -> None:
    thing = _class_of(decorate)("a", seen={"x": 1})
    assert asdict(thing) == {"name": "a", "size": 1.0, "tags": (), "seen": {"x": 1}, "secret": "s", "made": []}
    assert replace(thing, name="b").name == "b"
    deep = copy.deepcopy(thing)
    assert deep == thing
    assert deep.seen is not thing.seen


def test_a_field_without_a_default_comes_first() -> None:
    """Refused where the class is defined, as the standard decorator does, and not where it is first used."""
    firsts: list[Any] = [1, field(default_factory=list)]
    for first in firsts:
        with pytest.raises(TypeError, match=r"Odd\.name has no default, and follows"):
            frozen(type("Odd", (), {"__annotations__": {"size": "int", "name": "str"}, "size": first}))


def test_what_no_class_can_have_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="has slots already"):
        frozen(Place)
    with pytest.raises(TypeError, match="has a field `self`"):
        frozen(type("Odd", (), {"__annotations__": {"self": "int"}}))


def test_a_class_may_set_nothing_at_birth() -> None:
    @frozen
    class Later:
        """A class whose one field is set by somebody else."""

        size: int = field(init=False)

    with pytest.raises(AttributeError):
        _ = Later().size


def test_a_birth_is_made_once_and_says_what_it_is() -> None:
    made = Longer.__init__
    assert made is Longer.__init__
    assert made.__qualname__ == "Longer.__init__"
    assert made.__annotations__ == {"file": str, "line": int | None, "notes": list[str], "end": int}
    with pytest.raises(TypeError, match=r"Place\.__init__\(\) missing 1 required positional argument: 'file'"):
        Place()  # type: ignore[call-arg]


def test_slots_are_each_classs_own() -> None:
    class One:
        """A base that names its one slot without a list."""

        __slots__ = "size"

    @frozen
    class Two(One):
        """A class with a field more."""

        s: int

    assert [one.__dict__["__slots__"] for one in (Longer, Two)] == [("end",), ("s",)]
    assert Two(3).s == 3


def test_a_default_is_made_anew_for_each() -> None:
    assert Place("a").notes is not Place("a").notes
    given = ["x"]
    assert Place("a", notes=given).notes is given


def test_what_is_checked_at_birth_is_checked() -> None:
    with pytest.raises(ValueError, match="counted"):
        Place("a", 0)
    with pytest.raises(ValueError, match="counted"):
        replace(Place("a", 1), line=0)


def test_what_is_set_at_birth_is_left_to_the_class() -> None:
    @frozen
    class Sum:
        """A sum."""

        parts: tuple[int, ...]
        whole: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "whole", sum(self.parts))

    assert Sum((1, 2)).whole == 3
    assert list(inspect.signature(Sum).parameters) == ["parts"]


def test_a_child_has_its_parents_fields_first() -> None:
    one = Longer("a", 3, end=4)
    assert (one.shown, one.end) == ("a:3", 4)
    assert repr(one) == "Longer(file='a', line=3, end=4)"
    assert one != Place("a", 3)
    assert not hasattr(one, "__dict__")


def test_an_instance_survives_pickle() -> None:
    one = Longer("a", 3, ["n"], 4)
    back = pickle.loads(pickle.dumps(one))
    assert back == one
    assert back.notes == ["n"]


def test_a_value_matches_by_place() -> None:
    match Place("a", 7):
        case Place(file, line):
            assert (file, line) == ("a", 7)


@BOTH
def test_methods_of_the_class_itself_stay(decorate: Callable[[type[Any]], type[Any]]) -> None:
    class Own:  # noqa: PLW1641 - the decorator gives the hash
        """A class with its own words."""

        name: str

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

    made = decorate(Own)
    assert repr(made("a")) == "own"
    assert made("a") == made("b")
    assert hash(made("a")) == hash(("a",))


@BOTH
def test_an_empty_class_and_one_of_a_single_field_compare(decorate: Callable[[type[Any]], type[Any]]) -> None:
    class Empty:
        """Nothing."""

    class Single:
        """One number."""

        number: float

    empty, single = decorate(Empty), decorate(Single)
    assert empty() == empty()
    assert hash(empty()) == hash(())
    nan = float("nan")
    assert single(nan) == single(nan)
    assert hash(single(2.0)) == hash((2.0,))


def test_a_generic_class_takes_its_parameters() -> None:
    @frozen
    class Box(Generic[Made]):
        """A box."""

        inside: Made

    assert Box[int](3).inside == 3


def test_a_value_that_holds_itself_shows_itself() -> None:
    @frozen
    class Ring:
        """A ring."""

        next: list["Ring"]

    ring = Ring([])
    ring.next.append(ring)
    assert repr(ring).endswith("Ring(next=[...])")
