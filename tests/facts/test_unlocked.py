"""A lock file stands for no more than what it has."""

import json

import pytest

from holdfast.facts.composition import read_composition
from holdfast.testing.trees import MemoryTree

NPM_LOCK = json.dumps(
    {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"a": "^1"}},
            "node_modules/a": {"version": "1.0.0"},
            "node_modules/old": {"name": "real", "version": "2.0.0"},
        },
    }
)
POETRY = '[[package]]\nname = "a-b"\nversion = "2.0"\n\n[metadata]\nlock-version = "2.0"\n'
CARGO = 'version = 4\n[[package]]\nname = "a"\nversion = "1.0.0"\n'
NUGET = '{"version": 1, "dependencies": {}}'
COMPOSER = '{"packages": [], "packages-dev": []}'
PROVIDED = '{"packages": [{"name": "m/m", "version": "1.0.0", "provide": {"psr/log-implementation": "1"}}]}'
BERRY = '__metadata:\n  version: 8\n\n"a@npm:1.0.1":\n  version: 1.0.1\n  resolution: "a@npm:1.0.1"\n'
PNPM = """lockfileVersion: '9.0'
overrides:
  '@s/a@1': 1.0.5
  gone: '-'
ignoredOptionalDependencies:
  - left
packages:
  '@s/a@1.0.5':
    resolution: {integrity: sha512-x}
"""
UV = (
    'version = 1\n[[package]]\nname = "a"\nversion = "2.0"\nsource = { registry = "https://registry.example/simple" }\n'
)
YARN = '# yarn lockfile v1\n\n\na@^1.0.0:\n  version "1.0.0"\n'


def told(files: dict[str, str], path: str = ".") -> list[str]:
    """Return what a tree's gaps say, with their places."""
    return [f"{gap.file}:{gap.line} {gap.because}" for gap in read_composition(MemoryTree(files), [path]).unparsed]


@pytest.mark.parametrize(
    ("manifest", "text", "lock", "locked", "gap"),
    [
        ("package.json", '{"dependencies": {"a": "^1",\n"b": "^1"}}', "package-lock.json", NPM_LOCK, "2 `b`"),
        ("package.json", '{"dependencies": {"a": "0.9.0"}}', "package-lock.json", NPM_LOCK, "1 `a` 0.9.0"),
        ("package.json", '{"devDependencies": {"b": "1.0.0"}}', "yarn.lock", YARN, "1 `b` 1.0.0"),
        ("pyproject.toml", '[project]\ndependencies = ["a_B==1.0"]\n', "poetry.lock", POETRY, "None `a-b` 1.0"),
        ("pyproject.toml", "[tool.poetry.group.x.dependencies]\nc = '*'\n", "poetry.lock", POETRY, "2 `c`"),
        ("pyproject.toml", '[project]\ndependencies = ["c"]\n', "requirements.txt", "a==1\n", "2 `c`"),
        ("requirements.in", "a\nc\n", "requirements.txt", "a==1\n", "2 `c`"),
        ("Cargo.toml", '[dependencies]\nb_c = "1"\n', "Cargo.lock", CARGO, "2 `b_c`"),
        ("composer.json", '{"require": {"x/y": "*"}}', "composer.lock", COMPOSER, "1 `x/y`"),
        ("pubspec.yaml", "dependencies:\n  a: any\n", "pubspec.lock", "packages: {}\nsdks: {}\n", "2 `a`"),
        ("Pipfile", '[packages]\na = "*"\n', "Pipfile.lock", '{"default": {}, "develop": {}}', "2 `a`"),
        ("x.csproj", '<PackageReference Include="A"/>', "packages.lock.json", NUGET, "1 `A`"),
    ],
)  # fmt: skip
def test_name_that_is_asked_for_and_not_locked_is_told(
    manifest: str, text: str, lock: str, locked: str, gap: str
) -> None:
    where = f"{manifest}:{gap} is asked for and not in `{lock}`: lock it again"
    assert [one for one in told({manifest: text, lock: locked}) if one.startswith(manifest)] == [where]


def test_lock_above_does_not_stand_for_a_project_that_it_does_not_know() -> None:
    files = {"services/pay/package.json": '{"dependencies": {"lodash": "4.17.15"}}', "package-lock.json": NPM_LOCK}
    want = "services/pay/package.json:1 `lodash` 4.17.15 is asked for and not in `package-lock.json`: lock it again"
    assert told(files) == told(files, "services/pay") == [want]


