"""`bun.lock`, the text lock file of Bun."""

import pytest

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
{
  // written by hand
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "app",
      "dependencies": { "a": "^1.0.0", "lib": "workspace:*", "tar": "https://files.example/t.tgz", },
      "devDependencies": { "renamed": "npm:b@^2.0.0", "gone": "^1" },
      "optionalDependencies": { "os": "^1.0.0" },
    },
    "packages/lib": { "name": "lib", "version": "0.1.0", "dependencies": { "b": "^1.0.0" } },
  },
  "packages": {
    "app": ["app@root:", { "bin": "cli.js" }],

    "a": ["a@1.0.0", "", { "dependencies": { "b": "^3.0.0" }, "peerDependencies": { "none": "*" } }, "sha512-0"],

    "b": ["b@1.2.0", "", {}, "sha512-0"],

    "lib": ["lib@workspace:packages/lib"],

    "local": ["local@file:../local", {}],

    "os": ["os@1.0.0", "", { "os": ["linux"], "optionalDependencies": { "@s/x": "^1" } }, "sha512-0"],

    "owned": ["owned@github:owner/owned#00aa", {}, "owner-owned-00aa"],

    "packed": ["packed@./packed.tgz", {}],

    "renamed": ["b@2.0.0", "", {}, "sha512-0"],

    "tar": ["tar@https://files.example/t.tgz", {}],

    /* below `a`, "as": ["npm"] does */
    "a/b": ["b@3.0.0", "", { "dependencies": { "@s/c": "1" } }, "sha512-0"],

    "a/b/@s/c": ["@s/c@1.0.0", "", {}, "sha512-0"],
  },
}
"""
SAMPLE = ("bun.lock", LOCK)


def test_bun_every_package_has_its_source_scope_and_line() -> None:
    parsed = read({"bun.lock": LOCK})
    assert rows(parsed) == [
        ("a", "1.0.0", "registry", True, "runtime", 16),
        ("b", "1.2.0", "registry", True, "runtime", 18),
        ("lib", "0.1.0", "path", True, "runtime", 20),
        ("local", "", "path", None, "runtime", 22),
        ("os", "1.0.0", "registry", True, "optional", 24),
        ("owned", "00aa", "vcs", None, "runtime", 26),
        ("packed", "", "path", None, "runtime", 28),
        ("b", "2.0.0", "registry", True, "development", 30),
        ("tar", "", "url", True, "runtime", 32),
        ("b", "3.0.0", "registry", False, "runtime", 35),
        ("@s/c", "1.0.0", "registry", False, "runtime", 37),
    ]
    assert gaps(parsed) == []
    assert path_of(parsed, "@s/c") == ("a", "b")
    assert [one.alias for one in parsed.occurrences if one.alias] == ["renamed"]


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ('{"lockfileVersion": 9, "packages": {}}', (1, "expected `lockfileVersion` 0 or 1, got 9")),
        ('{"lockfileVersion": true, "packages": {}}', (1, "expected `lockfileVersion` 0 or 1, got True")),
        ('{"lockfileVersion": 1}', (1, "no `packages` in it: not a whole lock file")),
        (
            '{"lockfileVersion": 1, "packages": {\n"a": []}}',
            (2, "expected a list that begins with `name@version` for `a`"),
        ),
        (
            '{"lockfileVersion": 1, "packages": {\n"a": "a@1"}}',
            (None, "expected a list that begins with `name@version` for `a`"),
        ),
        (
            '{"lockfileVersion": 1, "packages": {\n"a": ["a@ipfs:1"]}}',
            (2, "`a` has a source that is not known: `ipfs:1`"),
        ),
        (
            '{"lockfileVersion": 1, "packages": {\n"a": ["a@1", "", {"dependencies": {"b": "^2"}}]}}',
            (2, "`b` ^2 is asked for and not in the file"),
        ),
        ('{"lockfileVersion": 1,\n<<<<<<< HEAD\n', (2, "merge conflict markers")),
        ("{/* open", (1, "not valid JSON: Expecting property name enclosed in double quotes (column 9)")),
        ("[]", (1, "expected a JSON object, got list")),
    ],
)
def test_bun_what_was_not_read_is_told(text: str, gap: tuple[int | None, str]) -> None:
    assert gaps(read({"bun.lock": text})) == [gap]


@pytest.mark.parametrize("text", ['\\"' * 500_000, "/*" * 500_000, "," * 500_000, '{"a' * 300_000, ", " * 500_000])
def test_bun_lock_that_is_none_is_one_gap(text: str) -> None:
    assert len(gaps(read({"bun.lock": text}))) == 1


def test_bun_comments_and_commas_in_texts_are_kept() -> None:
    lock = '{"lockfileVersion": 1, "packages": {"a//b,]": ["a//*x*/@1.0.0", "", {}, ",}"]}}'
    parsed = read({"bun.lock": lock})
    assert gaps(parsed) == [(1, "expected a list that begins with `name@version` for `a//b,]`")]


def test_bun_key_of_very_many_parts_takes_no_time() -> None:
    deep = "/".join(["a"] * 200_000)
    lock = f'{{"lockfileVersion": 1, "packages": {{"{deep}": ["a@1.0.0", "", {{"dependencies": {{"b": "1"}}}}]}}}}'
    assert [row[:2] for row in rows(read({"bun.lock": lock}))] == [("a", "1.0.0")]
