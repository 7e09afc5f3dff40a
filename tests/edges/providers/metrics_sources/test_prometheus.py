"""A real Prometheus is asked, and an unreal one that answers in every other way."""

import json
import math
from collections.abc import Iterator

import pytest

from holdfast.edges.providers.http import HttpxHttp
from holdfast.edges.providers.metrics_sources.prometheus import Prometheus
from holdfast.errors import ActionError
from holdfast.mitigations.probe import Lookers, look_once
from holdfast.model.plan import Probe
from tests.edges.providers.entries import entry, tools
from tests.edges.providers.listening import Listener, listening
from tests.edges.providers.started import started


@pytest.fixture(scope="module")
def http() -> Iterator[HttpxHttp]:
    client = HttpxHttp()
    yield client
    client.close()


@pytest.fixture(scope="module")
def real(http: HttpxHttp) -> Iterator[Prometheus]:
    with started("prometheus.sh") as (url, _):
        yield Prometheus(entry("metrics", "prometheus", "prom", url=f"{url}/"), tools(http))


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def test_instant_query_gives_its_value(real: Prometheus) -> None:
    assert real.find_problem() is None
    assert real.query("vector(7) / 2") == 3.5
    assert real.query("scalar(vector(4))") == 4.0
    assert real.query("count(nothing_of_that_name)") is None


def test_value_that_is_no_number_is_told_as_such(real: Prometheus) -> None:
    value = real.query("vector(0) / 0")
    assert value is not None
    assert math.isnan(value)


def test_expression_that_is_none_is_an_error(real: Prometheus) -> None:
    with pytest.raises(ActionError, match=r"`prom` answered with status 400: .*parse error"):
        real.query("sum(")


def test_query_of_several_values_is_an_error(real: Prometheus) -> None:
    with pytest.raises(ActionError, match="gives 2 values") as caught:
        real.query('label_replace(vector(1), "a", "b", "", "") or vector(2)')
    assert "aggregate" in (caught.value.hint or "")
    with pytest.raises(ActionError, match="gives a matrix"):
        real.query("vector(1)[5m:1m]")


@pytest.mark.parametrize(
    ("given", "holds", "said"),
    [
        ({"above": "3"}, True, "query vector(3.5): 3.5"),
        ({"above": "3.5"}, False, "3.5 is not above 3.5"),
        ({"below": "4", "above": "3"}, True, "3.5"),
        ({"below": "3"}, False, "3.5 is not below 3"),
        ({"equals": "3.5"}, True, "3.5"),
        ({"equals": "x"}, False, "`equals` is no number"),
        ({}, False, "nothing is expected"),
    ],
)
def test_probe_compares_a_measured_value(real: Prometheus, given: dict[str, str], holds: bool, said: str) -> None:
    probe = Probe("prometheus", "", arguments=tuple(sorted((given | {"query": "vector(3.5)"}).items())))
    outcome = look_once(Lookers(metrics=lambda _: real), probe)
    assert outcome.holds is holds
    assert said in outcome.detail


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"not json", "no JSON"),
        (200, b"\xff\xfe", "no JSON"),
        (200, b"[]", "status 200: no success"),
        (200, b'{"status": "success"}', "in a way that Prometheus does not"),
        (200, b'{"status": "success", "data": {"resultType": "scalar", "result": [1]}}', "in a way"),
        (200, b'{"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "x"]}]}}', "in a way"),
        (503, b'{"status": "error", "error": "starting"}', "status 503: starting"),
        (302, b"", "status 302"),
    ],
)
def test_answer_that_is_none_is_an_error(
    listener: Listener, http: HttpxHttp, status: int, body: bytes, said: str
) -> None:
    listener.respond = lambda _: (status, body)
    source = Prometheus(entry("metrics", "prometheus", url=listener.url), tools(http))
    with pytest.raises(ActionError, match=said):
        source.query("x")
    assert source.find_problem() is not None


def test_query_and_credentials_are_sent(listener: Listener, http: HttpxHttp) -> None:
    answer = {"status": "success", "data": {"resultType": "vector", "result": []}}
    listener.respond = lambda _: (200, json.dumps(answer).encode())
    source = Prometheus(entry("metrics", "prometheus", url=listener.url, authorization="env:TOKEN"), tools(http))
    assert source.query('a{b="c&d"}') is None
    (got,) = listener.got
    assert got.path == "/api/v1/query?query=a%7Bb%3D%22c%26d%22%7D"
    assert got.headers["authorization"] == "Bearer t0k3n"
    assert source.find_problem() == "it does not know that one is one"
