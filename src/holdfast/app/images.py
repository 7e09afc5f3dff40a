"""Wires images: what is at a path or in a registry, as a tree. Imports nothing of images before there is one."""

import os
import platform as machine
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.edges.cli.options import ImageWish
from holdfast.errors import UsageError
from holdfast.ports.tree import Tree

if TYPE_CHECKING:
    from holdfast.edges.providers.images.archive import OpenedImage
    from holdfast.edges.providers.images.documents import Platform
    from holdfast.edges.providers.images.inflated import Budget

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def open_tree(path: Path, image: ImageWish) -> tuple[Tree, Sequence[str]]:
    """Return what is at a path, or the image that is wished for, as a tree, and the paths in it to read.

    Raises:
        UsageError: there is nothing; a platform is named and it is no image; the image has none for that platform.
        FactError: an image is broken, or its registry did not give it.
    """
    from holdfast.edges.providers.local_tree import LocalTree

    if image.reference is not None:
        from holdfast.edges.providers.images.registry import pull_image

        wanted = platform_of(image.platform)
        return _tree(pull_image(image.reference, wanted, os.environ, is_asked=image.platform is not None), None)
    if _looks_like_image(path):
        from holdfast.edges.providers.images.archive import open_archive
        from holdfast.edges.providers.images.inflated import Budget

        budget, wanted = Budget(), platform_of(image.platform)
        found = open_archive(path, wanted, is_asked=image.platform is not None, budget=budget)
        if found is not None:
            return _tree(found, budget)
    tree = LocalTree(path)
    if image.platform is not None:
        raise UsageError("there is no image, so it has no platform", where=str(path), hint="leave `--platform`")
    return tree, tree.paths


def _looks_like_image(path: Path) -> bool:
    """Look before anything is imported: most of what is scanned is a folder of sources."""
    if path.is_dir() and not (path / "oci-layout").is_file():
        return False
    from holdfast.edges.providers.images.archive import is_image

    return path.exists() and is_image(path)


def platform_of(text: str | None) -> "Platform":
    """Return a platform by `os/arch` or `os/arch/variant`; without a text, Linux on this machine's processor.

    Raises:
        UsageError: it is no platform.
    """
    from holdfast.edges.providers.images.documents import Platform

    if text is None:
        name = machine.machine()
        return Platform(_ARCHITECTURES.get(name, name), "linux")
    parts = text.split("/")
    if not 2 <= len(parts) <= 3 or not all(part and part.isprintable() for part in parts):
        raise UsageError(f"expected `os/arch`, got `{text[:80]}`", where="--platform", hint="such as linux/arm64")
    return Platform(parts[1], parts[0], parts[2] if len(parts) == 3 else "")


def _tree(image: "OpenedImage", budget: "Budget | None") -> tuple[Tree, Sequence[str]]:
    from holdfast.edges.cli.output import say
    from holdfast.edges.providers.images.tree import ImageTree
    from holdfast.facts.composition import is_asked_for, is_only_a_manifest

    tree = ImageTree(image.layers, is_asked_for, lambda path: not is_only_a_manifest(path), budget)
    if image.others:
        say(f"the image for {image.platform} was chosen among {', '.join(image.others)}")
    return tree, (".",)
