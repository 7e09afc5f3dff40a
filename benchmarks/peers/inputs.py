"""What all scanners are given: lock files with packages that the shared records name, a bill of materials, an image.

Versions are of the kind that a registry has: those that records list, else the bounds of their ranges. No commits.
"""

import json
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.shared import SHARED_DATA

from benchmarks.image import write as write_images
from holdfast.model.frozen import frozen

PACKAGES = 1000
COMPONENTS = 20_000
REAL = ("Cargo_lock", "Pipfile_lock", "go_mod", "pdm_lock", "poetry_lock", "requirements_txt", "uv_lock")
"""The folders of real lock files whose ecosystems the shared records cover."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]*")
_MAJOR = re.compile(r"/v[0-9]+$")
Packages = list[tuple[str, str]]
"""(name, version), sorted."""


@frozen
class Input:
    """One thing to scan: a folder, a file or an image archive. `kind` is `folder`, `sbom` or `image`."""

    what: str
    kind: str
    path: Path


def _real(folder: Path) -> Input:
    real = folder / "real"
    for name in REAL:
        shutil.copytree(SHARED_DATA / "lockfiles" / name, real / name)
    count = sum(1 for one in real.rglob("*") if one.is_file())
    return Input(f"{count} real lock files", "folder", real)


def _bill(folder: Path) -> Input:
    bom = folder / "bom.cdx.json"
    bom.write_text(json.dumps(_bom()))
    return Input(f"CycloneDX of {COMPONENTS:,} components", "sbom", bom)


def _image(folder: Path) -> Input:
    images = folder / "images"
    images.mkdir()
    write_images(images)
    return Input("200 MB image, docker save", "image", images / "docker save.tar")


def _locked(folder: Path, file: str, ecosystem: str, text: Callable[[Packages], str]) -> Input:
    place = folder / ecosystem
    place.mkdir()
    (place / file).write_text(text(chosen(ecosystem)))
    return Input(f"{file} of {PACKAGES:,} packages", "folder", place)


def chosen(ecosystem: str, count: int = PACKAGES) -> Packages:
    """Return packages of an ecosystem: up to half of them are named by records, the others are invented."""
    chance = random.Random(11)
    named = _named(ecosystem)
    names = chance.sample(sorted(named), min(len(named), count // 2))
    found = {name: chance.choice(named[name]) for name in names}
    prefix = "invented.example/module-" if ecosystem == "Go" else "invented-package-"
    for number in range(count - len(found)):
        found[f"{prefix}{number}"] = f"{chance.randrange(2)}.{chance.randrange(30)}.{chance.randrange(9)}"
    return sorted(found.items())


def _named(ecosystem: str) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    with zipfile.ZipFile(SHARED_DATA / "osv" / ecosystem / "all.zip") as archive:
        for name in archive.namelist():
            record = json.loads(archive.read(name))
            for affected in record.get("affected", []) if "withdrawn" not in record else ():
                package = affected["package"]
                if package["ecosystem"] == ecosystem and package["name"] not in {"stdlib", "toolchain"}:
                    found.setdefault(package["name"], set()).update(_versions(affected))
    return {name: sorted(versions) for name, versions in found.items() if versions}


def _versions(affected: dict[str, Any]) -> list[str]:
    events = [event for one in affected.get("ranges", []) if one["type"] != "GIT" for event in one["events"]]
    listed = affected.get("versions") or [version for event in events for version in event.values()]
    return [one for one in listed if one != "0" and _VERSION.fullmatch(one) and not _COMMIT.fullmatch(one)]


def _requirements(packages: Packages) -> str:
    return "".join(f"{name}=={version}\n" for name, version in packages)


def _go_mod(packages: Packages) -> str:
    lines = [f"\t{name} v{_of_major(name, version)}" for name, version in packages]
    return "\n".join(["module shop.example/pay", "", "go 1.21", "", "require (", *lines, ")", ""])


def _of_major(name: str, version: str) -> str:
    """Write a version as `go.mod` takes it: 2 and above are of a module of their own, or `+incompatible`."""
    major = version.partition(".")[0]
    plain = _MAJOR.search(name) or name.startswith("gopkg.in/") or major in {"0", "1"} or "+" in version
    return version if plain else f"{version}+incompatible"


def _cargo_lock(packages: Packages) -> str:
    source = 'source = "registry+https://registry.example/index"'
    rows = [f'[[package]]\nname = "{name}"\nversion = "{version}"\n{source}\n' for name, version in packages]
    return "\n".join(["version = 3\n", *rows])


def _bom() -> dict[str, Any]:
    types = {"PyPI": "pypi", "Go": "golang", "crates.io": "cargo"}
    components = []
    for ecosystem, kind in types.items():
        for name, version in chosen(ecosystem, COMPONENTS // len(types) + 1):
            written = f"v{version}" if ecosystem == "Go" else version
            purl = f"pkg:{kind}/{name.lower() if ecosystem == 'PyPI' else name}@{written}"
            components.append({"type": "library", "bom-ref": purl, "name": name, "version": written, "purl": purl})
    head = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}
    return head | {"components": components[:COMPONENTS]}


INPUTS: dict[str, Callable[[Path], Input]] = {
    "pypi": lambda folder: _locked(folder, "requirements.txt", "PyPI", _requirements),
    "go": lambda folder: _locked(folder, "go.mod", "Go", _go_mod),
    "cargo": lambda folder: _locked(folder, "Cargo.lock", "crates.io", _cargo_lock),
    "real": _real,
    "sbom": _bill,
    "image": _image,
}
"""What writes each input into a folder, by the name that a case is asked by."""
