"""What a plan changes in the files of a tree."""

import json

import pytest

from holdfast.facts.composition import read_composition
from holdfast.loop.fix_edits import Deed, EditPlan, plan_edits
from holdfast.loop.fix_plan import Raised
from holdfast.model.component import Source
from holdfast.remediations.suggest import suggest_steps
from holdfast.testing.trees import MemoryTree
from tests.shared import SHARED_DATA, needs_shared


def planned(files: dict[str, str], **versions: str) -> EditPlan:
    """Plan the edits that raise packages (by name, `_` for `-`) of a tree to versions."""
    tree = MemoryTree(files)
    sbom = read_composition(tree)
    formats = {file: format_id for file, format_id, _ in sbom.files}
    raised = [
        Raised(one, versions[name], ("L",), suggest_steps(one, versions[name], formats, lambda _: None), True)
        for one in sbom.occurrences
        if (name := one.component.name.rpartition("/")[2].replace("-", "_")) in versions
    ]
    return plan_edits(raised, sbom, tree)


def lock(**packages: dict[str, object]) -> str:
    """Return a package-lock.json; `root` is the project itself."""
    entries = {("" if name == "root" else f"node_modules/{name}"): held for name, held in packages.items()}
    return json.dumps({"name": "a", "lockfileVersion": 3, "packages": entries})


def after(plan: EditPlan) -> dict[str, str]:
    return {one.file: one.after.decode() for one in plan.changes}


def only(plan: EditPlan) -> Deed:
    (deed,) = plan.deeds
    return deed


def test_a_pinned_file_is_all_there_is_to_edit() -> None:
    plan = planned({"requirements.txt": "lamp==1.0\ndesk==1.0\n"}, lamp="1.5", desk="2.0")
    assert after(plan) == {"requirements.txt": "lamp==1.5\ndesk==2.0\n"}
    assert all(one.lock_file is None and one.files == ("requirements.txt",) for one in plan.deeds)


def test_a_manifest_is_edited_and_its_lock_file_has_to_change() -> None:
    files = {
        "package.json": '{"dependencies": {"lamp": "^1.0.0"}}',
        "package-lock.json": lock(root={"dependencies": {"lamp": "^1.0.0"}}, lamp={"version": "1.0.0"}),
    }
    plan = planned(files, lamp="1.5.0")
    assert after(plan) == {"package.json": '{"dependencies": {"lamp": "^1.5.0"}}'}
    deed = only(plan)
    assert (deed.files, deed.lock_file, deed.because) == (("package.json",), "package-lock.json", "")
    assert deed.command.startswith("npm install --package-lock-only --ignore-scripts")


def test_what_something_else_asks_for_is_left_to_its_tool() -> None:
    files = {
        "package.json": '{"dependencies": {"house": "^1.0.0"}, "overrides": {}}',
        "package-lock.json": lock(
            root={"dependencies": {"house": "^1.0.0"}},
            house={"version": "1.0.0", "dependencies": {"lamp": "^1.0.0"}},
            lamp={"version": "1.0.0"},
        ),
    }
    plan = planned(files, lamp="1.5.0")
    assert plan.changes == ()
    assert only(plan).because.startswith("something else asks for it")
    assert only(plan).command.startswith("npm update lamp")


def test_members_of_a_workspace_are_edited_but_not_what_has_a_lock_file_of_its_own() -> None:
    manifest = '[dependencies]\nlamp = "1.0"\n'
    package = '[[package]]\nname = "{}"\nversion = "1.0.0"\n{}\n'
    registry = 'source = "registry+https://registry.example/index"'
    locked = "version = 3\n" + package.format("lamp", registry)
    files = {
        "Cargo.lock": locked,
        "Cargo.toml": "[workspace]\n",
        "a/Cargo.toml": manifest,
        "own/Cargo.lock": "version = 3\n" + package.format("desk", registry),
        "own/Cargo.toml": manifest,
    }
    assert after(planned(files, lamp="1.5.0")) == {"a/Cargo.toml": '[dependencies]\nlamp = "1.5.0"\n'}


