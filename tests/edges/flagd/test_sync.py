"""`flagd.sync.v1` over a real server on loopback, asked by gRPC and by the official in-process provider."""

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
from openfeature.schemas.protobuf.flagd.sync.v1.sync_pb2 import SyncFlagsResponse

from holdfast.errors import UsageError
from tests.flag_stand import ENVIRONMENT, ON_OFF, FlagStand, open_stand, serve_flagd, wait_for

READER = (("authorization", "Bearer reader"),)
PATH = "/flagd.sync.v1.FlagSyncService/"


@pytest.fixture
def stand() -> Iterator[FlagStand]:
    with open_stand() as opened:
        yield opened


@pytest.fixture
def port(stand: FlagStand) -> Iterator[int]:
    with serve_flagd(stand) as served:
        yield served


@pytest.fixture
def channel(port: int) -> Iterator[Any]:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as opened:
        yield opened


def sync(channel: Any, metadata: Any = READER, request: bytes = b"") -> Any:
    """Open a stream of sets."""
    return channel.unary_stream(PATH + "SyncFlags")(request, metadata=metadata, timeout=30)


def text_of(data: bytes) -> str:
    """Return the flags' JSON of an answer, as Google's own runtime reads it."""
    text: str = SyncFlagsResponse.FromString(data).flag_configuration
    return text


def fetch(channel: Any, metadata: Any = READER, request: bytes = b"") -> dict[str, Any]:
    """Return the set as it is now."""
    data = channel.unary_unary(PATH + "FetchAllFlags")(request, metadata=metadata, timeout=30)
    document: dict[str, Any] = json.loads(text_of(data))
    return document


def test_set_is_sent_at_once_and_after_every_change(stand: FlagStand, channel: Any) -> None:
    stream = sync(channel)
    first = text_of(next(stream))
    assert json.loads(first)["flags"] == {"tax": json.loads(ON_OFF)}
    assert ON_OFF in first  # to the bit
    stand.hold("ovl_1")
    assert json.loads(text_of(next(stream)))["flags"]["tax"]["defaultVariant"] == "off"
    stand.lift("ovl_1")
    assert ON_OFF in text_of(next(stream))
    stream.cancel()


def test_fetch_gives_the_set_as_it_is_now(stand: FlagStand, channel: Any) -> None:
    stand.hold()
    document = fetch(channel)
    assert document["flags"]["tax"]["defaultVariant"] == "off"
    assert document["metadata"] == {"flagSetId": ENVIRONMENT, "revision": stand.revision}


@pytest.mark.parametrize("selector", [ENVIRONMENT, f"flagSetId={ENVIRONMENT}"])
@pytest.mark.parametrize("token", ["reader", "unbound"])
def test_selector_names_the_environment(channel: Any, selector: str, token: str) -> None:
    sent = (("authorization", f"Bearer {token}"), ("flagd-selector", selector))
    assert set(fetch(channel, sent)["flags"]) == {"tax"}
    in_request = b"\x12" + bytes([len(selector)]) + selector.encode()
    assert set(fetch(channel, sent[:1], in_request)["flags"]) == {"tax"}


