"""Makes images for tests: layers as tar archives, layouts, what `docker save` writes."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zstandard

Content = bytes | str | tuple[str, str] | None
"""A file's bytes; text is too; (kind, target) of a link, a device or a hard link; `None` is a folder."""
_TYPES = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE}


def layer(entries: Mapping[str, Content] | Sequence[tuple[str, Content]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return a tar archive of these entries, in their order."""
    out = io.BytesIO()
    pairs = entries.items() if isinstance(entries, Mapping) else entries
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in pairs:
            info = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                info.type, info.linkname = _TYPES[content[0]], content[1]
                archive.addfile(info)
            elif content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                data = content.encode() if isinstance(content, str) else content
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def pack(data: bytes, how: str) -> bytes:
    """Return a layer packed with `gzip` or `zstd`, or plain."""
    if how == "gzip":
        return gzip.compress(data, mtime=0)
    return zstandard.ZstdCompressor().compress(data) if how == "zstd" else data


def digest(data: bytes) -> str:
    """Return `sha256:…`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def as_json(value: object) -> bytes:
    """Return JSON as images hold it."""
    return json.dumps(value).encode()


@dataclass
class Layout:
    """An OCI layout that grows: blobs by digest, and the entries of its index."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, data: bytes, **more: object) -> dict[str, Any]:
        """Add a blob; returns its descriptor."""
        self.blobs[digest(data)] = data
        return {"digest": digest(data), "size": len(data), **more}

    def add_image(
        self, layers: Sequence[bytes], how: str = "gzip", arch: str = "amd64", **more: object
    ) -> dict[str, Any]:
        """Add an image of Linux; returns its manifest's descriptor."""
        config = as_json({"architecture": arch, "os": "linux", "rootfs": {"diff_ids": [digest(one) for one in layers]}})
        manifest = {
            "schemaVersion": 2,
            "config": self.add(config),
            "layers": [self.add(pack(one, how)) for one in layers],
        }
        return self.add(as_json(manifest), **more)

    def files(self) -> dict[str, bytes]:
        """Return the files of the layout."""
        return {
            "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
            "index.json": as_json({"schemaVersion": 2, "manifests": self.entries}),
            **{f"blobs/{name.replace(':', '/')}": data for name, data in self.blobs.items()},
        }


def layout_of(*layers: bytes, how: str = "gzip") -> Layout:
    """Return a layout of one image."""
    made = Layout()
    made.entries.append(made.add_image(layers, how))
    return made


def saved_of(*layers: bytes) -> dict[str, bytes]:
    """Return the files of an archive as `docker save` wrote it before it knew layouts."""
    config = as_json({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": [digest(one) for one in layers]}})
    name = f"{digest(config)[7:]}.json"
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    manifest = as_json([{"Config": name, "RepoTags": ["pay:1"], "Layers": names}])
    return {**dict(zip(names, layers, strict=True)), name: config, "manifest.json": manifest}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder; returns it."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def write_archive(path: Path, files: Mapping[str, Content], how: str = "plain") -> Path:
    """Write files as an archive, packed or not; returns its path."""
    path.write_bytes(pack(layer(files), how))
    return path
