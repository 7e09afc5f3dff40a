"""`composer.lock` of Composer."""

import pytest

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
{
    "content-hash": "00",
    "packages": [
        {
            "name": "Monolog/monolog",
            "version": "v1.0.2",
            "source": {"type": "git", "url": "https://github.com/Seldaek/monolog.git", "reference": "00"},
            "dist": {"type": "zip", "url": "https://files.example/monolog.zip", "reference": "00"},
            "require": {"php": ">=5.3", "ext-json": "*", "psr/log-implementation": "1"}
        },
        {
            "name": "own/kit",
            "version": "dev-main",
            "source": {"type": "git", "url": "git@example.org:own/kit.git", "reference": "00"}
        },
        {
            "name": "own/local",
            "version": "1.0.x-dev",
            "dist": {"type": "path", "url": "../local"}
        },
        {
            "name": "lamp/log",
            "version": "3.0.0",
            "provide": {"psr/log-implementation": "1.0"}
        }
    ],
    "packages-dev": [
        {"name": "phpunit/phpunit", "version": "9.6.0", "require": {"lamp/log": "^3"}}
    ],
    "aliases": [{"package": "own/kit", "version": "dev-main", "alias": "1.0.0", "alias_normalized": "1.0.0.0"}],
    "platform": {"php": ">=8"}
}
"""
SAMPLE = ("composer.lock", LOCK)


def test_composer_lock_alone_does_not_know_what_is_direct() -> None:
    parsed = read({"composer.lock": LOCK})
    assert rows(parsed) == [
        ("monolog/monolog", "v1.0.2", "registry", None, "runtime", 4),
        ("own/kit", "dev-main", "vcs", None, "runtime", 11),
        ("own/local", "1.0.x-dev", "path", None, "runtime", 16),
        ("lamp/log", "3.0.0", "registry", None, "runtime", 21),
        ("phpunit/phpunit", "9.6.0", "registry", None, "development", 28),
    ]
    assert gaps(parsed) == []


def test_composer_project_beside_it_tells_direct_and_path() -> None:
    project = '{"require": {"php": ">=8", "monolog/Monolog": "^1"}, "require-dev": {"phpunit/phpunit": "^9"}}'
    parsed = read({"api/composer.lock": LOCK, "api/composer.json": project})
    assert {row[0]: row[3] for row in rows(parsed)} == {
        "monolog/monolog": True,
        "own/kit": None,
        "own/local": None,
        "lamp/log": False,
        "phpunit/phpunit": True,
    }
    assert path_of(parsed, "lamp/log") == ("monolog/monolog",)


@pytest.mark.parametrize("project", ["[", "[]", '{"require": []}', '{"require": 3}'])
def test_composer_project_that_says_nothing_makes_nothing_direct(project: str) -> None:
    found = rows(read({"composer.lock": LOCK, "composer.json": project}))
    assert found
    assert all(row[3] is not True for row in found)


@pytest.mark.parametrize(
    ("text", "gap"),
    [
        ("{}", (1, "neither `packages` nor `packages-dev` in it: not a whole lock file")),
        ('{"packages": {}}', (1, "expected `packages` to be a list")),
        ('{"packages": [1]}', (None, "expected an object in `packages`, got 1")),
        ('{"packages": [\n{"name": "a/b"}]}', (2, "a package whose name or version is not text: 'a/b' None")),
        ('{"packages": [\n{"version": "1"}]}', (2, "a package whose name or version is not text: None '1'")),
        ('{"packages": [\n{"name": "a/b", "version": ""}]}', (2, "a component without version: `a/b`")),
        ("{\n<<<<<<< HEAD\n", (2, "merge conflict markers")),
    ],
)
def test_composer_what_was_not_read_is_told(text: str, gap: tuple[int | None, str]) -> None:
    assert gaps(read({"composer.lock": text})) == [gap]


def test_composer_licences_that_are_listed_are_for_whoever_uses_it_to_choose() -> None:
    said = ['["MIT"]', '["MIT", "GPL-2.0-only AND ISC"]', '"BSD-3-Clause"', "[5]"]
    packages = ",".join(f'{{"name": "a/b{n}", "version": "1.0", "license": {one}}}' for n, one in enumerate(said))
    parsed = read({"composer.lock": f'{{"packages": [{packages}], "packages-dev": []}}'})
    found = [one.licenses for one in parsed.occurrences]
    assert found == [("MIT",), ("MIT OR (GPL-2.0-only AND ISC)",), ("BSD-3-Clause",), ()]
