"""Looks that are shared are as fresh as looks alone."""

import asyncio
import threading

from holdfast.edges.ofrep.looks import SharedLooks

PATIENCE_S = 30


class Store:
    """Counts its looks; the first waits until told."""

    def __init__(self) -> None:
        self.looks = 0
        self.value = "old"
        self.entered, self.go = threading.Event(), threading.Event()

    def look(self, key: str) -> str:
        self.looks += 1
        found = self.value
        self.entered.set()
        assert self.go.wait(PATIENCE_S)
        return found


def test_look_that_began_before_a_question_does_not_answer_it() -> None:
    store = Store()

    async def ask() -> tuple[str, list[str]]:
        looks: SharedLooks[str, str] = SharedLooks(store.look)
        first = asyncio.create_task(looks.get("a"))
        await asyncio.to_thread(store.entered.wait, PATIENCE_S)
        store.value = "new"  # committed while the first look is under way
        later = [asyncio.create_task(looks.get("a")) for _ in range(100)]
        await asyncio.sleep(0)
        store.go.set()
        return await first, list(await asyncio.gather(*later))

    first, later = asyncio.run(ask())
    assert (first, set(later)) == ("old", {"new"})
    assert store.looks == 2


def test_look_alone_is_not_shared() -> None:
    store = Store()
    store.go.set()

    async def ask() -> list[str]:
        looks: SharedLooks[str, str] = SharedLooks(store.look)
        return [await looks.get("a"), await looks.get("a"), await looks.get("b")]

    assert asyncio.run(ask()) == ["old"] * 3
    assert store.looks == 3
