"""GitHub annotations, read as the runner reads them. Source: actions/runner, `ActionCommand.cs`."""

import re

from hypothesis import given
from hypothesis import strategies as st

from holdfast.gate.outputs.github import MOST, SPEC, _line
from tests.gate.outputs.samples import CONTEXT, EVIL_FILE, HEAD, make, many

COMMAND = re.compile(r"::([a-z]+)( [^:]*)?::(.*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Read a line as the runner does: properties end at the first `::`, and are unescaped after they were split."""
    found = COMMAND.fullmatch(line)
    assert found, line
    properties = {}
    for part in (found[2] or "").strip().split(","):
        name, _, value = part.partition("=")
        properties[name] = unescape(value.replace("%3A", ":").replace("%2C", ","))
    return found[1], properties, unescape(found[3])


def unescape(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_what_blocks_comes_first_with_its_place_and_command() -> None:
    level, properties, message = read(SPEC.render(make(HEAD[:1], gaps=()), CONTEXT).splitlines()[0])
    assert level == "error"
    assert (properties["file"], properties["line"]) == ("services/shop/package-lock.json", "7")
    assert "npm install left-pad@2.0.0" in message


def test_there_are_at_most_ten_and_the_last_says_so() -> None:
    lines = SPEC.render(make(many(40)), CONTEXT).splitlines()
    assert len(lines) == MOST
    assert "35 more are not shown" in read(lines[-1])[2]  # the score, forty findings and three gaps


def test_a_hostile_name_injects_no_command() -> None:
    lines = SPEC.render(make(), CONTEXT).splitlines()
    assert {read(line)[0] for line in lines} <= {"error", "warning"}
    assert all("##[" not in line for line in lines)
    files = [read(line)[1].get("file", "") for line in lines]
    assert f"services/shop/{EVIL_FILE}" in files


@given(title=st.text(), message=st.text())
def test_any_text_stays_in_its_place(title: str, message: str) -> None:
    line = _line("error", {"file": "a", "title": title}, message)
    assert len(line.splitlines()) == 1
    level, properties, _ = read(line)
    assert level == "error"
    assert set(properties) == {"file", "title"}


def test_nothing_is_an_error_in_a_mode_that_does_not_block() -> None:
    observed = make(policy="mode: {now: observe}\nrules:\n  - {id: all, when: 'true', then: block}\n")
    assert "::error" not in SPEC.render(observed, CONTEXT)
    assert SPEC.render(make((), (), gaps=()), CONTEXT) == ""
