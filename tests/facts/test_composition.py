"""The composition of a tree."""

import pytest

from holdfast.errors import FactError
from holdfast.facts.composition import UNREAD, read_composition, read_tree
from holdfast.facts.recognized import MANIFESTS, RECOGNIZED
from holdfast.testing.trees import MemoryTree

CARGO = '[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n'


def test_composition_unites_a_component_of_several_files() -> None:
    sbom = read_composition(MemoryTree({"x/requirements.txt": "a==1\nb==2\n", "y/requirements.txt": "a==1\n"}))
    assert [(one.component.name, [str(place) for place in one.locations]) for one in sbom.occurrences] == [
        ("a", ["x/requirements.txt:1", "y/requirements.txt:1"]),
        ("b", ["x/requirements.txt:2"]),
    ]
    assert sbom.files == (("x/requirements.txt", "requirements_txt", 2), ("y/requirements.txt", "requirements_txt", 1))


def test_a_file_is_a_place_of_what_it_includes_from_another_folder() -> None:
    files = {
        "pay/requirements.txt": "-r ../web/extra.txt\n-r own.txt\n",
        "pay/own.txt": "b==2\n",
        "web/extra.txt": "a==1\n",
    }
    sbom = read_composition(MemoryTree(files))
    assert [(one.component.name, [str(place) for place in one.locations]) for one in sbom.occurrences] == [
        ("a", ["web/extra.txt:1", "pay/requirements.txt"]),
        ("b", ["pay/own.txt:1"]),
    ]


def test_composition_goes_on_after_a_bad_file() -> None:
    sbom = read_composition(MemoryTree({"a/uv.lock": "bogus\n", "b/Cargo.lock": CARGO, "c/package-lock.json": "["}))
    assert [one.component.name for one in sbom.occurrences] == ["a"]
    assert [(gap.file, gap.line) for gap in sbom.unparsed] == [("a/uv.lock", 1), ("c/package-lock.json", 1)]
    assert [file for file, _, _ in sbom.files] == ["a/uv.lock", "b/Cargo.lock", "c/package-lock.json"]


@pytest.mark.parametrize("glob", sorted(RECOGNIZED))
def test_recognized_file_is_unparsed_and_never_silent(glob: str) -> None:
    path = "sub/" + glob.replace("*", "some")
    sbom = read_composition(MemoryTree({path: "x"}))
    assert [gap.file for gap in sbom.unparsed] == [path]
    assert sbom.unparsed[0].because.endswith("it is recognized but not read yet")
    assert (sbom.occurrences, sbom.files) == ((), ())


@pytest.mark.parametrize("glob", sorted(MANIFESTS))
def test_manifest_without_a_lock_is_unparsed(glob: str) -> None:
    manifest = MANIFESTS[glob]
    text = b" ".join(manifest.marks) or b"x"
    path = "app/" + glob.replace("*", "some")
    sbom = read_composition(MemoryTree({path: text}))
    assert [gap.file for gap in sbom.unparsed] == [path]
    assert "a manifest without a lock file" in sbom.unparsed[0].because


@pytest.mark.parametrize("lock", ["app/web/package-lock.json", "package-lock.json"])
def test_manifest_with_a_lock_beside_or_above_is_covered(lock: str) -> None:
    files = {
        "app/web/package.json": '{"dependencies": {"a": "1"}}',
        lock: '{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}',
    }
    assert read_composition(MemoryTree(files)).unparsed == ()


def test_manifest_with_a_lock_in_a_folder_below_is_not_covered() -> None:
    files = {
        "package.json": '{"dependencies": {"a": "1"}}',
        "sub/package-lock.json": '{"lockfileVersion": 3, "packages": {}}',
    }
    assert [gap.file for gap in read_composition(MemoryTree(files)).unparsed] == ["package.json"]


def test_python_manifest_is_covered_by_requirements_beside_it_and_not_by_those_above() -> None:
    project, pinned = '[project]\ndependencies = ["a"]\n', "a==1\n"
    beside = {"app/pyproject.toml": project, "app/requirements.txt": pinned}
    folder = {"app/pyproject.toml": project, "app/requirements/base.txt": pinned}
    assert read_composition(MemoryTree(folder), ["app/pyproject.toml"]).occurrences
    above = {"app/pyproject.toml": project, "requirements.txt": pinned}
    assert read_composition(MemoryTree(beside)).unparsed == ()
    assert [gap.file for gap in read_composition(MemoryTree(above)).unparsed] == ["app/pyproject.toml"]


def test_requirements_to_compile_are_covered_by_what_was_compiled_of_them() -> None:
    files = {"requirements-web.in": "a\n", "requirements-web.txt": "a==1\n"}
    assert read_composition(MemoryTree(files)).unparsed == ()
    (gap,) = read_composition(MemoryTree({**files, "requirements.in": "b\n", "Cargo.lock": CARGO})).unparsed
    assert gap.file == "requirements.in"
    assert gap.because.endswith("(such as `requirements.txt`)")


