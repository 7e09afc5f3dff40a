"""Probes by real HTTP: whom they ask is checked at the address that they connect to."""

import pytest

from holdfast.edges.providers.addresses import find_addresses, resolve_host
from holdfast.edges.providers.http import HttpxHttp, open_probe_http
from holdfast.edges.providers.tcp import SocketTcp
from holdfast.errors import ActionError, UnsentError
from holdfast.mitigations.probe_hosts import ANYBODY, ProbeHosts
from tests.edges.providers.listening import Listener, listening


def ask(http: HttpxHttp, url: str) -> tuple[int, bytes]:
    try:
        with http.open("GET", url, headers={}, timeout_s=5) as answer:
            return answer.status, answer.body()
    finally:
        http.close()


def port_of(listener: Listener) -> int:
    return int(listener.url.rpartition(":")[2])


def test_name_is_asked_at_its_address_by_its_name() -> None:
    with listening() as listener:
        http = open_probe_http(ANYBODY, lambda _host, _port: ["127.0.0.1"])
        assert ask(http, f"http://shop.example:{port_of(listener)}/x?y=1") == (200, b"ok")
        (got,) = listener.got
    assert (got.path, got.headers["host"]) == ("/x?y=1", f"shop.example:{port_of(listener)}")


def test_next_address_is_taken_where_the_first_does_not_answer() -> None:
    with listening() as listener:
        http = open_probe_http(ANYBODY, lambda _host, _port: ["::1", "127.0.0.1"])
        assert ask(http, f"http://shop.example:{port_of(listener)}/")[0] == 200


@pytest.mark.parametrize("addresses", [["169.254.169.254"], ["127.0.0.1", "fe80::1"], ["::ffff:169.254.1.1"]])
def test_name_that_leads_to_the_cloud_is_not_asked(addresses: list[str]) -> None:
    with listening() as listener:
        http = open_probe_http(ANYBODY, lambda _host, _port: addresses)
        with pytest.raises(UnsentError, match="no probe asks there"):
            ask(http, f"http://rebound.example:{port_of(listener)}/")
        assert listener.got == []


@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "[fe80::1]"])
def test_address_of_the_cloud_is_not_asked_however_it_is_written(host: str) -> None:
    with pytest.raises(UnsentError, match="no probe asks there"):
        ask(open_probe_http(ANYBODY), f"http://{host}/latest/meta-data")


def test_host_that_the_operator_does_not_name_is_not_asked() -> None:
    with listening() as listener:
        url = f"http://127.0.0.1:{port_of(listener)}/"
        with pytest.raises(UnsentError, match=r"the operator lets no probe ask `127\.0\.0\.1:"):
            ask(open_probe_http(ProbeHosts(("shop.example",))), url)
        assert listener.got == []
        assert ask(open_probe_http(ProbeHosts(("127.0.0.1",))), url)[0] == 200


def test_redirect_to_the_cloud_is_not_followed() -> None:
    with listening() as listener:
        listener.respond = lambda _: (302, b"")
        assert ask(open_probe_http(ANYBODY), listener.url)[0] == 302
        assert len(listener.got) == 1


def test_proxy_of_the_environment_takes_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with listening() as listener:
        assert ask(open_probe_http(ANYBODY), listener.url)[0] == 200


def test_name_that_leads_nowhere_says_so() -> None:
    with pytest.raises(UnsentError, match="it has no address"):
        ask(open_probe_http(ANYBODY, lambda _host, _port: []), "http://shop.example/")


def test_connection_is_held_to_the_same() -> None:
    with pytest.raises(ActionError, match="no probe asks there"):
        SocketTcp(resolve=lambda _host, _port: ["169.254.169.254"]).connect("db.example", 5432, 1)
    with pytest.raises(ActionError, match=r"the operator lets no probe ask `db\.example:5432`"):
        SocketTcp(ProbeHosts(("shop.example",))).connect("db.example", 5432, 1)
    with listening() as listener:
        tcp = SocketTcp(ProbeHosts(("db.example",)), lambda _host, _port: ["::1", "127.0.0.1"])
        tcp.connect("db.example", port_of(listener), 2)


def test_file_that_is_not_in_order_lets_nobody_be_asked() -> None:
    with pytest.raises(UnsentError, match="not in order"):
        find_addresses(ProbeHosts(closed="the file is not in order"), "127.0.0.1", 80)


def test_address_is_its_own() -> None:
    assert resolve_host("127.0.0.1", 80) == ("127.0.0.1",)
