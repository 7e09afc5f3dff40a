"""`Dockerfile`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_file
from holdfast.model.component import Source
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import gaps, read, rows

DIGEST = "sha256:" + "0a" * 32
FILE = f"""\
# syntax=maker/dockerfile:1.7
ARG VERSION=3.12
ARG IMAGE=python:${{VERSION}}-slim
# a comment
FROM --platform=$BUILDPLATFORM golang:1.22 AS build
RUN <<EOF
FROM not:this
EOF
COPY --from=tools.example:5000/team/tool:2.0 /tool /tool
FROM scratch AS nothing
FROM $IMAGE \\
    # between
    AS base
RUN --mount=type=bind,from=helper:1,target=/x echo

FROM base
COPY --from=build --chown=1:1 /a /b
COPY --from=0 /a /b
COPY --from=ghost@{DIGEST} /a /b
"""
SAMPLE = ("Dockerfile", FILE)


def found(text: str) -> list[tuple[str, str, int | None]]:
    """Return (purl, scope, line) of each image."""
    parsed = read({"Dockerfile": text})
    assert all(one.component.source is Source.URL for one in parsed.occurrences)
    return [(one.component.purl, one.scope.value, one.locations[0].line) for one in parsed.occurrences]


def test_dockerfile_images_have_scope_and_line_and_stages_are_none() -> None:
    assert found(FILE) == [
        ("pkg:docker/golang@1.22", "development", 5),
        ("pkg:docker/python@3.12-slim", "runtime", 11),
        ("pkg:docker/maker/dockerfile@1.7", "development", 1),
        ("pkg:docker/team/tool@2.0?repository_url=tools.example:5000", "development", 9),
        ("pkg:docker/helper@1", "development", 14),
        (f"pkg:docker/ghost@{DIGEST}", "development", 19),
    ]
    assert gaps(read(dict([SAMPLE]))) == []


@pytest.mark.parametrize(
    ("text", "purl"),
    [
        ("python:3.12", "pkg:docker/python@3.12"),
        ("Python", None),
        ("localhost/a/b:1", "pkg:docker/a/b@1?repository_url=localhost"),
        (f"registry.example/a:1.0@{DIGEST}", f"pkg:docker/a@{DIGEST}?repository_url=registry.example&tag=1.0"),
        ("a/b/c:x", "pkg:docker/a/b/c@x"),
        ("a:b:c", None),
        ("a@sha256:00", None),
    ],
)
def test_dockerfile_image_is_taken_apart(text: str, purl: str | None) -> None:
    assert [row[0] for row in found(f"FROM {text}\n")] == ([purl] if purl else [])


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("FROM python", "the image `python` has neither tag nor digest: which one it is when it is built is not known"),
        (
            "from python:latest as x",
            "the image `python:latest` is whatever was pushed last: which one it is when it is built is not known",
        ),
        ("ARG V\nFROM a:$V", "`FROM a:$V`: `$V` has no default: what it is when it is built is not known"),
        ("FROM a:$V", "`FROM a:$V`: `$V` has no default: what it is when it is built is not known"),
        ("FROM", "not a `FROM`: ``"),
        ("FROM a:1 of b", "not a `FROM`: `a:1 of b`"),
        ("FROM <a>:1", "not an image: `<a>:1`"),
        ("FROM a:1\nCOPY --from=$X a b", "files are taken from `$X`: what that is is not known"),
        ("RUN x", "no `FROM` in it: not a whole Dockerfile"),
    ],
)
def test_dockerfile_image_that_is_not_pinned_is_a_gap(text: str, because: str) -> None:
    assert [gap for _, gap in gaps(read({"Dockerfile": f"{text}\n"}))] == [because]


def test_dockerfile_variables_have_defaults_and_alternatives() -> None:
    text = 'ARG A=1 B=\nARG C="${A}.2"\nFROM a:${C}\nFROM b:${B:-9}\nFROM c:1${A:+-alpine}\nFROM d:${X:-2}\n'
    versions = [row[1] for row in rows(read({"Dockerfile": text}))]
    assert versions == ["1.2", "9", "1-alpine", "2"]


def test_dockerfile_with_another_escape_goes_on_after_it() -> None:
    text = "# escape=`\nFROM a:1 `\n  AS x\nFROM x\nCOPY c:\\ d:\\\nFROM b:2\n"
    assert [row[0] for row in found(text)] == ["pkg:docker/a@1", "pkg:docker/b@2"]


def test_dockerfile_arguments_within_a_stage_do_not_reach_from() -> None:
    assert [line for line, _ in gaps(read({"Dockerfile": "FROM a:1\nARG V=1\nFROM b:$V\n"}))] == [3]


def test_dockerfile_of_another_name_is_known_by_what_it_holds() -> None:
    tree = MemoryTree(
        {"Dockerfile.dockerignore": "*.log\n", "web.Dockerfile": "FROM a:1\n", "Containerfile": "FROM b:1"}
    )
    assert read_file(tree, "Dockerfile.dockerignore") is None
    for path in ("web.Dockerfile", "Containerfile"):
        parsed = read_file(tree, path)
        assert parsed is not None
        assert len(parsed.occurrences) == 1


def test_dockerfile_of_many_open_documents_and_stages_ends() -> None:
    text = "FROM a:1 AS a\n" + "RUN x <<EOF\n" * 20_000 + "".join(f"FROM a AS s{n}\n" for n in range(20_000))
    assert found(text) == [("pkg:docker/a@1", "runtime", 1)]


PIECES = st.sampled_from(
    [
        "FROM ",
        "ARG ",
        "a:1",
        " AS b",
        "\n",
        "\\\n",
        "$",
        "${",
        "}",
        ":-",
        "COPY --from=",
        "RUN ",
        "<<EOF\n",
        "EOF\n",
        "#",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=30))
def test_dockerfile_of_any_pieces_is_read_or_named(pieces: list[str]) -> None:
    parsed = read_file(MemoryTree({"Dockerfile": "".join(pieces).encode("utf-8", "surrogatepass")}), "Dockerfile")
    assert parsed is not None
    assert all(gap.because.isprintable() for gap in parsed.unparsed)


def test_programs_named_after_dockerfiles_are_none() -> None:
    tree = MemoryTree(
        {"dockerfile.py": "from os import path\n", "Dockerfile.md": "FROM a:1\n", "Dockerfile.dev": "FROM a:1\n"}
    )
    assert read_file(tree, "dockerfile.py") is None
    assert read_file(tree, "Dockerfile.md") is None
    assert read_file(tree, "Dockerfile.dev") is not None
