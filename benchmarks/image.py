"""A container image of 200 MB, scanned by a cold process: as `docker save` writes it, and as an OCI archive with gzip.

The image is made of this machine: its package database and its files, as many as go into 200 MB.
"""

import gzip
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.cold import PROGRAM, measured
from benchmarks.measure import ROOT, Figure, folder, percentile

SIZE_BYTES = 200 << 20
RUNS = 3
_MAX_FILE_BYTES = 16 << 20
_FROM = (
    "etc/os-release",
    "usr/lib/os-release",
    "var/lib/dpkg",
    "lib/apk/db",
    "usr/lib/python3",
    "usr/bin",
    "usr/share",
)


def run() -> Iterator[Figure]:
    """Measure each."""
    with folder("image") as data:
        # A process of its own: what this one has held would count as the scan's memory.
        subprocess.run([sys.executable, "-m", "benchmarks.image", str(data)], check=True, cwd=ROOT)
        for name in _FORMS:
            yield _scan(name, data / f"{name}.tar", data)


def write(data: Path) -> None:
    """Write the archives into a folder."""
    layer = _layer()
    for name, made in _FORMS.items():
        (data / f"{name}.tar").write_bytes(_tar(made(layer)))


def _scan(name: str, path: Path, data: Path) -> Figure:
    command = [str(PROGRAM), "scan", str(path), "--data", str(data / "data"), "--feed", "none", "--format", "json"]
    begun = _processor_s()
    runs = [measured(command, dict(os.environ)) for _ in range(RUNS)]
    each_s = (_processor_s() - begun) / RUNS
    seconds, memory = percentile([one for one, _ in runs], 0.5), max(size for _, size in runs)
    return Figure(
        f"scan of a 200 MB image of this machine's system, {name}, cold process",
        f"{seconds:.1f} s, {memory:.0f} MB",
        "5 s, 300 MB",
        seconds <= 5 and memory <= 300,
        f"{each_s:.1f} s of one processor, the machine's load {os.getloadavg()[0]:.0f}; "
        f"the archive has {path.stat().st_size >> 20} MB",
    )


def _processor_s() -> float:
    """Return the processor time of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _layer() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in _paths():
            if out.tell() >= SIZE_BYTES:
                break
            try:
                if os.lstat(f"/{path}").st_size > _MAX_FILE_BYTES:
                    continue
                archive.add(f"/{path}", path, recursive=False)
            except OSError:  # one that went away, or may not be read
                continue
    return out.getvalue()


def _paths() -> Iterator[str]:
    """Yield paths below the top of this machine, in the order of whole paths."""
    pending = list(reversed(_FROM))
    while pending:
        path = pending.pop()
        yield path
        if os.path.isdir(f"/{path}") and not os.path.islink(f"/{path}"):
            pending.extend(sorted((f"{path}/{name}" for name in os.listdir(f"/{path}")), reverse=True))


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _config(layer: bytes) -> bytes:
    return json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [_digest(layer)]}}).encode()


def _saved(layer: bytes) -> dict[str, bytes]:
    config = _config(layer)
    name = f"{_digest(config)[7:]}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": ["machine:1"], "Layers": ["1/layer.tar"]}]).encode()
    return {"1/layer.tar": layer, name: config, "manifest.json": manifest}


def _layout(layer: bytes) -> dict[str, bytes]:
    packed, config = gzip.compress(layer, 6), _config(layer)
    manifest = json.dumps({"schemaVersion": 2, "config": _named(config), "layers": [_named(packed)]}).encode()
    index = json.dumps({"schemaVersion": 2, "manifests": [_named(manifest)]}).encode()
    blobs = {f"blobs/{_digest(one).replace(':', '/')}": one for one in (packed, config, manifest)}
    return {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}', "index.json": index, **blobs}


def _named(data: bytes) -> dict[str, object]:
    return {"digest": _digest(data), "size": len(data)}


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


_FORMS: dict[str, Callable[[bytes], dict[str, bytes]]] = {"docker save": _saved, "OCI archive, gzip": _layout}


if __name__ == "__main__":
    write(Path(sys.argv[1]))
