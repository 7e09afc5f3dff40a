"""Which files in a `node_modules` count."""

import pytest

from holdfast.facts.modules import counts, is_installed_module, project_of


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("node_modules/a/package.json", True),
        ("x/node_modules/@s/a/package.json", True),
        ("node_modules/a/node_modules/b/package.json", True),
        ("node_modules/a/lib/package.json", False),
        ("node_modules/@s/package.json", False),
        ("node_modules/.bin/package.json", False),
        ("my_node_modules/a/package.json", False),
        ("package.json", False),
    ],
)
def test_installed_module_is_told_by_its_place(path: str, is_one: bool) -> None:
    assert is_installed_module(path) is is_one


def test_project_is_the_folder_of_the_outermost_modules() -> None:
    assert project_of("a/b/node_modules/c/node_modules/d/package.json") == "a/b"
    assert project_of("node_modules/c/package.json") == ""
    assert project_of("a/package.json") is None


def test_what_is_outside_or_could_not_be_listed_always_counts() -> None:
    assert counts("a/yarn.lock", frozenset({"a/yarn.lock"}), (".",))
    assert counts("node_modules/a/", frozenset({"yarn.lock"}), (".",))


def test_lock_below_the_project_does_not_stand_for_its_modules() -> None:
    path = "a/node_modules/b/package.json"
    assert counts(path, frozenset({"a/sub/yarn.lock"}), (".",))
    assert not counts(path, frozenset({"a/yarn.lock"}), (".",))
    assert counts(path, frozenset({"a/yarn.lock"}), ("a/node_modules",))
    assert not counts(path, frozenset({"a/yarn.lock"}), ("a",))


def test_file_in_modules_that_is_named_itself_counts() -> None:
    path = "node_modules/a/yarn.lock"
    assert counts(path, frozenset({path}), (path,))
    assert not counts(path, frozenset({path}), (".",))
