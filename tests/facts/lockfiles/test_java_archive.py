"""JAR, WAR and EAR files."""

import io
import struct
import zipfile
from collections.abc import Mapping

import pytest

from holdfast.facts.composition import read_file
from holdfast.facts.lockfiles import java_archive
from holdfast.model.component import ParsedFile
from holdfast.testing.trees import MemoryTree
from tests.facts.lockfiles.reading import gaps, read

Files = Mapping[str, str | bytes]
CLASS: dict[str, str | bytes] = {"a/A.class": b"\xca\xfe\xba\xbe"}


def jar(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def pom(group: str, artifact: str, version: str) -> dict[str, str | bytes]:
    text = f"#Generated\n!\nversion={version}\ngroupId={group}\r\nartifactId = {artifact}\n"
    return {f"META-INF/maven/{group}/{artifact}/pom.properties": text}


def manifest(**fields: str) -> dict[str, str | bytes]:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return {"META-INF/MANIFEST.MF": "\r\n".join(["Manifest-Version: 1.0", *lines, "", "Name: x", "Sealed: true"])}


LIBRARY = jar(pom("org.example", "library", "1.2") | CLASS)
SAMPLE = ("app.war", jar({"WEB-INF/lib/library-1.2.jar": LIBRARY} | pom("org.example", "app", "3") | CLASS))


def _named(parsed: ParsedFile) -> list[tuple[str, str, str]]:
    return [(one.component.name, one.component.version, one.locations[0].file) for one in parsed.occurrences]


def test_archive_is_what_its_pom_properties_say() -> None:
    assert _named(read({"x.jar": LIBRARY})) == [("org.example:library", "1.2", "x.jar")]
    assert read({"x.jar": LIBRARY}).unparsed == ()


def test_archive_behind_a_script_is_read() -> None:
    assert len(read({"x.jar": b"#!/bin/sh\nexec java -jar $0\n" + LIBRARY}).occurrences) == 1


def test_shaded_archive_is_all_that_was_put_into_it() -> None:
    parts = pom("org.example", "shaded", "1") | pom("org.other", "inner", "2") | CLASS
    assert [name for name, _, _ in _named(read({"x.jar": jar(parts)}))] == ["org.example:shaded", "org.other:inner"]


def test_archives_within_archives_are_read_with_their_place() -> None:
    ear = jar({"web.war": SAMPLE[1], "lib/library.jar": LIBRARY})
    assert _named(read({"x.ear": ear})) == [
        ("org.example:app", "3", "x.ear!/web.war"),
        ("org.example:library", "1.2", "x.ear!/web.war!/WEB-INF/lib/library-1.2.jar"),
    ]


def test_application_that_only_holds_others_is_no_package() -> None:
    boot = jar({"BOOT-INF/lib/library-1.2.jar": LIBRARY, "org/Launcher.class": b"", **manifest(Start_Class="x")})
    parsed = read({"shop.jar": boot})
    assert [name for name, _, _ in _named(parsed)] == ["org.example:library"]
    assert parsed.unparsed == ()


def test_manifest_gives_a_guess_and_a_gap_that_says_so() -> None:
    said = manifest(Bundle_SymbolicName="org.yaml.snakeyaml;singleton:=true", Bundle_License="Apache-2.0;link=x")
    parsed = read({"lib/snakeyaml-1.33.jar": jar(said | CLASS)})
    assert _named(parsed) == [("org.yaml:snakeyaml", "1.33", "lib/snakeyaml-1.33.jar")]
    assert parsed.occurrences[0].licenses == ("Apache-2.0",)
    because = "`org.yaml:snakeyaml` 1.33 is guessed from the manifest: there is no `pom.properties`"
    assert gaps(parsed) == [(None, because)]


@pytest.mark.parametrize(
    ("name", "files", "because"),
    [
        ("oro-2.0.8.jar", {}, "`oro` 2.0.8, by its manifest and file name alone: its Maven group is not known"),
        (
            "own.jar",
            manifest(Implementation_Title="Own", Implementation_Version="4 build 7"),
            "`own` 4, by its manifest and file name alone: its Maven group is not known",
        ),
        ("own.jar", {}, "nothing in it names a package: neither `pom.properties` nor a version in the manifest"),
    ],
)
def test_archive_that_nothing_names_is_a_gap(name: str, files: Files, because: str) -> None:
    parsed = read({name: jar({**files, **CLASS})})
    assert parsed.occurrences == ()
    assert gaps(parsed) == [(None, because)]


def test_manifest_lines_that_go_on_are_put_together() -> None:
    text = "Implementation-Vendor-Id: org.exam\r\n ple\r\nImplementation-Version: 1\r\n"
    parsed = read({"tool.jar": jar({"META-INF/MANIFEST.MF": text, **CLASS})})
    assert [name for name, _, _ in _named(parsed)] == ["org.example:tool"]


@pytest.mark.parametrize("text", ["groupId=a\n", "", "groupId=g\nartifactId=a\nversion=${project.version}\n"])
def test_pom_properties_that_name_nothing_are_a_gap(text: str) -> None:
    parsed = read({"x-1.jar": jar({"META-INF/maven/g/a/pom.properties": text})})
    assert "a `pom.properties` without group, artifact or version" in gaps(parsed)[0][1]


@pytest.mark.parametrize("name", ["x-sources.jar", "x-1-javadoc.jar", "gradle/wrapper/gradle-wrapper.jar"])
def test_archive_that_is_no_dependency_is_left_alone(name: str) -> None:
    assert read_file(MemoryTree({name: jar(CLASS)}), name) is None


def test_other_rar_is_left_alone() -> None:
    assert read_file(MemoryTree({"x.rar": b"Rar!\x1a\x07"}), "x.rar") is None


def test_traversal_in_names_is_harmless() -> None:
    parsed = read({"x.war": jar({"../../etc/lib.jar": LIBRARY, "/abs/\x1b.jar": LIBRARY})})
    assert [name for name, _, _ in _named(parsed)] == ["org.example:library"]
    assert all(place.file.isprintable() for one in parsed.occurrences for place in one.locations)


def test_archives_nested_too_deep_are_a_gap() -> None:
    data = LIBRARY
    for _ in range(7):
        data = jar({"inner.jar": data})
    parsed = read({"x.jar": data})
    assert parsed.occurrences == ()
    assert gaps(parsed) == [(None, "archives nested over 4 deep")]


def test_bomb_is_a_gap_and_what_is_beside_it_is_read() -> None:
    bomb = jar({"zeros": bytes(64 << 20)})
    parsed = read({"x.war": jar({"a.jar": jar({"b.jar": bytes(64 << 20)}), "z.jar": LIBRARY, "bomb.jar": bomb})})
    assert [name for name, _, _ in _named(parsed)] == ["org.example:library"]
    (because,) = [because for _, because in gaps(parsed)]
    assert because.startswith("it grows beyond 6")
    assert because.endswith("it may be a bomb")


def test_what_is_taken_out_has_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(java_archive, "MAX_UNPACKED_BYTES", len(LIBRARY) + 200)
    parsed = read({"x.war": jar({"a.jar": LIBRARY, "b.jar": LIBRARY})})
    assert len(parsed.occurrences) == 1
    assert "expected at most" in gaps(parsed)[0][1]


def test_encrypted_entry_is_a_gap() -> None:
    data = bytearray(jar({"lib/a.jar": LIBRARY}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.rindex(mark) + at] |= 1
    data[6] |= 1
    parsed = read({"x.war": bytes(data)})
    assert [(gap.file, gap.because) for gap in parsed.unparsed] == [("x.war!/lib/a.jar", "it is encrypted")]


def test_entry_of_another_compression_is_a_gap() -> None:
    parsed = read({"x.war": jar({"a.jar": LIBRARY}, zipfile.ZIP_BZIP2)})
    assert gaps(parsed) == [(None, "it is compressed by method 12, not deflate")]
    assert len(read({"x.war": jar({"a.jar": LIBRARY}, zipfile.ZIP_STORED)}).occurrences) == 1


@pytest.mark.parametrize("end", [0, 10, 40, -1, -30])
def test_truncated_archive_is_a_gap(end: int) -> None:
    parsed = read({"x.jar": LIBRARY[:end]})
    assert parsed.occurrences == ()
    assert len(parsed.unparsed) == 1


def test_truncated_archive_within_is_a_gap() -> None:
    parsed = read({"x.war": jar({"a.jar": LIBRARY[:-9], "b.jar": LIBRARY})})
    assert [gap.file for gap in parsed.unparsed] == ["x.war!/a.jar"]
    assert len(parsed.occurrences) == 1


def test_directory_that_claims_too_many_entries_is_refused() -> None:
    data = bytearray(LIBRARY)
    struct.pack_into("<I", data, data.rindex(b"PK\x05\x06") + 12, 0xFFFFFFF0)
    assert len(read({"x.jar": bytes(data)}).unparsed) == 1


def test_archive_of_the_large_form_is_read() -> None:
    out = io.BytesIO()
    path = "META-INF/maven/g.h/a/pom.properties"
    with zipfile.ZipFile(out, "w") as archive, archive.open(path, "w", force_zip64=True) as one:
        one.write(b"groupId=g.h\nartifactId=a\nversion=1\n")
    assert [name for name, _, _ in _named(read({"x.jar": out.getvalue()}))] == ["g.h:a"]


def test_archive_over_the_limit_is_a_gap() -> None:
    class Huge(MemoryTree):
        def read(self, path: str, limit_bytes: int) -> bytes:
            assert limit_bytes == 256 << 20
            return super().read(path, 10)

    parsed = read_file(Huge({"x.jar": LIBRARY}), "x.jar")
    assert parsed is not None
    assert "expected at most 10 bytes" in parsed.unparsed[0].because
