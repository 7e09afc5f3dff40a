"""`--vex`: what other people's documents say of what is judged, for `gate` and `scan`.

Rules:

1. A change does not speak for itself: a document in the repository counts as the base has it, and that it differs is
   told. Without a base whose word counts, it is refused: nobody vouches for it.
2. What is judged is named by `--product`, or by the digest of `--image`; nothing in the tree says what it is.
3. A signed document is opened by a key of the policy; for a scan, which has none, by one given from outside.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from holdfast.edges.cli.reading import read_input
from holdfast.errors import FactError, UsageError

if TYPE_CHECKING:  # a command without documents loads none of it
    from holdfast.edges.cli.gate_base import Base, GateTools
    from holdfast.findings.vex import Judgeable, Vex
    from holdfast.model.vex import Package, VexKey
    from holdfast.ports.tree import Tree

P = ParamSpec("P")
R = TypeVar("R")
_HINT = "keep it outside of what is judged, or give `holdfast gate` a base that has it: `--base origin/main`"
_DIGEST = "sha256:"
_DIGITS = frozenset("0123456789abcdef")


def vex_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--vex` and `--product`, as `vex` and `products`."""
    files = click.option(
        "--vex",
        "vex",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        help="What others say of vulnerabilities: OpenVEX, CycloneDX or CSAF; may be given several times.",
    )
    products = click.option(
        "--product",
        "products",
        multiple=True,
        metavar="PURL|DIGEST",
        help="What is judged, as those documents name it: a package URL, or an image's sha256 digest.",
    )
    return files(products(command))


def vex_key_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--vex-key`, as `vex_keys`."""
    option = click.option(
        "--vex-key",
        "vex_keys",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="PEM",
        help="A public key, Ed25519 or ECDSA, that a signed VEX document is verified by; may be given several times.",
    )
    return option(command)


def refuse_with_server(files: Sequence[Path], products: Sequence[str]) -> None:
    """Refuse what a server does not take from a pipeline. Raises: UsageError."""
    if files or products:
        hint = "who writes policies keeps it on the server: `holdfast vex keep NAME FILE`; or leave `--server` out"
        raise UsageError("a server takes no VEX from a pipeline: `--vex` and `--server` don't go together", hint=hint)


def judgeable(products: Sequence[str], image: str | None = None) -> "Judgeable":
    """Return what is judged by its names; `image` is a reference, of which the digest counts.

    Raises:
        UsageError: a name is neither a package URL nor a digest.
    """
    from holdfast.findings.vex import Judgeable
    from holdfast.model.vex import parse_package

    packages: list[Package] = []
    digests = [image.rpartition("@")[2]] if image and "@" in image else []
    for one in products:
        if one.startswith(_DIGEST):
            digests.append(one.lower())
            continue
        try:
            packages.append(parse_package(one))
        except FactError as error:
            hint = "such as pkg:oci/shop@sha256%3A… or sha256:…"
            raise UsageError(error.message, where="--product", hint=hint) from None
    digests += [one.version for one in packages if one.type == "oci" and one.version.startswith(_DIGEST)]
    for one in digests:
        if len(one) != len(_DIGEST) + 64 or not set(one.removeprefix(_DIGEST)) <= _DIGITS:
            raise UsageError(f"expected `sha256:` and 64 digits, got `{one[:100]}`", where="--product")
    return Judgeable(tuple(packages), frozenset(digests))


def read_vex_outside(files: Sequence[Path], path: Path, judged: "Judgeable", keys: Sequence[Path] = ()) -> "Vex":
    """Return what documents say that lie outside of what is scanned, and of the checkout that it lies in.

    Raises:
        UsageError: one of them, or a key, lies inside, or can't be read.
        FactError: one is no VEX document, no key, or signed by none of these keys.
    """
    top = _top_of(path)
    known = [_key(one, _outside(one, top)) for one in keys]
    return _read([(str(one), _outside(one, top)) for one in files], judged, known)


def _key(file: Path, data: bytes) -> "VexKey":
    from holdfast.findings.vex_signed import parse_key

    return parse_key(file.name, data.decode("utf-8", "replace"), where=str(file))


def read_vex_trusted(
    tools: "GateTools",
    path: Path,
    base: "Base | None",
    files: Sequence[Path],
    judged: "Judgeable",
    keys: "Sequence[VexKey]" = (),
) -> "tuple[Vex, tuple[str, ...]]":
    """Return what documents say whose word counts, and what the change would make of them.

    Raises:
        UsageError: one lies in the repository and no base vouches for it; it can't be read.
        FactError: one is no VEX document, or signed by none of these keys.
    """
    place = tools.place(path)
    read: list[tuple[str, bytes]] = []
    notes: list[str] = []
    for one in files:
        inside = tools.inside(place.top, one) if place is not None else None
        if place is None or inside is None:
            read.append((str(one), _outside(one, place.top if place is not None else path)))
            continue
        if base is None or base.trusted is None:
            raise UsageError("a change does not speak for itself", where=str(one), hint=_HINT)
        data, here = _content(tools.top_of(path, base.trusted), inside), _content(tools.tree(place.top)[0], inside)
        if data is None and here is None:
            raise UsageError("there is no such document, here or in the base", where=str(one))
        if data != here:
            notes.append(f"this change alters `{inside}`: what it says counts once it is merged")
        if data is not None:
            read.append((inside, data))
    return _read(read, judged, keys), tuple(notes)


def _read(files: Sequence[tuple[str, bytes]], judged: "Judgeable", keys: "Sequence[VexKey]") -> "Vex":
    from holdfast.findings.vex import Vex
    from holdfast.findings.vex_signed import read_signed

    return Vex.of(read_signed(files, keys), judged)


def _outside(file: Path, top: Path) -> bytes:
    """Return a file's content. Raises: UsageError: it lies inside, where links lead too."""
    if file.resolve().is_relative_to(top.resolve()):
        raise UsageError("a change does not speak for itself", where=str(file), hint=_HINT)
    return read_input(file)


def _top_of(path: Path) -> Path:
    """Return the checkout that a path lies in, else the path: what lies beside a single file does not come with it."""
    found = path.resolve()
    folders = (found, *found.parents) if found.is_dir() else tuple(found.parents)
    return next((one for one in folders if (one / ".git").exists()), found)


def _content(tree: "Tree", path: str) -> bytes | None:
    from holdfast.facts.vex import MAX_VEX_BYTES

    try:
        return tree.read(path, MAX_VEX_BYTES)
    except FactError as error:
        if error.message == "no such file":
            return None
        raise
