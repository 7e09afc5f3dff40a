"""`edge.block` on a real nginx passes the suite of all actions; a crash inside the adapter is repaired."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.proxies import nginx as adapter
from holdfast.edges.providers.proxies._nginx_files import read_blocks
from holdfast.edges.providers.proxies.nginx import Nginx
from holdfast.ports.proxy import Block
from holdfast.ports.world import World
from holdfast.testing.action_worlds import Crash
from holdfast.testing.actions import Case, Scene, Worker, make_call
from holdfast.testing.actions_suite import ActionSuite
from holdfast.testing.targets import MemoryTargets
from holdfast.testing.worlds import MemoryWorld
from tests.edges.providers.entries import entry
from tests.edges.providers.nginx_server import NginxServer, running_nginx
from tests.edges.providers.proxies.test_nginx import get


@pytest.fixture(scope="module")
def server() -> Iterator[NginxServer]:
    with running_nginx() as started:
        yield started


@pytest.fixture(scope="module")
def http() -> Iterator[HttpxHttp]:
    client = HttpxHttp()
    yield client
    client.close()


def open_nginx(server: NginxServer, http: HttpxHttp) -> Nginx:
    options = {"folder": f"{server.folder}/holdfast", "url": server.url, "config": f"{server.folder}/nginx.conf"}
    return Nginx(entry("proxies", "nginx", "edge", options, service="shop"), http)


PATHS = ("/", "/admin", "/admin/x", "/cart")


@contextmanager
def scene(server: NginxServer, http: HttpxHttp, action: str, **given: str) -> Iterator[Scene]:
    def open_world() -> World:
        return MemoryWorld(targets=MemoryTargets(proxies={"edge": open_nginx(server, http)}))

    def effect() -> object:
        return [get(server.url, path).status_code for path in PATHS], read_blocks(server.folder / "holdfast")

    yield Scene(make_call(action, given), open_world, effect)
    for block in read_blocks(server.folder / "holdfast"):
        open_nginx(server, http).remove(block.id)


class TestEdgeBlock(ActionSuite):
    @pytest.fixture
    def case(self, server: NginxServer, http: HttpxHttp) -> Case:
        return Case("nginx", lambda: scene(server, http, "edge.block", status="503", path="/admin"))


def test_service_is_off_and_on_again(server: NginxServer, http: HttpxHttp) -> None:
    with scene(server, http, "service.off", status="503", message="Back soon") as found:
        worker = Worker(found)
        assert worker.carry_out(found.open_world())
        assert [get(server.url, path).status_code for path in PATHS] == [503] * 4
        assert "Back soon" in get(server.url, "/cart").text
        worker.take_back(found.open_world())
        assert [get(server.url, path).status_code for path in PATHS] == [200] * 4


class CrashAt:
    """Ends the process right before or right after the nth thing that the adapter does outside."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, point: int) -> None:
        self.left = point
        for name in ("write_files", "run_program"):
            monkeypatch.setattr(adapter, name, self._around(getattr(adapter, name)))

    def _around(self, deed: Callable[..., object]) -> Callable[..., object]:
        def done(*given: object, **named: object) -> object:
            self._burn()
            out = deed(*given, **named)
            self._burn()
            return out

        return done

    def _burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


@pytest.mark.parametrize("deed", ["put", "remove"])
@pytest.mark.parametrize("point", range(1, 7))
def test_crash_inside_is_repaired_by_the_next_call(
    server: NginxServer, http: HttpxHttp, monkeypatch: pytest.MonkeyPatch, deed: str, point: int
) -> None:
    """Before and after writing, checking, and reloading: the next process ends with what was wanted, and running."""
    block = Block("b1", None, "/admin", 503, "Closed")
    if deed == "remove":
        open_nginx(server, http).put(block)

    def do() -> None:
        one = open_nginx(server, http)
        one.put(block) if deed == "put" else one.remove("b1")

    with monkeypatch.context() as patch:
        CrashAt(patch, point)
        with pytest.raises(Crash):
            do()
    do()
    wanted = [block] if deed == "put" else []
    assert list(open_nginx(server, http).blocks()) == wanted
    assert get(server.url, "/admin").status_code == (503 if wanted else 200)
    open_nginx(server, http).remove("b1")
    assert get(server.url, "/admin").status_code == 200
