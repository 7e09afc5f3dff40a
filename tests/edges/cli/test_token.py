"""`holdfast token`."""

import pytest

from tests.edges.cli.shell import Shell


def test_a_secret_is_all_that_goes_to_standard_output(shell: Shell) -> None:
    printed = shell("token", "create", "ci", "--permission", "facts:write", "--expires-in", "90d")
    assert printed.out.startswith("hf_tok_")
    assert len(printed.out.split()) == 1


def test_a_token_is_listed_without_its_secret(shell: Shell) -> None:
    made = shell.json("token", "create", "ci", "--permission", "read", "--permission", "audit", "--team", "retail")
    printed = shell("token", "list")
    assert made["token"]["id"] in printed.out
    assert "audit, read" in printed.out
    assert made["secret"] not in printed.out


def test_a_revoked_token_is_marked(shell: Shell) -> None:
    made = shell.json("token", "create", "ci", "--permission", "read")["token"]["id"]
    assert shell.json("token", "revoke", made)["revoked_at"] is not None


def test_a_token_that_is_not_there_is_named(shell: Shell) -> None:
    assert "there is no token `tok_none`" in shell("token", "revoke", "tok_none", code=4).err


@pytest.mark.parametrize("text", ["90", "d", "-1d", "1y", "99999999999d", "9999999999w", "0d", "٣d"])
def test_a_duration_that_is_none_is_a_usage_error(shell: Shell, text: str) -> None:
    shell("token", "create", "ci", "--permission", "read", f"--expires-in={text}", code=2)


def test_a_flags_token_needs_an_environment(shell: Shell) -> None:
    assert "environment" in shell("token", "create", "app", "--permission", "flags:read", code=2).err


def test_a_login_link_is_printed(shell: Shell) -> None:
    printed = shell("token", "login")
    assert printed.out.startswith("/login?code=")
    assert "open it on the server" in printed.err
    assert shell.json("token", "login")["link"].startswith("/login?code=")
