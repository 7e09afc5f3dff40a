"""`holdfast trust` against the local store."""

from tests.edges.cli.shell import Shell

SET = ("trust", "set", "gate", "--system", "github", "--audience", "https://holdfast.example")
OWNER = ("--when", "repository_owner_id=4711")


def test_a_trust_is_set_listed_and_removed(shell: Shell) -> None:
    assert "no trust" in shell("trust", "list").err
    made = shell.json(*SET, *OWNER, "--when", "repository=acme/shop", "--when", "repository=acme/lamp")
    assert made["issuer"] == "https://token.actions.githubusercontent.com"
    assert made["conditions"] == {"repository": ["acme/shop", "acme/lamp"], "repository_owner_id": ["4711"]}
    assert made["permissions"] == ["builds:write"]
    assert "repository_owner_id=4711" in shell("trust", "list").out.replace("\n", "")
    assert shell.json("trust", "remove", "gate")["name"] == "gate"
    assert shell.json("trust", "list")["items"] == []


def test_a_trust_by_names_alone_is_refused(shell: Shell) -> None:
    refused = shell(*SET, "--when", "repository=acme/shop", code=2).err
    assert "names are given anew" in refused


def test_what_is_no_condition_is_refused(shell: Shell) -> None:
    assert "CLAIM=VALUE" in shell(*SET, "--when", "4711", code=2).err
    assert "without an issuer" in shell(
        "trust", "set", "gate", "--system", "gitlab", "--audience", "https://a", "--when", "namespace_id=1", code=2
    ).err  # fmt: skip
    assert "https" in shell(*SET, *OWNER, "--issuer", "http://issuer.example", code=2).err
