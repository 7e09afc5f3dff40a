"""`deno.lock`, of versions 1 to 5."""

import pytest

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
{
  "version": "5",
  "specifiers": {
    "jsr:@std/internal@^1.0.14": "1.0.14",
    "jsr:@std/path@1": "1.1.5",
    "npm:chalk@5": "5.3.0",
    "npm:peer@1": "1.0.0_chalk@5.3.0"
  },
  "jsr": {
    "@std/internal@1.0.14": { "integrity": "00" },
    "@std/path@1.1.5": {
      "integrity": "00", "dependencies": ["jsr:@std/internal", "npm:chalk@5"]
    }
  },
  "npm": {
    "ansi@6.0.0": { "integrity": "sha512-0" },
    "chalk@5.3.0": { "integrity": "sha512-0", "dependencies": ["ansi", "renamed@npm:two@1.0.0"] },
    "lonely@1.0.0": { "integrity": "sha512-0", "optionalDependencies": ["two@3.0.0"] },
    "peer@1.0.0_chalk@5.3.0": { "integrity": "sha512-0" },
    "two@1.0.0": { "integrity": "sha512-0" },
    "two@2.0.0": { "integrity": "sha512-0" }
  },
  "remote": {
    "https://modules.example/std@0.140.0/path/mod.ts": "00",
    "https://modules.example/std@0.140.0/path/win32.ts": "00",
    "https://files.example/one.ts": "00"
  },
  "workspace": {
    "dependencies": ["jsr:@std/path@1"],
    "members": { "a": { "packageJson": { "dependencies": ["npm:chalk@5"] } } }
  }
}
"""
SAMPLE = ("deno.lock", LOCK)


def test_deno_npm_jsr_and_modules_are_told_apart() -> None:
    parsed = read({"deno.lock": LOCK})
    assert rows(parsed) == [
        ("ansi", "6.0.0", "registry", False, "runtime", 16),
        ("chalk", "5.3.0", "registry", True, "runtime", 17),
        ("lonely", "1.0.0", "registry", None, "runtime", 18),
        ("peer", "1.0.0", "registry", True, "runtime", 19),
        ("two", "1.0.0", "registry", False, "runtime", 20),
        ("two", "2.0.0", "registry", None, "runtime", 21),
        ("@std/internal", "1.0.14", "registry", False, "runtime", 10),
        ("@std/path", "1.1.5", "registry", True, "runtime", 11),
        ("files.example/one.ts", "", "url", None, "runtime", 23),
        ("modules.example/std", "0.140.0", "url", None, "runtime", 23),
    ]
    assert [one.component.ecosystem for one in parsed.occurrences] == [
        *["npm"] * 6,
        *["purl:jsr"] * 2,
        *["purl:generic"] * 2,
    ]
    assert gaps(parsed) == []
    assert path_of(parsed, "@std/internal") == ("@std/path",)
    assert path_of(parsed, "ansi") == ("chalk",)


def test_deno_version_3_keeps_packages_together() -> None:
    text = (
        '{"version": "3", "packages": {"specifiers": {"npm:a@1": "npm:a@1.0.0", "jsr:@s/b@1": "jsr:@s/b@1.5.0"},'
        ' "jsr": {"@s/b@1.5.0": {"dependencies": ["npm:a@1"]}},'
        ' "npm": {"a@1.0.0": {"dependencies": {"c": "c@2.0.0"}}, "c@2.0.0": {"dependencies": {}}}}, "remote": {}}'
    )
    assert [row[:4] for row in rows(read({"deno.lock": text}))] == [
        ("a", "1.0.0", "registry", False),
        ("c", "2.0.0", "registry", False),
        ("@s/b", "1.5.0", "registry", True),
    ]


def test_deno_version_2_keeps_npm_packages_of_its_own() -> None:
    text = (
        '{"version": "2", "remote": {"https://files.example/x@v1.2/y.ts": "0"}, "npm": {"specifiers": '
        '{"a@1": "a@1.0.0"}, "packages": {"a@1.0.0": {"dependencies": {"b": "b@1.0.0"}}, "b@1.0.0": {}}}}'
    )
    assert [row[:4] for row in rows(read({"deno.lock": text}))] == [
        ("a", "1.0.0", "registry", True),
        ("b", "1.0.0", "registry", False),
        ("files.example/x", "v1.2", "url", None),
    ]


def test_deno_version_1_has_addresses_alone() -> None:
    parsed = read({"deno.lock": '{"https://files.example/x@v1.2/y.ts": "0"}'})
    assert [row[:3] for row in rows(parsed)] == [("files.example/x", "v1.2", "url")]


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ('{"version": "6"}', (1, "expected `version` 1 to 5, got '6'")),
        ('{"version": 4}', (1, "expected `version` 1 to 5, got 4")),
        ('{"version": "4", "npm": []}', (1, "expected `npm` to be an object")),
        ('{"version": "4", "remote": []}', (1, "expected `remote` to be an object")),
        ('{"version": "4", "jsr": {\n"a@1": 1}}', (1, "expected an object for `a@1`, got 1")),
        ('{"version": "4", "npm": {\n"a": {}}}', (2, "`a` has no version")),
        (
            '{"version": "4", "npm": {\n"a@1.0.0": {"dependencies": ["b"]}}}',
            (2, "`b` is asked for and not in the file"),
        ),
        ('{"version": "4",\n>>>>>>> theirs\n', (2, "merge conflict markers")),
    ],
)
def test_deno_what_was_not_read_is_told(text: str, gap: tuple[int, str]) -> None:
    assert gaps(read({"deno.lock": text})) == [gap]
