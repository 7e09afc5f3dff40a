"""`Pipfile.lock`."""

from tests.facts.lockfiles.reading import gaps, read, rows

LOCK = """\
{
    "_meta": {"pipfile-spec": 6, "sources": []},
    "default": {
        "Flask": {"hashes": [], "index": "pypi", "version": "==3.0.0"},
        "werkzeug": {"version": "==3.0.1"},
        "rich": {"git": "https://example.org/rich", "ref": "abc"},
        "own": {"editable": true, "path": "."},
        "far": {"file": "https://example.org/far.tar.gz"},
        "open": {"version": "*"},
        "bare": {"markers": "x"},
        "odd": 1
    },
    "develop": {"pytest": {"version": "==8.0"}},
    "docs": {"sphinx": {"version": "==7.0"}}
}
"""
SAMPLE = ("Pipfile.lock", LOCK)
PIPFILE = """\
[[source]]
name = "pypi"
[packages]
flask = "*"
[dev-packages]
pytest = "*"
[docs]
sphinx = "*"
"""


def test_pipenv_packages_have_source_scope_and_line() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("flask", "3.0.0", "registry", None, "runtime", 4),
        ("werkzeug", "3.0.1", "registry", None, "runtime", 5),
        ("rich", "abc", "vcs", None, "runtime", 6),
        ("own", "", "path", None, "runtime", 7),
        ("far", "", "url", None, "runtime", 8),
        ("pytest", "8.0", "registry", None, "development", 13),
        ("sphinx", "7.0", "registry", None, "optional", 14),
    ]
    assert gaps(parsed) == [
        (9, "`open` is not pinned to one version: '*'"),
        (10, "`bare` has no version"),
        (3, "expected an object for `odd`, got int"),
    ]


def test_pipfile_beside_it_tells_what_is_direct() -> None:
    found = {row[0]: row[3] for row in rows(read({"a/Pipfile.lock": LOCK, "a/Pipfile": PIPFILE}))}
    assert found["flask"] is found["pytest"] is found["sphinx"] is True
    assert found["werkzeug"] is False


def test_pipfile_that_is_broken_means_direct_is_unknown() -> None:
    assert {row[3] for row in rows(read({"Pipfile.lock": LOCK, "Pipfile": "[packages"}))} == {None}


def test_pipenv_lock_without_categories_is_not_whole() -> None:
    expected = [(1, "neither `default` nor `develop` in it: not a whole lock file")]
    assert gaps(read({"Pipfile.lock": '{"_meta": {}}'})) == expected
