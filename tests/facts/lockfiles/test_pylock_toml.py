"""`pylock.toml`."""

from tests.facts.lockfiles.reading import gaps, path_of, read, rows

LOCK = """\
lock-version = "1.0"
created-by = "some"

[[packages]]
name = "Flask"
version = "3.0.0"
wheels = [{name = "flask.whl", url = "https://registry.example/flask.whl", hashes = {sha256 = "00"}}]

[[packages.dependencies]]
name = "werkzeug"

[[packages]]
name = "werkzeug"
version = "3.0.1"
marker = "python_version > '3'"

[[packages]]
name = "pytest"
version = "8.0"
marker = "'dev' in dependency_groups or 'test' in dependency_groups"

[[packages]]
name = "gunicorn"
version = "21.0"
marker = "'prod' in extras"

[[packages]]
name = "own"
directory = {path = "."}

[[packages]]
name = "rich"
version = "13"
vcs = {type = "git", url = "https://example.org/rich", commit-id = "abc"}

[[packages]]
name = "far"
archive = {url = "https://example.org/far.zip", hashes = {sha256 = "00"}}

[[packages]]
name = "bare"
"""
SAMPLE = ("pylock.toml", LOCK)


def test_pylock_packages_have_source_scope_and_line() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("flask", "3.0.0", "registry", None, "runtime", 4),
        ("werkzeug", "3.0.1", "registry", None, "runtime", 12),
        ("pytest", "8.0", "registry", None, "development", 17),
        ("gunicorn", "21.0", "registry", None, "optional", 22),
        ("own", "", "path", None, "runtime", 27),
        ("rich", "13", "vcs", None, "runtime", 31),
        ("far", "", "url", None, "runtime", 36),
    ]
    assert [line for line, _ in gaps(parsed)] == [40]


def test_pylock_project_beside_it_tells_direct_and_path() -> None:
    files = {"a/pylock.web.toml": LOCK, "a/pyproject.toml": '[project]\ndependencies = ["flask"]\n'}
    parsed = read(files)
    assert {row[0]: row[3] for row in rows(parsed)}["flask"] is True
    assert path_of(parsed, "werkzeug") == ("flask",)


def test_pylock_of_another_version_and_without_packages_is_told() -> None:
    assert [because for _, because in gaps(read({"pylock.toml": 'lock-version = "2.0"\n'}))] == [
        "expected `lock-version` 1, got '2.0': parts may be read wrongly",
        "no `[[packages]]` in it: not a whole lock file",
    ]
