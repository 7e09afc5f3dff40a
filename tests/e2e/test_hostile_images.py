"""Image archives that mean harm: an error or a gap that names the image, nothing outside read, all of it ends."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.e2e.hostile import CANARY, make, run

_OCI = "application/vnd.oci.image"


def _tar(*entries: tuple[str, bytes | str]) -> bytes:
    """Return an archive; a text is where a link leads."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            if isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return held.getvalue()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _layout(layer: bytes, *, kind: str = "layer.v1.tar", digest: str = "", leave_out: bool = False) -> bytes:
    """Return an OCI layout of one layer, as an archive."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    named = digest or _digest(layer)
    described = {"mediaType": f"{_OCI}.{kind}", "digest": f"sha256:{named}", "size": len(layer)}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{_OCI}.manifest.v1+json",
            "config": {
                "mediaType": f"{_OCI}.config.v1+json",
                "digest": f"sha256:{_digest(config)}",
                "size": len(config),
            },
            "layers": [described],
        }
    ).encode()
    pointed = {"mediaType": f"{_OCI}.manifest.v1+json", "digest": f"sha256:{_digest(manifest)}", "size": len(manifest)}
    index = json.dumps({"schemaVersion": 2, "manifests": [pointed]}).encode()
    blobs = [(f"blobs/sha256/{_digest(one)}", one) for one in (config, manifest)]
    blobs += [] if leave_out else [(f"blobs/sha256/{named}", layer)]
    return _tar(("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'), ("index.json", index), *blobs)


_LAYER = _tar(("app/requirements.txt", b"acme-good==1.0\n"))
BROKEN = {
    "a layer of another digest": _layout(_LAYER, digest="0" * 64),
    "a layer that is missing": _layout(_LAYER, leave_out=True),
    "a compression that nobody knows": _layout(_LAYER, kind="layer.v1.tar+lzma2"),
    "a layer that is no archive": _layout(b"\x1f\x8b" + b"\xff" * 2000, kind="layer.v1.tar+gzip"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_image_that_is_broken_is_never_a_pass(tmp_path: Path, name: str) -> None:
    image = tmp_path / "image.tar"
    image.write_bytes(BROKEN[name])
    ran = run(tmp_path, "gate", image, "--feed", "none", "--offline", "--data", tmp_path / "data", "--format", "json")
    assert ran.code in {2, 4, 5}, ran.talk[-1500:]
    assert "Traceback" not in ran.talk
    document = json.loads(ran.out)
    assert document.get("error") or document["unknown"], name


def test_names_and_links_that_lead_out_of_an_image_read_nothing_of_this_machine(tmp_path: Path) -> None:
    make(tmp_path, {})
    image = tmp_path / "image.tar"
    outside = str(tmp_path / "outside" / "canary.txt")
    layer = _tar(
        ("../../outside/requirements.txt", b"acme-up==1.0\n"),
        ("app/requirements.txt", outside),
        ("app/sub/requirements.txt", "../" * 12 + outside.lstrip("/")),
    )
    image.write_bytes(_layout(layer))
    ran = run(tmp_path, "scan", image, "--feed", "none", "--offline", "--data", tmp_path / "data", "--format", "json")
    assert CANARY not in ran.talk
    assert "Traceback" not in ran.talk
    assert ran.code in {0, 3, 4, 5}
