"""A world seen through glass: what is asked of it is counted, swallowed, or cut off by a crash.

Every port that a world opens is seen the same way, so that an action meets the crash before and after each call to
what lies outside, and nowhere else.
"""

from collections.abc import Callable
from typing import Any, cast

from holdfast.ports.outside import Reply
from holdfast.ports.world import World

_PARTS = frozenset({"targets", "receivers", "holds", "releases"})
_OPENERS = frozenset({"flags", "deployer", "proxy", "http", "command", "metrics", "notifier"})
_WRITES = frozenset({"force", "restore", "switch", "put", "remove", "lay", "lift", "tell", "send"})

Around = Callable[[str, bool, Callable[[], Any]], Any]  # any port's method may be behind it
"""Given a call's name, whether it writes, and the call itself: what to give back."""


class Crash(BaseException):
    """The process ended here. No error: nothing that an action catches."""


class _Glass:
    """Anything of a world, with every call of it going through `around`."""

    def __init__(self, inner: Any, around: Around) -> None:
        self._inner = inner
        self._around = around

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name in _PARTS:
            return _Glass(value, self._around)
        if not callable(value):
            return value
        if name in _OPENERS:
            return lambda *given, **named: self._opened(value(*given, **named))
        return lambda *given, **named: self._around(name, _writes(name, named), lambda: value(*given, **named))

    def _opened(self, value: Any) -> Any:
        return _Glass(value, self._around) if value is not None else None


def _writes(name: str, named: dict[str, Any]) -> bool:
    return name in _WRITES or (name == "run" and named.get("verb", "apply") != "probe")


class Recording:
    """Remembers which writing calls were made of a world."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def see(self, world: World) -> World:
        """Return the world with its calls remembered."""
        return cast("World", _Glass(world, self._around))

    def _around(self, name: str, writes: bool, do: Callable[[], Any]) -> Any:
        if writes:
            self.written.append(name)
        return do()


def deaf(world: World) -> World:
    """Return a world in which every writing call says yes and does nothing."""

    def around(name: str, writes: bool, do: Callable[[], Any]) -> Any:
        if not writes:
            return do()
        if name in {"send", "run"}:
            return Reply(200 if name == "send" else 0, "")
        return None

    return cast("World", _Glass(world, around))


class Fuse:
    """Crashes at the nth place: before and after each call are two. `blown` says whether it did; 0 never does."""

    def __init__(self, at: int) -> None:
        self.blown = False
        self._left = at

    def see(self, world: World) -> World:
        """Return the world in which the crash will happen."""
        return cast("World", _Glass(world, self._around))

    def _around(self, _name: str, _writes: bool, do: Callable[[], Any]) -> Any:
        self._burn()
        out = do()
        self._burn()
        return out

    def _burn(self) -> None:
        self._left -= 1
        if self._left == 0:
            self.blown = True
            raise Crash
