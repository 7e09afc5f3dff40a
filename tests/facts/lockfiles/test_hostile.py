"""Values of any shape where a lock file has others: readers answer or raise `FactError`, whatever is where.

Keys are drawn from what each format uses, so that most draws get past the first look at a file.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_file
from holdfast.model.component import ParsedFile
from holdfast.testing.trees import MemoryTree

_WORDS = {
    "pnpm-lock.yaml": (
        *("lockfileVersion", "9.0", "5.4", "importers", ".", "packages", "snapshots", "dependencies", "version"),
        *(
            "devDependencies",
            "optionalDependencies",
            "resolution",
            "tarball",
            "type",
            "git",
            "directory",
            "name",
            "dev",
        ),
        *("a@1.0.0", "/a/1.0.0_b@1", "/@s/a@1.0.0(b@1)", "file:x", "link:x", "a@file:x", "1.0.0", "optional", "true"),
    ),
    "yarn.lock": (
        *("__metadata", "version", "resolution", "a@npm:^1", "a@npm:1.0.0", "a@workspace:.", "a@patch:a@npm%3A1#x"),
        *("dependencies", "a@patch:", "8", "@", "@@", "a@", "workspace:.", "^1", "a@virtual:x", "a"),
    ),
    "bun.lock": (
        *("lockfileVersion", "workspaces", "packages", "", "a", "a/b", "@s/a", "a@1.0.0", "a@root:", "a@workspace:x"),
        *("dependencies", "peerDependencies", "name", "x", "a@github:o/r#c", "/", "//", "@/@/"),
    ),
    "deno.lock": (
        *("version", "3", "4", "specifiers", "npm", "jsr", "packages", "remote", "workspace", "members", "packageJson"),
        *("npm:a@1", "jsr:@s/a", "a@1.0.0", "1.0.0_b@2", "dependencies", "https://x@1/y", "jsr:@s/a@1", "a", ":"),
    ),
    "composer.lock": (
        *("packages", "packages-dev", "name", "version", "a/b", "dev-main", "1.0", "require", "provide", "replace"),
        *("source", "dist", "type", "path"),
    ),
    "vendor/composer/installed.json": ("packages", "dev-package-names", "name", "version", "a/b", "1.0", "require"),
    "pubspec.lock": (
        *("packages", "a", "source", "hosted", "git", "version", "1.0.0", "dependency", "direct dev", "description"),
        *("name", "b"),
    ),
    "Package.resolved": (
        *("version", "object", "pins", "location", "repositoryURL", "https://h/a.git", "state", "revision", "identity"),
        *("package", "kind", "registry", "1.0.0"),
    ),
    "Podfile.lock": (
        *("PODS", "A (1.0)", "A/B (1.0)", "B", "DEPENDENCIES", "A", "EXTERNAL SOURCES", ":path", ":git", "A (1) (2)"),
        *(" (1)", "/ (1)"),
    ),
    "package-lock.json": (
        *("lockfileVersion", "packages", "dependencies", "", "node_modules/a", "a", "version", "1.0.0", "resolved"),
        *("link", "name", "requires", "dev"),
    ),
}
_TEXTS = st.text(max_size=6) | st.sampled_from(["\x00", "\x1b[31m", "\ud800", "9" * 600, "<<<<<<< HEAD", "a" * 600])
_PLAIN = st.none() | st.booleans() | st.integers(-2, 10) | st.integers() | st.floats(allow_nan=False) | _TEXTS


def _shapes(words: tuple[str, ...]) -> st.SearchStrategy[Any]:
    keys = st.sampled_from(words) | st.text(max_size=3)
    leaves = st.sampled_from(words) | _PLAIN
    return st.dictionaries(
        keys,
        st.recursive(
            leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=24
        ),
        max_size=6,
    )


def _held(file: str, data: bytes) -> ParsedFile:
    """Read a file, and hold the answer to what every reader promises."""
    parsed = read_file(MemoryTree({file: data, "package.json": data, "composer.json": data}), file)
    assert parsed is not None
    assert all(gap.because.isprintable() for gap in parsed.unparsed)
    assert all(gap.line is None or gap.line >= 1 for gap in parsed.unparsed)
    assert all(place.line is None or place.line >= 1 for one in parsed.occurrences for place in one.locations)
    assert all(one.component.name.isprintable() for one in parsed.occurrences)
    return parsed


@pytest.mark.parametrize("file", _WORDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_reader_answers_whatever_the_shape(file: str, data: st.DataObject) -> None:
    value = data.draw(_shapes(_WORDS[file]))
    parsed = _held(file, json.dumps(value).encode())  # JSON is YAML, too
    assert parsed.file == file


@pytest.mark.parametrize("file", _WORDS)
@pytest.mark.parametrize(
    "text", ["[" * 10**6, '{"a":' * 10**5, "- " * 10**5, "9" * 10**6, '"' * 10**6, " " * 10**6 + "a", "\x00" * 100]
)
def test_reader_says_of_nonsense_that_it_is_none(file: str, text: str) -> None:
    parsed = _held(file, text.encode())
    assert parsed.occurrences == ()
    assert parsed.unparsed != ()


@pytest.mark.parametrize("file", [*_WORDS, "Gemfile.lock", "mix.lock"])
def test_reader_tells_of_a_merge_conflict_with_its_line(file: str) -> None:
    parsed = _held(file, b'{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> other\n}\n')
    assert [(gap.line, gap.because) for gap in parsed.unparsed] == [(2, "merge conflict markers")]
