"""What an image is made of: indexes, manifests, configurations, as OCI and Docker write them.

Rules:

1. A document is at most 8 MiB, and every digest that it is named by is checked before it is believed.
2. Of an index, the platform that is asked for is taken, and nothing else; entries that are no image (attestations) and,
   in an archive, those that it does not hold are passed over. Indexes are nested at most eight deep.

Source: OCI image specification, image-index and manifest; Docker, "Image Manifest Version 2, Schema 2".
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import msgspec

from holdfast.edges.providers.images.sources import CHUNK_BYTES, Source
from holdfast.errors import FactError, UsageError
from holdfast.model.frozen import frozen

MAX_DOCUMENT_BYTES = 8 << 20
MAX_NESTED = 8
_MAX_IMAGES = 1000
_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_REFERENCE = "vnd.docker.reference.type"
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")

T = TypeVar("T")


class Platform(msgspec.Struct, frozen=True):
    """What an image runs on."""

    architecture: str = ""
    os: str = ""
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part) or "no platform"


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A blob by digest."""

    digest: str
    size: int
    media_type: str = ""
    platform: Platform | None = None
    annotations: dict[str, str] | None = None
    urls: list[str] | None = None


class Document(msgspec.Struct, frozen=True, rename="camel"):
    """An index or a manifest, whichever it turns out to be."""

    schema_version: int = 2
    manifests: list[Descriptor] | None = None
    layers: list[Descriptor] | None = None
    config: Descriptor | None = None
    fs_layers: list[msgspec.Raw] | None = None


class RootFs(msgspec.Struct, frozen=True):
    """The digests of the layers, unpacked."""

    diff_ids: list[str] = msgspec.field(default_factory=list)


class Config(msgspec.Struct, frozen=True):
    """An image's configuration, as far as it is asked for."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    rootfs: RootFs = RootFs()


class Blobs(Protocol):
    """Where the blobs of an image are."""

    def has(self, digest: str) -> bool:
        """Whether the blob may be there."""
        ...

    def open(self, wanted: Descriptor) -> Source:
        """Return a blob whose digest was checked. Raises: FactError: missing, or another one."""
        ...


@frozen
class Image:
    """One image of one platform; `others` are the platforms that it was chosen among."""

    platform: Platform
    layers: tuple[Descriptor, ...]
    config: Descriptor
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """A manifest of an index; its platform where the index says it."""

    descriptor: Descriptor
    names: set[str] = field(default_factory=set)


def parse_document(data: bytes, kind: type[T], where: str) -> T:
    """Return a document. Raises: FactError: it is not one."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise FactError(f"expected {kind.__name__.lower()} of an image: {error}", where=where) from None


def read_document(blobs: Blobs, wanted: Descriptor, kind: type[T]) -> T:
    """Return a document by its descriptor. Raises: FactError: missing, another one, too big or none."""
    if not 0 <= wanted.size <= MAX_DOCUMENT_BYTES:
        raise FactError(f"expected at most {MAX_DOCUMENT_BYTES} bytes, got {wanted.size}", where=wanted.digest)
    return parse_document(blobs.open(wanted).read(0, MAX_DOCUMENT_BYTES), kind, wanted.digest)


def check_digest(digest: str, *, where: str | None = None) -> tuple[str, str]:
    """Return (algorithm, hex digits). Raises: FactError: it is no digest of a kind that is known."""
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise FactError(f"expected `sha256:…` or `sha512:…`, got {digest[:80]!r}", where=where or "a digest")
    return (found[1], found[2]) if found[1] else (found[3], found[4])


def verify(source: Source, digest: str, *, size: int | None = None, where: str | None = None) -> None:
    """Raises: FactError: the bytes have another digest, or are more or fewer than `size`."""
    algorithm, expected = check_digest(digest, where=where)
    summed, at = hashlib.new(algorithm), 0
    while part := source.read(at, CHUNK_BYTES):
        summed.update(part)
        at += len(part)
    if size is not None and at != size:
        raise FactError(f"expected {size} bytes, got {at}", where=where or digest, hint="download or save it again")
    if summed.hexdigest() != expected:
        raise FactError(
            f"expected the digest {digest}, got {algorithm}:{summed.hexdigest()}",
            where=where or digest,
            hint="it is damaged, or another blob than it is said to be: download or save it again",
        )


