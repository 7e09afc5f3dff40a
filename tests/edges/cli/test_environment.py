"""`holdfast environment`."""

from tests.edges.cli.shell import Shell


def test_an_environment_is_declared_and_listed(shell: Shell) -> None:
    shell("environment", "set", "production", "--exposure", "internet", "--tier", "1")
    assert "production   1     internet" in shell("environment", "list").out


def test_what_nobody_said_is_unknown(shell: Shell) -> None:
    made = shell.json("environment", "set", "staging")
    assert (made["exposure"], made["tier"]) == ("unknown", None)


def test_an_exposure_that_is_none_is_refused(shell: Shell) -> None:
    shell("environment", "set", "staging", "--exposure", "open", code=2)


def test_a_name_with_a_slash_is_refused(shell: Shell) -> None:
    assert "expected a name" in shell("environment", "set", "a/b", code=2).err
