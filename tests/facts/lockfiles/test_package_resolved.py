"""`Package.resolved` of Swift."""

import pytest

from holdfast.facts.lockfiles.package_resolved import repository_name
from tests.facts.lockfiles.reading import gaps, read, rows

LOCK = """\
{
  "originHash": "00",
  "pins": [
    {
      "identity": "nio",
      "kind": "remoteSourceControl",
      "location": "https://GitHub.com/apple/swift-nio.git",
      "state": {"revision": "00aa", "version": "2.1.0"}
    },
    {
      "identity": "branched",
      "kind": "remoteSourceControl",
      "location": "git@github.com:owner/branched",
      "state": {"branch": "main", "revision": "00bb"}
    },
    {
      "identity": "local",
      "kind": "localSourceControl",
      "location": "/Users/someone/local",
      "state": {"revision": "00cc", "version": "1.0.0"}
    },
    {"identity": "acme.lamp", "kind": "registry", "location": "", "state": {"version": "3.0.0"}}
  ],
  "version": 3
}
"""
SAMPLE = ("Package.resolved", LOCK)


def test_swift_packages_are_named_by_their_repository() -> None:
    parsed = read({"Package.resolved": LOCK})
    assert rows(parsed) == [
        ("github.com/apple/swift-nio", "2.1.0", "registry", None, "runtime", 4),
        ("github.com/owner/branched", "00bb", "vcs", None, "runtime", 10),
        ("local", "1.0.0", "path", None, "runtime", 16),
        ("acme.lamp", "3.0.0", "registry", None, "runtime", 22),
    ]
    assert [one.component.ecosystem for one in parsed.occurrences] == ["SwiftURL"] * 3 + ["purl:swift"]
    assert gaps(parsed) == []


def test_swift_version_1_has_its_pins_one_level_deeper() -> None:
    pin = '{"package": "Nimble", "repositoryURL": "https://github.com/Quick/Nimble", "state": {"version": "9.2.0"}}'
    parsed = read({"Package.resolved": f'{{"object": {{"pins": [{pin}]}}, "version": 1}}'})
    assert [row[:2] for row in rows(parsed)] == [("github.com/Quick/Nimble", "9.2.0")]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://user:secret@github.com:443/a/b.git/", "github.com/a/b"),
        ("ssh://git@gitlab.example/a/b/c.git", "gitlab.example/a/b/c"),
        ("git@github.com:a/b.git", "github.com/a/b"),
        ("github.com:a/b", "github.com/a/b"),
        ("file:///home/a", None),
        ("../a", None),
        ("/a/b", None),
        ("", None),
    ],
)
def test_swift_repository_is_host_and_path(address: str, name: str | None) -> None:
    assert repository_name(address) == name


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ('{"pins": [], "version": 4}', (1, "expected `version` 1, 2 or 3, got 4")),
        ('{"pins": [], "version": true}', (1, "expected `version` 1, 2 or 3, got True")),
        ('{"version": 2}', (1, "no `pins` in it: not a whole file")),
        ('{"pins": ["a"], "version": 2}', (None, "expected an object in `pins`, got 'a'")),
        (
            '{"version": 2, "pins": [\n{"location": "https://a.example/b", "state": {}}]}',
            (2, "a package whose name or version is not text: 'a.example/b' None"),
        ),
        ('{"version": 2, "pins": [\n{}]}', (2, "a package whose name or version is not text: None ''")),
        ("{\n<<<<<<< HEAD\n", (2, "merge conflict markers")),
    ],
)
def test_swift_what_was_not_read_is_told(text: str, gap: tuple[int | None, str]) -> None:
    assert gaps(read({"Package.resolved": text})) == [gap]
