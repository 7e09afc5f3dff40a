"""Calls that come at the same time share one transaction, so that a storm pays for few commits.

Rules:
1. Nobody waits for company: the first goes at once, and those who come meanwhile go together next.
2. Everybody is answered after the commit that holds what they asked for.
3. Where a shared transaction fails, each goes alone: nobody is refused for what another sent.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(eq=False, slots=True)
class _Place(Generic[Asked, Answer]):
    """A caller's place; `answers` holds one once it was carried out, `alone` says that it left the queue."""

    asked: Asked
    answers: list[Answer] = field(default_factory=list)
    alone: bool = False


@dataclass(eq=False, slots=True)
class _Queue(Generic[Asked, Answer]):
    """Who waits in one org, and whose turn it is."""

    waiting: deque[_Place[Asked, Answer]] = field(default_factory=deque)
    turn: threading.Lock = field(default_factory=threading.Lock)


class Joining(Generic[Asked, Answer]):
    """Carries out what many threads ask for, together where they wait at the same time.

    `carry_out(org, asked)` opens the transaction and returns an answer for each, in order. At most `most` go together,
    as `size` counts them, or one that is larger by itself. `failures` are what may be wrong with a transaction.
    """

    def __init__(
        self,
        carry_out: Callable[[str, Sequence[Asked]], Sequence[Answer]],
        size: Callable[[Asked], int],
        most: int,
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._carry_out = carry_out
        self._size = size
        self._most = most
        self._failures = failures
        self._queues: dict[str, _Queue[Asked, Answer]] = {}

    def ask(self, org: str, asked: Asked) -> Answer:
        """Return the answer to what is asked; raises what carrying it out alone raises."""
        queue = self._queues.setdefault(org, _Queue())
        place: _Place[Asked, Answer] = _Place(asked)
        queue.waiting.append(place)
        with queue.turn:
            while not place.answers:
                self._go(org, queue, place)
        return place.answers[0]

    def _go(self, org: str, queue: _Queue[Asked, Answer], place: _Place[Asked, Answer]) -> None:
        together = [place] if place.alone else self._take(queue)
        for one in together:
            one.alone = True  # whom this does not answer goes by itself, whatever it was that failed
        try:
            answers = self._carry_out(org, [one.asked for one in together])
        except self._failures:
            if together == [place]:
                raise
            return
        for one, answer in zip(together, answers, strict=True):
            one.answers.append(answer)

    def _take(self, queue: _Queue[Asked, Answer]) -> list[_Place[Asked, Answer]]:
        """Take those who wait, in order; there is one at least, because whoever asks still stands there."""
        together = [queue.waiting.popleft()]
        held = self._size(together[0].asked)
        while queue.waiting and held + self._size(queue.waiting[0].asked) <= self._most:
            together.append(queue.waiting.popleft())
            held += self._size(together[-1].asked)
        return together