@pytest.mark.parametrize(
    ("manifest", "lock"),
    [
        ({"app/build.gradle": "dependencies {}"}, {"app/gradle.lockfile": "g:a:1=runtimeClasspath\nempty=\n"}),
        ({"app/a.csproj": "<PackageReference/>"}, {"app/packages.lock.json": '{"version": 1, "dependencies": {}}'}),
        ({"app/conanfile.txt": "[requires]"}, {"app/conan.lock": '{"requires": []}'}),
    ],
)
def test_manifest_is_covered_by_the_lock_beside_it_and_not_by_one_above(
    manifest: dict[str, str], lock: dict[str, str]
) -> None:
    assert read_composition(MemoryTree({**manifest, **lock})).unparsed == ()
    above = {path.removeprefix("app/"): text for path, text in lock.items()}
    assert [gap.file for gap in read_composition(MemoryTree({**manifest, **above})).unparsed] == [*manifest]


def test_manifest_that_asks_for_nothing_needs_no_mention() -> None:
    files = {"pyproject.toml": "[tool.ruff]\n", "package.json": '{"name": "x"}', "Cargo.toml": "[package]\n"}
    assert read_composition(MemoryTree(files)) == read_composition(MemoryTree({}))


def test_paths_choose_files_and_keep_the_lock_above_that_covers_them() -> None:
    tree = MemoryTree(
        {
            "Cargo.lock": CARGO,
            "services/a/Cargo.toml": "[dependencies]\n",
            "services/a/requirements.txt": "p==1\n",
            "services/ab/requirements.txt": "q==1\n",
        }
    )
    sbom = read_composition(tree, ["services/a/"])
    assert [one.component.name for one in sbom.occurrences] == ["p", "a"]
    assert [file for file, _, _ in sbom.files] == ["Cargo.lock", "services/a/requirements.txt"]


@pytest.mark.parametrize("path", ["nowhere", "../outside", "/etc"])
def test_path_under_which_nothing_is_is_reported(path: str) -> None:
    sbom = read_composition(MemoryTree({"requirements.txt": "a==1\n"}), [path])
    assert [gap.because for gap in sbom.unparsed] == ["there is nothing at this path"]


def test_path_that_names_one_file_is_read_or_reported() -> None:
    tree = MemoryTree({"notes.md": "hello", "requirements.txt": "a==1\n"})
    assert [gap.file for gap in read_composition(tree, ["notes.md"]).unparsed] == ["notes.md"]
    assert len(read_composition(tree, ["requirements.txt"]).occurrences) == 1
    assert read_composition(tree).unparsed == ()


def test_file_over_the_limit_is_unparsed() -> None:
    class Huge(MemoryTree):
        def read(self, path: str, limit_bytes: int) -> bytes:
            raise FactError(f"expected at most {limit_bytes} bytes, got 99999999999", where=path)

    sbom = read_composition(Huge({"uv.lock": "", "requirements.txt": ""}))
    assert [gap.because for gap in sbom.unparsed] == ["expected at most 67108864 bytes, got 99999999999"] * 2


def test_path_that_attacks_the_terminal_is_reported_harmless() -> None:
    sbom = read_composition(MemoryTree({"\x1b[31m/requirements.txt": "a==1\n", "\udcff/yarn.lock": "x"}))
    assert sbom.occurrences == ()
    assert all(gap.file.isprintable() for gap in sbom.unparsed)
    assert len(sbom.unparsed) == 2


def test_folder_that_can_not_be_listed_is_reported() -> None:
    sbom = read_composition(MemoryTree({"secret/": ""}))
    assert [(gap.file, gap.because) for gap in sbom.unparsed] == [("secret/", "the folder could not be listed")]


def test_tree_gives_every_file_in_order_of_path() -> None:
    tree = MemoryTree({"z/bun.lockb": "x", "a/requirements.txt": "a==1\n", "README.md": "x"})
    assert [(file.file, file.format) for file in read_tree(tree)] == [
        ("a/requirements.txt", "requirements_txt"),
        ("z/bun.lockb", UNREAD),
    ]


def test_formats_that_share_a_name_are_told_apart_by_content() -> None:
    spdx = '{"spdxVersion": "SPDX-2.3", "packages": []}'
    cyclonedx = '{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}'
    found = [read_tree(MemoryTree({"sbom.json": text}))[0].format for text in (spdx, cyclonedx)]
    assert found == ["spdx_json", "cyclonedx_json"]


def test_file_that_a_person_names_is_tried_by_its_content() -> None:
    text = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"purl": "pkg:npm/a@1"}]}'
    tree = MemoryTree({"export.json": text, "broken.json": text[:-4], "other.json": "{}"})
    assert [one.component.name for one in read_composition(tree, ["export.json"]).occurrences] == ["a"]
    assert read_composition(tree).files == ()
    assert "not valid JSON" in read_composition(tree, ["broken.json"]).unparsed[0].because
    because = "not a dependency file that is known by its name or content"
    assert [gap.because for gap in read_composition(tree, ["other.json"]).unparsed] == [because]
