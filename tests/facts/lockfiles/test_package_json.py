"""What the `package.json` beside a lock file asks for, and which of its workspaces' do."""

import pytest

from holdfast.facts.lockfiles._package_json import asked_by, find_members, find_scopes, read_manifest, workspace_globs
from holdfast.model.component import Scope
from holdfast.testing.trees import MemoryTree


def test_manifest_asks_with_the_strongest_scope_of_a_name() -> None:
    manifest = {
        "devDependencies": {"a": "1", "b": "1", "bad": 3},
        "optionalDependencies": {"b": "2", "c": "2"},
        "dependencies": {"c": "3"},
    }
    assert asked_by(manifest) == [
        ("a", "1", Scope.DEVELOPMENT),
        ("b", "2", Scope.OPTIONAL),
        ("c", "3", Scope.RUNTIME),
    ]


@pytest.mark.parametrize("text", ["", "[", "[]", "[" * 10**5, "9" * 5000])
def test_manifest_that_is_none_is_not_known(text: str) -> None:
    assert read_manifest(MemoryTree({"a/package.json": text}), "a") is None


@pytest.mark.parametrize(
    ("glob", "members"),
    [
        ("packages/*", ["packages/a", "packages/b"]),
        ("packages/**", ["packages/a", "packages/a/deep", "packages/b"]),
        ("**/deep", ["packages/a/deep"]),
        ("./packages/a", ["packages/a"]),
        ("packages/[ab]", ["packages/a", "packages/b"]),
        ("!packages/a", []),
        ("other", []),
    ],
)
def test_members_are_found_by_glob(glob: str, members: list[str]) -> None:
    paths = ("package.json", "packages/a/package.json", "packages/a/deep/package.json", "packages/b/package.json")
    assert find_members(MemoryTree(dict.fromkeys(paths, "{}")), "", [glob]) == members


def test_members_of_a_glob_of_many_stars_take_no_time() -> None:
    tree = MemoryTree({f"{'a' * 200}/{'b/' * 200}package.json": "{}"})
    assert find_members(tree, "", ["*a" * 200 + "c", "**/" * 200 + "x", "*b*/" * 100]) == []


def test_workspaces_are_a_list_or_an_object_with_one() -> None:
    assert workspace_globs({"workspaces": ["a", 3]}) == ["a"]
    assert workspace_globs({"workspaces": {"packages": ["b"]}}) == ["b"]
    assert workspace_globs({"workspaces": "c"}) == []


def test_scopes_are_those_of_the_manifest_as_it_is_now() -> None:
    assert find_scopes(MemoryTree({"a/package.json": '{"devDependencies": {"b": "1"}}'}), "a") == {
        "b": Scope.DEVELOPMENT
    }
    assert find_scopes(MemoryTree({"a/package.json": '{"dependencies": {"b": "1"}}'}), "a") == {"b": Scope.RUNTIME}
    assert find_scopes(MemoryTree({"a/package.json": "["}), "a") == {}
    assert find_scopes(MemoryTree({}), "a") == {}
    assert read_manifest(MemoryTree({"package.json": "{}" + " " * (1 << 20)}), "") is None
