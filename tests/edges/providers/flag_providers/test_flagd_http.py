"""flagd's HTTP source: a document at a URL, guarded by its ETag."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from holdfast.edges.providers.flag_providers._flagd import Flagd
from holdfast.edges.providers.flag_providers._rest import Rest
from holdfast.edges.providers.flag_providers.flagd_http import SPEC, HttpSource
from holdfast.errors import ActionError
from holdfast.ports.flag_provider import FlagProvider
from holdfast.testing.flag_providers import FlagProviderSuite, FlagSystem, worlds_of
from tests.edges.providers.flag_providers.documents import (
    FLAG,
    JSON,
    OTHER,
    SAFE,
    YAML,
    DocumentServer,
    document_server,
)


@contextmanager
def opened(url: str, token: str, kind: str = "json") -> Iterator[Flagd]:
    rest = Rest("flagd's source", url, lambda: {"authorization": f"Bearer {token}"})
    try:
        yield Flagd("flagd", HttpSource(rest, kind), None)
    finally:
        rest.close()


@contextmanager
def refusing(server: DocumentServer, status: int) -> Iterator[FlagProvider]:
    server.refuse = status
    try:
        with opened(server.url, server.token) as provider:
            yield provider
    finally:
        server.refuse = None


@contextmanager
def without_etags(server: DocumentServer) -> Iterator[FlagProvider]:
    server.etags = False
    try:
        with opened(server.url, server.token) as provider:
            yield provider
    finally:
        server.etags = True


class TestConformance(FlagProviderSuite):
    @pytest.fixture(params=["json", "yaml"])
    def system(self, request: pytest.FixtureRequest) -> Iterator[FlagSystem]:
        kind = request.param
        with document_server(JSON if kind == "json" else YAML) as server, opened(server.url, server.token, kind) as one:
            yield FlagSystem(
                flag=FLAG,
                safe=SAFE,
                other=OTHER,
                open_world=worlds_of(lambda: one),
                state=lambda: server.body,
                seen=lambda: served_by(one),
                troubles={
                    "down": lambda: opened("http://127.0.0.1:1/flags", server.token),
                    "credentials refused": lambda: opened(server.url, "nobody-knows-this"),
                    "too many requests": lambda: refusing(server, 429),
                    "an error of its own": lambda: refusing(server, 500),
                    "a redirect": lambda: refusing(server, 307),
                    "no ETag": lambda: without_etags(server),
                },
                secrets=(server.token, "nobody-knows-this"),
            )


def served_by(provider: Flagd) -> str | None:
    reading = provider.read(FLAG)
    return reading.served if reading is not None else None


def test_change_at_the_same_moment_is_not_lost() -> None:
    with document_server(JSON) as server, opened(server.url, server.token) as provider:
        source = provider._source
        loaded = source.load()
        server.change("2.50", "99")
        assert source.save(loaded.document.with_value(FLAG, "{}"), loaded) is False
        assert b"99" in server.body
        provider.force(FLAG, SAFE)
        assert b"99" in server.body
        assert served_by(provider) == SAFE


def test_document_that_others_keep_changing_is_given_up_with_a_reason() -> None:
    with document_server(JSON) as server, opened(server.url, server.token) as provider:

        def shift() -> str:
            server.puts += 1
            return f'"{server.puts}"'

        server.etag = shift  # type: ignore[method-assign]  # never the same twice
        with pytest.raises(ActionError, match="somebody else kept changing"):
            provider.force(FLAG, SAFE)
    assert server.body == JSON.encode()


def test_adapter_says_what_it_needs() -> None:
    assert [one.name for one in SPEC.options if one.required] == ["url"]
    assert [one.name for one in SPEC.options if one.secret] == ["token"]
