"""`pyproject.toml` is edited in the version alone, by PEP 621, PEP 735 and Poetry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.remediations.edits import Wanted
from tests.remediations.edits.editing import edited

WANTED = Wanted("PyPI", "red-lamp", "1.0", "1.5")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[project]\ndependencies = ["red-lamp>=1.0"]\n', '[project]\ndependencies = ["red-lamp>=1.5"]\n'),
        (
            "[project]\r\ndependencies = [\r\n  'Red_Lamp[a,b] == 1.0 ; python_version > \"3\"', # é\r\n]",
            "[project]\r\ndependencies = [\r\n  'Red_Lamp[a,b] == 1.5 ; python_version > \"3\"', # é\r\n]",
        ),
        ('[project.optional-dependencies]\nx = ["desk==1.0", "red.lamp (>=1.0,<2)"]\n',
         '[project.optional-dependencies]\nx = ["desk==1.0", "red.lamp (>=1.5,<2)"]\n'),
        ('[dependency-groups]\ndev = [{include-group = "x"}, "red-lamp~=1.0"]\nx = []\n',
         '[dependency-groups]\ndev = [{include-group = "x"}, "red-lamp~=1.5"]\nx = []\n'),
        ('[tool.poetry.dependencies]\npython = "^3.11"\nred-lamp = "^1.0"\n',
         '[tool.poetry.dependencies]\npython = "^3.11"\nred-lamp = "^1.5"\n'),
        ('[tool.poetry.group.dev.dependencies]\nRed_Lamp = {version = "1.0", extras = ["a"]}\n',
         '[tool.poetry.group.dev.dependencies]\nRed_Lamp = {version = "1.5", extras = ["a"]}\n'),
        ('[project]\ndependencies = ["red-lamp", "red-lampshade==1.0"]\n', None),
        ('[build-system]\nrequires = ["red-lamp==1.0"]\n', None),
        ('[tool.other.dependencies]\nred-lamp = "1.0"\n', None),
    ],
)  # fmt: skip
def test_a_requirement_is_raised_and_nothing_else(before: str, after: str | None) -> None:
    assert edited("pyproject_toml", before, WANTED) == (before if after is None else after)


@pytest.mark.parametrize("written", ["red-lamp @ file:///x", "red-lamp<1.4", "red-lamp==1.*"])
def test_what_forbids_it_or_is_not_understood_is_refused(written: str) -> None:
    with pytest.raises(FactError):
        edited("pyproject_toml", f'[project]\ndependencies = ["{written}"]\n', WANTED)


NAMES = st.sampled_from(["desk", "rug", "shelf", "red-lampshade"])


@given(
    st.lists(NAMES, max_size=4),
    st.lists(NAMES, max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "# é\n"]),
    st.sampled_from(['"', "'"]),
)
def test_nothing_else_changes(before: list[str], after: list[str], end: str, comment: str, quote: str) -> None:
    def text(version: str) -> str:
        pins = [f"{name}==1.0" for name in before] + [f"red-lamp=={version}"] + [f"{name} == 1.0" for name in after]
        lines = [f"    {quote}{pin}{quote},{end}" for pin in pins]
        return f"{comment.replace(chr(10), end)}[project]{end}dependencies = [{end}{''.join(lines)}]{end}"

    assert edited("pyproject_toml", text("1.0"), WANTED) == text("1.5")