def choose_image(blobs: Blobs, top: Document, wanted: Platform, *, is_asked: bool, where: str) -> Image:
    """Return the image of a platform; `is_asked` says that it was asked for by name, and is not only this machine's.

    Raises:
        UsageError: there is none for the platform, or several.
        FactError: a document is missing, broken, or nested too deeply.
    """
    if top.layers is not None:
        image = _image(blobs, top, None, where)
        if is_asked and not _fits(image.platform, wanted):
            raise _none_for(wanted, [str(image.platform)], where)
        return image
    found = _manifests(blobs, top, where)
    with_platform = [(one, _platform(blobs, one.descriptor)) for one in found]
    others = tuple(sorted({str(platform) for _, platform in with_platform}))
    fitting = [one for one, platform in with_platform if _fits(platform, wanted)]
    if not fitting and len(with_platform) == 1 and not is_asked:
        fitting = [with_platform[0][0]]
    if not fitting:
        raise _none_for(wanted, others, where)
    if len(fitting) > 1:
        names = ", ".join(sorted(name for one in fitting for name in one.names)) or f"{len(fitting)} without a name"
        raise UsageError(
            f"several images for {wanted}: {names[:300]}",
            where=where,
            hint="name the variant with `--platform os/arch/variant`, or save one image at a time",
        )
    document = read_document(blobs, fitting[0].descriptor, Document)
    image = _image(blobs, document, fitting[0].descriptor.platform, where)
    return Image(image.platform, image.layers, image.config, others if len(others) > 1 else ())


def _none_for(wanted: Platform, others: "list[str] | tuple[str, ...]", where: str) -> UsageError:
    return UsageError(
        f"there is no image for {wanted}, but for {', '.join(others)[:300] or 'nothing'}",
        where=where,
        hint="choose one of those with `--platform os/arch`",
    )


def _fits(platform: Platform, wanted: Platform) -> bool:
    same = (platform.os or "linux", platform.architecture) == (wanted.os, wanted.architecture)
    return same and (not wanted.variant or not platform.variant or platform.variant == wanted.variant)


def _manifests(blobs: Blobs, top: Document, where: str) -> list[_Found]:
    """Return the manifests below an index, each once."""
    found: dict[str, _Found] = {}
    missing: list[str] = []
    pending = [(one, 1) for one in reversed(_entries(top, where))]
    while pending:
        one, depth = pending.pop()
        if _is_no_image(one):
            continue
        if not blobs.has(one.digest):
            missing.append(one.digest)
            continue
        if depth > MAX_NESTED or len(found) > _MAX_IMAGES:
            raise FactError("indexes that are nested too deeply, or hold too many images", where=where)
        if one.platform is None or "index" in one.media_type or "list" in one.media_type:
            inner = read_document(blobs, one, Document)
            if inner.manifests is not None:
                pending.extend((below, depth + 1) for below in reversed(inner.manifests))
                continue
        names = {name for key in _NAMES if (name := (one.annotations or {}).get(key))}
        found.setdefault(one.digest, _Found(one)).names |= names
    if not found:
        named = f"it lacks the blob {missing[0]}" if missing else "it names none"
        raise FactError(f"there is no image in it: {named}", where=where, hint="save or pull it again, whole")
    return list(found.values())


def _entries(top: Document, where: str) -> list[Descriptor]:
    if top.manifests is not None:
        return top.manifests
    if top.fs_layers is not None or top.schema_version == 1:
        raise FactError("an image manifest of the first schema, which nobody writes any more", where=where)
    raise FactError("neither an image index nor an image manifest", where=where)


def _is_no_image(one: Descriptor) -> bool:
    platform = one.platform
    return _REFERENCE in (one.annotations or {}) or (platform is not None and platform.os == "unknown")


def _platform(blobs: Blobs, one: Descriptor) -> Platform:
    if one.platform is not None and one.platform.architecture:
        return one.platform
    document = read_document(blobs, one, Document)
    return _platform_of(blobs, document.config) if document.config is not None else Platform()


def _platform_of(blobs: Blobs, config: Descriptor) -> Platform:
    read = read_document(blobs, config, Config)
    return Platform(read.architecture, read.os, read.variant)


def _image(blobs: Blobs, document: Document, platform: Platform | None, where: str) -> Image:
    if document.layers is None or document.config is None:
        raise FactError("expected an image manifest with layers and a configuration", where=where)
    known = platform if platform is not None and platform.architecture else _platform_of(blobs, document.config)
    return Image(known, tuple(document.layers), document.config)
