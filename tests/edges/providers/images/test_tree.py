"""Layers as one file system."""

import io
import tarfile
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.edges.providers.images.inflated import Budget
from holdfast.edges.providers.images.sources import MemorySource
from holdfast.edges.providers.images.tree import MAX_LAYERS, ImageTree
from holdfast.errors import FactError
from holdfast.facts.composition import is_asked_for, is_only_a_manifest, read_composition
from tests.edges.providers.images.making import Content, layer, pack


def tree_of(*layers: bytes, how: str = "plain", budget: Budget | None = None) -> ImageTree:
    named = [(f"layer {number}", MemorySource(pack(one, how))) for number, one in enumerate(layers)]
    return ImageTree(named, is_asked_for, lambda path: not is_only_a_manifest(path), budget)


def contents(tree: ImageTree) -> dict[str, str]:
    return {path: tree.read(path, 1 << 20).decode() for path in tree.walk()}


@pytest.mark.parametrize(
    ("layers", "left"),
    [
        ([{"a": "1"}, {"a": "2"}, {"a": "3"}], {"a": "3"}),
        ([{"d/a": "1", "d/b": "1"}, {"d/.wh.a": ""}], {"d/b": "1"}),
        ([{"d/a": "1", "e": "1"}, {".wh.d": ""}], {"e": "1"}),
        ([{"d/a": "1", "d/e/b": "1"}, {"d/.wh..wh..opq": "", "d/c": "2"}], {"d/c": "2"}),
        ([{"d/a": "1"}, {"d/c": "2", "d/.wh..wh..opq": ""}], {"d/c": "2"}),
        ([{"a": "1"}, {".wh.a": ""}, {"a": "3"}], {"a": "3"}),
        ([{"a": "1"}, {"a": "2", ".wh.a": ""}], {"a": "2"}),
        ([{"a": "1"}, {"a/b": "2"}], {"a/b": "2"}),
        ([{"a/b": "1"}, {"a": "2"}], {"a": "2"}),
        ([{"a/b": "1"}, {"a": None}], {"a/b": "1"}),
        ([{"./a/./b": "1"}, {"/a//c": "2"}], {"a/b": "1", "a/c": "2"}),
        ([{".wh.nothing": "", "x/.wh..wh..opq": ""}], {}),
    ],
)
def test_upper_layers_hide_what_is_below(layers: Sequence[dict[str, Content]], left: dict[str, str]) -> None:
    assert contents(tree_of(*(layer(one) for one in layers))) == left


def test_links_are_followed_within_the_image() -> None:
    tree = tree_of(
        layer(
            {
                "usr/lib/os-release": "ID=debian\n",
                "etc/os-release": ("link", "../usr/lib/os-release"),
                "lib": ("link", "usr/lib"),
                "absolute": ("link", "/lib/os-release"),
                "far": ("link", "../../../../../usr/lib/os-release"),
                "hard": ("hard", "usr/lib/os-release"),
            }
        )
    )
    every = ["etc/os-release", "absolute", "far", "hard", "lib/os-release", "usr/lib/os-release"]
    assert {path: tree.read(path, 99) for path in every} == dict.fromkeys(every, b"ID=debian\n")
    assert list(tree.walk()) == ["absolute", "etc/os-release", "far", "hard", "usr/lib/os-release"]


def test_entry_below_a_linked_folder_lies_where_the_link_leads() -> None:
    """On a merged `/usr`, a layer may still write `lib/apk/db/installed`."""
    tree = tree_of(layer({"usr/lib/a": "1", "lib": ("link", "usr/lib")}), layer({"lib/b": "2", "lib/.wh.a": ""}))
    assert contents(tree) == {"usr/lib/b": "2"}


@pytest.mark.parametrize(
    ("entries", "path", "because"),
    [
        ({"a": ("link", "b"), "b": ("link", "a")}, "a", "no such file"),
        ({"a": ("link", "nowhere")}, "a", "no such file"),
        ({"a": ("hard", "nowhere")}, "a", "a hard link to a file that is not in the image"),
        ({"a": ("hard", "../../etc/passwd")}, "a", "a hard link to a file"),
        ({"a": ("device", "")}, "a", "not a regular file"),
        ({"a": ("pipe", "")}, "a", "not a regular file"),
        ({"a/b": "x"}, "a", "not a regular file"),
        ({"a": "x"}, "a/b", "no such file"),
        ({"a": "x" * 20}, "a", "expected at most 10 bytes, got 20"),
    ],
)
def test_what_is_no_file_to_read_is_an_error(entries: dict[str, Content], path: str, because: str) -> None:
    with pytest.raises(FactError, match=because):
        tree_of(layer(entries)).read(path, 10)


