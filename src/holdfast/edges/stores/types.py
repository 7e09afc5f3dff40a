"""Column types that mean the same on both engines.

Rules: an instant is UTC in integer microseconds; a text has neither NUL nor a lone surrogate (both become U+FFFD) and
is ordered by its UTF-8 bytes; a key is bytes in memcmp order.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import TEXT
from sqlalchemy.types import TypeDecorator, TypeEngine

from holdfast.errors import UsageError
from holdfast.model.instant import from_microseconds, to_microseconds

REPLACEMENT = "\ufffd"


def clean_text(text: str) -> str:
    """Return the text with what PostgreSQL or UTF-8 cannot hold replaced by U+FFFD."""
    if type(text) is not str:  # an enumeration's member: drivers would store its name
        text = str(text)
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if 0xD800 <= ord(sign) <= 0xDFFF else sign for sign in text)
    return text


def to_stored(at: datetime | None) -> int | None:
    """Return an instant as it is stored.

    Raises:
        UsageError: the instant has no offset.
    """
    if at is None:
        return None
    if at.tzinfo is None:
        raise UsageError(f"an instant without an offset: `{at}`", hint="give it `tzinfo=UTC`")
    return to_microseconds(at)


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, stored as integer microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store it."""
        return to_stored(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read it back."""
        return None if value is None else from_microseconds(value)


class Words(TypeDecorator[str]):
    """Text, compared and ordered by bytes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL would order by the server's locale."""
        return dialect.type_descriptor(TEXT(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Store it without what an engine refuses."""
        return None if value is None else clean_text(value)


Number = BigInteger().with_variant(Integer(), "sqlite")
Key = LargeBinary
