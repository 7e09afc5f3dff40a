"""`gradle.lockfile`: what dependency locking wrote for a Gradle build.

Rules:

1. A line is `group:name:version=configuration,…`; in the older form, a file for each configuration, it has no `=`.
2. Scope follows the configurations: only those of tests, of annotation processors, of checking tools and of the build
   itself (`buildscript-gradle.lockfile`, `settings-gradle.lockfile`) are development; only compile classpaths optional,
   as `compileOnly` is; everything else is runtime.
3. Its last line is `empty=…`, whatever is locked: without it the file was cut off, which is a gap. The older
   form has no end.
4. The file does not say what is asked for directly: that is unknown.

Source: Gradle documentation, "Locking Versions".
"""

import re

from holdfast.facts.gather import Gathering
from holdfast.facts.lockfiles._spec import LockfileSpec
from holdfast.facts.lockfiles._text import cut_conflicts, decode, lines_of
from holdfast.model.component import ParsedFile, Scope
from holdfast.ports.tree import Tree

_MODULE = re.compile(r"([^\s:=,]+):([^\s:=,]+):([^\s:=,]+)\Z")
_OF_TESTS = re.compile(r"(?:test|.*Test)(?![a-z])")
_OF_TOOLS = re.compile(
    r"(?:.*[aA]nnotationProcessor|checkstyle|pmd|codenarc|spotbugs|detekt|ktlint|errorprone|jacoco(?:Agent|Ant)"
    r"|kotlin(?:Build|Compiler|Native).*|.*[kK]apt.*|ksp.*)\Z"
)
_OF_COMPILING = re.compile(r"(?:.*C|c)ompileClasspath\Z")
_OF_THE_BUILD = ("buildscript-gradle.lockfile", "settings-gradle.lockfile")


def _scope(configurations: list[str]) -> Scope:
    if not configurations:
        return Scope.RUNTIME
    if all(_OF_TESTS.match(one) or _OF_TOOLS.match(one) for one in configurations):
        return Scope.DEVELOPMENT
    shipped = [one for one in configurations if not _OF_TESTS.match(one) and not _OF_TOOLS.match(one)]
    return Scope.OPTIONAL if all(_OF_COMPILING.match(one) for one in shipped) else Scope.RUNTIME


def _default(file: str) -> list[str]:
    """The configurations that a line without `=` stands for: the older form names one in the name of the file."""
    name = file.rpartition("/")[2]
    return [name.removesuffix(".lockfile")] if "dependency-locks/" in file else []


def parse(file: str, data: bytes, tree: Tree) -> ParsedFile:
    """Return the modules of a lock file; the tree is not needed.

    Raises:
        FactError: empty, or not text.
    """
    gathering = Gathering(file, SPEC.id, "Maven")
    lines, cuts = cut_conflicts(lines_of(decode(file, data)))
    for first, last in cuts:
        gathering.skip(first, f"merge conflict markers: lines {first} to {last} were not read")
    of_the_build = file.rpartition("/")[2].lower() in _OF_THE_BUILD
    is_whole = "dependency-locks/" in file
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        module, equals, configurations = line.partition("=")
        found = _MODULE.match(module.strip())
        if module.strip() == "empty" and equals:
            is_whole = True
            continue
        if found is None:
            gathering.skip(number, f"expected `group:name:version=configurations`, got `{line[:120]}`")
            continue
        named = [one.strip() for one in configurations.split(",") if one.strip()] if equals else _default(file)
        scope = Scope.DEVELOPMENT if of_the_build else _scope(named)
        gathering.add(f"{found[1]}:{found[2]}", found[3], number, scope=scope)
    if not is_whole:
        gathering.skip(None, "no line `empty=`, with which Gradle ends the file: it may have been cut off")
    return gathering.parsed()


SPEC = LockfileSpec(
    id="gradle_lockfile",
    patterns=("gradle.lockfile", *_OF_THE_BUILD, "dependency-locks/*.lockfile"),
    parse=parse,
)
