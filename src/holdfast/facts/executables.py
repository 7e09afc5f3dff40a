"""Programs in a tree: which files are some, and what their compilers left in them.

Rules:

1. A program is known by its first four bytes. A file whose name ends as a text's, a picture's or an archive's is not
   looked into, so that a tree of sources costs nothing.
2. Only headers, and the parts that they point to, are read.
3. A program that no compiler left anything in says nothing of what it was built from, and is no dependency file.
"""

from functools import cache, partial
from typing import TYPE_CHECKING

from holdfast.errors import FactError
from holdfast.model.component import ParsedFile, Unparsed
from holdfast.ports.tree import Tree
from holdfast.registry import load_room

if TYPE_CHECKING:  # loaded when a file's name does not say that it is none
    from holdfast.facts.binaries import BinarySpec
    from holdfast.facts.binaries._executable import Executable, ReadPart

FORMAT = "program"
_LOOKED_AT_BYTES = 4
_MAX_PART_BYTES = 64 << 20
_FARTHEST_BYTE = 1 << 60
_OTHER_ENDS = """
    adoc asc asm astro avi avif bash bat bmp bz2 c cc cfg cjs class clj cmake cmd conf cpp crt cs csproj css csv cxx
    dart db deb diff doc docx ejs el eot erb erl ex exs feature fs gif gitignore go gohtml gql gradle graphql groovy gz
    h haml hbs hcl hh hpp hrl hs htm html hxx ico in inc ini ipynb ipa iml jar java jpeg jpg js json json5 jsonc jsonl
    jsx key kt kts less license list lock log lua m4 map markdown md mdx mjs mk ml mm mo mod mov mp3 mp4 mustache nix
    odt ogg opml orig otf patch pdf pem php phar pkl pl pm png po pot prisma properties proto ps1 psd pug py pyc pyi
    pyx r rake rb rbi rej rmd rng rpm rs rst rtf s sass sbt scala scm scss sh sln snap sol sql sqlite sqlite3 styl sum
    svelte svg svgz swift tar tcl template tex textile tf tfvars tgz thrift tif tiff tmpl toml tpl ts tsv tsx ttf twig
    txt typed vb vim vue war wasm wav webm webmanifest webp woff woff2 work xcf xlf xls xlsx xml xsd xsl xslt xz yaml
    yml zig zip zsh zst
"""
_NO_PROGRAM = frozenset(_OTHER_ENDS.split())


def read_executable(tree: Tree, path: str) -> ParsedFile | None:
    """Return what a program was built from; `None` when the file is none, or does not say."""
    name = path.rpartition("/")[2]
    if name.rpartition(".")[2].lower() in _NO_PROGRAM and "." in name:
        return None
    try:
        magic = tree.read_part(path, 0, _LOOKED_AT_BYTES)
    except FactError:  # what can't be opened is not known to be a program
        return None
    if not magic.startswith(_magics()):
        return None
    return _read(tree, path, magic)


@cache
def _magics() -> tuple[bytes, ...]:
    from holdfast.facts.binaries import _elf, _macho, _pe

    return (_elf.MAGIC, _pe.MAGIC, *_macho.MAGICS, *_macho.FAT_MAGICS)


def _read(tree: Tree, path: str, magic: bytes) -> ParsedFile | None:
    try:
        programs = _programs(partial(_part, tree, path), magic)
        parsed = [one for spec in load_room("facts.binaries") if (one := _read_kind(spec, programs, path)) is not None]
    except FactError as error:
        return ParsedFile(path, FORMAT, (), (Unparsed(path, None, f"a program, and {error.message}"),))
    if len(parsed) < 2:
        return parsed[0] if parsed else None
    occurrences = tuple(occurrence for one in parsed for occurrence in one.occurrences)
    return ParsedFile(path, FORMAT, occurrences, tuple(gap for one in parsed for gap in one.unparsed))


def _part(tree: Tree, path: str, offset: int, count: int) -> bytes:
    """Return a part of a file, whatever a header claims.

    Raises:
        FactError: it would be too much to hold.
    """
    if count > _MAX_PART_BYTES:
        raise FactError(f"a part of it is over {_MAX_PART_BYTES} bytes")
    return tree.read_part(path, offset, count) if offset < _FARTHEST_BYTE else b""


def _read_kind(spec: "BinarySpec", programs: "list[Executable]", path: str) -> ParsedFile | None:
    """Return what one kind of information says; those for several processors are one."""
    from holdfast.facts.gather import Gathering

    gathering = Gathering(path, spec.id, spec.ecosystem)
    found = [spec.read(program, gathering) for program in programs if program.format in spec.formats]
    return gathering.parsed() if any(found) else None


def _programs(read: "ReadPart", magic: bytes) -> "list[Executable]":
    """Return the programs in a file: several where it holds one for each of several processors.

    Raises:
        FactError: truncated or damaged.
    """
    from holdfast.facts.binaries import _elf, _macho, _pe

    if magic == _elf.MAGIC:
        return [_elf.read_elf(read)]
    if magic in _macho.MAGICS:
        return [_macho.read_macho(read)]
    if magic in _macho.FAT_MAGICS:
        return _macho.read_fat(read)
    program = _pe.read_pe(read)
    return [] if program is None else [program]
