"""The hand-written messages, against Google's own runtime and the published descriptor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.schemas.protobuf.flagd.sync.v1 import sync_pb2

from holdfast.edges.flagd.codec import (
    EMPTY_METADATA,
    CodecError,
    SyncRequest,
    decode_request,
    encode_flags,
)


@given(st.text(), st.text())
def test_request_is_read_as_it_was_meant(provider: str, selector: str) -> None:
    for kind in (sync_pb2.SyncFlagsRequest, sync_pb2.FetchAllFlagsRequest):
        data = kind(provider_id=provider, selector=selector).SerializeToString()
        assert decode_request(data) == SyncRequest(provider, selector)


@given(st.text())
def test_answer_is_read_as_it_was_meant(text: str) -> None:
    for kind in (sync_pb2.SyncFlagsResponse, sync_pb2.FetchAllFlagsResponse):
        assert kind.FromString(encode_flags(text)).flag_configuration == text


def test_answer_longer_than_one_number_says_is_whole() -> None:
    text = "x" * 300_000
    assert sync_pb2.SyncFlagsResponse.FromString(encode_flags(text)).flag_configuration == text


def test_metadata_is_there_and_empty() -> None:
    message = sync_pb2.GetMetadataResponse.FromString(EMPTY_METADATA)
    assert message.HasField("metadata")
    assert dict(message.metadata) == {}


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        request = decode_request(data)
    except CodecError:
        return
    assert isinstance(request.selector, str)


@pytest.mark.parametrize("data", [b"\x0a", b"\x0a\x05ab", b"\x0b", b"\x0a\x02\xff\xfe", b"\xff" * 12, b"\x0d\x00"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(CodecError):
        decode_request(data)
