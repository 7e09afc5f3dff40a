"""Many threads ask, few transactions answer; what fails for one fails for it alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from holdfast.edges.api.joining import Joining
from holdfast.errors import HoldfastError

PATIENCE_S = 30


class Room:
    """Carries numbers out; holds the first transaction until told, and refuses what holds a negative number."""

    def __init__(self, most: int = 100, size: int = 1) -> None:
        self.carried: list[list[int]] = []
        self.entered = threading.Event()
        self.go = threading.Event()
        self.joining: Joining[int, int] = Joining(self.carry_out, lambda _: size, most, (HoldfastError,))

    def carry_out(self, org: str, asked: Sequence[int]) -> list[int]:
        self.entered.set()
        assert self.go.wait(PATIENCE_S)
        self.carried.append(list(asked))
        if any(number < 0 for number in asked):
            raise HoldfastError("a negative number")
        return [number * 10 for number in asked]

    def ask_all(self, pool: ThreadPoolExecutor, numbers: Sequence[int]) -> list["Future[int]"]:
        """Let the first begin, the others queue behind it in order, and then all go."""
        asked = []
        for count, number in enumerate(numbers):
            asked.append(pool.submit(self.joining.ask, "acme", number))
            assert self.entered.wait(PATIENCE_S)
            waiting = self.joining._queues["acme"].waiting
            poll = threading.Event()
            while len(waiting) < count:
                poll.wait(0.001)
        self.go.set()
        return asked


def test_joining_takes_together_who_waits_together() -> None:
    room = Room()
    with ThreadPoolExecutor(5) as pool:
        answers = [one.result(PATIENCE_S) for one in room.ask_all(pool, [1, 2, 3, 4, 5])]
    assert answers == [10, 20, 30, 40, 50]
    assert room.carried == [[1], [2, 3, 4, 5]]


def test_joining_goes_alone_where_nobody_waits() -> None:
    room = Room()
    room.go.set()
    assert [room.joining.ask("acme", number) for number in (1, 2)] == [10, 20]
    assert room.carried == [[1], [2]]


def test_joining_refuses_nobody_for_what_another_sent() -> None:
    room = Room()
    with ThreadPoolExecutor(4) as pool:
        asked = room.ask_all(pool, [1, 2, -3, 4])
        assert [asked[number].result(PATIENCE_S) for number in (0, 1, 3)] == [10, 20, 40]
        with pytest.raises(HoldfastError, match="a negative number"):
            asked[2].result(PATIENCE_S)
    assert room.carried[:2] == [[1], [2, -3, 4]]
    assert sorted(room.carried[2:]) == [[-3], [2], [4]]


def test_joining_takes_no_more_than_fits() -> None:
    room = Room(most=5, size=2)
    with ThreadPoolExecutor(6) as pool:
        answers = [one.result(PATIENCE_S) for one in room.ask_all(pool, [1, 2, 3, 4, 5, 6])]
    assert answers == [10, 20, 30, 40, 50, 60]
    assert room.carried == [[1], [2, 3], [4, 5], [6]]


def test_joining_takes_one_that_is_larger_than_fits_by_itself() -> None:
    room = Room(most=1, size=2)
    room.go.set()
    assert room.joining.ask("acme", 7) == 70


def test_joining_keeps_orgs_apart() -> None:
    """What one org waits for holds nobody of another up."""
    room = Room()
    seen: list[str] = []

    def carry_out(org: str, asked: Sequence[int]) -> list[int]:
        seen.append(org)
        return room.carry_out(org, asked) if org == "acme" else list(asked)

    joining: Joining[int, int] = Joining(carry_out, lambda _: 1, 10, (HoldfastError,))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(joining.ask, "acme", 1)
        assert room.entered.wait(PATIENCE_S)
        assert joining.ask("globex", 2) == 2
        room.go.set()
        assert slow.result(PATIENCE_S) == 10
    assert seen == ["acme", "globex"]
