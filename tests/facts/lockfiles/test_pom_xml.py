"""`pom.xml`."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_composition, read_file
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import gaps, read, rows

POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <groupId>org.example</groupId>
  <artifactId>shop</artifactId>
  <version>1.0</version>
  <properties>
    <lamp.version>2.${minor}</lamp.version>
    <minor>1</minor>
  </properties>
  <dependencyManagement><dependencies>
    <dependency>
      <groupId>org.lamp</groupId><artifactId>bulb</artifactId>
      <version>${lamp.version}</version>
      <scope>test</scope>
    </dependency>
  </dependencies></dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>org.lamp</groupId><artifactId>lamp</artifactId>
      <version>${lamp.version}</version>
    </dependency>
    <dependency><groupId>org.lamp</groupId><artifactId>bulb</artifactId></dependency>
    <dependency><groupId>org.lamp</groupId><artifactId>wick</artifactId></dependency>
    <dependency>
      <groupId>${project.groupId}</groupId><artifactId>own</artifactId>
      <version>${project.version}</version><optional>true</optional>
    </dependency>
  </dependencies>
</project>
"""
SAMPLE = ("pom.xml", POM)
TRANSITIVE = "what its dependencies depend on is not in a `pom.xml`: scan what is built of it, or an SBOM of that"


def dependency(artifact: str, version: str = "", more: str = "") -> str:
    """Return a dependency of the group `g`."""
    stated = f"<version>{version}</version>" if version else ""
    return f"<dependency><groupId>g</groupId><artifactId>{artifact}</artifactId>{stated}{more}</dependency>"


def pom(artifact: str, *parts: str, parent: str = "", version: str = "1", dependencies: str = "") -> str:
    """Return a project of the group `g`; `parent` is the artifact of its parent, at version 1."""
    above = f"<parent><groupId>g</groupId><artifactId>{parent}</artifactId><version>1</version></parent>"
    own = f"<groupId>g</groupId><artifactId>{artifact}</artifactId><version>{version}</version>"
    listed = f"<dependencies>{dependencies}</dependencies>" if dependencies else ""
    return f"<project>{above if parent else ''}{own}{''.join(parts)}{listed}</project>"


def managed(*dependencies: str) -> str:
    """Return dependency management."""
    return f"<dependencyManagement><dependencies>{''.join(dependencies)}</dependencies></dependencyManagement>"


def found(files: dict[str, str], path: str | None = None) -> list[tuple[str, str, str, str]]:
    """Return (name, version, source, scope) of each component of a file, the first when not named."""
    return [(name, version, source, scope) for name, version, source, _, scope, _ in rows(read(files, path))]


def told(files: dict[str, str], path: str | None = None) -> list[str]:
    """Return the gaps of a file, but for the one that every file with dependencies has."""
    return [because for _, because in gaps(read(files, path)) if because != TRANSITIVE]


def test_pom_dependencies_have_version_scope_and_the_line_of_their_version() -> None:
    parsed = read({"pom.xml": POM})
    assert rows(parsed) == [
        ("org.lamp:lamp", "2.1", "registry", True, "runtime", 20),
        ("org.lamp:bulb", "2.1", "registry", True, "development", 22),
        ("org.example:own", "1.0", "registry", True, "optional", 26),
    ]
    assert [str(place) for place in parsed.occurrences[0].locations] == ["pom.xml:20", "pom.xml:7", "pom.xml:8"]
    assert [str(place) for place in parsed.occurrences[1].locations][1] == "pom.xml:13"
    assert gaps(parsed) == [
        (23, "`org.lamp:wick`: it has no version, and no dependency management gives it one"),
        (17, TRANSITIVE),
    ]


def test_pom_parent_is_found_beside_it_by_path_and_by_coordinates() -> None:
    parent = pom("up", "<properties><v>3</v></properties>", managed(dependency("a", "${v}")))
    child = pom("down", parent="up", dependencies=dependency("a"))
    pointed = child.replace("</parent>", "<relativePath>../up</relativePath></parent>")
    for files in (
        {"x/pom.xml": child, "pom.xml": parent},
        {"x/pom.xml": pointed, "up/pom.xml": parent},
        {"x/pom.xml": child.replace("</parent>", "<relativePath/></parent>"), "elsewhere/deep/pom.xml": parent},
    ):
        assert found(files, "x/pom.xml") == [("g:a", "3", "registry", "runtime")]
        claimed = "its parent `g:up:1` is read from `elsewhere/deep/pom.xml`, which is not built with it"
        assert told(files, "x/pom.xml") == ([claimed] if "elsewhere/deep/pom.xml" in files else [])


def test_pom_parent_by_coordinates_that_is_built_with_it_needs_no_mention() -> None:
    root = pom("root", "<modules><module>up</module><module>x</module></modules>")
    child = pom("down", parent="up", dependencies=dependency("a"))
    files = {"pom.xml": root, "up/pom.xml": pom("up", managed(dependency("a", "3"))), "x/pom.xml": child}
    assert found(files, "x/pom.xml") == [("g:a", "3", "registry", "runtime")]
    assert told(files, "x/pom.xml") == []


