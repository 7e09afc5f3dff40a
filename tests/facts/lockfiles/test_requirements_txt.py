"""`requirements*.txt`."""

import pytest

from holdfast.model.component import Location
from tests.facts.lockfiles.reading import gaps, path_of, read, rows

MIXED = """\
# tools
Flask[async,dotenv] == 3.0.0 ; python_version >= "3.9"
requests==2.31.0 \\
    --hash=sha256:aaaa \\
    --hash=sha256:bbbb
zope.interface===6.0
six>=1.16
pytest
numpy==1.*
-e ./libs/own
git+https://example.org/team/tool.git@abc123#egg=Tool
urllib3 @ https://example.org/urllib3-1.26.8.zip
./wheels/attrs-23.1.0-py3-none-any.whl
https://example.org/lib-2.0-py3-none-any.whl
"""


def test_requirements_pinned_lines_are_components_with_their_lines() -> None:
    assert rows(read({"requirements.txt": MIXED})) == [
        ("flask", "3.0.0", "registry", None, "runtime", 2),
        ("requests", "2.31.0", "registry", None, "runtime", 3),
        ("zope-interface", "6.0", "registry", None, "runtime", 6),
        ("./libs/own", "", "path", None, "runtime", 10),
        ("tool", "abc123", "vcs", None, "runtime", 11),
        ("urllib3", "1.26.8", "url", None, "runtime", 12),
        ("attrs", "23.1.0", "path", None, "runtime", 13),
        ("lib", "2.0", "url", None, "runtime", 14),
    ]


def test_requirements_unpinned_lines_are_named_and_never_guessed() -> None:
    assert gaps(read({"requirements.txt": MIXED})) == [
        (7, "`six>=1.16` is not pinned to one version"),
        (8, "`pytest` is not pinned to one version"),
        (9, "`numpy==1.*` is not pinned to one version"),
    ]


@pytest.mark.parametrize(
    ("line", "because"),
    [
        ("a==1,==2", "pinned to several versions at once"),
        ("a==1 2", "not a requirement"),
        ("==1.0", "not a requirement"),
        ("a=={{ version }}", "not a requirement"),
        ("--frobnicate x", "an option that is not known"),
        ("a==1\x1b[31m", "not a requirement"),
    ],
)
def test_requirements_senseless_line_is_unparsed_and_the_next_still_read(line: str, because: str) -> None:
    parsed = read({"requirements.txt": f"{line}\ngood==1.0\n"})
    assert [name for name, *_ in rows(parsed)] == ["good"]
    assert parsed.unparsed[0].line == 1
    assert because in parsed.unparsed[0].because
    assert parsed.unparsed[0].because.isprintable()


def test_requirements_include_is_read_at_its_own_place() -> None:
    parsed = read({"app/requirements.txt": "-r ../base.txt\nb==2\n", "base.txt": "# x\na==1\n"})
    assert [(one.component.name, str(one.locations[0])) for one in parsed.occurrences] == [
        ("b", "app/requirements.txt:2"),
        ("a", "base.txt:2"),
    ]


def test_requirements_include_cycle_ends() -> None:
    files = {"requirements.txt": "-r requirements-b.txt\na==1\n", "requirements-b.txt": "-rrequirements.txt\nb==2\n"}
    assert [name for name, *_ in rows(read(files))] == ["a", "b"]


@pytest.mark.parametrize("target", ["../outside.txt", "/etc/passwd", "https://example.org/r.txt", "sub/../../x.txt"])
def test_requirements_include_outside_of_the_tree_is_unparsed(target: str) -> None:
    parsed = read({"requirements.txt": f"a==1\n--requirement={target}\n"})
    assert gaps(parsed) == [(2, f"includes `{target}`, which is not inside this tree")]


def test_requirements_include_that_is_missing_is_unparsed() -> None:
    parsed = read({"requirements.txt": "-r base.txt\n"})
    assert gaps(parsed) == [(1, "includes `base.txt`, which could not be read: no such file")]


def test_requirements_constraint_pins_what_the_line_leaves_open_and_adds_nothing() -> None:
    files = {"requirements.txt": "-c constraints.txt\na\nb==2\n", "constraints.txt": "a==1.5\nunused==9\n"}
    parsed = read(files)
    assert rows(parsed)[0][:2] == ("a", "1.5")
    assert parsed.occurrences[0].locations == (Location("requirements.txt", 2), Location("constraints.txt", 1))
    assert [name for name, *_ in rows(parsed)] == ["a", "b"]
    assert rows(read(files, "constraints.txt")) == []


def test_requirements_compiled_comments_tell_direct_and_path() -> None:
    text = "boto3==1.26.0  # via -r requirements.in\n"
    text += "botocore==1.27.0  # via boto3\nsix==1.16.0\n    # via\n    #   botocore\n"
    parsed = read({"requirements.txt": text})
    assert [row[3] for row in rows(parsed)] == [True, False, False]
    assert path_of(parsed, "six") == ("boto3", "botocore")


def test_requirements_project_asking_makes_a_line_direct() -> None:
    parsed = read({"requirements.txt": "a==1\n    # via shop (pyproject.toml)\nb==2\n    # via a\n"})
    assert [row[3] for row in rows(parsed)] == [True, False]


def test_requirements_conflict_is_cut_out_and_the_rest_read() -> None:
    text = "a==1\n<<<<<<< HEAD\nb==1\n=======\nb==2\n>>>>>>> feature\nc==3\n"
    parsed = read({"requirements.txt": text})
    assert [row[0] for row in rows(parsed)] == ["a", "c"]
    assert gaps(parsed) == [(2, "merge conflict markers: lines 2 to 6 were not read")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_requirements_byte_order_mark_is_understood(encoding: str) -> None:
    assert rows(read({"requirements.txt": "a==1\n".encode(encoding)}))[0][:2] == ("a", "1")


def test_requirements_named_encoding_is_understood() -> None:
    data = "# -*- coding: latin-1 -*-\na==1  # caf\xe9\n".encode("latin-1")
    assert rows(read({"requirements.txt": data}))[0][:2] == ("a", "1")


def test_requirements_undecodable_line_is_unparsed_and_the_others_read() -> None:
    parsed = read({"requirements.txt": b"a==1\nb\xff==2\nc==3 # \xff is only a comment\n"})
    assert [row[0] for row in rows(parsed)] == ["a", "c"]
    assert gaps(parsed) == [(2, "not UTF-8 text; save the file as UTF-8")]


def test_requirements_empty_file_says_so() -> None:
    assert gaps(read({"requirements.txt": " \n"})) == [(None, "the file is empty")]


def test_requirements_very_long_version_is_refused_with_its_line() -> None:
    parsed = read({"requirements.txt": f"a==1\nb=={'9' * 10_000}\n"})
    assert [row[0] for row in rows(parsed)] == ["a"]
    assert parsed.unparsed[0].line == 2


@pytest.mark.parametrize(
    "name", ["requirements-dev.txt", "dev-requirements.txt", "requirements/base.txt", "Requirements.TXT"]
)
def test_requirements_names_are_recognized(name: str) -> None:
    assert read({name: "a==1\n"}).format == "requirements_txt"
