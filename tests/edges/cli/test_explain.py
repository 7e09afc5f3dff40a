"""`holdfast explain`."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from holdfast.app.house import open_house
from holdfast.app.settings import ORG, read_settings
from holdfast.model.exposure import State, Waiving
from holdfast.model.waiver import Status
from tests.edges.cli.shell import Shell


def test_explain_tells_the_whole_story(exposed: Shell, exposure: str) -> None:
    out = exposed("explain", exposure).out
    for part in (
        "◆ open",
        "Clocks",
        "detected",
        "Evidence",
        "ACME-2026-1",
        "Mitigation",
        "receipts-off",
        "Fix",
        "1.5.0",
    ):
        assert part in out
    assert "exposure.opened" in out


def test_explain_moves_no_cursor(exposed: Shell, exposure: str) -> None:
    out = exposed("explain", exposure).out
    assert "\x1b" not in out
    assert r"\x1b[31mred" in out


def test_explain_in_markdown_holds_no_html(exposed: Shell, exposure: str) -> None:
    out = exposed("explain", exposure, "--format", "markdown").out
    assert "<b>" not in out
    assert "&lt;b&gt;" in out
    assert r"door \| " in out


def test_explain_in_json_is_the_detail_of_the_api(exposed: Shell, exposure: str) -> None:
    document = exposed.json("explain", exposure)
    assert document["schema"] == "holdfast.explain/1"
    assert document["fix"]["version"] == "1.5.0"
    assert document["timeline"][0]["kind"] == "exposure.opened"


def test_explain_of_nothing_says_so(exposed: Shell) -> None:
    assert "there is no exposure `exp_none`" in exposed("explain", "exp_none", code=4).err


def test_explain_cannot_reach_other_addresses(exposed: Shell) -> None:
    for name in ("../tokens", "..", "", "a/b"):
        assert "expected a name or an id" in exposed("explain", name, code=2).err


def test_explain_tells_who_bears_it_why_and_until_when(exposed: Shell, exposure: str) -> None:
    until = datetime(2031, 1, 15, tzinfo=UTC)
    waiver = Waiving("wav_1", Status.AFFECTED, "will_not_fix", "usr_ana", "usr_sec", until, until, "Until we move")
    exposed.end()
    with closing(open_house(read_settings(exposed.data, feed="none", environ={}))) as house:
        for void, words in ((), "until 2031-01-15T00:00:00Z)"), (("it is out",), "its waiver does not hold)"):
            with house.store.write(ORG, house.clock.now()) as tx:
                one = tx.exposures.get(exposure)
                tx.exposures.save([replace(one, state=State.WAIVED, waiver=replace(waiver, void=void))])
            out = exposed("explain", exposure).out
            for part in ("Waiver", "will_not_fix", "Until we move", "usr_ana", "usr_sec", "2031-01-15", *void):
                assert part in out
            assert words in exposed("findings").out
