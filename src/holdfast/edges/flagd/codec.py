"""The messages of `flagd.sync.v1`, by hand: three fields of text do not need a code generator and its runtime.

Source: open-feature/flagd-schemas, `flagd/sync/v1/sync.proto`; Protocol Buffers, encoding.
"""

from holdfast.model.frozen import frozen

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class CodecError(ValueError):
    """Bytes that are no message."""


@frozen
class SyncRequest:
    """`SyncFlagsRequest` and `FetchAllFlagsRequest`."""

    provider_id: str = ""
    selector: str = ""


def decode_request(data: bytes) -> SyncRequest:
    """Return a request; fields that are not known here are passed over.

    Raises:
        CodecError: not a message.
    """
    texts: dict[int, str] = {}
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _read_varint(data, at)
        elif kind == _LENGTH:
            size, at = _read_varint(data, at)
            if at + size > len(data):
                raise CodecError("a field that ends too early")
            if number in (1, 2):
                texts[number] = _text(data[at : at + size])
            at += size
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise CodecError(f"a field of kind {kind}")
    if at > len(data):
        raise CodecError("a field that ends too early")
    return SyncRequest(texts.get(1, ""), texts.get(2, ""))


def encode_flags(text: str) -> bytes:
    """Return `SyncFlagsResponse` and `FetchAllFlagsResponse`: the flags' JSON is field 1 of both."""
    data = text.encode()
    return b"\x0a" + _write_varint(len(data)) + data


EMPTY_METADATA = b"\x12\x00"
"""`GetMetadataResponse` with an empty set of values: providers fail on a field that is missing."""


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CodecError("a text that is not UTF-8") from None


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise CodecError("a number that ends too early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise CodecError("a number of too many bytes")


def _write_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
