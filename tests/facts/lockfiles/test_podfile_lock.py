"""`Podfile.lock` of CocoaPods."""

import pytest

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
PODS:
  - "GoogleUtilities/NSData+zlib (7.11.0)"
  - Lamp (1.10):
    - Lamp/Core (= 1.10)
  - Lamp/Core (1.10):
    - "GoogleUtilities/NSData+zlib (~> 7.8)"
  - Local (0.1.0)
  - Owned (2.0.0)
  - Remote (3.0.0)

DEPENDENCIES:
  - Lamp (~> 1.0)
  - Local (from `../Local`)
  - Owned (from `https://github.com/owner/owned.git`, commit `00aa`)
  - Remote (from `https://files.example/Remote.podspec`)

SPEC REPOS:
  trunk:
    - Lamp

EXTERNAL SOURCES:
  Local:
    :path: "../Local"
  Owned:
    :commit: 00aa
    :git: https://github.com/owner/owned.git
  Remote:
    :podspec: https://files.example/Remote.podspec

CHECKOUT OPTIONS:
  Owned:
    :commit: 00aa
    :git: https://github.com/owner/owned.git

SPEC CHECKSUMS:
  Lamp: 00

COCOAPODS: 1.15.2
"""
SAMPLE = ("Podfile.lock", LOCK)


def test_podfile_subspecs_count_as_their_pod() -> None:
    parsed = read({"Podfile.lock": LOCK})
    assert rows(parsed) == [
        ("GoogleUtilities", "7.11.0", "registry", False, "runtime", 2),
        ("Lamp", "1.10", "registry", True, "runtime", 3),
        ("Local", "0.1.0", "path", True, "runtime", 7),
        ("Owned", "2.0.0", "vcs", True, "runtime", 8),
        ("Remote", "3.0.0", "url", True, "runtime", 9),
    ]
    assert gaps(parsed) == []
    assert path_of(parsed, "GoogleUtilities") == ("Lamp",)
    assert parsed.occurrences[1].component.purl == "pkg:cocoapods/Lamp@1.10"
    assert [place.line for place in parsed.occurrences[1].locations] == [3, 5]


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("COCOAPODS: 1\n", (1, "no list of `PODS` in it: not a whole lock file")),
        ("a: 1\nPODS: {}\n", (2, "no list of `PODS` in it: not a whole lock file")),
        ("PODS:\n- A\n", (2, "expected a pod as `name (version)`, got 'A'")),
        ("PODS:\n- [A (1)]\n", (2, "expected a pod as `name (version)`, got ['A (1)']")),
        ("PODS:\n- A (1):\n  - B\n", (2, "`B` is asked for and not in the file")),
        ("PODS: []\nDEPENDENCIES:\n- B\n", (3, "`B` is asked for and not in the file")),
        ("PODS:\n<<<<<<< HEAD\n", (2, "merge conflict markers")),
    ],
)
def test_podfile_what_was_not_read_is_told(text: str, gap: tuple[int, str]) -> None:
    assert gaps(read({"Podfile.lock": text})) == [gap]


def test_podfile_lock_of_no_pods_is_whole() -> None:
    parsed = read({"Podfile.lock": "PODS: []\n\nDEPENDENCIES: []\n"})
    assert (rows(parsed), gaps(parsed)) == ([], [])
