"""The reference is what the code says, and it is complete."""

import re

import pytest
from scripts.reference import PAGES, TARGET, render_cli, render_formats

from holdfast.app.main import COMMANDS
from holdfast.facts.recognized import MANIFESTS, RECOGNIZED
from holdfast.registry import load_room


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_up_to_date(name: str) -> None:
    assert (TARGET / name).read_text() == PAGES[name](), "write it anew: make docs"


def test_every_command_has_examples() -> None:
    parts = re.split(r"^#+ ", render_cli(), flags=re.MULTILINE)[2:]
    helps = {part.partition("\n")[0]: part for part in parts if "```text" in part}
    silent = [name for name, text in helps.items() if "Examples:" not in text]
    assert silent == []
    assert {f"holdfast {name}" for name in COMMANDS} <= set(helps)


def test_every_example_is_of_a_command_that_is_there() -> None:
    examples = re.findall(r"^\s*(?:\S+=\S+ )?holdfast ([a-z-]+)", render_cli(), flags=re.MULTILINE)
    assert set(examples) <= set(COMMANDS)


def test_every_format_and_every_recognized_name_is_on_the_page() -> None:
    page = render_formats()
    names = [pattern for spec in load_room("facts.lockfiles") for pattern in spec.patterns]
    missing = [name for name in (*names, *RECOGNIZED, *MANIFESTS) if f"`{name}`" not in page]
    assert missing == []
