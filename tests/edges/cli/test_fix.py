"""`holdfast fix`."""

from tests.edges.cli.conftest import RECORD
from tests.edges.cli.shell import Shell


def test_fix_gives_the_command_and_the_edit(exposed: Shell, exposure: str) -> None:
    out = exposed("fix", exposure).out
    assert "acme-pdf==1.5.0" in out
    assert "requirements.txt:1" in out


def test_fix_of_a_service_lists_all_of_its_live_exposures(exposed: Shell, exposure: str) -> None:
    items = exposed.json("fix", "--service", "shop")["items"]
    assert [one["exposure"] for one in items] == [exposure]
    assert items[0]["edit"] == {"before": "acme-pdf==1.4.0", "after": "acme-pdf==1.5.0"}
    assert "1.5.0" in exposed("fix", "--service", "shop").out


def test_fix_applied_changes_that_line_alone(exposed: Shell, exposure: str) -> None:
    printed = exposed("fix", exposure, "--apply", exposed.files / "shop")
    assert (exposed.files / "shop" / "requirements.txt").read_text() == "acme-pdf==1.5.0\njinja2==3.1.2\n"
    assert "the exposure ends when a release with it runs" in printed.err
    assert exposed.json("findings")["items"][0]["state"] != "resolved"


def test_fix_refuses_a_file_that_changed(exposed: Shell, exposure: str) -> None:
    path = exposed.write("shop/requirements.txt", "acme-pdf==1.4.1\n")
    printed = exposed("fix", exposure, "--apply", exposed.files / "shop", code=4)
    assert "expected `acme-pdf==1.4.0`, got `acme-pdf==1.4.1`" in printed.err
    assert path.read_text() == "acme-pdf==1.4.1\n"


def test_one_edit_is_the_way_out_of_several_exposures(exposed: Shell) -> None:
    exposed("feed", "push", exposed.write("other.json", {**RECORD, "id": "ACME-2026-2", "aliases": []}))
    items = exposed.json("fix", "--service", "shop", "--apply", exposed.files / "shop")["items"]
    assert [one["applied"] for one in items] == [True, True]
    assert (exposed.files / "shop" / "requirements.txt").read_text().startswith("acme-pdf==1.5.0\n")


def test_fix_applied_in_json_says_what_was_done(exposed: Shell, exposure: str) -> None:
    items = exposed.json("fix", exposure, "--apply", exposed.files / "shop")["items"]
    assert items[0]["applied"] is True


def test_fix_needs_an_exposure_or_a_service(exposed: Shell) -> None:
    exposed("fix", code=2)
    exposed("fix", "exp_1", "--service", "shop", code=2)


def test_fix_of_a_service_without_exposures_is_empty(exposed: Shell) -> None:
    assert exposed("fix", "--service", "pay").err == "no live exposure\n"


def test_the_fixed_release_ends_the_exposure(exposed: Shell, exposure: str) -> None:
    exposed("fix", exposure, "--apply", exposed.files / "shop")
    exposed("release", exposed.files / "shop", "--version", "1.1", "--commit", "beef")
    exposed("deploy", "shop", "--environment", "production", "--version", "1.1")
    assert exposed.json("findings", "--state", "resolved")["items"][0]["ending"] == "fixed"
    assert "● resolved, fixed" in exposed("explain", exposure).out
