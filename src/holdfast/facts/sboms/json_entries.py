"""JSON documents of many entries, each with its line, at the speed of a decoder that knows what is wanted.

The entries of a list are first found as raw text, in order; where one begins tells its line. Only the fields that are
asked for are built. A document that can not be decoded so is read again by the slow reader, which knows what to say.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from holdfast.errors import FactError
from holdfast.facts.lockfiles._json import load_json_object
from holdfast.facts.lockfiles._text import decode, refuse_conflict

NO_ITEMS = msgspec.Raw(b"")
"""What stands for a list that a document does not have."""

_Document = TypeVar("_Document", bound=msgspec.Struct)


def prepare_json(file: str, data: bytes) -> bytes:
    """Return the document in UTF-8 without byte order mark.

    Raises:
        FactError: empty, in another encoding, or with merge conflict markers.
    """
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or not data.isascii() or not data.strip():
        data = decode(file, data).encode("utf-8", "surrogatepass")
    if b"<<<<<<<" in data or b">>>>>>>" in data:
        refuse_conflict(file, data.decode("utf-8", "surrogatepass"))
    return data


def decode_document(file: str, data: bytes, shape: type[_Document]) -> _Document:
    """Return the wanted fields of a document. Fields of `shape` should be `Any` or `Raw`, so that types don't matter.

    Raises:
        FactError: not JSON, with line and column; no object; or nested too deeply.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError:
        load_json_object(file, data)
        raise FactError("expected a JSON object", where=f"{file}:1") from None
    except msgspec.DecodeError as error:
        load_json_object(file, data)
        raise FactError(f"not valid JSON: {error}", where=file) from None
    except RecursionError:
        raise FactError("not valid JSON: nested too deeply", where=file) from None


class Lines:
    """Tells the lines of texts of one document that are asked for in the order of the document."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._line = 1

    def of(self, raw: bytes) -> int:
        """Return the line that a text begins on; the next one is looked for behind its beginning."""
        start = self._data.find(raw, self._at)
        if start > self._at:
            self._line += self._data.count(b"\n", self._at, start)
            self._at = start
        return self._line


def raw_items(raw: msgspec.Raw) -> Sequence[bytes] | None:
    """Return the items of a list as texts; none where there is no list, `None` where it is something else."""
    if bytes(raw) in {b"", b"null"}:
        return ()
    try:
        return [bytes(one) for one in msgspec.json.decode(raw, type=list[msgspec.Raw])]
    except msgspec.MsgspecError:
        return None


def objects_in(listed: object) -> Iterator[dict[str, object]]:
    """Yield the objects of a list; nothing when it is no list."""
    if isinstance(listed, list):
        yield from (one for one in listed if isinstance(one, dict))
