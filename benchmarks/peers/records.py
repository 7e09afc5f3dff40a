"""The shared records, in the form in which each of the others reads its database.

osv-scanner reads the same zips. Trivy's database is built by Trivy's own reader of OSV records. Grype's is built by
Grype's own builder: Go's records as they are, those of PyPI and crates.io in the shape of GitHub's advisories, since it
reads no OSV of theirs (the versions that a record lists are left out where it has a range).
"""

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.shared import SHARED_DATA

ECOSYSTEMS = ("PyPI", "Go", "crates.io")
_GITHUB = {"PyPI": "python", "crates.io": "rust"}
_SCHEMAS = {
    "github": "https://schema.example/github-security-advisory/schema-1.0.0.json",
    "osv": "https://schema.example/osv/schema-1.5.0.json",
}


def lay_osv(folder: Path) -> None:
    """Lay the zips as osv-scanner keeps them."""
    for ecosystem in ECOSYSTEMS:
        place = folder / "osv-scalibr" / ecosystem
        place.mkdir(parents=True)
        shutil.copyfile(SHARED_DATA / "osv" / ecosystem / "all.zip", place / "all.zip")


def lay_trivy(folder: Path, builder: Path) -> None:
    """Build Trivy's database with what `scripts/peers.sh` built of Trivy."""
    records = folder / "records"
    records.mkdir(parents=True)
    for _, record in _records():
        (records / f"{record['id']}.json").write_text(json.dumps(record))
    (folder / "db").mkdir()
    _build([str(builder), str(folder), str(folder / "db")])
    shutil.rmtree(records)


def lay_grype(folder: Path, builder: Path) -> None:
    """Build Grype's database with what `scripts/peers.sh` built of Grype."""
    work = folder / "providers"
    for provider in _SCHEMAS:
        (work / provider / "results").mkdir(parents=True)
    for ecosystem, record in _records():
        provider = "github" if ecosystem in _GITHUB else "osv"
        item = _as_github(ecosystem, record) if provider == "github" else record
        told = {"schema": _SCHEMAS[provider], "identifier": record["id"], "item": item}
        (work / provider / "results" / f"{record['id']}.json").write_text(json.dumps(told))
    for provider, schema in _SCHEMAS.items():
        state = _state(provider, schema, sorted((work / provider / "results").iterdir()))
        (work / provider / "metadata.json").write_text(json.dumps(state))
    place = folder / "6"
    place.mkdir()
    _build([str(builder), str(place), *(str(work / provider / "metadata.json") for provider in _SCHEMAS)])
    shutil.rmtree(work)


def _build(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")


def _records() -> Iterator[tuple[str, dict[str, Any]]]:
    for ecosystem in ECOSYSTEMS:
        with zipfile.ZipFile(SHARED_DATA / "osv" / ecosystem / "all.zip") as archive:
            for name in archive.namelist():
                yield ecosystem, json.loads(archive.read(name))


def _state(provider: str, schema: str, results: list[Path]) -> dict[str, Any]:
    listing = results[0].parents[1] / "listing.xxh64"
    listing.write_text("".join(f"0000000000000000  results/{one.name}\n" for one in results))
    return {
        "provider": provider,
        "version": 1,
        "distribution_version": 1,
        "schema": {"version": "1.0.0", "url": schema},
        "timestamp": datetime.now(UTC).isoformat(),
        "listing": {"path": listing.name, "digest": "0000000000000000", "algorithm": "xxh64"},
        "store": "flat-file",
    }


def _as_github(ecosystem: str, record: dict[str, Any]) -> dict[str, Any]:
    aliases = record.get("aliases", [])
    fixed_in = [row for affected in record.get("affected", []) for row in _windows(ecosystem, affected)]
    advisory = {
        "ghsaId": record["id"],
        "CVE": [one for one in aliases if one.startswith("CVE-")],
        "Severity": "Unknown",
        "Summary": record.get("summary", ""),
        "published": record.get("published", record["modified"]),
        "updated": record["modified"],
        "withdrawn": record.get("withdrawn", ""),
        "FixedIn": fixed_in,
    }
    return {"Advisory": advisory}


def _windows(ecosystem: str, affected: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield a row for each window of each range; for the listed versions where there is no range."""
    ranges = [one["events"] for one in affected.get("ranges", []) if one["type"] != "GIT"]
    named = {"ecosystem": _GITHUB[ecosystem], "name": affected["package"]["name"], "namespace": "github:all"}
    for events in ranges:
        low = ""
        for event in events:
            if "introduced" in event:
                low = "" if event["introduced"] == "0" else f">= {event['introduced']}"
                opened = True
                continue
            opened = False
            fixed, last = event.get("fixed", ""), event.get("last_affected", "")
            high = f"< {fixed}" if fixed else f"<= {last}"
            yield named | {"range": ",".join(one for one in (low, high) if one), "identifier": fixed}
        if events and opened:
            yield named | {"range": low or ">= 0", "identifier": ""}
    if not ranges and affected.get("versions"):
        yield named | {"range": " || ".join(f"= {one}" for one in affected["versions"]), "identifier": ""}
