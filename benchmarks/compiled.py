"""The compiled advisory file of all shared ecosystems: its size, and how long it takes until it answers.

Beside it stands the plain way, in the same run: reading the records' zips.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.shared import SHARED_DATA

from benchmarks.measure import Figure, folder, milliseconds, percentile, timed
from holdfast.edges.providers.compiled import FILE_NAME, open_compiled
from holdfast.edges.providers.compiled_snapshot_read import open_snapshot_file, put_in_place
from holdfast.edges.providers.compiled_snapshot_write import write_snapshot_file
from holdfast.edges.providers.compiled_sync import refresh
from holdfast.edges.providers.osv_folder import FolderFeed
from holdfast.findings.checkpoint import ed25519_public_key, ed25519_signer, ed25519_verifier
from holdfast.findings.dsse import PAYLOAD_TYPE, seal, unseal

NOW = datetime(2026, 6, 2, tzinfo=UTC)
ECOSYSTEMS = ["AlmaLinux", "Go", "PyPI", "crates.io"]
RUNS = 200
MOST_BYTES = 15 << 20
MOST_S = 0.020
KEY = bytes(range(32))


def run() -> Iterator[Figure]:
    """Measure size, opening and carrying."""
    with folder("compiled") as data:
        path = data / FILE_NAME
        feed = FolderFeed(SHARED_DATA / "osv")
        made = timed(
            lambda: refresh(path, feed, ECOSYSTEMS, NOW, known_exploited=lambda: None, progress=lambda *_: None)
        )
        size = path.stat().st_size
        zips = sum((SHARED_DATA / "osv" / name / "all.zip").stat().st_size for name in ECOSYSTEMS)
        yield Figure(
            "compiled advisory file of all shared ecosystems",
            f"{size / 2**20:.1f} MB",
            "15 MB",
            size <= MOST_BYTES,
            f"made in {made:.1f} s; the zips it is made of have {zips / 2**20:.1f} MB",
        )
        yield _opening(path)
        yield _carried(path, data)


def _opening(path: Path) -> Figure:
    times = [timed(lambda: _look_up(path)) for _ in range(RUNS)]
    plain = timed(_plain)
    best, middle = min(times), percentile(times, 0.5)
    return Figure(
        "opening it, and the first answer about a package",
        f"{milliseconds(middle)}, best {milliseconds(best)}",
        "20 ms",
        middle <= MOST_S,
        f"reading the zips of JSON instead: {plain:.1f} s, {plain / middle:,.0f} x",
    )


def _look_up(path: Path) -> None:
    held = open_compiled(path)
    rules = held.rules("PyPI", "django")
    held.close()
    if not rules.intervals:
        raise SystemExit("the compiled file does not know django")


def _plain() -> dict[tuple[str, str], list[object]]:
    found: dict[tuple[str, str], list[object]] = {}
    for name in ECOSYSTEMS:
        with zipfile.ZipFile(SHARED_DATA / "osv" / name / "all.zip") as archive:
            for entry in archive.namelist():
                record = json.loads(archive.read(entry))
                for affected in record.get("affected", ()):
                    package = affected.get("package") or {}
                    found.setdefault((package.get("ecosystem", ""), package.get("name", "")), []).append(affected)
    return found


def _carried(path: Path, data: Path) -> Figure:
    file, target, public = data / "x.hfs", data / "there" / FILE_NAME, ed25519_public_key(KEY)

    def export() -> None:
        held = open_compiled(path)
        write_snapshot_file(held, file, ECOSYSTEMS, lambda said: seal(PAYLOAD_TYPE, said, public, ed25519_signer(KEY)))
        held.close()

    def take() -> None:
        with open_snapshot_file(file, lambda said: unseal(said, PAYLOAD_TYPE, ed25519_verifier(public))) as opened:
            put_in_place(opened, target)

    out, back = timed(export), timed(take)
    return Figure(
        "a signed snapshot of it, to be carried",
        f"{file.stat().st_size / 2**20:.1f} MB",
        "reported",
        None,
        f"exported in {out:.1f} s, verified and imported in {back:.1f} s",
    )
