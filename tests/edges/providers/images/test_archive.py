"""Images on this machine: layouts and archives, good and bad."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.edges.providers.images.archive import is_image, open_archive
from holdfast.edges.providers.images.documents import Platform
from holdfast.edges.providers.images.inflated import Budget
from holdfast.edges.providers.images.tree import ImageTree
from holdfast.errors import FactError, HoldfastError, UsageError
from tests.edges.providers.images.making import (
    Layout,
    as_json,
    digest,
    layer,
    layout_of,
    pack,
    saved_of,
    write_archive,
    write_folder,
)

AMD64 = Platform("amd64", "linux")
BASE = layer({"etc/os-release": "ID=debian\n", "app/uv.lock": "old", "app/gone": "x"})
TOP = layer({"app/uv.lock": "new", "app/.wh.gone": ""})


def open_tree(path: Path, wanted: Platform = AMD64, *, is_asked: bool = False) -> ImageTree:
    found = open_archive(path, wanted, is_asked=is_asked, budget=Budget())
    assert found is not None
    return ImageTree(found.layers, lambda _: True, lambda _: True)


Write = Callable[[Path], Path]
WAYS: dict[str, Write] = {
    "folder gzip": lambda at: write_folder(at, layout_of(BASE, TOP).files()),
    "folder zstd": lambda at: write_folder(at, layout_of(BASE, TOP, how="zstd").files()),
    "folder plain": lambda at: write_folder(at, layout_of(BASE, TOP, how="plain").files()),
    "archive": lambda at: write_archive(at / "i.tar", layout_of(BASE, TOP).files()),
    "archive gzip": lambda at: write_archive(at / "i.tar.gz", layout_of(BASE, TOP).files(), "gzip"),
    "archive zstd": lambda at: write_archive(at / "i.tar.zst", layout_of(BASE, TOP).files(), "zstd"),
    "saved": lambda at: write_archive(at / "i.tar", saved_of(BASE, TOP)),
    "saved gzip": lambda at: write_archive(at / "i.tar.gz", saved_of(BASE, TOP), "gzip"),
    "saved with index": lambda at: write_archive(
        at / "i.tar", {**layout_of(BASE, TOP, how="plain").files(), "manifest.json": b"[]"}
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_image_is_the_same_however_it_was_written(way: str, tmp_path: Path) -> None:
    path = WAYS[way](tmp_path)
    assert is_image(path)
    tree = open_tree(path)
    assert list(tree.walk()) == ["app/uv.lock", "etc/os-release"]
    assert tree.read("app/uv.lock", 10) == b"new"
    assert tree.read("etc/os-release", 99) == b"ID=debian\n"


def test_layer_that_is_a_link_to_another_is_that_one(tmp_path: Path) -> None:
    """Old `docker save` writes two layers that are the same once, and links to it."""
    files = saved_of(BASE, TOP, TOP)
    path = write_archive(tmp_path / "i.tar", {**files, "2/layer.tar": ("link", "../1/layer.tar")})
    assert open_tree(path).read("app/uv.lock", 10) == b"new"


def test_what_is_no_image_is_none(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("version = 1\n")
    assert not is_image(tmp_path)
    assert not is_image(tmp_path / "uv.lock")
    assert not is_image(tmp_path / "nothing")
    other = write_archive(tmp_path / "other.tar.gz", {"setup.py": b""}, "gzip")
    assert open_archive(other, AMD64, is_asked=False, budget=Budget()) is None


def two_platforms() -> Layout:
    made = Layout()
    amd = made.add_image([layer({"arch": "amd"})], platform={"os": "linux", "architecture": "amd64"})
    arm = made.add_image([layer({"arch": "arm"})], arch="arm64", platform={"os": "linux", "architecture": "arm64"})
    attestation = made.add_image([layer({"x": "y"})], platform={"os": "unknown", "architecture": "unknown"})
    inner = made.add(as_json({"schemaVersion": 2, "manifests": [amd, arm, attestation]}))
    made.entries.append(inner)
    return made


@pytest.mark.parametrize(("architecture", "content"), [("amd64", b"amd"), ("arm64", b"arm")])
def test_platform_chooses_among_several(architecture: str, content: bytes, tmp_path: Path) -> None:
    path = write_folder(tmp_path, two_platforms().files())
    tree = open_tree(path, Platform(architecture, "linux"))
    assert tree.read("arch", 9) == content
    found = open_archive(path, Platform(architecture, "linux"), is_asked=False, budget=Budget())
    assert found is not None
    assert found.others == ("linux/amd64", "linux/arm64")


def test_platform_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = write_folder(tmp_path, two_platforms().files())
    with pytest.raises(UsageError, match="no image for linux/s390x, but for linux/amd64, linux/arm64"):
        open_tree(path, Platform("s390x", "linux"))


def test_only_image_is_taken_unless_another_platform_was_asked_for(tmp_path: Path) -> None:
    path = write_folder(tmp_path, layout_of(BASE).files())
    assert open_tree(path, Platform("arm64", "linux")).read("app/uv.lock", 9) == b"old"
    with pytest.raises(UsageError, match="no image for linux/arm64"):
        open_tree(path, Platform("arm64", "linux"), is_asked=True)


def test_platforms_that_an_archive_does_not_hold_are_passed_over(tmp_path: Path) -> None:
    """Docker saves the platform it has, with the index of all."""
    files = two_platforms().files()
    index = json.loads(files["index.json"])
    inner = json.loads(files[f"blobs/{index['manifests'][0]['digest'].replace(':', '/')}"])
    del files[f"blobs/{inner['manifests'][1]['digest'].replace(':', '/')}"]
    tree = open_tree(write_folder(tmp_path, files), Platform("amd64", "linux"))
    assert tree.read("arch", 9) == b"amd"


def test_several_images_are_refused_by_name(tmp_path: Path) -> None:
    made = Layout()
    for name in ("one", "two"):
        key = {"org.opencontainers.image.ref.name": name}
        made.entries.append(made.add_image([layer({name: "x"})], annotations=key))
    with pytest.raises(UsageError, match="several images for linux/amd64: one, two"):
        open_tree(write_folder(tmp_path / "a", made.files()))
    files = saved_of(BASE)
    (saved,) = json.loads(files["manifest.json"])
    files["manifest.json"] = as_json([saved, saved])
    with pytest.raises(UsageError, match="expected one image, got 2: pay:1, pay:1"):
        open_tree(write_archive(tmp_path / "i.tar", files))


def changed_blob(number: int, data: bytes | None) -> dict[str, bytes]:
    """A layout of which one blob (0 config, 1 layer, 2 manifest) is another one, or gone."""
    made = layout_of(BASE)
    name = list(made.blobs)[number]
    files = made.files()
    if data is None:
        del files[f"blobs/{name.replace(':', '/')}"]
    else:
        files[f"blobs/{name.replace(':', '/')}"] = data
    return files


def entry(data: bytes, **more: object) -> dict[str, bytes]:
    """A layout whose index names one blob."""
    made = Layout()
    made.entries.append({**made.add(data), **more})
    return made.files()


def nested(depth: int) -> dict[str, bytes]:
    made = Layout()
    inner = made.add_image([BASE])
    for _ in range(depth):
        inner = made.add(as_json({"schemaVersion": 2, "manifests": [inner]}))
    made.entries.append(inner)
    return made.files()


BAD: list[tuple[dict[str, bytes], str]] = [
    (changed_blob(1, pack(TOP, "gzip")), "expected .* bytes, got"),
    (changed_blob(1, b"x" * len(pack(BASE, "gzip"))), "expected the digest sha256"),
    (changed_blob(1, None), "lacks this blob"),
    (changed_blob(2, None), "lacks the blob sha256"),
    (layout_of(b"BZh91AY" + b"x" * 600, how="plain").files(), "another compression: bzip2"),
    (layout_of(b"x" * 600, how="plain").files(), "another compression: not known"),
    (layout_of(BASE[:700], how="plain").files(), "the tar archive is cut"),
    (layout_of(pack(BASE, "gzip")[:-20], how="plain").files(), "the gzip data is cut"),
    (layout_of(pack(BASE, "zstd")[:6] + b"\xff" * 90, how="plain").files(), "the zstd data is broken"),
    (layout_of(pack(BASE, "zstd")[:-20], how="plain").files(), "the tar archive is cut"),
    (layout_of(b"", how="plain").files(), "the tar archive is cut"),
    (layout_of(layer({"../etc/passwd": "x"})).files(), "leads out of the image"),
    (layout_of(layer({"a/../../b": "x"})).files(), "leads out of the image"),
    (entry(b"{"), "expected document of an image"),
    (entry(b"[1]"), "expected document of an image"),
    (entry(as_json({"schemaVersion": 1, "fsLayers": []})), "expected an image manifest with layers"),
    (entry(b"{}", digest="md5:aa"), "expected `sha256:…`"),
    (entry(b"{}", digest="sha256:../../../etc/passwd"), "expected `sha256:…`"),
    (entry(as_json({}), size=1 << 40), "expected at most"),
    (nested(1000), "nested too deeply"),
    ({"oci-layout": b"{}", "index.json": b"{}"}, "neither an image index nor"),
    ({"oci-layout": b"{}", "index.json": as_json({"manifests": []})}, "there is no image in it: it names none"),
    ({"oci-layout": b"{}", "index.json": b"[" * 100_000}, "expected document"),
]


@pytest.mark.parametrize(("files", "because"), BAD, ids=[because for _, because in BAD])
def test_bad_layout_is_an_error_that_says_what_and_where(files: dict[str, bytes], because: str, tmp_path: Path) -> None:
    with pytest.raises(HoldfastError, match=because) as caught:
        open_tree(write_folder(tmp_path, files))
    assert caught.value.where


def bad_saved(**changes: bytes | None) -> dict[str, bytes]:
    files: dict[str, bytes | None] = {**saved_of(BASE, TOP), **changes}
    return {name: data for name, data in files.items() if data is not None}


CONFIG = next(name for name in saved_of(BASE, TOP) if len(name) > 60)
BAD_SAVED = [
    (bad_saved(**{"0/layer.tar": TOP}), "layer 0/layer.tar: expected the digest"),
    (bad_saved(**{"0/layer.tar": None}), "lacks the file `0/layer.tar`"),
    (bad_saved(**{CONFIG: None}), "lacks the file"),
    (bad_saved(**{CONFIG: as_json({"rootfs": {"diff_ids": []}})}), "configuration .*: expected the digest"),
    (bad_saved(**{"manifest.json": as_json([{"Config": CONFIG, "Layers": ["0/layer.tar"]}])}), "expected 2 layers"),
    (bad_saved(**{"manifest.json": as_json([{"Config": "../../etc/passwd", "Layers": []}])}), "lacks the file"),
    (bad_saved(**{"manifest.json": b"{}"}), "expected list of an image"),
]


@pytest.mark.parametrize(("files", "because"), BAD_SAVED, ids=[because for _, because in BAD_SAVED])
def test_bad_saved_archive_is_an_error_that_says_what(files: dict[str, bytes], because: str, tmp_path: Path) -> None:
    with pytest.raises(FactError) as caught:
        open_tree(write_archive(tmp_path / "i.tar", files))
    assert re.search(because, str(caught.value))


def test_blob_that_is_a_link_out_of_the_layout_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"{}")
    made = Layout()
    made.entries.append({"digest": digest(b"{}"), "size": 2})
    folder = write_folder(tmp_path / "image", {**made.files(), "blobs/sha256/x": b""})
    (folder / "blobs/sha256" / digest(b"{}")[7:]).symlink_to(secret)
    with pytest.raises(FactError, match="leads out of the image's folder"):
        open_tree(folder)
