"""Writes a snapshot file from compiled advisories.

What the lists that were opened with them say of CVEs is written into it: whoever imports it needs none.
"""

import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from holdfast.edges.providers.compiled import CompiledAdvisories
from holdfast.edges.providers.compiled_digest import SECTION, ContentDigest, canonical_rows, framed
from holdfast.edges.providers.compiled_snapshot import MAGIC, Contents, contents_to_statement
from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot

_LEVEL = 6
Seal = Callable[[bytes], str]
"""Statement → envelope."""


def write_snapshot_file(held: CompiledAdvisories, path: Path, ecosystems: Sequence[str], seal: Seal) -> Contents:
    """Write `ecosystems` of a compiled file to `path`, whole or not at all; returns what was written.

    Raises:
        FeedError: an ecosystem is not there, or the file could not be written.
    """
    snapshots = held.snapshots()
    missing = [name for name in ecosystems if name not in snapshots]
    if missing or not ecosystems:
        raise FeedError(
            f"no advisories of {', '.join(missing) or 'any ecosystem'}",
            hint="name the feed: `--feed` and `--ecosystem`",
        )
    rows, part = path.with_name(f".{path.name}.rows"), path.with_name(f".{path.name}.part")
    try:
        for one in (rows, part):
            one.unlink(missing_ok=True)  # what lies there may be a link: it is never written through
        with rows.open("x+b") as packed, part.open("x+b") as file:
            contents = _pack(held, [snapshots[name] for name in sorted(set(ecosystems))], packed)
            file.write(MAGIC + seal(contents_to_statement(contents)).encode() + b"\n")
            packed.seek(0)
            shutil.copyfileobj(packed, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise FeedError(f"the snapshot could not be written: {error.strerror}", where=str(path)) from None
    finally:
        rows.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return contents


@dataclass(slots=True)
class _Packed:
    """What was written so far."""

    plain_bytes: int = 0
    snapshots: list[Snapshot] = field(default_factory=list)


def _pack(held: CompiledAdvisories, snapshots: Sequence[Snapshot], file: BinaryIO) -> Contents:
    packed, digest, size = _Packed(), hashlib.sha256(), 0
    packer = zlib.compressobj(_LEVEL)
    for chunk in _packed_chunks(_rows(held, snapshots, packed), packer):
        digest.update(chunk)
        size += file.write(chunk)
    return Contents(digest.hexdigest(), size, packed.plain_bytes, tuple(packed.snapshots))


def _packed_chunks(rows: Iterator[bytes], packer: "zlib._Compress") -> Iterator[bytes]:
    for row in rows:
        yield packer.compress(row)
    yield packer.flush()


def _rows(held: CompiledAdvisories, snapshots: Sequence[Snapshot], packed: _Packed) -> Iterator[bytes]:
    for snapshot in snapshots:
        digest = ContentDigest(snapshot.ecosystem)
        head = framed((SECTION, snapshot.ecosystem))
        packed.plain_bytes += len(head)
        yield head
        for row in canonical_rows(held.connection, snapshot.ecosystem, held.lists):
            digest.add(row)
            packed.plain_bytes += len(row)
            yield row
        packed.snapshots.append(replace(snapshot, digest=str(digest), lists=None, error=None))
