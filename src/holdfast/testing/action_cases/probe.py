"""`probe`: an application that answers as wished after a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.ports.senses import Senses
from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.http import FakeHttp, Reply
from holdfast.testing.targets import MemoryMetrics, MemoryReceivers, MemoryTcp
from holdfast.testing.worlds import MemoryWorld

_URL = "http://shop.internal/health"


@contextmanager
def _http() -> Iterator[Scene]:
    http = FakeHttp()
    http.answer("GET", _URL, Reply(503))

    def open_world() -> World:
        return MemoryWorld(senses=Senses(http=http))

    def arrive(_: Scene) -> None:
        http.answer("GET", _URL, Reply(200, b"all is well"))

    call = make_call("probe", url=_URL, text="well")
    yield Scene(call, open_world, effect=lambda: None, arrive=arrive, changes=False)


@contextmanager
def _tcp() -> Iterator[Scene]:
    tcp = MemoryTcp()

    def open_world() -> World:
        return MemoryWorld(senses=Senses(tcp=tcp))

    def arrive(_: Scene) -> None:
        tcp.listening.add(("shop.internal", 5432))

    call = make_call("probe", address="shop.internal:5432")
    yield Scene(call, open_world, effect=lambda: None, arrive=arrive, changes=False)


@contextmanager
def _query() -> Iterator[Scene]:
    metrics = MemoryMetrics({"errors": 7.0})

    def open_world() -> World:
        return MemoryWorld(receivers=MemoryReceivers(sources={"metrics": metrics}))

    def arrive(_: Scene) -> None:
        metrics.values["errors"] = 0.5

    call = make_call("probe", query="errors", below="1")
    yield Scene(call, open_world, effect=lambda: None, arrive=arrive, changes=False)


SPEC = ActionCases("probe", (Case("http", _http), Case("tcp", _tcp), Case("query", _query)))
