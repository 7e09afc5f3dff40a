"""The summary in Markdown: what it says, how long it gets, and that no name becomes markup."""

import html
import re

from holdfast.gate.outputs.markdown import MOST_BYTES, SPEC
from tests.gate.outputs.samples import CONTEXT, make, many


def test_the_verdict_comes_first_then_what_blocks_with_the_command() -> None:
    text = SPEC.render(make(), CONTEXT)
    lines = text.splitlines()
    assert "Blocked" in lines[0]
    assert "Score " in lines[2]
    assert "block" in lines[2]
    assert (
        text.index("### Blocks") < text.index("### Could not tell") < text.index("### Warns") < text.index("### Waived")
    )
    assert "<code>npm install left-pad@2.0.0</code>" in text
    assert "were there before" in text


def test_what_is_waived_and_what_is_void_is_told() -> None:
    text = SPEC.render(make(), CONTEXT)
    assert "CVE-2026-3 in excused" in text.partition("### Waived")[2]
    assert "it expired at" in text.partition("### Void waivers")[2]


def test_a_clean_build_says_so_in_a_line() -> None:
    text = SPEC.render(make((), (), gaps=()), CONTEXT)
    assert text.startswith("## ✅ Holdfast <code>shop</code>: Pass\n")
    assert "###" not in text


def test_it_stays_below_its_limit_and_says_what_is_left_out() -> None:
    for count in (150, 3000):
        text = SPEC.render(make(many(count)), CONTEXT)
        assert len(text.encode()) <= MOST_BYTES
        assert re.search(r"^Blocks: \d+ more\.$", text, re.MULTILINE) or count == 150
        assert "Could not tell" in text


def test_no_name_is_markup_or_a_mention_or_a_quick_action() -> None:
    text = SPEC.render(make(), CONTEXT)
    assert "<img" not in text
    assert set(re.findall(r"<(/?[a-z]+)", text)) <= {"code", "/code"}
    outside = re.sub(r"<code>.*?</code>", "", text)
    assert "@all" not in outside
    assert "](" not in outside
    starts = {line[:1] for line in text.splitlines()}
    assert starts <= {"#", "S", "|", ">", "", "T"}
    for line in text.splitlines():
        if line.startswith("|") and "<code>" in line:
            assert "|" not in "".join(re.findall(r"<code>(.*?)</code>", line))


def test_a_command_is_shown_as_it_is_to_be_typed() -> None:
    text = SPEC.render(make(), CONTEXT)
    shown = [html.unescape(one) for one in re.findall(r"<code>(.*?)</code>", text)]
    assert "npm install '`id`' | cat\\x0a::warning::x" in shown  # escaped once, and nothing is lost
