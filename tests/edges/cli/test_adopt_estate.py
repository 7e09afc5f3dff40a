"""What an estate is made of: checkouts of any kind below a folder, files that name them, and the services in each."""

from pathlib import Path

import pytest

from holdfast.app.terminal import LocalMachine
from holdfast.edges.cli.adopt_estate import FoundEstate, find_estate, find_services
from holdfast.errors import FactError, UsageError
from tests.edges.providers.test_git_tree import git

MACHINE = LocalMachine()


def checkout(path: Path, files: dict[str, str] | None = None) -> Path:
    (path / ".git").mkdir(parents=True)
    for name, text in (files or {}).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def names(found: FoundEstate, root: Path) -> list[str]:
    return [one.path.relative_to(root).as_posix() for one in found.places]


def test_checkouts_are_found_four_levels_deep_and_not_within_each_other(tmp_path: Path) -> None:
    for place in ("a", "g/b", "x/y/z/c", "x/y/z/w/v", "a/vendor/inner", "node_modules/n"):
        checkout(tmp_path / place)
    (tmp_path / "link").symlink_to(tmp_path / "g")
    found = find_estate(MACHINE, tmp_path)
    assert names(found, tmp_path) == ["a", "g/b", "x/y/z/c"]
    assert names(find_estate(MACHINE, tmp_path / "a"), tmp_path) == ["a"]


def test_bare_repositories_and_second_working_trees_are_named_and_left_out(tmp_path: Path) -> None:
    checkout(tmp_path / "shop")
    bare = tmp_path / "shop.git"
    (bare / "objects").mkdir(parents=True)
    (bare / "refs").mkdir()
    (bare / "HEAD").write_text("ref: refs/heads/main\n")
    for name, target in (("shop-hotfix", tmp_path / "shop"), ("alone", tmp_path / "elsewhere")):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".git").write_text(f"gitdir: {target}/.git/worktrees/{name}\n")
    found = find_estate(MACHINE, tmp_path)
    assert names(found, tmp_path) == ["alone", "shop"]
    assert {Path(path).name: why for path, why in found.skipped} == {
        "shop.git": "a bare repository: nothing of it is checked out",
        "shop-hotfix": "another working tree of `shop`",
    }


def test_nothing_that_a_checkout_configures_is_run(tmp_path: Path) -> None:
    place = tmp_path / "shop"
    git(tmp_path, "init", "-q", str(place))
    (place / "requirements.txt").write_text("lamp==1.0\n")
    git(place, "add", "-A")
    mark = tmp_path / "ran"
    with (place / ".git/config").open("a") as file:
        file.write(f"[core]\n  fsmonitor = touch {mark}\n  hooksPath = {tmp_path}\n  pager = touch {mark}\n")
    (one,) = find_estate(MACHINE, tmp_path).places
    (service,) = find_services(MACHINE, one)
    tree, _ = MACHINE.open_checkout(service.folder)
    assert (service.name, list(tree.walk()), mark.exists()) == ("shop", ["requirements.txt"], False)


def test_owners_come_from_the_list_then_the_manifest_then_codeowners_then_the_catalog(tmp_path: Path) -> None:
    pay, web = "{name: pay, team: money, tier: 2, exposure: internal, paths: [pay]}", "{name: web, paths: [web]}"
    manifest = f"version: 1\nservices:\n  - {pay}\n  - {web}\n"
    owners = {".github/CODEOWNERS": "* @acme/all\n/web/ @acme/front\n", "pay/x": "", "web/x": ""}
    checkout(tmp_path / "mono", {"holdfast.yaml": manifest, **owners})
    catalog = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: x}\nspec: {owner: group:jobs}\n"
    checkout(tmp_path / "jobs", {"catalog-info.yaml": catalog})
    checkout(tmp_path / "nobody")
    found = [one for place in find_estate(MACHINE, tmp_path).places for one in find_services(MACHINE, place)]
    told = [(one.name, one.team, one.tier, one.exposure, one.folder.name) for one in found]
    assert told == [
        ("jobs", "jobs", None, "unknown", "jobs"),
        ("pay", "money", 2, "internal", "pay"),
        ("web", "front", None, "unknown", "web"),
        ("nobody", "", None, "unknown", "nobody"),
    ]
    (tmp_path / "estate.csv").write_text("path,name,team,group,tier\nmono,pay,owners,money,1\nnobody,known,x,,\n")
    listed = find_estate(MACHINE, tmp_path / "estate.csv")
    found = [one for place in listed.places for one in find_services(MACHINE, place)]
    assert [(one.name, one.team, one.group, one.tier) for one in found] == [
        ("pay", "owners", "money", 1),
        ("known", "x", "", None),
    ]


def test_codeowners_of_a_repository_tell_its_services_apart(tmp_path: Path) -> None:
    files = {
        ".github/CODEOWNERS": "/pay/ @acme/money\n/web/ @acme/front\n",
        "pay/go.mod": "module p\n",
        "web/go.mod": "",
    }
    checkout(tmp_path / "mono", files)
    found = find_estate(MACHINE, tmp_path / "mono/.github/CODEOWNERS")
    services = [one for place in found.places for one in find_services(MACHINE, place)]
    assert [(one.name, one.team, one.folder.name, one.paths) for one in services] == [
        ("pay", "money", "pay", (".",)),
        ("web", "front", "web", (".",)),
    ]


def test_a_catalog_leads_out_of_its_folder_neither_by_path_nor_by_link(tmp_path: Path) -> None:
    checkout(tmp_path / "secret", {"requirements.txt": "lamp==1.0\n"})
    inside = tmp_path / "estate"
    inside.mkdir()
    (inside / "door").symlink_to(tmp_path / "secret")
    where = "annotations: {backstage.io/source-location: 'dir:./door'}"
    text = f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: door\n  {where}\n"
    (inside / "catalog-info.yaml").write_text(text)
    (place,) = find_estate(MACHINE, inside / "catalog-info.yaml").places
    with pytest.raises(FactError, match="leads out"):
        find_services(MACHINE, place)


def test_what_a_repository_says_wrong_is_an_error_with_its_place(tmp_path: Path) -> None:
    checkout(tmp_path / "a", {"holdfast.yaml": "services: [{name: 'x/y'}]\n"})
    checkout(tmp_path / "b", {"holdfast.yaml": "a: *x\n"})
    link = checkout(tmp_path / "c")
    (link / "CODEOWNERS").symlink_to("/etc/passwd")
    (tmp_path / "list.txt").write_text("a\nb\nc\ngone\n")
    for place in find_estate(MACHINE, tmp_path / "list.txt").places:
        with pytest.raises(FactError):
            find_services(MACHINE, place)


def test_a_file_that_says_of_no_estate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG")
    with pytest.raises(UsageError, match="no estate"):
        find_estate(MACHINE, tmp_path / "x.png")