def test_pom_beside_that_has_other_coordinates_is_no_parent() -> None:
    files = {"x/pom.xml": pom("down", parent="up", dependencies=dependency("a")), "pom.xml": pom("other")}
    assert told(files, "x/pom.xml") == [
        "`g:a`: it has no version here, and what may give it one is not in this tree: its parent `g:up:1`",
        "its parent `g:up:1` is not in this tree: what it adds or pins is not known",
    ]


def test_pom_parent_outside_of_the_tree_is_a_gap_with_its_line() -> None:
    files = {"pom.xml": pom("down", parent="up").replace("</parent>", "<relativePath>../../up</relativePath></parent>")}
    assert gaps(read(files)) == [(1, "its parent `g:up:1` is not in this tree: what it adds or pins is not known")]


def test_pom_child_wins_over_its_parents_in_properties_and_management() -> None:
    parent = pom(
        "up",
        "<properties><v>1</v><w>1</w></properties>",
        managed(dependency("a", "1"), dependency("b", "1")),
        dependencies=dependency("c", "${v}") + dependency("d", "${project.version}"),
    )
    child = pom(
        "down",
        "<properties><v>2</v></properties>",
        managed(dependency("a", "2")),
        parent="up",
        version="7",
        dependencies=dependency("a") + dependency("b"),
    )
    parsed = read({"x/pom.xml": child, "pom.xml": parent})
    assert [(row[0], row[1]) for row in rows(parsed)] == [("g:a", "2"), ("g:b", "1"), ("g:c", "2"), ("g:d", "7")]
    assert parsed.occurrences[2].locations[0].file == "pom.xml"


def test_pom_imports_are_followed_inside_of_the_tree_after_own_management() -> None:
    imported = "<type>pom</type><scope>import</scope>"
    bom = pom("bom", "<properties><v>5</v></properties>", managed(dependency("a", "${v}"), dependency("b", "${v}")))
    user = pom(
        "user",
        "<properties><v>9</v></properties>",
        managed(dependency("bom", "1", imported), dependency("gone", "1", imported), dependency("b", "6")),
        dependencies=dependency("a") + dependency("b") + dependency("c"),
    )
    files = {"pom.xml": user, "bom/pom.xml": bom}
    assert [row[:2] for row in found(files)] == [("g:a", "5"), ("g:b", "6")]
    assert told(files) == [
        "`g:c`: it has no version here, and what may give it one is not in this tree: `g:gone:1` (imported)",
        "its import `g:bom:1` is read from `bom/pom.xml`, which is not built with it",
    ]


@pytest.mark.parametrize(
    ("version", "because"),
    [
        ("[1.0,2.0)", "`[1.0,2.0)` is a range: which version of it is taken is not known"),
        ("(,1.0],[1.2,)", "`(,1.0],[1.2,)` is a range: which version of it is taken is not known"),
        ("LATEST", "`LATEST` is whatever is newest when it is built"),
        ("${nobody}", "`${nobody}` is not set in this tree"),
        ("${round}", "`${round}` leads back to itself"),
    ],
)
def test_pom_version_that_is_not_one_is_unparsed(version: str, because: str) -> None:
    properties = "<properties><round>${about}</round><about>1${round}</about></properties>"
    text = pom("p", properties, dependencies=dependency("a", version) + dependency("b", "[1.5]"))
    assert [row[:2] for row in found({"pom.xml": text})] == [("g:b", "1.5")]
    assert told({"pom.xml": text}) == [f"`g:a:{version}`: {because}"]


def test_pom_profile_active_by_default_counts_and_any_other_is_optional() -> None:
    def profile(name: str, active: str, version: str) -> str:
        activation = f"<activation><activeByDefault>{active}</activeByDefault></activation>"
        inner = f"<properties><v>{version}</v></properties><dependencies>{dependency(name, '${v}')}</dependencies>"
        return f"<profile><id>{name}</id>{activation}{inner}</profile>"

    text = pom("p", f"<profiles>{profile('on', 'true', '1')}{profile('off', 'false', '2')}</profiles>")
    assert found({"pom.xml": text}) == [("g:on", "1", "registry", "runtime"), ("g:off", "2", "registry", "optional")]


def test_pom_scopes_tell_what_a_dependency_is_for() -> None:
    scopes = ("compile", "runtime", "test", "provided", "system", "${unset}")
    text = pom("p", dependencies="".join(dependency(f"s{i}", "1", f"<scope>{s}</scope>") for i, s in enumerate(scopes)))
    assert [(row[2], row[3]) for row in found({"pom.xml": text})] == [
        ("registry", "runtime"),
        ("registry", "runtime"),
        ("registry", "development"),
        ("registry", "optional"),
        ("path", "runtime"),
        ("registry", "runtime"),
    ]


