"""`holdfast explain`."""

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