def test_go_is_not_locked_by_its_go_mod_where_there_is_a_go_sum() -> None:
    text = "module a\n\ngo 1.22\n\nrequire x.example/lamp v1.0.0\n"
    sums = "x.example/lamp v1.0.0 h1:AAAA=\nx.example/lamp v1.0.0/go.mod h1:AAAA=\n"
    alone, both = planned({"go.mod": text}, lamp="1.5.0"), planned({"go.mod": text, "go.sum": sums}, lamp="1.5.0")
    assert after(alone) == after(both) == {"go.mod": text.replace("v1.0.0", "v1.5.0")}
    assert (only(alone).lock_file, only(both).lock_file) == (None, "go.sum")
    assert only(both).command == "go mod tidy"


def test_a_step_that_one_file_refuses_touches_none() -> None:
    files = {
        "package.json": '{"dependencies": {"lamp": "^1.0.0"}}',
        "b/package.json": '{"dependencies": {"lamp": "^1.0.0 || ^2.0.0"}}',
        "package-lock.json": lock(root={"dependencies": {"lamp": "^1.0.0"}}, lamp={"version": "1.0.0"}),
    }
    plan = planned(files, lamp="1.5.0")
    assert plan.changes == ()
    assert only(plan).because.startswith("b/package.json: ")


def test_a_property_of_a_parent_is_edited_in_the_parent() -> None:
    parent = (
        "<project><groupId>a</groupId><artifactId>p</artifactId><version>1</version><packaging>pom</packaging>\n"
        "<properties>\n<v>1.0.0</v>\n</properties></project>"
    )
    child = (
        "<project><parent><groupId>a</groupId><artifactId>p</artifactId><version>1</version></parent>\n"
        "<artifactId>c</artifactId>\n<dependencies><dependency><groupId>x</groupId><artifactId>lamp</artifactId>\n"
        "<version>${v}</version></dependency></dependencies></project>"
    )
    tree = MemoryTree({"pom.xml": parent, "c/pom.xml": child})
    sbom = read_composition(tree)
    formats = {file: format_id for file, format_id, _ in sbom.files}
    lines = {"pom.xml": parent.splitlines(), "c/pom.xml": child.splitlines()}
    (one,) = sbom.occurrences
    steps = suggest_steps(
        one, "1.5.0", formats, lambda place: dict(enumerate(lines[place.file], 1)).get(place.line or 0)
    )
    plan = plan_edits([Raised(one, "1.5.0", (), steps, True)], sbom, tree)
    assert after(plan) == {"pom.xml": parent.replace("1.0.0", "1.5.0")}


@needs_shared
@pytest.mark.parametrize(("format_id", "least"), [("requirements_txt", 13), ("go_mod", 80), ("pom_xml", 45)])
def test_edits_of_real_files_are_what_a_second_reading_finds(format_id: str, least: int) -> None:
    """Every component of every collected file is raised, or the refusal says why; nothing else moves."""
    edited = 0
    for folder in sorted((SHARED_DATA / "lockfiles" / format_id).iterdir()):
        files = {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}
        tree = MemoryTree(files)
        sbom = read_composition(tree)
        formats = {file: found for file, found, _ in sbom.files}
        for one in sbom.occurrences:
            if one.component.source is not Source.REGISTRY:
                continue
            steps = suggest_steps(one, "999.0.0", formats, lambda _: None)
            plan = plan_edits([Raised(one, "999.0.0", (), steps, True)], sbom, tree)
            if not plan.changes:
                assert all(deed.because for deed in plan.deeds)
                continue
            edited += 1
            again = read_composition(MemoryTree({**files, **{change.file: change.after for change in plan.changes}}))
            before = {(held.component.name, held.component.version) for held in sbom.occurrences}
            after = {(held.component.name, held.component.version) for held in again.occurrences}
            assert before - after >= {(one.component.name, one.component.version)}
            assert {version.removeprefix("v").partition("+")[0] for _, version in after - before} == {"999.0.0"}
    assert edited >= least
