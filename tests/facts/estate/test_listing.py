"""Lists of repositories: text, CSV, YAML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.facts.estate import Member
from holdfast.facts.estate.listing import SPEC
from holdfast.testing.trees import MemoryTree

NOWHERE = MemoryTree({})
CSV = b"path,name,team,group,tier\n./pay,pay,payments,product,1\nshop,,a/b,,\n,x,,,\nold,,,,77\n"
YAML = b"""repositories:
  - path: ./pay
    name: pay
    team: payments
    group: product
    tier: 1
  - shop
  - {path: web, colour: red}
"""


def test_a_table_gives_every_column_and_names_odd_rows() -> None:
    estate = SPEC.read("estate.csv", CSV, NOWHERE)
    assert estate.members == (
        Member("./pay", "pay", "payments", "product", 1, "estate.csv:2"),
        Member("shop", "", "a-b", "", None, "estate.csv:3"),
        Member("old", place="estate.csv:5"),
    )
    assert estate.groups == (("product", ""),)
    assert [one.split(": ")[0] for one in estate.problems] == ["estate.csv:4", "estate.csv:5"]


def test_yaml_takes_paths_and_mappings() -> None:
    estate = SPEC.read("estate.yaml", YAML, NOWHERE)
    assert [(one.path, one.team, one.tier) for one in estate.members] == [
        ("./pay", "payments", 1),
        ("shop", "", None),
        ("web", "", None),
    ]
    assert "`colour`" in estate.problems[0]
    assert [one.path for one in SPEC.read("e.yml", b"- a\n- b\n", NOWHERE).members] == ["a", "b"]


def test_a_text_has_a_path_a_line() -> None:
    estate = SPEC.read("repos.txt", b"# ours\n\n/srv/pay # the old one\nshop\n", NOWHERE)
    assert [(one.path, one.place) for one in estate.members] == [("/srv/pay", "repos.txt:3"), ("shop", "repos.txt:4")]


def test_a_table_without_paths_says_so() -> None:
    estate = SPEC.read("estate.csv", b"name,team\na,b\n", NOWHERE)
    assert (estate.members, "no column `path`" in estate.problems[0]) == ((), True)


@given(st.sampled_from(["e.csv", "e.yaml", "e.txt"]), st.binary(max_size=300))
def test_any_file_is_answered(name: str, data: bytes) -> None:
    assert all(one.path for one in SPEC.read(name, data, NOWHERE).members)


@pytest.mark.parametrize("name", ["repos", "repos.png"])
def test_other_files_are_not_taken_for_lists(name: str) -> None:
    assert not SPEC.is_for(name, b"a\n")
