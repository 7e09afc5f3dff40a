"""`uv.lock`."""

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
version = 1
revision = 2
requires-python = ">=3.11"

[manifest]
members = ["api", "shop"]

[[package]]
name = "api"
version = "0.2.0"
source = { directory = "api" }
dependencies = [
    { name = "httpx", extra = ["http2"] },
]

[[package]]
name = "h2"
version = "4.2.0"
source = { registry = "https://registry.example/simple" }

[[package]]
name = "httpx"
version = "0.28.1"
source = { registry = "https://registry.example/simple" }
dependencies = [
    { name = "idna" },
]
sdist = { url = "https://registry.example/httpx.tar.gz", hash = "sha256:00", size = 1 }
wheels = [
    { url = "https://registry.example/httpx.whl", hash = "sha256:00", size = 1 },
]

[package.optional-dependencies]
http2 = [
    { name = "h2" },
]
socks = [
    { name = "socksio" },
]

[[package]]
name = "idna"
version = "3.10"
source = { registry = "https://registry.example/simple" }

[[package]]
name = "pytest"
version = "8.0.0"
source = { registry = "https://registry.example/simple" }

[[package]]
name = "rich"
version = "13.0.0"
source = { git = "https://example.org/rich?rev=main#abc" }

[[package]]
name = "shop"
source = { editable = "." }
dependencies = [
    { name = "api" },
]

[package.optional-dependencies]
pretty = [
    { name = "rich" },
]

[package.dev-dependencies]
dev = [
    { name = "pytest" },
    { name = "idna" },
]

[package.metadata]
requires-dist = [{ name = "api", directory = "api" }, { name = "rich", marker = "extra == 'pretty'" }]
"""


def test_uv_packages_have_source_scope_direct_and_the_line_of_their_table() -> None:
    assert rows(read({"uv.lock": LOCK})) == [
        ("api", "0.2.0", "path", True, "runtime", 8),
        ("h2", "4.2.0", "registry", False, "runtime", 16),
        ("httpx", "0.28.1", "registry", True, "runtime", 21),
        ("idna", "3.10", "registry", True, "runtime", 41),
        ("pytest", "8.0.0", "registry", True, "development", 46),
        ("rich", "13.0.0", "vcs", True, "optional", 51),
        ("shop", "", "path", None, "runtime", 56),
    ]


def test_uv_path_follows_only_the_extras_that_are_asked_for() -> None:
    parsed = read({"uv.lock": LOCK})
    assert path_of(parsed, "h2") == ("httpx",)
    assert gaps(parsed) == []


def test_uv_forked_versions_are_told_apart() -> None:
    text = (
        'version = 1\n\n[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [\n'
        '    { name = "n", version = "2.0", source = { registry = "https://registry.example" } },\n]\n\n'
        '[[package]]\nname = "n"\nversion = "1.0"\nsource = { registry = "https://registry.example" }\n\n'
        '[[package]]\nname = "n"\nversion = "2.0"\nsource = { registry = "https://registry.example" }\n'
    )
    assert [(row[1], row[3]) for row in rows(read({"uv.lock": text}))] == [("1", None), ("1.0", None), ("2.0", True)]


def test_uv_script_requirements_are_direct() -> None:
    text = (
        'version = 1\n\n[manifest]\nrequirements = [{ name = "a" }]\n\n'
        '[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://registry.example" }\n'
    )
    assert rows(read({"uv.lock": text}))[0][3] is True


def test_uv_dependency_that_is_missing_is_unparsed() -> None:
    text = 'version = 1\n\n[[package]]\nname = "a"\nversion = "1"\ndependencies = [\n    { name = "gone" },\n]\n'
    assert gaps(read({"uv.lock": text})) == [(3, "depends on `gone`, which is not in the lock file")]


def test_uv_unknown_source_and_version_are_unparsed() -> None:
    text = 'version = 9\n\n[[package]]\nname = "a"\nversion = "1"\nsource = { moon = "x" }\n'
    parsed = read({"uv.lock": text})
    assert rows(parsed) == []
    assert [line for line, _ in gaps(parsed)] == [None, 3]


def test_uv_registry_package_without_version_is_unparsed() -> None:
    text = 'version = 1\n\n[[package]]\nname = "a"\nsource = { registry = "https://registry.example" }\n'
    parsed = read({"uv.lock": text})
    assert rows(parsed) == []
    assert parsed.unparsed[0].line == 3


def test_uv_syntax_error_names_line_and_column() -> None:
    parsed = read({"uv.lock": 'version = 1\n\n[[package]\nname = "a"\n'})
    assert rows(parsed) == []
    assert parsed.unparsed[0].line == 3
    assert "(column 10)" in parsed.unparsed[0].because


def test_uv_merge_conflict_is_named_with_its_line() -> None:
    parsed = read({"uv.lock": f"{LOCK}<<<<<<< HEAD\n=======\n>>>>>>> other\n"})
    assert gaps(parsed) == [(LOCK.count("\n") + 1, "merge conflict markers")]


def test_uv_truncated_file_is_unparsed() -> None:
    parsed = read({"uv.lock": LOCK[: LOCK.index("wheels = [") + 14]})
    assert rows(parsed) == []
    assert parsed.unparsed[0].because.startswith("not valid TOML")
