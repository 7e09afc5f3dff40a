"""Images of a registry, by the v2 API.

Rules:

1. What a document or a blob is named by is checked over all of its bytes before it is believed; a tag's manifest by the
   digest that the registry says beside it, where it says one.
2. A layer is kept packed, as it came, in a file of its own that has no name and goes with the process.
3. A blob is as big as its descriptor says, to the byte; how much an image may be in sum is limited.

Source: OCI distribution specification.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from holdfast.edges.providers.addresses import Resolve, resolve_host
from holdfast.edges.providers.images.archive import OpenedImage, open_layers
from holdfast.edges.providers.images.credentials import find_login
from holdfast.edges.providers.images.documents import (
    MAX_DOCUMENT_BYTES,
    Descriptor,
    Document,
    Platform,
    check_digest,
    choose_image,
    parse_document,
    verify,
)
from holdfast.edges.providers.images.reference import Reference, parse_reference
from holdfast.edges.providers.images.registry_http import RegistryHttp
from holdfast.edges.providers.images.sources import FileSource, MemorySource, Source
from holdfast.errors import FactError

_MAX_PULLED_BYTES = 16 << 30
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


def pull_image(
    text: str,
    wanted: Platform,
    environment: Mapping[str, str],
    *,
    is_asked: bool,
    home: Path | None = None,
    resolve: Resolve = resolve_host,
) -> OpenedImage:
    """Return an image of a registry: `text` is its name, `environment` and `home` tell the login.

    Raises:
        UsageError: no such name; no such image, or not for this login or platform.
        FactError: the registry did not answer; what it gave is broken, another thing, or over a limit.
    """
    reference = parse_reference(text)
    http = RegistryHttp(reference, find_login(reference.host, environment, home or Path.home()), resolve)
    try:
        blobs = _RegistryBlobs(reference, http)
        image = choose_image(blobs, blobs.top(), wanted, is_asked=is_asked, where=str(reference))
        return open_layers(image, blobs)
    finally:
        http.close()


class _RegistryBlobs:
    """The blobs of an image in a registry, each asked for once."""

    def __init__(self, reference: Reference, http: RegistryHttp) -> None:
        self._reference, self._http = reference, http
        self._opened: dict[str, Source] = {}
        self._pulled_bytes = 0

    def top(self) -> Document:
        """Return the document that the image's name stands for. Raises: HoldfastError."""
        version = self._reference.version
        with self._http.open(f"manifests/{version}", _ACCEPT) as answer:
            data = answer.body(MAX_DOCUMENT_BYTES + 1)
            told = self._reference.digest or answer.headers.get("docker-content-digest", "")
        if len(data) > MAX_DOCUMENT_BYTES:
            raise FactError(f"a manifest of over {MAX_DOCUMENT_BYTES} bytes", where=str(self._reference))
        if told:
            verify(MemorySource(data), told, where=str(self._reference))
        return parse_document(data, Document, str(self._reference))

    def has(self, digest: str) -> bool:
        """A registry has what its indexes name. Raises: FactError: it is no digest."""
        check_digest(digest, where=str(self._reference))
        return True

    def open(self, wanted: Descriptor) -> Source:
        """Return a blob that was checked. Raises: HoldfastError."""
        check_digest(wanted.digest, where=str(self._reference))
        if wanted.digest in self._opened:
            return self._opened[wanted.digest]
        is_document = any(word in wanted.media_type for word in ("manifest", "index"))
        path = f"{'manifests' if is_document else 'blobs'}/{wanted.digest}"
        self._pulled_bytes += wanted.size
        if wanted.size < 0 or self._pulled_bytes > _MAX_PULLED_BYTES:
            raise FactError(f"an image of over {_MAX_PULLED_BYTES >> 20} MiB", where=str(self._reference))
        source = self._opened[wanted.digest] = self._pull(path, wanted)
        return source

    def _pull(self, path: str, wanted: Descriptor) -> Source:
        algorithm, expected = check_digest(wanted.digest)
        summed, size = hashlib.new(algorithm), 0
        with tempfile.TemporaryFile(prefix="holdfast-layer-") as file:
            with self._http.open(path, _ACCEPT if path.startswith("manifests/") else "*/*") as answer:
                for chunk in answer.chunks:
                    size += len(chunk)
                    if size > wanted.size:
                        break
                    summed.update(chunk)
                    file.write(chunk)
            file.flush()
            if size != wanted.size or summed.hexdigest() != expected:
                got = f"{algorithm}:{summed.hexdigest()}" if size == wanted.size else f"{size} bytes or more"
                raise FactError(
                    f"expected {wanted.digest} of {wanted.size} bytes, got {got}",
                    where=str(self._reference),
                    hint="the registry or something before it gave another blob: pull again",
                )
            return FileSource(os.dup(file.fileno()), f"layer {wanted.digest}")
