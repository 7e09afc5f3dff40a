"""What a deployer remembers of the switches it was asked for: which are done, which was begun, and every run's fence.

Rules:
1. A switch is written down as begun before anything changes, and as done after everything has: one that was cut off in
   between is done again by the next call with its key.
2. A key's run is what stands before its first `/`; a fence lower than the highest seen of that run is refused.
3. The lock is held for moments only: a worker that is frozen while it holds it makes others fail, never act beside it.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from holdfast.edges.providers.release_folder import write_whole
from holdfast.errors import ActionError, FencedError
from holdfast.model.frozen import frozen

_KEPT = 500
_WAIT_S = 5.0
_SCHEMA = "holdfast.deployer/1"


@frozen
class _State:
    fences: dict[str, int] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    begun: tuple[str, str] | None = None
    """(key, version) of the switch that is under way, or was cut off."""


class Ledger:
    """The memory of one deployer, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find_begun(self) -> str | None:
        """Return the version of a switch that was begun and not brought to its end. Raises: ActionError."""
        begun = self._read().begun
        return begun[1] if begun is not None else None

    def begin(self, version: str, key: str, fence: int, change: Callable[[], None]) -> bool:
        """Write down that a switch begins, and make its change under the lock; `False` when it was done before.

        Raises:
            ActionError: it can't be written down; nothing was changed then.
            FencedError: a caller with a higher fence was here.
        """
        with self._held():
            state = self._read()
            fenced = _fenced(state, key, fence)
            if key in state.done:
                if fenced != state:
                    self._write(fenced)
                return False
            self._write(replace(fenced, begun=(key, version)))
            change()
            return True

    def check(self, key: str, fence: int) -> None:
        """Refuse a caller that was overtaken. Raises: FencedError, ActionError."""
        _fenced(self._read(), key, fence)

    def finish(self, key: str) -> None:
        """Write down that a switch is done. Raises: ActionError."""
        with self._held():
            state = self._read()
            begun = None if state.begun is not None and state.begun[0] == key else state.begun
            done = tuple(dict.fromkeys((*state.done, key)))[-_KEPT:]
            self._write(replace(state, done=done, begun=begun))

    @contextmanager
    def _held(self) -> Iterator[None]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ActionError(f"nothing can be written down for a switch: {error}") from None
        try:
            self._wait_for(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _wait_for(self, descriptor: int) -> None:
        end = time.monotonic() + _WAIT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    because = f"another process has held {self._path.with_suffix('.lock')} for {_WAIT_S:g} seconds"
                    raise ActionError(because, hint="is a worker frozen? end it") from None
                time.sleep(0.01)

    def _read(self) -> _State:
        try:
            found: Any = json.loads(self._path.read_text(encoding="utf-8"))
            if found["schema"] != _SCHEMA:
                raise ValueError(f"schema `{found['schema']}`")
            begun = found["begun"]
            fences = {str(run): int(fence) for run, fence in found["fences"].items()}
            return _State(fences, tuple(found["done"]), (begun[0], begun[1]) if begun else None)
        except FileNotFoundError:
            return _State()
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            ArithmeticError,
            RecursionError,
        ) as error:
            because = f"what was switched before can't be read: {error}"
            raise ActionError(because, where=str(self._path), hint="mend or remove it") from None

    def _write(self, state: _State) -> None:
        document = {"schema": _SCHEMA, "fences": state.fences, "done": state.done, "begun": state.begun}
        try:
            write_whole(self._path, json.dumps(document, ensure_ascii=False) + "\n")
        except OSError as error:
            raise ActionError(f"a switch can't be written down: {error}", where=str(self._path)) from None


def _fenced(state: _State, key: str, fence: int) -> _State:
    """Return the state with that caller's fence. Raises: FencedError."""
    run = key.partition("/")[0]
    known = state.fences.get(run, fence)
    if fence < known:
        raise FencedError(f"run {run} was taken over by another worker", hint="it goes on there")
    others = {name: held for name, held in state.fences.items() if name != run}
    newest = dict(list(others.items())[-_KEPT:])
    return replace(state, fences={**newest, run: fence})
