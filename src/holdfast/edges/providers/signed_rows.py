"""A file of rows that somebody signed: what snapshots are carried in.

```
<what kind of file it is>
{"payload": …, "payloadType": "application/vnd.in-toto+json", "signatures": […]}
<rows, each four bytes of length, then msgpack; zlib>
```

Rules:

1. The second line is a DSSE envelope of an in-toto statement; its subject is what follows, by digest.
2. Nothing of the rows is read before the signature over the statement and the digest of what follows it were verified.
3. Sizes are those that the statement says, within limits; what is longer or shorter is refused.
4. A file is written whole or not at all, and never through a link; what is read is a file itself, no link or device.
"""

import hashlib
import os
import shutil
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from holdfast.edges.providers.compiled_digest import FRAME_BYTES
from holdfast.errors import FeedError, JournalError
from holdfast.model.frozen import frozen

MOST_ENVELOPE_BYTES = 4 << 20
MOST_PAYLOAD_BYTES = 1 << 30
MOST_PLAIN_BYTES = 4 << 30
MOST_ROW_BYTES = 64 << 20
HINT = "`holdfast feed export FILE` writes one"
_LEVEL = 6
_CHUNK_BYTES = 1 << 20
Seal = Callable[[bytes], str]
"""Statement → envelope."""
Unseal = Callable[[str], bytes]
"""Envelope → statement. Raises: JournalError."""


class Sized(Protocol):
    """What a statement says of the rows; `digest` is the sha256 of what follows the statement, in hex."""

    @property
    def digest(self) -> str:
        """Return the sha256 of the packed rows, in hex."""
        ...

    @property
    def payload_bytes(self) -> int:
        """Return how long they are, packed."""
        ...

    @property
    def plain_bytes(self) -> int:
        """Return how long they are, unpacked."""
        ...


@frozen
class Packed:
    """What was written; `digest` is the sha256 of the packed rows, in hex."""

    digest: str
    payload_bytes: int
    plain_bytes: int


def write_signed_rows(
    path: Path, magic: bytes, rows: Iterable[bytes], statement: Callable[[Packed], bytes], seal: Seal
) -> Packed:
    """Write framed rows to `path`, whole or not at all; returns what was written.

    The statement is asked for after all rows were read.

    Raises:
        FeedError: the file could not be written.
    """
    packed_file, part = path.with_name(f".{path.name}.rows"), path.with_name(f".{path.name}.part")
    try:
        for one in (packed_file, part):
            one.unlink(missing_ok=True)  # what lies there may be a link: it is never written through
        with packed_file.open("x+b") as packed, part.open("x+b") as file:
            written = _pack(rows, packed)
            file.write(magic + seal(statement(written)).encode() + b"\n")
            packed.seek(0)
            shutil.copyfileobj(packed, file, _CHUNK_BYTES)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise FeedError(f"the snapshot could not be written: {error.strerror}", where=str(path)) from None
    finally:
        packed_file.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return written


def _pack(rows: Iterable[bytes], file: BinaryIO) -> Packed:
    digest, size, plain = hashlib.sha256(), 0, 0
    packer = zlib.compressobj(_LEVEL)
    for row in rows:
        plain += len(row)
        chunk = packer.compress(row)
        digest.update(chunk)
        size += file.write(chunk)
    chunk = packer.flush()
    digest.update(chunk)
    size += file.write(chunk)
    return Packed(digest.hexdigest(), size, plain)


def open_plain_file(path: Path) -> BinaryIO:
    """Open a file for reading, never a link, a pipe or a device.

    Raises:
        FeedError: it is one of those.
        OSError: it is not there, or may not be read.
    """
    if path.is_symlink():
        raise FeedError("a link, not a file", where=str(path), hint="name the file itself")
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise FeedError("no plain file", where=str(path), hint=HINT)
    return os.fdopen(number, "rb")


