"""CODEOWNERS: who owns what, and which services a repository has by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.facts.estate._globs import matches_part, matches_parts
from holdfast.facts.estate._owners import parse_owners
from holdfast.facts.estate.codeowners import SPEC
from holdfast.testing.trees import MemoryTree

FILE = b"""# the last line that matches decides
*               @acme/everyone
/services/pay/  @acme/pay @ana
services/shop   @acme/team\\ retail # with a space
*.js            @js-people
/docs/*         docs@acme.example
/apps/          @acme/apps
/apps/legacy
"""


@pytest.mark.parametrize(
    ("path", "team"),
    [
        ("README", "everyone"),
        ("services/pay/go.mod", "pay"),
        ("services/pay/web/a.js", "js-people"),
        ("services/shop/deep/er/x", "team retail"),
        ("x/services/shop/y", "everyone"),  # a slash inside anchors it
        ("docs/a.md", ""),  # an address of mail is nobody's team
        ("docs/more/a.md", "everyone"),  # `/*` reaches no deeper
        ("apps/one/x", "apps"),
        ("apps/legacy/x", ""),  # a line without owners leaves it to nobody
    ],
)
def test_the_last_line_that_matches_decides(path: str, team: str) -> None:
    assert parse_owners("CODEOWNERS", FILE).team_of(path) == team


def test_sections_of_gitlab_decide_for_themselves_and_share_owners() -> None:
    text = b"[Database][2] @acme/db\nmodel/\n/app/db @acme/sub/dba\n^[Docs]\n*.md @acme/writers\n[DATABASE]\n*.sql\n"
    owners = parse_owners("CODEOWNERS", text)
    named = {path: owners.team_of(path) for path in ("x/model/a", "app/db/x", "a.md", "b.sql", "c.py")}
    assert named == {"x/model/a": "db", "app/db/x": "dba", "a.md": "writers", "b.sql": "db", "c.py": ""}


def test_lines_that_no_system_reads_are_named() -> None:
    owners = parse_owners("CODEOWNERS", b"!x @a/b\nx[0-9] @a/b\n../../etc @a/b\n/ok @a/b\n")
    assert [one.split(": ")[0] for one in owners.problems] == ["CODEOWNERS:1", "CODEOWNERS:2", "CODEOWNERS:3"]
    assert owners.team_of("ok") == "b"


def test_folders_with_dependency_files_that_a_line_names_are_services() -> None:
    files = ("services/pay/go.mod", "services/shop/requirements.txt", "libs/a/go.mod", "docs/a.md", "go.mod")
    tree = MemoryTree(dict.fromkeys(files, b""))
    lines = b"* @acme/all\n/services/*/ @acme/product\n/services/pay @acme/pay\n/docs @acme/docs\n/libs @acme/libs\n"
    estate = SPEC.read("CODEOWNERS", lines, tree)
    assert [(one.path, one.name, one.team) for one in estate.members] == [
        ("libs", "libs", "libs"),
        ("services/pay", "pay", "pay"),
        ("services/shop", "shop", "product"),
    ]
    assert "1 dependency files lie in no folder" in estate.problems[0]


def test_without_a_folder_and_with_a_manifest_the_repository_is_one() -> None:
    plain = SPEC.read("CODEOWNERS", b"* @acme/all\n", MemoryTree({"go.mod": b""}))
    assert [(one.path, one.team) for one in plain.members] == [(".", "all")]
    declared = SPEC.read("CODEOWNERS", b"/a @acme/a\n", MemoryTree({"holdfast.yaml": b"", "a/go.mod": b""}))
    assert [one.path for one in declared.members] == ["."]


def test_a_pattern_of_many_stars_costs_no_more_than_its_length() -> None:
    assert not matches_part("*a" * 200 + "b", "a" * 20_000)
    assert not matches_parts(["**", "a"] * 15, ["a"] * 2000 + ["b"])


def test_a_file_of_thousands_of_patterns_is_held_against_fewer_folders_and_says_so() -> None:
    tree = MemoryTree({f"a{number}/b/go.mod": b"" for number in range(200)})
    estate = SPEC.read("CODEOWNERS", b"/**/a*/**/q*/** @x/y\n" * 2000 + b"/a0/b @x/z\n", tree)
    assert [(one.path, one.team) for one in estate.members] == [("a0/b", "z")]
    assert "only the first 50 folders" in estate.problems[0]


def test_a_plain_line_and_a_pattern_decide_by_their_order() -> None:
    tree = MemoryTree({"a/go.mod": b"", "ab/go.mod": b""})
    first = SPEC.read("CODEOWNERS", b"/a @x/plain\n/a* @x/wide\n", tree)
    assert [(one.path, one.team) for one in first.members] == [("a", "wide"), ("ab", "wide")]
    last = SPEC.read("CODEOWNERS", b"/a* @x/wide\n/a @x/plain\n", tree)
    assert [(one.path, one.team) for one in last.members] == [("a", "plain"), ("ab", "wide")]


@given(st.binary(max_size=400))
def test_any_file_is_answered(data: bytes) -> None:
    estate = SPEC.read("CODEOWNERS", data, MemoryTree({"a/go.mod": b"", "b/c/go.mod": b""}))
    assert estate.members
    assert all(".." not in one.path for one in estate.members)
