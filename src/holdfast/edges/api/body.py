"""Request bodies: JSON, of the right type, within its limit.

Bodies are decoded in the thread of the handler, so that a large one holds nobody else up. `opt=takes(Type)` on a
handler says what it takes, for the description of the API.
"""

import re
from functools import cache
from typing import Any, TypeVar

import msgspec
from litestar.exceptions import HTTPException

from holdfast.edges.api.deps import Ask
from holdfast.errors import UsageError

T = TypeVar("T")
LIMIT_BYTES = 1 << 20
SBOM_LIMIT_BYTES = 64 << 20
ADVISORY_LIMIT_BYTES = 16 << 20
BODY_KEY = "body"
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PATH = re.compile(r"^(?P<detail>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)


def takes(kind: Any) -> dict[str, Any]:
    """Return the handler option that names the type of its body; a function, because Litestar copies options deeply."""
    return {BODY_KEY: lambda: kind}


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def decode_body(request: Ask, body: bytes, kind: type[T]) -> T:
    """Return the body as `kind`.

    Raises:
        UsageError: not JSON, or not of that type; `where` is the JSON path.
        HTTPException: another media type than JSON (415).
    """
    media_type = request.content_type[0].lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise HTTPException(status_code=415, detail=f"expected `application/json`, got `{media_type[:80]}`")
    decoded: T = decode_json(body, kind)
    return decoded


def decode_json(body: bytes | msgspec.Raw, kind: Any, *, within: str = "$") -> Any:
    """Return JSON text as `kind`; `within` is the path of the text in its document.

    Raises:
        UsageError: not JSON, or not of that type; `where` is the JSON path.
    """
    if _ESCAPED_NUL.search(body):
        raise UsageError("a NUL character in a text", where=within, hint="no name, version or text of ours holds one")
    try:
        return _decoder(kind).decode(body)
    except msgspec.ValidationError as error:
        found = _PATH.match(str(error))
        path = found["path"] if found else None
        detail = found["detail"] if found else str(error)
        raise UsageError(detail, where=within + (path or "$")[1:]) from None
    except msgspec.DecodeError as error:
        raise UsageError(f"not JSON: {error}", where=within, hint="send one JSON document in UTF-8") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"not UTF-8: {error.reason}", where=within, hint="send one JSON document in UTF-8") from None
