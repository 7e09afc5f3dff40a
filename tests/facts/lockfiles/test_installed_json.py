"""`vendor/composer/installed.json`."""

from tests.facts.lockfiles.reading import gaps, read, rows
from tests.facts.lockfiles.test_composer_lock import LOCK as COMPOSER_LOCK

INSTALLED = """\
{
    "packages": [
        {"name": "a/b", "version": "v1.0.2", "version_normalized": "1.0.2.0", "require": {"c/d": "^3"}},
        {"name": "c/d", "version": "3.0.0", "install-path": "../c/d"}
    ],
    "dev": true,
    "dev-package-names": ["c/d"]
}
"""
FILE = "app/vendor/composer/installed.json"
SAMPLE = ("vendor/composer/installed.json", INSTALLED)


def test_installed_of_composer_2_names_what_is_for_development() -> None:
    parsed = read({FILE: INSTALLED, "app/composer.json": '{"require": {"a/b": "^1"}}'})
    assert rows(parsed) == [
        ("a/b", "v1.0.2", "registry", True, "runtime", 3),
        ("c/d", "3.0.0", "registry", False, "development", 4),
    ]
    assert gaps(parsed) == []


def test_installed_of_composer_1_is_a_list() -> None:
    parsed = read({FILE: '[\n{"name": "a/b", "version": "1.0.0"}]'})
    assert rows(parsed) == [("a/b", "1.0.0", "registry", None, "runtime", 2)]


def test_installed_without_packages_is_told() -> None:
    assert gaps(read({FILE: "{}"})) == [(1, "no `packages` in it: not a whole file")]
    assert gaps(read({FILE: "3"})) == [(1, "expected `packages` to be a list")]
    assert gaps(read({FILE: "[3]"})) == [(None, "expected an object in `packages`, got 3")]


def test_installed_and_lock_are_read_alike() -> None:
    locked = rows(read({"composer.lock": COMPOSER_LOCK}))
    installed = rows(read({FILE: COMPOSER_LOCK}))
    assert [row[:3] for row in installed] == [row[:3] for row in locked[:-1]]
