"""Shared looks: however many ask at once, one look at a time answers them.

Who asks joins the look that has not begun yet, never the one under way: that may have missed what was committed since.
So an answer is as fresh as if everybody had looked alone, and a thousand questions in a moment cost two looks. A look
that follows another waits for `GAP_S` first, so that who asks in a crowd shares it with more.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

GAP_S = 0.004

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SharedLooks(Generic[K, V]):
    """Looks by key, each in a thread. Used from one event loop."""

    def __init__(self, look: Callable[[K], V]) -> None:
        self._look = look
        self._under_way: dict[K, asyncio.Task[V]] = {}
        self._following: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K) -> V:
        """Return what a look finds that begins after this question. Raises: what the look raises."""
        following = self._following.get(key)
        if following is None:
            following = asyncio.get_running_loop().create_task(self._after(key, self._under_way.get(key)))
            self._following[key] = following
        return await asyncio.shield(following)

    async def _after(self, key: K, before: "asyncio.Task[V] | None") -> V:
        if before is not None:
            await asyncio.wait([before])
            await asyncio.sleep(GAP_S)
        self._under_way[key] = self._following.pop(key)
        try:
            return await asyncio.to_thread(self._look, key)
        finally:
            if key not in self._following:
                self._under_way.pop(key, None)
