"""`holdfast deploy`."""

import pytest

from tests.edges.cli.shell import Shell

_DIGEST = "sha256:" + "cd" * 32


@pytest.fixture
def released(shell: Shell) -> Shell:
    """Two releases of `pay`."""
    for version, pin in (("1", "3.1.2"), ("2", "3.1.3")):
        shell.write("pay/requirements.txt", f"jinja2=={pin}\n")
        artifact = ["--artifact", _DIGEST] if version == "2" else []
        shell("release", shell.files / "pay", "--version", version, *artifact)
    return shell


def test_deploy_by_version_occupies_the_target(released: Shell) -> None:
    made = released.json("deploy", "pay", "--environment", "production", "--version", "1")
    assert made["deployment"]["status"] == "succeeded"
    assert released.json("impact", "pkg:pypi/jinja2@3.1.2")["items"][0]["environment"] == "production"


def test_deploy_by_digest_finds_the_release(released: Shell) -> None:
    released("deploy", "pay", "--environment", "production", "--digest", _DIGEST)
    assert released.json("impact", "pkg:pypi/jinja2@3.1.3")["items"][0]["version"] == "2"


def test_a_claim_that_comes_late_inserts_into_history(released: Shell) -> None:
    """10:00 version 2, told first; 09:00 version 1, told afterwards; at 09:30 version 1 ran."""
    deploy = ["deploy", "pay", "--environment", "production"]
    released(*deploy, "--version", "2", "--started-at", "2026-01-02T10:00:00Z")
    late = released.json(*deploy, "--version", "1", "--started-at", "2026-01-02T09:00:00Z")
    assert late["deployment"]["ended_at"] == "2026-01-02T10:00:00Z"
    then = released.json("impact", "pkg:pypi/jinja2@3.1.2", "--as-of", "2026-01-02T09:30:00Z")
    assert then["total"] == 1
    assert released.json("impact", "pkg:pypi/jinja2@3.1.2")["total"] == 0


def test_deploy_says_whose_end_it_moved(released: Shell) -> None:
    deploy = ["deploy", "pay", "--environment", "production"]
    first = released.json(*deploy, "--version", "1", "--started-at", "2026-01-02T09:00:00Z")
    printed = released(*deploy, "--version", "2", "--started-at", "2026-01-02T10:00:00Z")
    assert first["deployment"]["id"] in printed.err


def test_a_failed_deployment_ends_nothing(released: Shell) -> None:
    deploy = ["deploy", "pay", "--environment", "production"]
    released(*deploy, "--version", "1")
    released(*deploy, "--version", "2", "--status", "failed")
    assert released.json("impact", "pkg:pypi/jinja2@3.1.2")["total"] == 1


def test_deploy_removed_empties_the_target(released: Shell) -> None:
    deploy = ["deploy", "pay", "--environment", "production"]
    released(*deploy, "--version", "1")
    released(*deploy, "--removed")
    assert released.json("impact", "pkg:pypi/jinja2@3.1.2")["total"] == 0


def test_the_same_deployment_again_changes_nothing(released: Shell) -> None:
    deploy = ["deploy", "pay", "--environment", "production", "--version", "1", "--started-at", "2026-01-02T09:00:00Z"]
    released(*deploy)
    assert "known already" in released(*deploy).err


@pytest.mark.parametrize(
    "options",
    [[], ["--version", "1", "--removed"], ["--version", "1", "--digest", _DIGEST], ["--removed", "--status", "failed"]],
)
def test_deploy_wants_exactly_one_release(released: Shell, options: list[str]) -> None:
    printed = released("deploy", "pay", "--environment", "production", *options, "--format", "json", code=2)
    assert printed.json["error"]["message"]


def test_deploy_of_a_release_that_is_not_there_says_what_to_do(released: Shell) -> None:
    printed = released("deploy", "pay", "--environment", "production", "--version", "9", code=4)
    assert "there is no release" in printed.err
    assert "try: " in printed.err


def test_deploy_before_it_was_built_is_refused(shell: Shell) -> None:
    shell.write("pay/requirements.txt", "jinja2==3.1.2\n")
    shell("release", shell.files / "pay", "--version", "1", "--built-at", "2026-01-02T10:00:00Z")
    options = ["--version", "1", "--started-at", "2026-01-02T09:00:00Z"]
    assert "built" in shell("deploy", "pay", "--environment", "production", *options, code=4).err


def test_deploy_at_no_instant_is_a_usage_error(released: Shell) -> None:
    options = ["--version", "1", "--started-at", "yesterday"]
    released("deploy", "pay", "--environment", "production", *options, code=2)
