"""Images on this machine: OCI layouts, as a folder or a tar archive, and what `docker save` writes, old and new.

Rules:

1. A folder is a layout when it holds `oci-layout` and `index.json`. A file is an archive of an image when it is a tar
   archive, packed with gzip or zstd or not at all, that holds `index.json` or `manifest.json`.
2. Every blob is checked against the digest that it is named by before anything of it is believed. What `docker save`
   wrote without digests is checked against those in the image's configuration.
3. Nothing outside of the layout is read, whatever its documents name.

Source: OCI image specification, "Image Layout"; moby, `image/tarexport`.
"""

import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from holdfast.edges.providers.images.documents import (
    MAX_DOCUMENT_BYTES,
    Blobs,
    Config,
    Descriptor,
    Document,
    Image,
    Platform,
    check_digest,
    choose_image,
    parse_document,
    verify,
)
from holdfast.edges.providers.images.inflated import Budget, open_content
from holdfast.edges.providers.images.sources import MemorySource, Slice, Source, open_file
from holdfast.edges.providers.images.tar import Entry, Kind, read_entries
from holdfast.errors import FactError, UsageError
from holdfast.model.frozen import frozen

LAYOUT, INDEX, MANIFEST = "oci-layout", "index.json", "manifest.json"
_HINT = "save or pull the image again, whole"


class _Files(Protocol):
    def find(self, name: str) -> Source | None:
        """Return a file's bytes, `None` where there is none. Raises: FactError."""
        ...


class _FolderFiles:
    """The files of a layout's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def find(self, name: str) -> Source | None:
        """Return a file's bytes. Raises: FactError: it leads out of the folder, or can't be read."""
        try:
            path = (self._folder / name).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            return None
        if not path.is_relative_to(self._folder):
            raise FactError("it leads out of the image's folder, so it is not read", where=name)
        return open_file(path) if path.is_file() else None


class _TarFiles:
    """The files of an archive. Links within it are followed once: old `docker save` shares layers by them."""

    def __init__(self, content: Source, what: str) -> None:
        self._content = content
        self._entries: Mapping[str, Entry] = {entry.path: entry for entry in read_entries(content, what)}

    def find(self, name: str) -> Source | None:
        """Return a file's bytes."""
        entry = self._entries.get(posixpath.normpath(name))
        if entry is not None and entry.kind in {Kind.LINK, Kind.HARD}:
            above = posixpath.dirname(entry.path) if entry.kind is Kind.LINK else ""
            entry = self._entries.get(posixpath.normpath(posixpath.join(above, entry.target)))
        if entry is None or entry.kind is not Kind.FILE:
            return None
        return Slice(self._content, entry.offset, entry.size)


class LayoutBlobs:
    """The blobs of an OCI layout."""

    def __init__(self, files: _Files) -> None:
        self._files = files

    def has(self, digest: str) -> bool:
        """Whether the blob is there. Raises: FactError: it is no digest."""
        return self._files.find(_blob_name(digest)) is not None

    def open(self, wanted: Descriptor) -> Source:
        """Return a blob that was checked. Raises: FactError."""
        found = self._files.find(_blob_name(wanted.digest))
        if found is None:
            raise FactError("the image lacks this blob", where=wanted.digest, hint=_HINT)
        verify(found, wanted.digest, size=wanted.size)
        return found


def _blob_name(digest: str) -> str:
    algorithm, digits = check_digest(digest)
    return f"blobs/{algorithm}/{digits}"


class _Saved(msgspec.Struct, frozen=True, rename="pascal"):
    """One image of `manifest.json`."""

    config: str
    layers: list[str]
    repo_tags: list[str] | None = None


@frozen
class OpenedImage:
    """The layers of an image, the lowest first, each with its name; `others` are platforms that were not chosen."""

    platform: Platform
    layers: tuple[tuple[str, Source], ...]
    others: tuple[str, ...] = ()


def is_image(path: Path) -> bool:
    """Whether a path looks like an image; an archive is only looked at where it begins.

    A file that begins as an archive does may yet hold something else: `open_archive` tells.
    """
    if path.is_dir():
        return (path / LAYOUT).is_file() and (path / INDEX).is_file()
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return head[257:262] == b"ustar" or head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))


def open_archive(path: Path, wanted: Platform, *, is_asked: bool, budget: Budget) -> OpenedImage | None:
    """Return the image at a path; `None` where a file is an archive of something else.

    Raises:
        UsageError: it holds several images, or none for the platform.
        FactError: it is broken, or over a limit; names the blob.
    """
    where = str(path)
    files: _Files = (
        _FolderFiles(path) if path.is_dir() else _TarFiles(open_content(open_file(path), where, budget), where)
    )
    index = files.find(INDEX)
    if index is not None:
        blobs = LayoutBlobs(files)
        top = parse_document(_whole(index, INDEX), Document, INDEX)
        image = choose_image(blobs, top, wanted, is_asked=is_asked, where=where)
        return open_layers(image, blobs)
    saved = files.find(MANIFEST)
    if saved is None:
        return None
    images = parse_document(_whole(saved, MANIFEST), list[_Saved], MANIFEST)
    return _open_saved(files, images, wanted, budget, is_asked=is_asked, where=where)


def open_layers(image: Image, blobs: Blobs) -> OpenedImage:
    """Return an image with the bytes of its layers. Raises: FactError: one is missing, or another one."""
    layers = tuple((f"layer {one.digest}", blobs.open(one)) for one in image.layers)
    return OpenedImage(image.platform, layers, image.others)


def _whole(source: Source, where: str) -> bytes:
    data = source.read(0, MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise FactError(f"expected at most {MAX_DOCUMENT_BYTES} bytes", where=where)
    return data


def _open_saved(
    files: _Files, images: list[_Saved], wanted: Platform, budget: Budget, *, is_asked: bool, where: str
) -> OpenedImage:
    if len(images) != 1:
        tags = ", ".join(tag for one in images for tag in one.repo_tags or ())[:300]
        raise UsageError(
            f"expected one image, got {len(images)}{': ' if tags else ''}{tags}", where=where, hint="save one at a time"
        )
    (saved,) = images
    data = _whole(_named(files, saved.config), saved.config)
    stem = posixpath.basename(saved.config).removesuffix(".json")
    if len(stem) == 64:
        verify(MemorySource(data), f"sha256:{stem}", where=f"configuration {saved.config}")
    config = parse_document(data, Config, saved.config)
    platform = Platform(config.architecture, config.os, config.variant)
    if is_asked and (platform.os, platform.architecture) != (wanted.os, wanted.architecture):
        raise UsageError(f"there is no image for {wanted}, but for {platform}", where=where, hint="leave `--platform`")
    if len(config.rootfs.diff_ids) != len(saved.layers):
        raise FactError(
            f"expected {len(config.rootfs.diff_ids)} layers, got {len(saved.layers)}", where=where, hint=_HINT
        )
    layers = []
    for name, digest in zip(saved.layers, config.rootfs.diff_ids, strict=True):
        what = f"layer {name}"
        source = _named(files, name)
        verify(open_content(source, what, budget), digest, where=what)
        layers.append((what, source))
    return OpenedImage(platform, tuple(layers))


def _named(files: _Files, name: str) -> Source:
    found = files.find(name)
    if found is None:
        raise FactError(f"the image lacks the file `{name[:200]}` that it names", where=MANIFEST, hint=_HINT)
    return found
