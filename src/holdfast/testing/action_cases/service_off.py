"""`service.off` at a proxy that has one service alone."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.proxies import MemoryProxy
from holdfast.testing.targets import MemoryTargets
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory() -> Iterator[Scene]:
    proxy = MemoryProxy(service="shop")

    def open_world() -> World:
        return MemoryWorld(targets=MemoryTargets(proxies={"edge": proxy}))

    call = make_call("service.off", message="Back soon", status="503")
    yield Scene(
        call, open_world, lambda: (proxy.visit("shop.example", "/"), dict(proxy.held)), times=lambda: proxy.puts
    )


SPEC = ActionCases("service_off", (Case("memory", _memory),))
