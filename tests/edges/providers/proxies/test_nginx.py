"""A real nginx: blocks are loaded, read back, taken back; no text gets into its configuration as it is."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.proxies._nginx_files import check_size, read_blocks, render, write_files
from holdfast.edges.providers.proxies.nginx import SPEC, Nginx
from holdfast.errors import ActionError, PlanError
from holdfast.model.target import Target
from holdfast.ports.proxy import Block, Proxy, check_block
from holdfast.testing.proxies import MemoryProxy, ProxySuite, Visit
from tests.edges.providers.flag_providers.answering import answering
from tests.edges.providers.nginx_server import NginxServer, running_nginx
from tests.edges.providers.started import started

BLOCK = Block("b1", None, "/admin", 503, "Closed")


def target(root: Path, url: str, **options: object) -> Target:
    given = {"folder": str(root / "holdfast"), "url": url, "config": str(root / "nginx.conf")} | options
    pairs = tuple(sorted((name, json.dumps(value)) for name, value in given.items()))
    return Target("proxies", "edge", "nginx", None, None, pairs, "t.yaml:2:5")


@pytest.fixture(scope="module")
def server() -> Iterator[NginxServer]:
    with running_nginx() as started:
        yield started


@pytest.fixture(scope="module")
def http() -> Iterator[HttpxHttp]:
    client = HttpxHttp()
    yield client
    client.close()


@pytest.fixture
def nginx(server: NginxServer, http: HttpxHttp) -> Iterator[Nginx]:
    adapter = Nginx(target(server.folder, server.url), http)
    yield adapter
    (server.folder / "nginx.conf").write_text((server.folder / "nginx.conf").read_text().replace("broken;", ""))
    for block in read_blocks(server.folder / "holdfast"):
        adapter.remove(block.id)


def get(url: str, path: str, host: str = "shop.example") -> httpx.Response:
    """Ask as a visitor, with the path as it is written."""
    with httpx.Client(headers={"host": host, "connection": "close"}) as client:
        request = client.build_request("GET", url)
        request.url = request.url.copy_with(raw_path=path.encode())
        return client.send(request)


class TestRealNginx(ProxySuite):
    @pytest.fixture
    def proxy(self, nginx: Nginx) -> Proxy:
        return nginx

    @pytest.fixture
    def visit(self, server: NginxServer) -> Visit:
        return lambda host, path: get(server.url, path, host).status_code


class TestMemoryProxy(ProxySuite):
    @pytest.fixture
    def memory(self) -> MemoryProxy:
        return MemoryProxy()

    @pytest.fixture
    def proxy(self, memory: MemoryProxy) -> Proxy:
        return memory

    @pytest.fixture
    def visit(self, memory: MemoryProxy) -> Visit:
        return memory.visit


def test_visitor_gets_the_page_and_the_id(nginx: Nginx, server: NginxServer) -> None:
    nginx.put(Block("b1", None, "/admin", 503, 'Back "soon" <b>$host</b>; } ü'))
    answer = get(server.url, "/admin/users?x=1")
    assert (answer.status_code, answer.headers["x-holdfast-block"].split()) == (503, ["b1"])
    assert answer.headers["cache-control"] == "no-store"
    assert "&#60;b&#62;&#36;host&#60;&#47;b&#62;&#59; &#125; ü" in answer.text
    assert get(server.url, "/").text == "the shop at shop.example/\n"


def test_sentence_stands_in_the_page_as_the_plan_says_it(nginx: Nginx, server: NginxServer) -> None:
    """So that a probe which looks for the very words finds them."""
    said = "Closed for repairs: back at 10, or so. Sorry!"
    nginx.put(Block("b1", None, "/admin", 503, said))
    assert said in get(server.url, "/admin").text


@pytest.mark.parametrize("status", [200, 404])
def test_what_is_behind_nginx_does_not_answer_for_it(http: HttpxHttp, status: int) -> None:
    """Before the first block nothing of ours is loaded: a request for the list gets to the application."""
    with answering(status) as behind, started("nginx.sh", behind) as (url, folder):
        proxy = Nginx(target(folder, url), http)
        assert (proxy.find_problem(), list(proxy.blocks())) == (None, [])
        proxy.put(BLOCK)
        assert (list(proxy.blocks()), get(url, "/admin").status_code) == ([BLOCK], 503)
        proxy.remove("b1")
        assert (list(proxy.blocks()), get(url, "/admin").status_code) == ([], status)
        (folder / "nginx.conf").write_text((folder / "nginx.conf").read_text().replace("include", "# include"))
        with pytest.raises(ActionError, match="still runs other files"):
            proxy.put(BLOCK)


@pytest.mark.parametrize(
    "path",
    ["/%61dmin", "//admin", "/./admin", "/x/../admin", "/x/..%2fadmin", "/ADMIN/", "/admin;v=1", "/admin%00"],
)
def test_no_spelling_gets_round_a_block(nginx: Nginx, server: NginxServer, path: str) -> None:
    nginx.put(BLOCK)
    assert get(server.url, path).status_code in {503, 400}


def test_block_page_and_list_are_not_for_visitors(nginx: Nginx, server: NginxServer) -> None:
    nginx.put(BLOCK)
    assert get(server.url, "/.holdfast/block/b1").status_code == 404
    assert get(server.url, "/.holdfast/blocks").status_code == 404


def test_refused_file_is_taken_back_with_the_reason(nginx: Nginx, server: NginxServer) -> None:
    config = server.folder / "nginx.conf"
    config.write_text(config.read_text().replace("server_name _;", "server_name _; broken;"))
    with pytest.raises(ActionError, match=r'nginx refuses its configuration: .*unknown directive "broken"'):
        nginx.put(BLOCK)
    assert "broken" in (nginx.find_problem() or "")
    assert read_blocks(server.folder / "holdfast") == []
    assert get(server.url, "/admin").status_code == 200


def test_files_that_were_never_loaded_are_no_effect(nginx: Nginx, server: NginxServer) -> None:
    """A crash between writing and loading: the running server has no block yet, and the next call loads it."""
    nginx.put(Block("b0", "other.example", None, 503, ""))
    folder = server.folder / "holdfast"
    write_files(folder, render([*read_blocks(folder), BLOCK], (folder / ".token").read_text()))
    assert [block.id for block in nginx.blocks()] == ["b0"]
    nginx.put(BLOCK)
    assert [block.id for block in nginx.blocks()] == ["b0", "b1"]


def test_removed_file_that_still_runs_is_not_lifted(nginx: Nginx, server: NginxServer) -> None:
    """A crash between removing and loading: the block is still in force, and the next call lifts it."""
    nginx.put(BLOCK)
    folder = server.folder / "holdfast"
    write_files(folder, render([], (folder / ".token").read_text()))
    assert [block.id for block in nginx.blocks()] == ["b1"]
    nginx.remove("b1")
    assert list(nginx.blocks()) == []
    assert get(server.url, "/admin").status_code == 200


def test_file_that_is_half_removed_is_no_surprise(nginx: Nginx, server: NginxServer) -> None:
    nginx.put(BLOCK)
    (server.folder / "holdfast" / "block-b1.conf").unlink()
    nginx.put(BLOCK)
    assert [block.id for block in nginx.blocks()] == ["b1"]


def test_reload_that_does_nothing_is_found_out(server: NginxServer, http: HttpxHttp) -> None:
    options = {"check": ["/bin/true"], "reload": ["/bin/true"], "timeout": "300ms"}
    deaf = Nginx(target(server.folder, server.url, **options), http)
    with pytest.raises(ActionError, match="still runs other files"):
        deaf.put(BLOCK)
    Nginx(target(server.folder, server.url), http).remove("b1")


def test_server_that_is_down_is_a_problem(server: NginxServer, http: HttpxHttp) -> None:
    down = Nginx(target(server.folder, "http://127.0.0.1:1"), http)
    assert "no answer from http://127.0.0.1:1" in (down.find_problem() or "")
    with pytest.raises(ActionError, match="no answer"):
        down.blocks()


def test_folder_that_is_not_included_is_a_problem(server: NginxServer, http: HttpxHttp, tmp_path: Path) -> None:
    elsewhere = Nginx(target(server.folder, server.url, folder=str(tmp_path)), http)
    assert "does not include" in (elsewhere.find_problem() or "")
    missing = Nginx(target(server.folder, server.url, folder=str(tmp_path / "gone")), http)
    assert "is not there" in (missing.find_problem() or "")
    with pytest.raises(ActionError, match="can't be written"):
        missing.put(BLOCK)


def test_file_of_somebody_else_is_named(nginx: Nginx, server: NginxServer) -> None:
    nginx.put(BLOCK)
    strange = server.folder / "holdfast" / "block-x.json"
    strange.write_text("hello")
    with pytest.raises(ActionError, match="a block that Holdfast did not write") as caught:
        nginx.put(BLOCK)
    assert caught.value.where == str(strange)
    strange.unlink()


def test_check_and_reload_are_given_together(tmp_path: Path) -> None:
    assert SPEC.check(target(tmp_path, "http://x", check=["/bin/true"])) != []
    assert SPEC.check(target(tmp_path, "http://x", check=["true"], reload=["/bin/true"])) != []
    assert SPEC.check(target(tmp_path, "http://x", check=["/bin/true"], reload=["/bin/true"])) == []


NASTY = st.text(
    st.sampled_from("abé/;{}$\"'\\\n\r\t #`%()[]|^*+?.&<>-_=~:\x00\x7f\u2028😀") | st.characters(), max_size=80
)


@given(path=NASTY.map(lambda text: f"/{text}"), message=NASTY, host=st.none() | st.just("shop.example") | NASTY)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_gets_into_the_configuration(
    server: NginxServer, tmp_path_factory: pytest.TempPathFactory, path: str, message: str, host: str | None
) -> None:
    """Whatever a plan says is refused, or stands in files that a real nginx reads as the very same directives."""
    block = Block("b1", host, path, 503, message)
    try:
        check_block(block)
        check_size(block)
    except PlanError:
        return
    files = render([block], "token")
    plain = render([Block("b1", "h", "/p", 503, "m")], "token")
    assert files["block-b1.conf"].count("\n") == plain["block-b1.conf"].count("\n")
    root = tmp_path_factory.mktemp("nginx")
    folder = root / "holdfast"
    folder.mkdir()
    write_files(folder, files)
    config = root / "nginx.conf"
    config.write_text(
        f"pid {root}/pid; error_log {root}/log; events {{}} http {{ access_log off; server {{ "
        f"listen 127.0.0.1:65000; include {folder}/*.conf; }} }}"
    )
    ended = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-q", "-c", str(config)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert read_blocks(folder) == [block]
