"""`holdfast adopt` at a terminal: what is done, what is left alone, and what is told."""

from pathlib import Path

import pytest

from tests.edges.cli.shell import Shell
from tests.edges.cli.test_adopt_estate import checkout

OWNED = "* @acme/retail\n"


@pytest.fixture
def estate(shell: Shell) -> Path:
    """Two checkouts of one team, and one of nobody."""
    folder = shell.files / "src"
    checkout(folder / "shop", {"requirements.txt": "lamp==1.0\n", "CODEOWNERS": OWNED})
    checkout(folder / "web", {"CODEOWNERS": OWNED})
    checkout(folder / "old", {"requirements.txt": "desk==1.0\nnot a line\n"})
    return folder


def test_an_estate_is_adopted_once_and_again_changes_nothing(shell: Shell, estate: Path) -> None:
    dry = shell("adopt", estate, "--dry-run")
    assert "would adopt" in dry.out
    assert "group `adopted` would begin in mode `observe`" in dry.err
    assert shell.json("policy", "show")["items"] == []
    first = shell.json("adopt", estate, "--group", "retail", "--next", "warn", "--from", "2027-01-15")
    rows = {row["service"]: (row["status"], row["team"], row["group"], row["components"]) for row in first["items"]}
    assert rows == {
        "old": ("adopted", "unowned", "retail", 1),
        "shop": ("adopted", "retail", "retail", 1),
        "web": ("adopted", "retail", "retail", 0),
    }
    policy = shell.json("policy", "show")["items"][0]["document"]
    assert "mode: {now: observe, next: warn, from: 2027-01-15T00:00:00Z}" in policy
    assert "id: known-exploited" in policy  # its mode alone would switch the built-in rules off
    again = shell("adopt", estate, "--mode", "block")
    assert again.err.splitlines()[-1] == "3 unchanged"
    assert shell.json("policy", "show")["items"][0]["document"] == policy


def test_what_is_new_in_an_estate_is_all_that_is_adopted_later(shell: Shell, estate: Path) -> None:
    shell("adopt", estate)
    checkout(estate / "more", {"CODEOWNERS": OWNED})
    (estate / "shop/requirements.txt").write_text("lamp==2.0\n")
    told = shell.json("adopt", estate)
    assert told["counts"] == {"adopted": 1, "would adopt": 0, "unchanged": 3, "failed": 0}
    replaced = shell.json("adopt", estate, "--replace")
    assert [row["service"] for row in replaced["items"] if row["status"] == "adopted"] == ["shop"]


def test_one_bad_repository_stops_no_other_and_is_named(shell: Shell, estate: Path) -> None:
    checkout(estate / "bad", {"holdfast.yaml": "services: *x\n"})
    done = shell("adopt", estate, code=5)
    assert "3 adopted, 1 failed" in done.err
    assert f"failed: {estate / 'bad'}: holdfast.yaml:1:" in done.err
    assert shell.json("adopt", estate, code=5)["counts"]["unchanged"] == 3


def test_a_repository_can_not_take_anothers_service(shell: Shell, estate: Path) -> None:
    shell("adopt", estate)
    evil = "version: 1\nservices:\n  - {name: shop, team: evil, paths: ['.']}\n"
    checkout(shell.files / "other/x", {"holdfast.yaml": evil})
    done = shell("adopt", shell.files / "other", code=5)
    assert "`shop` belongs to team `retail`" in done.err
    checkout(estate / "twin", {"holdfast.yaml": evil.replace("evil", "retail").replace("shop", "web")})
    done = shell("adopt", estate, code=5)
    assert done.err.count("another place of this estate is called `web` too") == 2


def test_groups_that_hold_somebody_already_are_not_let_off(shell: Shell, estate: Path) -> None:
    shell("adopt", estate, "--mode", "block")
    shell("adopt", "mode", "adopted", "--mode", "block")
    checkout(estate / "more", {"CODEOWNERS": "* @acme/fresh\n"})
    told = shell.json("adopt", estate)
    assert (told["modes"], [row["mode"] for row in shell.json("adopt", "status")["items"]]) == ({}, ["block"])


def test_an_org_that_lets_no_group_be_milder_is_told_of(shell: Shell, estate: Path) -> None:
    shell("policy", "set", shell.write("org.yaml", "min_score: {default: 70}\n"))
    done = shell("adopt", estate)
    assert "its mode does not count: adopted" in done.err
    assert "`lower_may: [mode]`" in done.err
    shell("policy", "set", shell.write("org.yaml", "min_score: {default: 70}\nlower_may: [mode]\n"))
    (row,) = shell.json("adopt", "status")["items"]
    assert (row["mode"], row["services"], row["accepted"]) == ("observe", 3, 3)


def test_groups_of_a_catalog_are_a_tree(shell: Shell) -> None:
    head = "apiVersion: backstage.io/v1alpha1\n"
    owned = f"{head}kind: Component\nmetadata: {{name: pay}}\nspec: {{owner: payments}}\n"
    groups = "".join(
        f"---\n{head}kind: Group\nmetadata: {{name: {name}}}\nspec: {{parent: {parent}}}\n"
        for name, parent in (("payments", "product"), ("product", "company"))
    )
    file = shell.write("catalog/catalog-info.yaml", owned + groups)
    shell("adopt", file)
    (row,) = shell.json("adopt", "status")["items"]
    assert (row["group"], row["mode"]) == ("product", "observe")
    assert shell("adopt", file).err.splitlines()[-1] == "1 unchanged"


def test_nothing_to_adopt_and_options_that_make_no_sense(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no checkout was found" in shell("adopt", tmp_path / "empty", code=3).err
    following = ("--next", "warn")
    for wrong in (following, ("--from", "2027-01-01"), (*following, "--from", "soon"), ("--group", "a/b")):
        shell("adopt", tmp_path / "empty", *wrong, code=2)
    shell("adopt", tmp_path / "gone", code=2)
    shell("adopt", "mode", "nobody", "--mode", "warn", code=4)
    assert shell("adopt", "--help").out.startswith("Usage: holdfast adopt")


def test_a_folder_that_is_called_like_the_command_is_a_source(
    shell: Shell, estate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.rename(estate.parent / "estate")
    monkeypatch.chdir(estate.parent)
    assert "3 would adopt" in shell("adopt", "estate", "--dry-run").err
    assert "3 would adopt" in shell("adopt", "estate", "estate", "--dry-run").err
