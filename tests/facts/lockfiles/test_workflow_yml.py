"""Workflows and actions."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import gaps, read, rows

COMMIT = "8f4b7f84864484a7bf31766abe9204da3cbe65b3"
WORKFLOW = f"""\
on: push
jobs:
  build:
    runs-on: x
    container: node:20
    services:
      db:
        image: postgres:16.2
    steps:
      - uses: actions/checkout@v4.1.1
      - name: moving
        uses: actions/cache/save@v4
      - uses: owner/pinned@{COMMIT} # v45.0.7
      - uses: owner/bare@{COMMIT}
      - uses: ./.github/actions/own
      - uses: "docker://alpine:3.20"
      - uses: owner/dynamic@${{{{ matrix.v }}}}
      - uses: nonsense
      - run: echo
  call:
    uses: owner/flows/.github/workflows/x.yml@main
"""
SAMPLE = (".github/workflows/ci.yml", WORKFLOW)


def used(line: str) -> list[tuple[str, str]]:
    """Return (name, version) of what one step uses."""
    text = f"jobs:\n  a:\n    steps:\n      - uses: {line}\n"
    return [row[:2] for row in rows(read({".github/workflows/a.yaml": text}))]


def test_workflow_actions_images_and_local_ones_have_their_line() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("node", "20", "url", True, "runtime", 5),
        ("postgres", "16.2", "url", True, "runtime", 8),
        ("actions/checkout", "v4.1.1", "registry", True, "runtime", 10),
        ("actions/cache", "v4", "registry", True, "runtime", 12),
        ("owner/pinned", "v45.0.7", "registry", True, "runtime", 13),
        ("./.github/actions/own", "", "path", True, "runtime", 15),
        ("alpine", "3.20", "url", True, "runtime", 16),
        ("owner/flows", "main", "registry", True, "runtime", 21),
    ]
    assert gaps(parsed) == [
        (
            14,
            f"`owner/bare@{COMMIT}` is a commit: no comment behind it, such as `# v1.2.3`, tells the release",
        ),
        (17, "`uses: owner/dynamic@${{ matrix.v }}`: an expression says what it is"),
        (18, "`uses: nonsense`: expected `owner/name@ref`"),
    ]
    assert parsed.occurrences[2].component.ecosystem == "GitHub Actions"


@pytest.mark.parametrize(
    ("comment", "version"),
    [
        ("# v4.1.1", "v4.1.1"),
        ("# 4.1.1", "4.1.1"),
        ("#v4", "v4"),
        ("# tag=v4.1.1", "v4.1.1"),
        ("# pin@v4.1.1", "v4.1.1"),
        ("# ratchet:actions/checkout@v4.1.1", "v4.1.1"),
        ("# v4.1.1-beta.1 (of may)", "v4.1.1-beta.1"),
        ("# 2 of them", None),
        ("# see v4x", None),
        ("# latest", None),
    ],
)
def test_commit_stands_for_the_tag_in_the_comment_behind_it(comment: str, version: str | None) -> None:
    assert used(f"a/b@{COMMIT}  {comment}") == ([("a/b", version)] if version else [])


def test_refs_are_what_they_name_and_short_commits_are_commits() -> None:
    assert used("a/b@refs/tags/v1.0.0") == [("a/b", "v1.0.0")]
    assert used("a/b@release/v1") == [("a/b", "release/v1")]
    assert used("a/b@20240101") == [("a/b", "20240101")]
    assert used("a/b@8f4b7f8") == []


def test_composite_and_docker_actions_are_read_and_other_files_of_that_name_left_alone() -> None:
    composite = "runs:\n  using: composite\n  steps:\n    - uses: a/b@v1.0.0\n"
    docker = "runs:\n  using: docker\n  image: docker://alpine:3.20\n"
    own = "runs:\n  using: docker\n  image: Dockerfile\n"
    found = [rows(read({"x/action.yml": text})) for text in (composite, docker, own)]
    assert [[row[0] for row in each] for each in found] == [["a/b"], ["alpine"], []]
    assert read_file(MemoryTree({"action.yml": "a: 1\n"}), "action.yml") is None


def test_workflow_that_is_none_is_told() -> None:
    def told(text: str) -> list[str]:
        return [because for _, because in gaps(read({".github/workflows/a.yml": text}))]

    assert told("a: 1\n") == ["neither `jobs` nor `runs` in it: not a whole workflow"]
    assert told("jobs: [1]\n") == ["expected a mapping at `jobs`: what stands there was not read"]
    assert told("jobs:\n  a: 1\n") == ["expected a mapping at `jobs.a`: it was not read"]
    assert told("runs: 1\n") == ["expected a mapping at `runs`: it was not read"]
    assert told("- a\n") == ["expected a YAML mapping, got a list"]
    assert told("jobs:\n  a:\n    steps:\n      - uses: [1]\n      - 3\n") == [
        "expected `uses: owner/name@ref`, got ['1']",
        "expected a step, got str",
    ]


NAMES = st.sampled_from(["jobs", "runs", "steps", "uses", "container", "services", "image", "a"])
TEXTS = st.sampled_from(
    ["", "a/b@v1", "./x", "docker://", "${{ x }}", "a@b", f"a/b@{COMMIT}", "\u202e/b@v1", "x" * 600]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_workflow_of_any_shape_is_read_or_named(document: object) -> None:
    parsed = read_file(MemoryTree({".github/workflows/a.yml": json.dumps(document)}), ".github/workflows/a.yml")
    assert parsed is not None
    assert all(gap.because.isprintable() for gap in parsed.unparsed)