def read_statement(file: BinaryIO, magic: bytes, unseal: Unseal, where: str) -> bytes:
    """Return the statement, its signature verified; the file stands where the rows begin then.

    Raises:
        FeedError: another kind of file, a cut one, or one that the key did not sign.
    """
    if file.read(len(magic)) != magic:
        raise FeedError("no snapshot of advisories", where=where, hint=HINT)
    line = file.readline(MOST_ENVELOPE_BYTES)
    if not line.endswith(b"\n"):
        raise FeedError("a snapshot that is cut, or without a statement", where=where, hint=HINT)
    try:
        return unseal(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise FeedError("a statement that is not UTF-8", where=where, hint=HINT) from None
    except JournalError as error:
        raise FeedError(f"the snapshot is not verified: {error.message}", where=where, hint=error.hint) from None


def check_sizes(sized: Sized, where: str) -> None:
    """Raise FeedError for sizes that no snapshot has."""
    if not 0 < sized.payload_bytes <= MOST_PAYLOAD_BYTES or not 0 <= sized.plain_bytes <= MOST_PLAIN_BYTES:
        raise FeedError(
            f"expected at most {MOST_PAYLOAD_BYTES >> 20} MiB that hold {MOST_PLAIN_BYTES >> 20} MiB", where=where
        )


def verify_payload(file: BinaryIO, sized: Sized, where: str, into: BinaryIO | None = None) -> None:
    """Read what follows the statement to its end, and copy it `into` another file where one is given.

    Raises:
        FeedError: it is longer, shorter or another than the statement says.
    """
    digest, size = hashlib.sha256(), 0
    while size <= sized.payload_bytes and (chunk := file.read(_CHUNK_BYTES)):
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            into.write(chunk)
    if size != sized.payload_bytes:
        word = "shorter" if size < sized.payload_bytes else "longer"
        raise FeedError(f"the snapshot is {word} than its statement says: it was cut or changed", where=where)
    if digest.hexdigest() != sized.digest:
        raise FeedError("what the snapshot holds is not what its statement says: it was changed", where=where)


def read_rows(file: BinaryIO, start: int, plain_bytes: int, where: str) -> Iterator[bytes]:
    """Yield the rows that begin at `start`, without their frames; they are at most `plain_bytes` long, unpacked.

    Raises:
        FeedError: they do not inflate, are more than that, or are no rows.
    """
    file.seek(start)
    buffer = bytearray()
    for chunk in _inflated(file, plain_bytes, where):
        buffer += chunk
        at = 0
        while len(buffer) - at >= FRAME_BYTES:
            size = int.from_bytes(buffer[at : at + FRAME_BYTES], "big")
            if not 0 < size <= MOST_ROW_BYTES:
                raise broken(f"a row of {size} bytes", where)
            end = at + FRAME_BYTES + size
            if end > len(buffer):
                break
            yield bytes(buffer[at + FRAME_BYTES : end])
            at = end
        del buffer[:at]
    if buffer:
        raise broken("half a row at its end", where)


def broken(what: str, where: str) -> FeedError:
    """Return the error of a snapshot that has what it must not have."""
    return FeedError(f"the snapshot has {what}", where=where)


def _inflated(file: BinaryIO, plain_bytes: int, where: str) -> Iterator[bytes]:
    """Yield what the rows inflate to, never more than the statement says."""
    unpacker, left = zlib.decompressobj(), plain_bytes
    try:
        while not unpacker.eof:
            data = unpacker.unconsumed_tail or file.read(_CHUNK_BYTES)
            if not data:
                raise broken("rows that are cut", where)
            plain = unpacker.decompress(data, _CHUNK_BYTES)
            left -= len(plain)
            if left < 0:
                raise broken("more in it than its statement says", where)
            yield plain
    except zlib.error as error:
        raise broken(f"rows that do not inflate: {error}", where) from None
    if left or unpacker.unused_data or file.read(1):
        raise broken("less in it than its statement says, or something behind its rows", where)
