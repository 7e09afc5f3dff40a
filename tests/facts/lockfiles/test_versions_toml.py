"""`*.versions.toml`."""

import pytest

from tests.facts.lockfiles.reading import gaps, read, rows

CATALOG = """\
[versions]
lamp = "2.1"  # a comment
wick = { strictly = "[1.7, 1.8[", prefer = "1.7.25" }

[libraries]
lamp = { module = "org.lamp:lamp", version.ref = "lamp" }
lamp-bulb = { group = "org.lamp", name = "bulb", version.ref = "wick" }
"plain" = "org.lamp:plain:3.0"
managed = { module = "org.lamp:managed" }
strict = { module = "org.lamp:strict", version = { strictly = "[4.0]" } }

[bundles]
all = ["lamp", "lamp.bulb", "gone"]

[plugins]
press = { id = "org.press", version.ref = "lamp" }
short = "org.short:0.1"
"""
SAMPLE = ("gradle/libs.versions.toml", CATALOG)


def test_catalog_libraries_and_plugins_have_version_scope_and_line() -> None:
    parsed = read(dict([SAMPLE]))
    assert rows(parsed) == [
        ("org.lamp:lamp", "2.1", "registry", True, "runtime", 6),
        ("org.lamp:bulb", "1.7.25", "registry", True, "runtime", 7),
        ("org.lamp:plain", "3.0", "registry", True, "runtime", 8),
        ("org.lamp:strict", "4.0", "registry", True, "runtime", 10),
        ("org.press:org.press.gradle.plugin", "2.1", "registry", True, "development", 16),
        ("org.short:org.short.gradle.plugin", "0.1", "registry", True, "development", 17),
    ]
    assert gaps(parsed) == [
        (9, "`managed`: it has no version in the catalog: a platform, or the build, gives it one"),
        (13, "the bundle `all` names `gone`, which is not in `[libraries]`"),
    ]


@pytest.mark.parametrize("version", ["[1.0,2.0)", "1.+", "latest.release", "(,1]", "+"])
def test_catalog_version_that_is_not_one_is_unparsed(version: str) -> None:
    parsed = read(
        {"x.versions.toml": f'[libraries]\na = {{ module = "g:a", version = {{ require = "{version}" }} }}\n'}
    )
    assert rows(parsed) == []
    assert gaps(parsed) == [(2, f"`a`: `{version}` names no single version: which one is taken is not known")]


def test_catalog_reference_to_nothing_and_a_module_that_is_none_are_unparsed() -> None:
    text = '[libraries]\na = { module = "g:a", version.ref = "b" }\nc = { module = "c" }\n[plugins]\nd = {}\n'
    assert gaps(read({"x.versions.toml": text})) == [
        (2, "`a`: `version.ref` names `b`, which is not in `[versions]`"),
        (3, "`c`: expected `module`, or `group` and `name`"),
        (5, "`d`: expected `id`"),
    ]
