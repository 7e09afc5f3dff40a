"""What is at a path or in a registry, as a tree."""

from pathlib import Path

import pytest

from holdfast.app.images import open_tree, platform_of
from holdfast.edges.cli.options import ANY_IMAGE, ImageWish
from holdfast.edges.providers.images.tree import ImageTree
from holdfast.edges.providers.local_tree import LocalTree
from holdfast.errors import UsageError
from holdfast.facts.composition import read_composition
from tests.edges.providers.images.making import layer, layout_of, saved_of, write_archive, write_folder
from tests.edges.providers.images.pushing import PASSWORD, USER, running_registry

IMAGE = layer({"etc/os-release": "ID=wolfi\n", "lib/apk/db/installed": "P:musl\nV:1.2.5-r0\n"})


def test_path_of_an_image_is_read_as_one(tmp_path: Path) -> None:
    paths = [
        write_folder(tmp_path / "layout", layout_of(IMAGE).files()),
        write_archive(tmp_path / "oci.tar", layout_of(IMAGE).files()),
        write_archive(tmp_path / "saved.tar.gz", saved_of(IMAGE), "gzip"),
    ]
    for path in paths:
        sbom = read_composition(*open_tree(path, ANY_IMAGE))
        assert [one.component.purl for one in sbom.occurrences] == ["pkg:apk/wolfi/musl@1.2.5-r0"]


def test_path_of_anything_else_is_read_as_it_is(tmp_path: Path) -> None:
    other = write_archive(tmp_path / "other.tar.gz", {"setup.py": b""}, "gzip")
    for path in (tmp_path, other):
        assert isinstance(open_tree(path, ANY_IMAGE)[0], LocalTree)
    assert [gap.file for gap in read_composition(*open_tree(other, ANY_IMAGE)).unparsed] == ["other.tar.gz"]
    with pytest.raises(UsageError, match="no such file"):
        open_tree(tmp_path / "nothing", ANY_IMAGE)


def test_platform_of_what_is_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no image, so it has no platform"):
        open_tree(tmp_path, ImageWish(platform="linux/amd64"))


@pytest.mark.parametrize("text", ["linux", "", "a/b/c/d", "linux/", "linux/a\nb"])
def test_platform_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected `os/arch`"):
        platform_of(text)


def test_platform_has_a_variant_or_none() -> None:
    assert [str(platform_of(text)) for text in ("linux/arm/v7", "windows/amd64")] == ["linux/arm/v7", "windows/amd64"]
    assert str(platform_of(None)).startswith("linux/")


def test_chosen_platform_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.edges.providers.images.test_archive import two_platforms

    tree, _ = open_tree(write_folder(tmp_path, two_platforms().files()), ImageWish(platform="linux/arm64"))
    assert isinstance(tree, ImageTree)
    assert capsys.readouterr().err == "the image for linux/arm64 was chosen among linux/amd64, linux/arm64\n"


def test_image_of_a_registry_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_REGISTRY_USER", USER)
    monkeypatch.setenv("HOLDFAST_REGISTRY_PASSWORD", PASSWORD)
    with running_registry() as registry:
        registry.push_image("team/pay", "1.4.2", IMAGE)
        sbom = read_composition(*open_tree(Path(), ImageWish(f"{registry.host}/team/pay:1.4.2")))
    assert [one.component.purl for one in sbom.occurrences] == ["pkg:apk/wolfi/musl@1.2.5-r0"]
