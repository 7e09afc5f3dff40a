"""A real registry for tests, and putting images into it."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from holdfast.model.frozen import frozen
from tests.edges.providers.images.making import as_json, digest, layer, pack
from tests.edges.providers.started import started

USER, PASSWORD = "tester", "of tests alone"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@frozen
class Registry:
    """Where it answers, without the scheme."""

    host: str
    client: httpx.Client

    def push_blob(self, repository: str, data: bytes, media_type: str) -> dict[str, object]:
        """Put a blob into it; returns its descriptor."""
        begun = self.client.post(f"/v2/{repository}/blobs/uploads/")
        assert begun.status_code == 202, begun.text
        to = httpx.URL(begun.headers["location"]).copy_merge_params({"digest": digest(data)})
        put = self.client.put(to, content=data, headers={"content-type": "application/octet-stream"})
        assert put.status_code == 201, put.text
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def push_manifest(self, repository: str, name: str, document: dict[str, object]) -> dict[str, object]:
        """Put a manifest or an index into it; returns its descriptor."""
        data, media_type = as_json(document), str(document["mediaType"])
        put = self.client.put(
            f"/v2/{repository}/manifests/{name or digest(data)}", content=data, headers={"content-type": media_type}
        )
        assert put.status_code == 201, put.text
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def push_image(self, repository: str, tag: str, *layers: bytes, arch: str = "amd64") -> dict[str, object]:
        """Put an image of Linux into it, by a tag or by its digest alone; returns its descriptor."""
        config = as_json({"architecture": arch, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
        manifest: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.push_blob(repository, config, CONFIG_TYPE),
            "layers": [self.push_blob(repository, pack(one, "gzip"), LAYER_TYPE) for one in layers],
        }
        return self.push_manifest(repository, tag, manifest)

    def push_both(self, repository: str, tag: str) -> dict[str, object]:
        """Put an image for two processors into it; a file of it says which."""
        entries = [
            {**self.push_image(repository, "", layer({"arch": arch}), arch=arch), "platform": platform(arch)}
            for arch in ("amd64", "arm64")
        ]
        return self.push_manifest(repository, tag, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})


def platform(arch: str) -> dict[str, str]:
    """Return the platform of an index's entry."""
    return {"os": "linux", "architecture": arch}


@contextmanager
def running_registry(*arguments: str) -> Iterator[Registry]:
    """Start a private registry that wants a login. Skips without one, and fails in CI."""
    with (
        started("docker-registry.sh", *(arguments or (USER, PASSWORD))) as (url, _),
        httpx.Client(base_url=url, auth=(USER, PASSWORD), trust_env=False) as client,
    ):
        yield Registry(url.removeprefix("http://"), client)
