"""A bill of materials of 10 MB with 20,000 components: read, and scanned in a cold process."""

import json
import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.cold import PROGRAM, measured
from benchmarks.measure import Figure, folder, percentile

COMPONENTS = 20_000
BYTES = 10 << 20
RUNS = 5
_READ = "import sys; from holdfast.facts.sbom import read_sbom; from pathlib import Path; path = Path(sys.argv[1]); "
_READ += f"assert len(read_sbom(path.name, path.read_bytes()).occurrences) == {COMPONENTS}"


def run() -> Iterator[Figure]:
    """Measure CycloneDX and SPDX."""
    with folder("sbom") as data:
        for form, document in (("CycloneDX", _cyclonedx()), ("SPDX", _spdx())):
            path = data / ("bom.cdx.json" if form == "CycloneDX" else "bom.spdx.json")
            text = json.dumps(document)
            path.write_text(text + " " * max(0, BYTES - len(text)))
            size = f"{path.stat().st_size / 2**20:.0f} MB"
            for what, command in _commands(path, data):
                before = _processor_seconds()
                runs = [measured(command, {}) for _ in range(RUNS)]
                busy = (_processor_seconds() - before) / RUNS
                seconds, memory = percentile([one for one, _ in runs], 0.5), max(one for _, one in runs)
                holds = seconds <= 2 and memory <= 200
                name = f"{form} of {size}, {COMPONENTS:,} components, {what}, cold process"
                beside = f"processor {busy:.2f} s"
                yield Figure(name, f"{seconds:.2f} s, {memory:.0f} MB", "2 s, 200 MB", holds, beside)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _commands(path: Path, data: Path) -> Iterator[tuple[str, list[str]]]:
    yield "read", [sys.executable, "-c", _READ, str(path)]
    scan = [str(PROGRAM), "scan", str(path), "--feed", "none", "--data", str(data / "data"), "--format", "json"]
    yield "scanned without advisories", scan


def _names() -> list[tuple[str, str]]:
    chance = random.Random(7)
    return [
        (f"package-number-{number}", f"{chance.randrange(9)}.{chance.randrange(30)}.{chance.randrange(9)}")
        for number in range(COMPONENTS)
    ]


def _cyclonedx() -> dict[str, Any]:
    chance, purls = random.Random(9), [f"pkg:npm/{name}@{version}" for name, version in _names()]
    components = [
        {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        | {"licenses": [{"license": {"id": "MIT"}}], "hashes": [{"alg": "SHA-256", "content": f"{number:064x}"}]}
        for number, ((name, version), purl) in enumerate(zip(_names(), purls, strict=True))
    ]
    edges = [{"ref": purl, "dependsOn": sorted({chance.choice(purls) for _ in range(2)})} for purl in purls]
    described = {"component": {"type": "application", "name": "shop", "bom-ref": "root"}}
    dependencies = [{"ref": "root", "dependsOn": purls[:200]}, *edges]
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": described}
    return head | {"components": components, "dependencies": dependencies}


def _spdx() -> dict[str, Any]:
    chance = random.Random(9)
    packages = [
        {"name": name, "SPDXID": f"SPDXRef-{name}", "versionInfo": version, "licenseDeclared": "MIT"}
        | {"downloadLocation": "NOASSERTION", "copyrightText": "NOASSERTION", "filesAnalyzed": False}
        | {"externalRefs": [_reference(f"pkg:npm/{name}@{version}")]}
        for name, version in _names()
    ]
    ids = [str(one["SPDXID"]) for one in packages]
    pairs = [("SPDXRef-root", one) for one in ids[:200]] + [(one, chance.choice(ids)) for one in ids]
    relations = [_relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-root")]
    relations += [_relation(above, "DEPENDS_ON", below) for above, below in pairs]
    root = {"name": "shop", "SPDXID": "SPDXRef-root"}
    return {"spdxVersion": "SPDX-2.3", "packages": [root, *packages], "relationships": relations}


def _reference(purl: str) -> dict[str, str]:
    return {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}


def _relation(left: str, kind: str, right: str) -> dict[str, str]:
    return {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}
