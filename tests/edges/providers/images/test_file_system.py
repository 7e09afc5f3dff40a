"""Layers merged into one file system."""

import pytest

from holdfast.edges.providers.images.file_system import FileSystem
from holdfast.edges.providers.images.tar import Entry, Kind
from holdfast.errors import FactError


def test_links_that_take_for_ever_are_refused() -> None:
    """Each leads through a deep folder to the next one."""
    deep = "/".join(["d"] * 100)
    files = FileSystem(max_steps=10_000)
    links = [Entry(str(number), Kind.LINK, 0, 0, f"{deep}/{'../' * 100}{number + 1}") for number in range(30)]
    files.apply([(Entry(deep, Kind.FOLDER, 0, 0), None), *((link, None) for link in links)], "layer")
    assert files.find(f"{deep}/{'../' * 100}29") is None
    with pytest.raises(FactError, match="links that lead to one another without end"):
        list(files.walk())
