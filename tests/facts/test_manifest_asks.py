"""What manifests ask for by name."""

import pytest

from holdfast.errors import FactError
from holdfast.facts.manifest_asks import READERS, asks_for_nothing, read_asks
from holdfast.facts.recognized import MANIFESTS


def asked(glob: str, text: str) -> list[tuple[str, str]]:
    """Return (name, pin) of all that a manifest asks for."""
    asking = read_asks(glob, text.encode())
    assert asking is not None
    return [(one.name, one.pin) for one in asking.asks]


def test_manifests_that_are_read_are_recognized() -> None:
    assert set(READERS) <= set(MANIFESTS)
    assert read_asks("Gemfile", b"gem 'rails'") is None


def test_package_json_names_what_comes_from_a_registry() -> None:
    text = """{"dependencies": {"a": "1.2.3", "b": "^1", "own": "workspace:*", "near": "file:../near"},
               "devDependencies": {"c": "v2.0.0"}, "peerDependencies": {"p": "1"}, "overrides": {"c@2": "2.1.0"}}"""
    assert asked("package.json", text) == [("c", ""), ("a", "1.2.3"), ("b", "")]


def test_composer_json_asks_for_packages_and_not_for_php() -> None:
    text = """{"require": {"php": ">=8", "ext-json": "*", "A/b": "1.2.3"},
               "require-dev": {"c/d": "^1", "e/f": "*"}, "replace": {"e/f": "*"}}"""
    assert asked("composer.json", text) == [("a/b", "1.2.3"), ("c/d", "")]


def test_cargo_toml_gives_real_names_and_those_of_targets_and_of_the_workspace() -> None:
    text = """[package]
name = "x"
[dependencies]
a = "=1.2.3"
b = { version = "1", package = "real-b" }
c.workspace = true
[target.'cfg(unix)'.dev-dependencies]
d = "1"
[workspace.dependencies]
c = { package = "real-c", version = "1" }
"""
    assert asked("Cargo.toml", text) == [("a", "1.2.3"), ("real-b", ""), ("real-c", ""), ("d", "")]


def test_pyproject_asks_by_every_table_that_tools_lock() -> None:
    text = """[project]
dependencies = ["Django==2.0", "b>=1 ; python_version < '4'", "c @ https://h.example/c.whl", 7]
[project.optional-dependencies]
x = ["d"]
[dependency-groups]
dev = ["e", {include-group = "x"}]
[tool.poetry.dependencies]
python = "^3.11"
f = "1.2"
g = {version = "^2", optional = true}
[tool.poetry.group.dev.dependencies]
h = "*"
"""
    want = [("django", "2.0"), ("b", ""), ("c", ""), ("f", "1.2"), ("g", ""), ("h", ""), ("d", ""), ("e", "")]
    assert asked("pyproject.toml", text) == want
    asking = read_asks("pyproject.toml", text.encode())
    assert asking is not None
    assert [one.name for one in asking.asks if one.extra] == ["g", "h", "d", "e"]


def test_other_manifests_give_their_names() -> None:
    assert asked(
        "Pipfile", '[packages]\na = "==1.0"\nb = "*"\n[dev-packages]\nc = {version = "==2"}\n[requires]\nd="1"'
    ) == [
        ("a", "1.0"),
        ("b", ""),
        ("c", "2"),
    ]
    assert asked("*requirements*.in", "# x\n-r base.in\na==1 # why\nb\n") == [("a", "1"), ("b", "")]
    assert asked("pubspec.yaml", "name: x\ndependencies:\n  a: ^1.0.0\ndev_dependencies:\n  b: any\n") == [
        ("a", ""),
        ("b", ""),
    ]
    references = """<PackageReference Include="A.B" Version="1"/><PackageReference Include="$(C)"/>
        <!-- <PackageReference Include="Old"/> --><PackageReference Condition="'$(X)' > 1" Include="D; E" />"""
    assert asked("*.csproj", references) == [("A.B", ""), ("D", ""), ("E", "")]


@pytest.mark.parametrize("glob", sorted(READERS))
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"[" * 100_000, b"[]", b'{"a":' * 50_000, b"x = = 1", b"null", b"a: {"]
)
def test_manifest_of_any_shape_is_answered_or_refused(glob: str, data: bytes) -> None:
    try:
        asking = read_asks(glob, data)
    except FactError:
        return
    assert asking is not None


@pytest.mark.parametrize(
    ("glob", "nothing", "something"),
    [
        (
            "package.json",
            '{"dependencies": {"a": "workspace:*"}, "devDependencies": {}}',
            '{"dependencies": {"a": ""}}',
        ),
        ("package.json", '{"dependencies": null}', '{"dependencies": {"a": "file:a.tgz"}}'),
        ("package.json", '{"name": "dependencies"}', '{"peerDependencies": {"python": "1"}}'),
        ("composer.json", '{"require": {"php": ">=8", "ext-json": "*"}}', '{"require-dev": {"a/b": "*"}}'),
        ("Cargo.toml", "[dependencies]\n", "[target.'cfg(unix)'.dependencies]\na = '1'\n"),
        ("pyproject.toml", "[project]\ndependencies = []\n", '[project]\ndynamic = ["dependencies"]\n'),
        ("pyproject.toml", "[dependency-groups]\ndev = []\n", '[dependency-groups]\ndev = ["a"]\n'),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '3'\n", "[tool.pixi.dependencies]\na = '*'\n"),
        ("pyproject.toml", "[tool.ruff]\n# dependencies\n", "[tool.hatch.envs.x]\ndependencies = ['a']\n"),
        ("Pipfile", "[packages]\n[requires]\npython_version = '3'\n", "[docs]\na = '*'\n"),
        ("requirements/*.in", "# none\n\n", "-r other.in\n"),
        ("pubspec.yaml", "name: a\ndependencies:\n", "name: a\ndev_dependencies:\n  b:\n"),
        ("*.csproj", "<Project><!-- PackageReference --></Project>", '<PackageReference Include="$(X)"/>'),
    ],
)
def test_manifest_that_asks_for_nothing_is_known_by_what_stands_in_it(glob: str, nothing: str, something: str) -> None:
    assert asks_for_nothing(glob, nothing.encode())
    assert not asks_for_nothing(glob, something.encode())


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"x = = 1", b"a: {", b"<!--"])
def test_manifest_that_can_not_be_read_may_ask_for_anything(data: bytes) -> None:
    readable = {"*.csproj", "*.fsproj", "*.vbproj"} if data[:1] != b"\xff" else set()
    assert not any(asks_for_nothing(glob, data) for glob in set(READERS) - readable)
    assert not asks_for_nothing("Gemfile", b"")
