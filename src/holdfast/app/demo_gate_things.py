"""What the gate's demo is played on, all made up: advisories, a repository with a past, an image, another's report."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from holdfast.errors import HoldfastError
from holdfast.model.instant import format_instant

OLD, ESTATE = 40, 50
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
MILD = "CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N"
LOCK = "package-lock.json"
WEB, TOP, DEEP = "acme-web", "acme-forms", "acme-yaml"
ADVISORY = "ACME-2026-0001"
POLICY = """\
min_score: {default: 0}
rules:
  - {id: new-high, when: "finding.cvss >= 7.0", then: block, because: a high one that the change brings}
waivers: {approvers: [sec-lead]}
lower_may: [mode]
"""
LOOSE = "min_score: {default: 0}\n"
STRICTER = """\
min_score: {default: 0}
rules:
  - {id: new-any, when: "finding.introduced_here && finding.cvss >= 2.0", then: block}
"""
MANIFEST = "version: 1\nservices:\n  - {name: web, tier: 1, exposure: internet, paths: [.]}\n"


def write_feed(folder: Path) -> Path:
    """Write advisories in the layout of OSV's bucket: one that matters, forty that were there before, one mild."""
    records = [_record(ADVISORY, DEEP, VECTOR, "2.0.1"), _record("ACME-2026-0002", "acme-mild", MILD, "1.1.0")]
    records += [_record(f"ACME-2020-{number:04}", f"old-{number}", VECTOR, None) for number in range(OLD)]
    (folder / "npm").mkdir(parents=True)
    with zipfile.ZipFile(folder / "npm" / "all.zip", "w") as archive:
        for one in records:
            archive.writestr(f"{one['id']}.json", json.dumps(one))
    lines = [f"{one['modified']},{one['id']}" for one in records]
    (folder / "npm" / "modified_id.csv").write_text("\n".join(lines) + "\n")
    (folder / "ecosystems.txt").write_text("npm\n")
    return folder


def _record(name: str, package: str, vector: str, fixed: str | None) -> dict[str, Any]:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    ranges = [{"type": "SEMVER", "events": events}]
    return {
        "id": name,
        "modified": "2026-01-02T03:04:05Z",
        "published": "2026-01-02T03:04:05Z",
        "severity": [{"type": "CVSS_V3", "score": vector}],
        "affected": [{"package": {"ecosystem": "npm", "name": package}, "ranges": ranges}],
    }


def lock_file(*, forms: bool = False, mild: bool = False, yaml: str = "2.0.0") -> str:
    """Return the lock file of the sample: forty old packages, and what a change adds."""
    direct = {f"old-{number}": "1.0.0" for number in range(OLD)} | ({"acme-mild": "1.0.0"} if mild else {})
    packages: dict[str, Any] = {name: {"version": version} for name, version in direct.items()}
    if forms:
        direct[TOP] = "^1.0.0"
        packages[TOP] = {"version": "1.0.0", "dependencies": {DEEP: "^2.0.0"}}
        packages[DEEP] = {"version": yaml}
    root = {"name": WEB, "version": "1.0.0", "dependencies": direct}
    nested = {f"node_modules/{name}": one for name, one in packages.items()}
    document = {"name": WEB, "version": "1.0.0", "lockfileVersion": 3, "packages": {"": root, **nested}}
    return json.dumps(document, indent=2) + "\n"


def waiver(now: datetime, until: datetime) -> str:
    """Return a waiver of the advisory that ends at `until`."""
    entry = {
        "id": "forms-yaml",
        "finding": ADVISORY,
        "service": "web",
        "package": f"pkg:npm/{DEEP}",
        "versions": "=2.0.0",
        "status": "not_affected",
        "reason": "vulnerable_code_not_in_execute_path",
        "owner": "ana",
        "approved_by": "sec-lead",
        "signed": format_instant(now),
        "expires": format_instant(until),
        "fix_version": "2.0.1",
    }
    return json.dumps({"waivers": [entry]}, indent=2) + "\n"