@pytest.mark.parametrize(
    "files",
    [
        {"package.json": '{"dependencies": {"a": "1.0.0", "old": "npm:real@2"}}', "package-lock.json": NPM_LOCK},
        {"package.json": '{"dependencies": {"own": "link:own"}, "peerDependencies": {"p": "1"}}', "yarn.lock": YARN},
        {
            "package.json": '{"workspaces": ["packages/*"], "dependencies": {"one": "1.0.0"}}',
            "packages/one/package.json": '{"name": "one", "dependencies": {"a": "^1.0.0"}}',
            "yarn.lock": YARN,
        },
        {"pyproject.toml": '[project]\nname = "x"\ndependencies = ["A.b==2", "x[all]"]\n', "poetry.lock": POETRY},
        {"pyproject.toml": '[project.optional-dependencies]\ndev = ["c"]\n', "requirements.txt": "a==1\n"},
        {
            "composer.json": '{"require": {"psr/log-implementation": "1.0"}}',
            "composer.lock": PROVIDED,
        },
        {
            "pubspec.yaml": "name: a\nworkspace:\n  - b\ndependencies:\n  b: any\n",
            "b/pubspec.yaml": "name: b\nresolution: workspace\n",
            "pubspec.lock": "packages: {}\nsdks: {}\n",
        },
        {"vendor/a/Cargo.toml": '[package]\nname = "a"\n[dev-dependencies]\nz = "1"\n',
         "Cargo.lock": '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n'},
        {
            "package.json": '{"workspaces": ["p"], "resolutions": {"**/a": "1.0.1"}}',
            "p/package.json": '{"name": "p", "dependencies": {"a": "1.0.0"}}',
            "yarn.lock": BERRY,
        },
        {
            "package.json": '{"dependencies": {"@s/a": "1.0.0", "gone": "1"}, "optionalDependencies": {"left": "1"}}',
            "pnpm-lock.yaml": PNPM,
        },
        {
            "Cargo.toml": '[workspace.dependencies]\nother = { package = "a", version = "1" }\n',
            "m/Cargo.toml": '[package]\nname = "m"\n[dependencies]\nother.workspace = true\n',
            "Cargo.lock": CARGO,
        },
        {
            "pyproject.toml": '[tool.uv]\noverride-dependencies = ["A==2.0"]\n',
            "m/pyproject.toml": '[project]\nname = "m"\ndependencies = ["a==1.0"]\n',
            "uv.lock": UV,
        },
        {"pyproject.toml": '[project]\ndependencies = ["a-b==2.0.0-Beta.1"]\n',
         "poetry.lock": POETRY.replace('"2.0"\n\n', '"2.0.0b1"\n\n')},
        {"requirements.in": "./near\ngit+https://h.example/python-a.git@v1\n",
         "requirements.txt": "a @ git+https://h.example/python-a.git@v1\n"},
        {"x.csproj": '<!-- <PackageReference Include="A"/> -->', "packages.lock.json": NUGET},
    ],
)  # fmt: skip
def test_what_a_lock_stands_for_is_not_told(files: dict[str, str]) -> None:
    assert told(files) == []


def test_gap_of_a_lock_is_told_once() -> None:
    files = {"pyproject.toml": '[project]\ndependencies = ["a"]\n', "requirements.txt": "a>=1\n"}
    assert len(told(files)) == 1
    assert len(told({"package.json": '{"dependencies": {"a": "1"}}', "package-lock.json": "{"})) == 1


def test_manifest_that_can_not_be_read_is_told_though_a_lock_is_there() -> None:
    (gap,) = told({"package.json": '{"dependencies": ', "package-lock.json": NPM_LOCK})
    assert "can't be read" in gap


def test_manifest_full_of_names_is_told_up_to_a_thousand() -> None:
    names = json.dumps({"dependencies": {f"p{number}": "1.0.0" for number in range(1_500)}})
    gaps = told({"package.json": names, "package-lock.json": NPM_LOCK})
    assert len(gaps) == 1_001
    assert "500 more names" in " ".join(gaps)


PROJECT = '[project]\nrequires-python = ">=3.9"\ndependencies = ["x; {marker}"]\n'


@pytest.mark.parametrize(
    ("marker", "in_requirements", "in_poetry"),
    [
        ("python_version < '3.9'", False, False),
        ("python_version < '3.11'", False, True),
        ("sys_platform == 'win32'", False, True),
        ("sys_platform == 'win32' and python_version < '3.8'", False, False),
        ("python_version >= '3'", True, True),
        ("sys_platform != 'win32'", True, True),
        ("no marker", True, True),
    ],
)
def test_name_that_only_some_machines_get_is_held_to_locks_for_all(
    marker: str, in_requirements: bool, in_poetry: bool
) -> None:
    manifest = PROJECT.format(marker=marker)
    assert bool(told({"pyproject.toml": manifest, "requirements.txt": "a==1\n"})) is in_requirements
    assert bool(told({"pyproject.toml": manifest, "poetry.lock": POETRY})) is in_poetry


def test_bound_of_poetry_leaves_a_name_out_where_no_python_of_the_project_has_it() -> None:
    text = '[tool.poetry.dependencies]\npython = "^3.9"\nx = {{version = "1", python = "{bound}"}}\n'
    assert told({"pyproject.toml": text.format(bound="<3.8"), "poetry.lock": POETRY}) == []
    assert len(told({"pyproject.toml": text.format(bound="<3.10"), "poetry.lock": POETRY})) == 1