@pytest.mark.parametrize("how", ["plain", "gzip", "zstd"])
def test_parts_of_big_files_are_read_in_any_order(how: str) -> None:
    big = bytes(range(256)) * 40_000
    tree = tree_of(layer({"first": "one", "big": big, "last": "two"}), how=how)
    for start, count in ((9_000_000, 300), (0, 4), (5_000_000, 3_000_000), (60, 10), (10_239_990, 99), (11_000_000, 5)):
        assert tree.read_part("big", start, count) == big[start : start + count]
    assert tree.read("big", 1 << 30) == big
    assert (tree.read("last", 9), tree.read("first", 9)) == (b"two", b"one")


@pytest.mark.parametrize("size", [10, 70, 1000, 5000, 3_000_000])
def test_parts_of_programs_are_read_in_any_order(size: int) -> None:
    program = (b"\x7fELF" + bytes(range(256)) * (size // 256 + 1))[:size]
    tree = tree_of(layer({"a": "x" * 700_000, "bin/program": program, "z": b"\0" * 9_000_000}), how="gzip")
    for start in (0, 4, 63, 64, 1023, 1025, size - 4097, size - 4096, size - 1, size, size + 5):
        for count in (1, 64, 728, 4096, 5000):
            if start >= 0:
                assert tree.read_part("bin/program", start, count) == program[start : start + count]
    assert tree.read("bin/program", size) == program


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_long_and_strange_names_are_read(form: int) -> None:
    names = {f"{'d' * 90}/{'e' * 90}": "1", "ü/ñ": "2", "a b": "3"}
    if form != tarfile.USTAR_FORMAT:
        names["f" * 300] = "4"
    assert contents(tree_of(layer(names, form))) == names


def test_manifests_are_not_listed_and_lock_files_are() -> None:
    tree = tree_of(layer({"app/Cargo.toml": "x", "app/Cargo.lock": "y", "srv/Gemfile": "z"}))
    assert list(tree.walk()) == ["app/Cargo.lock"]


def test_composition_of_an_image_is_what_is_installed() -> None:
    base = layer(
        {
            "usr/lib/os-release": "ID=alpine\nVERSION_ID=3.20.1\n",
            "etc/os-release": ("link", "../usr/lib/os-release"),
            "lib/apk/db/installed": "P:libssl3\nV:3.3.1-r3\no:openssl\n",
        }
    )
    top = layer({"lib/apk/db/installed": "P:libssl3\nV:3.3.2-r0\no:openssl\n"})
    sbom = read_composition(tree_of(base, top, how="gzip"))
    assert [one.component.purl for one in sbom.occurrences] == ["pkg:apk/alpine/libssl3@3.3.2-r0?distro=alpine-3.20"]
    assert sbom.unparsed == ()


def test_bomb_is_refused_by_what_it_unpacks_to() -> None:
    zeros = layer({"a": b"\0" * (30 << 20)})
    with pytest.raises(FactError, match=r"layer 0: the image unpacks to over 16 MiB"):
        tree_of(zeros, how="gzip", budget=Budget(16 << 20))


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_bomb_is_refused_by_its_ratio(how: str) -> None:
    with pytest.raises(FactError, match=r"layer 0: it unpacks to over 200 times its size"):
        tree_of(layer({"a": b"\0" * (300 << 20)}), how=how)


def test_link_whose_target_is_too_long_is_not_followed() -> None:
    with pytest.raises(FactError, match="a link whose target is too long"):
        tree_of(layer({"a": ("link", "b/" * 5000)})).read("a", 9)


def test_image_of_too_many_layers_is_refused() -> None:
    with pytest.raises(FactError, match=f"an image of over {MAX_LAYERS} layers"):
        tree_of(*[layer({})] * 1000)


def test_folders_a_thousand_deep_are_walked() -> None:
    path = "/".join(["d"] * 1000) + "/uv.lock"
    assert list(tree_of(layer({path: "x"})).walk()) == [path]


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200), at=st.integers(0, 3000), how=st.sampled_from(["plain", "gzip", "zstd"]))
def test_tree_answers_or_raises_fact_error_on_anything(data: bytes, at: int, how: str) -> None:
    good = layer({"a/b": "text", "c": ("link", "a/b"), "d": ("hard", "a/b"), "x" * 200: "long"})
    whole = pack(good, how)
    at = min(at, len(whole))
    try:
        tree = ImageTree(
            [("layer", MemorySource(whole[:at] + data + whole[at + len(data) :]))], is_asked_for, lambda _: True
        )
    except FactError:
        return
    for path in tree.walk():
        try:
            tree.read(path, 1 << 20)
        except FactError:
            continue


def test_sparse_file_is_not_read() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": "99"}
        archive.addfile(info)
        archive.addfile(tarfile.TarInfo("b"))
    tree = tree_of(out.getvalue())
    assert list(tree.walk()) == ["b"]
    with pytest.raises(FactError, match="not a regular file"):
        tree.read("a", 9)