def test_pom_module_of_the_same_build_is_named_with_source_path() -> None:
    root = pom("root", "<modules><module>a</module><module>b/pom.xml</module></modules>")
    files = {
        "pom.xml": root,
        "a/pom.xml": pom("a", parent="root", dependencies=dependency("b", "${project.version}")),
        "b/pom.xml": pom("b", parent="root", dependencies=dependency("a", "0.9") + dependency("root")),
    }
    assert found(files, "a/pom.xml") == [("g:b", "1", "path", "runtime")]
    assert found(files, "b/pom.xml") == [("g:a", "0.9", "registry", "runtime"), ("g:root", "", "path", "runtime")]
    assert read_composition(MemoryTree(files)).unparsed[-1].file == "b/pom.xml"


def test_pom_that_only_claims_coordinates_does_not_hide_a_dependency() -> None:
    files = {"pom.xml": pom("p", dependencies=dependency("log", "1")), "fixtures/pom.xml": pom("log")}
    assert found(files) == [("g:log", "1", "registry", "runtime")]


def test_pom_module_that_is_not_there_is_a_gap() -> None:
    text = pom("root", "<modules><module>gone</module><module>../out</module><module>other.xml</module></modules>")
    assert told({"pom.xml": text, "other.xml": pom("o")}) == [
        "its module `gone` is not in this tree, or can't be read",
        "its module `../out` is not in this tree, or can't be read",
        "its module `other.xml` is not named `pom.xml`: it was not read",
    ]


def test_pom_parents_that_go_in_a_circle_end() -> None:
    files = {
        "pom.xml": pom("a", parent="b", dependencies=dependency("x", "1")),
        "b/pom.xml": pom("b", parent="a", dependencies=dependency("y", "1")),
    }
    assert [row[0] for row in found(files)] == ["g:x", "g:y"]
    assert told(files)[-1] == "its parents lead back to themselves: `g:a:1`"
    itself = {"pom.xml": pom("a", parent="a")}
    assert told(itself) == ["its parents lead back to themselves: `g:a:1`"]


def test_pom_imports_that_go_in_a_circle_end() -> None:
    imported = "<type>pom</type><scope>import</scope>"
    files = {
        "pom.xml": pom("a", managed(dependency("b", "1", imported)), dependencies=dependency("x") + dependency("y")),
        "b/pom.xml": pom("b", managed(dependency("c", "1", imported), dependency("x", "2"))),
        "c/pom.xml": pom("c", managed(dependency("b", "1", imported))),
    }
    assert [row[:2] for row in found(files)] == [("g:x", "2")]


def test_pom_properties_that_double_are_cut_off() -> None:
    doubled = "".join(f"<p{n + 1}>${{p{n}}}${{p{n}}}</p{n + 1}>" for n in range(40))
    text = pom("p", f"<properties><p0>x</p0>{doubled}</properties>", dependencies=dependency("a", "${p40}"))
    assert "of over 2000 characters" in told({"pom.xml": text})[0]


def test_pom_properties_in_a_long_chain_are_cut_off() -> None:
    chain = "".join(f"<p{n + 1}>${{p{n}}}</p{n + 1}>" for n in range(5000))
    text = pom("p", f"<properties><p0>x</p0>{chain}</properties>", dependencies=dependency("a", "${p5000}"))
    assert told({"pom.xml": text}) == ["`g:a:${p5000}`: `${p5000}` is nested too deeply"]


def test_pom_of_another_root_and_with_entities_is_refused() -> None:
    assert gaps(read({"pom.xml": "<beans/>"})) == [(1, "expected `<project>`, got `<beans>`")]
    text = f'<!DOCTYPE p [<!ENTITY v SYSTEM "file:///etc/passwd">]>{pom("p", dependencies=dependency("a", "&v;"))}'
    ((line, because),) = gaps(read({"pom.xml": text}))
    assert line == 1
    assert because.startswith("a document type")


def test_pom_without_dependencies_is_truly_empty() -> None:
    parsed = read({"pom.xml": pom("p")})
    assert (parsed.occurrences, parsed.unparsed) == ((), ())


NAMES = st.sampled_from(["parent", "groupId", "artifactId", "version", "dependencies", "dependency", "properties"])
TEXTS = st.sampled_from(["", "g", "a", "1", "${a}", "${project.version}", "[1,2)", "\u202e", "import", "test", "../x"])
ELEMENTS = st.recursive(
    TEXTS,
    lambda inner: st.lists(
        st.tuples(NAMES | st.sampled_from(["scope", "profiles", "a", "modules"]), inner), max_size=4
    ),
    max_leaves=30,
)


def _xml(value: object) -> str:
    if isinstance(value, str):
        return value
    assert isinstance(value, list)
    return "".join(f"<{name}>{_xml(inner)}</{name}>" for name, inner in value)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ELEMENTS, ELEMENTS)
def test_pom_of_any_shape_is_read_or_named(one: object, other: object) -> None:
    files = {"x/pom.xml": f"<project>{_xml(one)}</project>", "pom.xml": f"<project>{_xml(other)}</project>"}
    parsed = read_file(MemoryTree(files), "x/pom.xml")
    assert parsed is not None
    assert all(gap.because.isprintable() for gap in parsed.unparsed)
