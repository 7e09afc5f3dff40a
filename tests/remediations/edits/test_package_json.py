"""`package.json` is edited in the version alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import FactError
from holdfast.remediations.edits import Wanted
from tests.remediations.edits.editing import edited

WANTED = Wanted("npm", "lamp", "1.0.0", "1.5.0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"dependencies": {"lamp": "^1.0.0"}}', '{"dependencies": {"lamp": "^1.5.0"}}'),
        (
            '{\r\n\t"name": "a",\r\n\t"devDependencies" : {\r\n\t\t"lamp":"1.0.0",\r\n\t\t"é": "1.0.0"}\r\n}\r\n',
            '{\r\n\t"name": "a",\r\n\t"devDependencies" : {\r\n\t\t"lamp":"1.5.0",\r\n\t\t"é": "1.0.0"}\r\n}\r\n',
        ),
        (
            '{"resolutions": {"lamp": "1.0.0"}, "dependencies": {"lamp": ">=1.0.0 <2.0.0"}}',
            '{"resolutions": {"lamp": "1.5.0"}, "dependencies": {"lamp": ">=1.5.0 <2.0.0"}}',
        ),
        ('{"lamp": "^1.0.0", "a": {"dependencies": {"lamp": "^1.0.0"}}}', None),
        ('{"peerDependencies": {"lamp": "^1.0.0"}}', None),
        ('{"dependencies": {"lamp": "*"}}', None),
        ('{"dependencies": {"lamp": "^1.6.0"}}', None),
    ],
)
def test_a_range_is_raised_and_nothing_else(before: str, after: str | None) -> None:
    assert edited("package_json", before, WANTED) == (after or before)


def test_an_alias_is_raised_behind_its_name() -> None:
    wanted = Wanted("npm", "lamp", "1.0.0", "1.5.0", alias="old")
    before = '{"dependencies": {"lamp": "^1.0.0", "old": "npm:lamp@^1.0.0"}}'
    assert edited("package_json", before, wanted) == before.replace("npm:lamp@^1.0.0", "npm:lamp@^1.5.0")


@pytest.mark.parametrize(
    "written", ["file:../lamp", "workspace:^1.0.0", "a/lamp", "git+ssh://x.example/l.git", "^1 || ^2", "latest"]
)
def test_what_is_no_single_range_is_refused(written: str) -> None:
    with pytest.raises(FactError):
        edited("package_json", json.dumps({"dependencies": {"lamp": written}}), WANTED)


@given(
    others=st.dictionaries(st.text(min_size=1, max_size=6), st.sampled_from(["^1.0.0", "1.0.0", "*"]), max_size=5),
    indent=st.sampled_from([None, 2, 4, "\t"]),
    ending=st.sampled_from(["", "\n", "\r\n", "\n\n"]),
)
def test_nothing_else_changes(others: dict[str, str], indent: int | str | None, ending: str) -> None:
    document = {"name": "a", "dependencies": {**others, "lamp": "^1.0.0"}}
    try:
        before = json.dumps(document, indent=indent, ensure_ascii=True) + ending
        found = edited("package_json", before, WANTED)
    except FactError:
        return
    document["dependencies"] = {**others, "lamp": "^1.5.0"}
    assert found == json.dumps(document, indent=indent, ensure_ascii=True) + ending
