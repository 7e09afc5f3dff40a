"""Writes a snapshot file from compiled advisories.

What the lists that were opened with them say of CVEs is written into it: whoever imports it needs none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from holdfast.edges.providers.compiled import CompiledAdvisories
from holdfast.edges.providers.compiled_digest import SECTION, ContentDigest, canonical_rows, framed
from holdfast.edges.providers.compiled_snapshot import MAGIC, Contents, contents_to_statement
from holdfast.edges.providers.signed_rows import Packed, Seal, write_signed_rows
from holdfast.errors import FeedError
from holdfast.model.advisory import Snapshot


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
    packed: list[Snapshot] = []
    rows = _rows(held, [snapshots[name] for name in sorted(set(ecosystems))], packed)

    def contents(of: Packed) -> Contents:
        return Contents(of.digest, of.payload_bytes, of.plain_bytes, tuple(packed))

    return contents(write_signed_rows(path, MAGIC, rows, lambda of: contents_to_statement(contents(of)), seal))


def _rows(held: CompiledAdvisories, snapshots: Sequence[Snapshot], packed: list[Snapshot]) -> Iterator[bytes]:
    for snapshot in snapshots:
        digest = ContentDigest(snapshot.ecosystem)
        yield framed((SECTION, snapshot.ecosystem))
        for row in canonical_rows(held.connection, snapshot.ecosystem, held.lists):
            digest.add(row)
            yield row
        packed.append(replace(snapshot, digest=str(digest), lists=None, error=None))
