"""What one file says, gathered."""

from holdfast.errors import FactError
from holdfast.facts.gather import Gathering, readable, unparsed_of
from holdfast.model.component import Unparsed


def test_readable_escapes_control_characters_and_cuts_long_texts() -> None:
    assert readable("a\x1b[31m\n\udc80") == "a\\x1b[31m\\n\\udc80"
    assert readable("x" * 400) == "x" * 300 + "…"


def test_unparsed_takes_line_and_column_from_the_error() -> None:
    assert unparsed_of(FactError("no", where="a:b.lock:12:3"), "a:b.lock") == Unparsed("a:b.lock", 12, "no (column 3)")
    assert unparsed_of(FactError("no", where="f:7"), "f") == Unparsed("f", 7, "no")
    assert unparsed_of(FactError("no"), "f") == Unparsed("f", None, "no")


def test_gathering_skips_what_is_no_component_with_its_line() -> None:
    gathering = Gathering("f", "format", "npm")
    gathering.add("good", "1", 1)
    gathering.add("bad", 5, 2)
    gathering.add("bad\n", "1", 3)
    parsed = gathering.parsed()
    assert [one.component.name for one in parsed.occurrences] == ["good"]
    assert [gap.line for gap in parsed.unparsed] == [2, 3]