def grype_report() -> str:
    """Return what Grype might report of the sample: one finding of ours, one of nobody's, none of the rest."""
    matches = [_match("GHSA-demo-demo-demo", DEEP, "2.0.0"), _match(ADVISORY, DEEP, "2.0.0")]
    return json.dumps({"matches": matches, "descriptor": {"name": "grype", "version": "0.100.0"}})


def _match(name: str, package: str, version: str) -> dict[str, Any]:
    artifact = {
        "name": package,
        "version": version,
        "purl": f"pkg:npm/{package}@{version}",
        "locations": [{"path": f"/{LOCK}"}],
    }
    return {
        "vulnerability": {"id": name, "severity": "High", "fix": {"versions": [], "state": "unknown"}},
        "artifact": artifact,
    }


def estate_names() -> list[str]:
    """Return the names of the estate's repositories."""
    return [f"svc-{number:02}" for number in range(ESTATE)]


def write_estate(folder: Path) -> None:
    """Make fifty small repositories of two teams; four of five have something old that is known to be bad."""
    for number, name in enumerate(estate_names()):
        package = f"old-{number % OLD}" if number % 5 else "acme-fine"
        nested = {
            "": {"name": name, "dependencies": {package: "1.0.0"}},
            f"node_modules/{package}": {"version": "1.0.0"},
        }
        lock = {"name": name, "version": "1.0.0", "lockfileVersion": 3, "packages": nested}
        owners = f"* @acme/{'payments' if number % 2 else 'search'}\n"
        (folder / name).mkdir(parents=True)
        git(folder / name, "init", "-q", "-b", "main", ".")
        commit(folder / name, "all there is", {LOCK: json.dumps(lock, indent=2) + "\n", "CODEOWNERS": owners})


def git(folder: Path, *arguments: str) -> None:
    """Run Git in a folder of the demo's own. Raises: HoldfastError: it failed."""
    who = ("-c", "user.name=demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HoldfastError(f"Git failed: {done.stderr.strip()}", where=str(folder))


def commit(folder: Path, message: str, files: Mapping[str, str]) -> None:
    """Write files and commit them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)


def push_image(host: str, repository: str, tag: str) -> None:
    """Put a small image into a registry: a folder with the sample's lock file. Raises: HoldfastError: it refused."""
    layer = _layer({f"app/{LOCK}": lock_file(forms=True)})
    config = json.dumps(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}}
    )
    with httpx.Client(base_url=f"http://{host}", trust_env=False) as client:
        kinds = "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"
        made = [
            {"mediaType": kind, "digest": _push_blob(client, repository, data), "size": len(data)}
            for kind, data in zip(kinds, (config.encode(), gzip.compress(layer, mtime=0)), strict=True)
        ]
        kind = "application/vnd.oci.image.manifest.v1+json"
        manifest = {"schemaVersion": 2, "mediaType": kind, "config": made[0], "layers": made[1:]}
        answer = client.put(
            f"/v2/{repository}/manifests/{tag}", content=json.dumps(manifest), headers={"content-type": kind}
        )
    if not answer.is_success:
        raise HoldfastError(f"the registry refused the image: {answer.status_code}")


def _push_blob(client: httpx.Client, repository: str, data: bytes) -> str:
    begun = client.post(f"/v2/{repository}/blobs/uploads/")
    to = httpx.URL(begun.headers["location"]).copy_merge_params({"digest": _digest(data)})
    put = client.put(to, content=data, headers={"content-type": "application/octet-stream"})
    if not put.is_success:
        raise HoldfastError(f"the registry refused a blob: {put.status_code}")
    return _digest(data)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _layer(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def quiet_environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would change a decision."""
    dropped = ("HOLDFAST_", "GITHUB_", "CI_", "CHANGE_", "BITBUCKET_", "SYSTEM_PULLREQUEST", "GIT_")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)} | more
