"""`edge.block` beside a block that another run holds."""

from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.ports.proxy import Block
from holdfast.ports.world import World
from holdfast.testing.actions import ActionCases, Case, Scene, make_call
from holdfast.testing.proxies import MemoryProxy
from holdfast.testing.targets import MemoryTargets
from holdfast.testing.worlds import MemoryWorld


@contextmanager
def _memory(**arguments: str) -> Iterator[Scene]:
    proxy = MemoryProxy(held={"blk_other": Block("blk_other", None, "/admin/old", 410, "")})

    def open_world() -> World:
        return MemoryWorld(targets=MemoryTargets(proxies={"edge": proxy}))

    call = make_call("edge.block", arguments, status="503")
    yield Scene(call, open_world, lambda: dict(proxy.held), times=lambda: proxy.puts)


SPEC = ActionCases(
    "edge_block",
    (Case("route", lambda: _memory(path="/admin")), Case("host", lambda: _memory(host="old.example", proxy="edge"))),
)