@pytest.mark.parametrize(
    ("metadata", "request_", "code"),
    [
        ((), b"", grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Bearer nobody"),), b"", grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Bearer other"),), b"", grpc.StatusCode.PERMISSION_DENIED),
        ((("authorization", "Bearer unbound"),), b"", grpc.StatusCode.PERMISSION_DENIED),
        ((*READER, ("flagd-selector", "staging")), b"", grpc.StatusCode.PERMISSION_DENIED),
        ((*READER, ("flagd-selector", "source=x")), b"", grpc.StatusCode.INVALID_ARGUMENT),
        (READER, b"\x0b", grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_who_may_not_is_refused(channel: Any, metadata: Any, request_: bytes, code: grpc.StatusCode) -> None:
    for call in (lambda: fetch(channel, metadata, request_), lambda: next(sync(channel, metadata, request_))):
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() == code


def test_stream_ends_when_its_token_does(stand: FlagStand, channel: Any) -> None:
    stream = sync(channel)
    assert next(stream)
    del stand.tokens["reader"]
    stand.access.forget()
    with pytest.raises(grpc.RpcError) as ended:
        next(stream)
    assert ended.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_reader_that_does_not_read_holds_up_nobody(stand: FlagStand, port: int) -> None:
    stand.define("large", json.dumps({"state": "ENABLED", "variants": {"v": "x" * 60_000}, "defaultVariant": "v"}))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as slow, grpc.insecure_channel(f"127.0.0.1:{port}") as quick:
        asleep, awake = sync(slow), sync(quick)
        assert next(awake)
        for number in range(40):  # far more than a window's worth for who never reads
            stand.define("tax", ON_OFF + " " * (number + 1))
            while json.loads(text_of(next(awake)))["metadata"]["revision"] < stand.revision:
                continue
        newest = json.loads(text_of(next(asleep)))
        assert newest["metadata"]["flagSetId"] == ENVIRONMENT
        asleep.cancel()
        awake.cancel()


def test_stream_with_values_proves_delivered_and_fetched(stand: FlagStand, channel: Any) -> None:
    named = (*READER, ("x-holdfast-client", "shop-1"), ("x-holdfast-target", "eu"))
    stream = sync(channel, named)
    assert next(stream)
    stand.hold()
    assert next(stream)
    assert wait_for(lambda: stand.client("shop-1").delivered == stand.revision)
    shop = stand.client("shop-1")
    assert (shop.kind, shop.target, shop.connected, shop.fetched) == ("server", "eu", True, stand.revision)
    stream.cancel()
    assert wait_for(lambda: not stand.client("shop-1").connected)


def test_port_that_is_taken_is_said(stand: FlagStand, port: int) -> None:
    second = stand.flagd(port=port)
    with pytest.raises(UsageError, match="cannot listen"):
        second.start()
    second.stop()


@pytest.fixture
def provider(port: int) -> Iterator[FlagdProvider]:
    """The official provider, unmodified; its token goes as gRPC's own call credentials."""
    credentials = grpc.composite_channel_credentials(
        grpc.local_channel_credentials(), grpc.access_token_call_credentials("reader")
    )
    made = FlagdProvider(
        host="127.0.0.1",
        port=port,
        resolver_type=ResolverType.IN_PROCESS,
        channel_credentials=credentials,
        provider_id="shop-1",
        deadline_ms=10_000,
    )
    api.set_provider_and_wait(made)
    yield made
    api.shutdown()


def test_official_provider_sees_a_kill_and_its_end(stand: FlagStand, provider: FlagdProvider) -> None:
    """Killed twice, lifted once: off still. Lifted again: on."""
    client = api.get_client()

    def knows() -> bool:
        return client.get_boolean_details("tax", True).flag_metadata["revision"] == stand.revision

    assert client.get_boolean_value("tax", False) is True
    for change, name in ((stand.hold, "ovl_1"), (stand.hold, "ovl_2"), (stand.lift, "ovl_1")):
        change(name)
        assert wait_for(knows)
        assert client.get_boolean_value("tax", True) is False
    stand.lift("ovl_2")
    assert wait_for(knows)
    assert client.get_boolean_value("tax", False) is True


def test_official_provider_hands_the_revision_to_hooks(stand: FlagStand, provider: FlagdProvider) -> None:
    details = api.get_client().get_boolean_details("tax", False)
    assert details.flag_metadata == {"flagSetId": ENVIRONMENT, "revision": stand.revision}


def test_official_provider_hands_its_context_to_the_rules(stand: FlagStand, provider: FlagdProvider) -> None:
    rule = {"if": [{"==": [{"var": "plan"}, "gold"]}, "on"]}
    text = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "off", "targeting": rule}
    stand.define("beta", json.dumps(text))
    client = api.get_client()
    assert wait_for(lambda: client.get_boolean_value("beta", False, EvaluationContext("u", {"plan": "gold"})))
    assert client.get_boolean_value("beta", True, EvaluationContext("u", {"plan": "tin"})) is False
