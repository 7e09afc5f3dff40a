"""`Gemfile.lock`, `gems.locked` and locks of other Gemfiles."""

import pytest

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
GIT
  remote: https://github.com/owner/lamp.git
  revision: 00aa
  branch: main
  specs:
    lamp (0.7.0)
      rack

PATH
  remote: .
  specs:
    own (1.0.0)
      bundler (>= 1.3)

PLUGIN SOURCE
  remote: https://files.example/
  type: other
  specs:
    plugged (2.0.0)

GEM
  remote: https://registry.example/
  specs:
    nokogiri (1.15.0)
      racc (~> 1.4)
    nokogiri (1.15.0-x86_64-linux)
      racc (~> 1.4)
    racc (1.7.1)
    rack (3.0.0.rc1)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  lamp!
  nokogiri (~> 1.15, >= 1.15.0)
  own!

CHECKSUMS
  nokogiri (1.15.0) sha256=00

RUBY VERSION
   ruby 3.2.2p53

BUNDLED WITH
   2.4.10
"""
SAMPLE = ("Gemfile.lock", LOCK)


@pytest.mark.parametrize("file", ["Gemfile.lock", "a/gems.locked", "gemfiles/rails_7.gemfile.lock"])
def test_gemfile_gems_have_their_source_and_line(file: str) -> None:
    parsed = read({file: LOCK})
    assert rows(parsed) == [
        ("lamp", "0.7.0", "vcs", True, "runtime", 6),
        ("own", "1.0.0", "path", True, "runtime", 12),
        ("plugged", "2.0.0", "url", None, "runtime", 19),
        ("nokogiri", "1.15.0", "registry", True, "runtime", 24),
        ("racc", "1.7.1", "registry", False, "runtime", 28),
        ("rack", "3.0.0.rc1", "registry", False, "runtime", 29),
        ("bundler", "2.4.10", "registry", False, "runtime", 47),
    ]
    assert gaps(parsed) == []
    assert path_of(parsed, "rack") == ("lamp",)
    assert [place.line for place in parsed.occurrences[3].locations] == [24, 26]


def test_gemfile_bundler_that_nothing_asks_for_is_only_the_tool() -> None:
    lock = LOCK.replace("      bundler (>= 1.3)\n", "")
    assert "bundler" not in {row[0] for row in rows(read({"Gemfile.lock": lock}))}


def test_gemfile_lines_of_windows_are_read() -> None:
    assert rows(read({"Gemfile.lock": LOCK.replace("\n", "\r\n")})) == rows(read({"Gemfile.lock": LOCK}))


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("bogus\nDEPENDENCIES\n", (1, "expected a Gemfile.lock, got `bogus`")),
        ("GEM\n  specs:\n    a\nDEPENDENCIES\n", (3, "expected a Gemfile.lock, got `a`")),
        ("GEM\n  specs:\n      a\nDEPENDENCIES\n", (3, "expected a Gemfile.lock, got `a`")),
        ("GEM\n  specs:\n    a (1) x\nDEPENDENCIES\n", (3, "expected a Gemfile.lock, got `a (1) x`")),
        ("GEM\n  specs:\n    a (-ruby)\nDEPENDENCIES\n", (3, "a component without version: `a`")),
        ("GEM\n  specs:\n    a (1)\n", (None, "no `DEPENDENCIES` in it: the file may have been cut")),
        ("DEPENDENCIES\n  a\n", (2, "`a` is asked for and not in the file")),
        ("DEPENDENCIES\n    a\n", (2, "expected a Gemfile.lock, got `a`")),
        ("DEPENDENCIES\n  bundler\n", (2, "`bundler` is asked for and its version is not in the file")),
        ("GEM\n  specs:\n    a (1)\n      b\nDEPENDENCIES\n", (3, "`b` is asked for and not in the file")),
        ("GEM\n<<<<<<< HEAD\nDEPENDENCIES\n", (2, "merge conflict markers")),
    ],
)
def test_gemfile_what_was_not_read_is_told(text: str, gap: tuple[int | None, str]) -> None:
    assert gaps(read({"Gemfile.lock": text})) == [gap]


def test_gemfile_one_bad_line_does_not_stop_the_others() -> None:
    parsed = read({"Gemfile.lock": "GEM\n  specs:\n    a\x1b (1)\n    b (2)\nDEPENDENCIES\n  b\n"})
    assert [row[:4] for row in rows(parsed)] == [("b", "2", "registry", True)]
    assert [line for line, _ in gaps(parsed)] == [3]
