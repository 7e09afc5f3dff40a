"""`go.mod` is edited in the version alone."""

import pytest

from holdfast.errors import FactError
from holdfast.remediations.edits import Wanted
from tests.remediations.edits.editing import edited

WANTED = Wanted("Go", "x.example/lamp", "1.0.0", "1.5.0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("module a\n\nrequire x.example/lamp v1.0.0\n", "module a\n\nrequire x.example/lamp v1.5.0\n"),
        (
            "require (\r\n\tx.example/lamp/v2 v2.0.0\r\n\tx.example/lamp v1.0.0 // indirect\r\n)\r\n",
            "require (\r\n\tx.example/lamp/v2 v2.0.0\r\n\tx.example/lamp v1.5.0 // indirect\r\n)\r\n",
        ),
        ("require x.example/lamp v1.0.0+incompatible", "require x.example/lamp v1.5.0+incompatible"),
        ("exclude x.example/lamp v1.0.0\nexclude (\n\tx.example/lamp v1.0.0\n)\n", None),
        ("// require x.example/lamp v1.0.0\n", None),
        ("require x.example/lamp v1.6.0\n", None),
    ],
)
def test_a_requirement_is_raised_and_nothing_else(before: str, after: str | None) -> None:
    assert edited("go_mod", before, WANTED) == (before if after is None else after)


@pytest.mark.parametrize(
    "text",
    [
        "require x.example/lamp v1.0.0\nreplace x.example/lamp => ../lamp\n",
        "require y.example/lamp v0.1.0\nreplace y.example/lamp => x.example/lamp v1.0.0\n",
        "require x.example/lamp v1.0.0\nreplace (\n\tx.example/lamp v1.0.0 => y.example/lamp v1.0.0\n)\n",
    ],
)
def test_what_is_replaced_is_refused(text: str) -> None:
    with pytest.raises(FactError, match="replace"):
        edited("go_mod", text, WANTED)


def test_the_version_of_go_itself_is_not_edited() -> None:
    with pytest.raises(FactError, match="Go itself"):
        edited("go_mod", "go 1.20\n", Wanted("Go", "stdlib", "1.20", "1.21"))
