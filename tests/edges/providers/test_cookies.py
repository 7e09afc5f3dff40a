"""No client of ours remembers what an answer asked it to: the next request may be another org's."""

from collections.abc import Callable

import pytest

from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.http import HttpxHttp, open_probe_http
from holdfast.edges.providers.metrics_sources.prometheus import Prometheus
from holdfast.errors import ActionError
from holdfast.mitigations.probe_hosts import ANYBODY
from tests.edges.providers.entries import entry, tools
from tests.edges.providers.listening import listening


@pytest.mark.parametrize("opened", [HttpxHttp, lambda: open_probe_http(ANYBODY)], ids=["targets", "probes"])
def test_cookie_is_not_sent_back(opened: Callable[[], HttpxHttp]) -> None:
    http = opened()
    with listening() as listener:
        listener.cookie = "session=of-the-first; Path=/"
        for _ in range(2):
            with http.open("GET", listener.url, headers={}, timeout_s=5) as answer:
                assert answer.headers["set-cookie"] == listener.cookie
    http.close()
    assert [got.headers.get("cookie") for got in listener.got] == [None, None]


def test_flag_systems_cookie_is_not_sent_back() -> None:
    with listening() as listener:
        listener.cookie = "session=of-the-first; Path=/"
        rest = Rest("flags", listener.url, dict)
        rest.ask("GET", "/one")
        rest.ask("GET", "/two")
        rest.close()
    assert [got.headers.get("cookie") for got in listener.got] == [None, None]


def test_metrics_cookie_is_not_sent_back() -> None:
    with listening() as listener:
        listener.cookie = "session=of-the-first; Path=/"
        source = Prometheus(entry("metrics", "prometheus", url=listener.url), tools())
        for _ in range(2):
            with pytest.raises(ActionError, match="no JSON"):
                source.query("up")
    assert [got.headers.get("cookie") for got in listener.got] == [None, None]
