"""`gradle.lockfile`."""

import pytest

from tests.facts.lockfiles.reading import gaps, read, rows

LOCK = """\
# This is a Gradle generated file for dependency locking.
org.lamp:lamp:2.2=compileClasspath,runtimeClasspath,testCompileClasspath
org.lamp:bulb:4.12=testCompileClasspath,testRuntimeClasspath
org.lamp:wick:1.8=compileClasspath
org.lamp:oil:1.0=annotationProcessor
empty=testAnnotationProcessor
"""
SAMPLE = ("gradle.lockfile", LOCK)


def test_gradle_modules_have_scope_and_line() -> None:
    parsed = read({"gradle.lockfile": LOCK})
    assert rows(parsed) == [
        ("org.lamp:lamp", "2.2", "registry", None, "runtime", 2),
        ("org.lamp:bulb", "4.12", "registry", None, "development", 3),
        ("org.lamp:wick", "1.8", "registry", None, "optional", 4),
        ("org.lamp:oil", "1.0", "registry", None, "development", 5),
    ]
    assert gaps(parsed) == []


@pytest.mark.parametrize(
    ("configurations", "scope"),
    [
        ("releaseRuntimeClasspath", "runtime"),
        ("debugUnitTestRuntimeClasspath", "development"),
        ("integrationTestCompileClasspath", "development"),
        ("releaseCompileClasspath,testRuntimeClasspath", "optional"),
        ("testamentRuntimeClasspath", "runtime"),
        ("latestRuntimeClasspath", "runtime"),
        ("checkstyle,jacocoAgent", "development"),
        ("kotlinCompilerPluginClasspathMain", "development"),
        ("", "runtime"),
        ("somethingNew", "runtime"),
    ],
)
def test_gradle_configurations_tell_the_scope(configurations: str, scope: str) -> None:
    assert [row[4] for row in rows(read({"gradle.lockfile": f"g:a:1={configurations}\n"}))] == [scope]


def test_gradle_plugins_of_the_build_are_development() -> None:
    for name in ("buildscript-gradle.lockfile", "settings-gradle.lockfile"):
        assert [row[4] for row in rows(read({name: "g:a:1=classpath\nempty=\n"}))] == ["development"]


def test_gradle_older_form_has_a_file_for_each_configuration() -> None:
    files = {"gradle/dependency-locks/testRuntimeClasspath.lockfile": "g:a:1\n"}
    assert rows(read(files)) == [("g:a", "1", "registry", None, "development", 1)]


def test_gradle_file_without_its_end_was_cut_off() -> None:
    for kept in range(1, 6):
        cut = "\n".join(LOCK.split("\n")[:kept]) + "\n"
        assert gaps(read({"gradle.lockfile": cut}))[-1][1].endswith("it may have been cut off")


def test_gradle_line_that_is_no_module_is_unparsed_and_the_others_count() -> None:
    parsed = read({"gradle.lockfile": "g:a\ng:a:1=x\ng:a:b:c=x\n<<<<<<< ours\ng:b:1=x\n>>>>>>> theirs\nempty=\n"})
    assert [row[0] for row in rows(parsed)] == ["g:a"]
    assert gaps(parsed) == [
        (4, "merge conflict markers: lines 4 to 6 were not read"),
        (1, "expected `group:name:version=configurations`, got `g:a`"),
        (3, "expected `group:name:version=configurations`, got `g:a:b:c=x`"),
    ]
