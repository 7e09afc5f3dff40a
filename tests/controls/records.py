"""OSV records for tests: written ones, and the collected ones."""

import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec

from holdfast.controls.advisories import compile_advisory, parse_osv
from holdfast.model.advisory import Compiled
from tests.shared import SHARED_DATA

COLLECTED = ("PyPI", "Go", "crates.io", "AlmaLinux")


def record(*events: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Return a record that affects `demo` in PyPI by one range of these events."""
    ecosystem = fields.pop("ecosystem", "PyPI")
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": fields.pop("name", "demo")}}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    if "versions" in fields:
        affected["versions"] = fields.pop("versions")
    return {"id": "T-1", "modified": "2026-01-02T03:04:05Z", "affected": [affected], **fields}


def compiled(*events: dict[str, str], **fields: Any) -> Compiled:
    """Return the same, compiled."""
    return compile_advisory(parse_osv(record(*events, **fields)))


def collected(ecosystem: str, every: int = 1) -> Iterator[dict[str, Any]]:
    """Yield every n-th collected record of an ecosystem."""
    with zipfile.ZipFile(SHARED_DATA / "osv" / ecosystem / "all.zip") as archive:
        for name in archive.namelist()[::every]:
            yield msgspec.json.decode(archive.read(name))
