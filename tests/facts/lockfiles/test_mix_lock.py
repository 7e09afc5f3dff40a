"""`mix.lock` of Elixir's Mix."""

import pytest

from tests.facts.lockfiles.reading import gaps, read, rows

HEX = '[:make, :rebar3], [{:cowlib, "2.11.0", [hex: :cowlib, repo: "hexpm", optional: false]}]'
LOCK = """\
%{
  "cowboy": {:hex, :cowboy, "2.9.0", "865dd", [:make], "hexpm", "2c729"},
  # a comment
  "renamed": {:hex, :real_name, "1.0.0-rc.1", "00", [:mix], [], "hexpm:acme"},
  "git_dep": {:git, "https://github.com/owner/git_dep.git", "00aa", [branch: "main", sparse: nil]},
  "old": {:package, "0.3.2"},
  "own" => {:path, "../own"},
}
""".replace("[:make]", HEX)
SAMPLE = ("mix.lock", LOCK)


def test_mix_packages_have_their_source_and_line() -> None:
    parsed = read({"mix.lock": LOCK})
    assert rows(parsed) == [
        ("cowboy", "2.9.0", "registry", None, "runtime", 2),
        ("real_name", "1.0.0-rc.1", "registry", None, "runtime", 4),
        ("git_dep", "00aa", "vcs", None, "runtime", 5),
        ("old", "0.3.2", "registry", None, "runtime", 6),
        ("own", "", "path", None, "runtime", 7),
    ]
    assert gaps(parsed) == []
    assert [one.alias for one in parsed.occurrences if one.alias] == ["renamed"]


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("%{\n", (2, "not Elixir terms: the file ends before its end")),
        ("%{}}", (1, "not Elixir terms: `}` closes nothing")),
        ("%{]", (1, "not Elixir terms: `]` closes nothing")),
        ('%{"a": {:hex, :a, "1"}} <> %{}', (1, "not Elixir terms: expected a value, got `<> %{}`")),
        ('%{\n"a": System.cmd("ls", [])}', (2, "not Elixir terms: expected a value, got `System.cmd`")),
        ("%{1 => 2}", (1, "not Elixir terms: expected a text before `=>`")),
        ('%{"a" 1}', (1, "expected a map")),
        ("[]", (1, "expected a map")),
        ("%{} %{}", (1, "not Elixir terms: expected one term")),
        ("%{" * 1000, (1, "not Elixir terms: nested too deeply")),
        ('%{\n"a": {:svn, "x"}}', (2, "`a` has a form that is not known")),
        ('%{\n"a": {:hex, "x"}}', (2, "`a` has a form that is not known")),
        ('%{\n"a": :hex}', (2, "`a` has a form that is not known")),
        ('%{"a": {:hex, :a, 1}}', (1, "`a` has a form that is not known")),
        ('%{\n<<<<<<< HEAD\n"a": 1', (2, "merge conflict markers")),
    ],
)
def test_mix_what_was_not_read_is_told(text: str, gap: tuple[int, str]) -> None:
    assert gaps(read({"mix.lock": text})) == [gap]


@pytest.mark.parametrize("text", ['\\"' * 300_000, '"\\' * 300_000, ":a " * 300_000, "#" * 300_000, '"' + "a" * 10**6])
def test_mix_lock_that_is_none_is_one_gap(text: str) -> None:
    assert len(gaps(read({"mix.lock": text}))) == 1


def test_mix_one_bad_entry_does_not_stop_the_others() -> None:
    parsed = read({"mix.lock": '%{\n"a": {:hex, :a, ""},\n"b": nil,\n"c": {:hex, :c, "1.0.0", "0"}\n}'})
    assert [row[0] for row in rows(parsed)] == ["c"]
    assert [line for line, _ in gaps(parsed)] == [2, 3]
