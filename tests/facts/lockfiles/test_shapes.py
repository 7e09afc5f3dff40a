"""Documents with every wrong type in every place: a reader answers or raises `FactError`, whatever stands there."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.facts.composition import read_file
from holdfast.facts.lockfiles import LockfileSpec
from holdfast.registry import load_room
from holdfast.testing.trees import MemoryTree

Write = Callable[[object], str]


def write_json(value: object) -> str:
    """Return a document of JSON, which is YAML too."""
    return json.dumps(value)


def write_toml(value: object) -> str:
    """Return a document of TOML; what has no name there stands under `package`."""
    table = value if isinstance(value, dict) else {"package": value, "packages": value}
    return "".join(f"{json.dumps(str(key))} = {_inline(inner)}\n" for key, inner in table.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps("" if value is None else value)


def write_xml(value: object) -> str:
    """Return a document of XML: the names of an object are elements, and attributes where they hold a text."""
    return _element("project", value)


def _element(name: str, value: object) -> str:
    inner = value if isinstance(value, list) else [value]
    parts, attributes = [], []
    for one in inner:
        if isinstance(one, dict):
            attributes += [f'{key}="{text}"' for key, text in one.items() if isinstance(text, str)]
            parts += [_element(key, deeper) for key, deeper in one.items()]
        else:
            parts.append("" if one is None or isinstance(one, list) else str(one))
    return f"<{name} {' '.join(dict.fromkeys(attributes)) if isinstance(value, dict) else ''}>{''.join(parts)}</{name}>"


FORMATS: dict[str, tuple[str, Write, tuple[str, ...]]] = {
    "cargo_lock": ("Cargo.lock", write_toml, ("package", "name", "version", "source", "dependencies")),
    "conan_lock": (
        "conan.lock",
        write_json,
        ("graph_lock", "nodes", "0", "1", "ref", "path", "requires", "build_requires", "context"),
    ),
    "conda_meta": ("conda-meta/a.json", write_json, ("name", "version", "channel", "requested_spec")),
    "deps_json": (
        "a.deps.json",
        write_json,
        ("runtimeTarget", "libraries", "targets", "dependencies", "a/1", "type", "b/2"),
    ),
    "directory_packages_props": (
        "Directory.Packages.props",
        write_xml,
        ("ItemGroup", "PackageVersion", "GlobalPackageReference", "Include", "Version"),
    ),
    "packages_config": ("packages.config", write_xml, ("package", "id", "version", "developmentDependency")),
    "packages_lock_json": (
        "packages.lock.json",
        write_json,
        ("version", "dependencies", "net8.0", "a", "type", "resolved", "requested"),
    ),
    "pdm_lock": ("pdm.lock", write_toml, ("package", "name", "version", "groups", "dependencies", "metadata", "git")),
    "pipfile_lock": ("Pipfile.lock", write_json, ("_meta", "default", "develop", "a", "version", "git", "ref", "path")),
    "poetry_lock": ("poetry.lock", write_toml, ("package", "name", "version", "groups", "source", "type", "metadata")),
    "pylock_toml": (
        "pylock.toml",
        write_toml,
        ("lock-version", "packages", "name", "version", "dependencies", "marker", "archive"),
    ),
    "uv_lock": ("uv.lock", write_toml, ("package", "name", "version", "source", "dependencies", "manifest", "members")),
    "verification_metadata_xml": (
        "verification-metadata.xml",
        write_xml,
        ("components", "component", "group", "name", "version", "artifact"),
    ),
    "versions_toml": (
        "gradle/libs.versions.toml",
        write_toml,
        ("versions", "libraries", "plugins", "bundles", "a", "module", "version", "ref", "strictly", "prefer", "id"),
    ),
}
TEXTS = st.sampled_from(
    ["", "a", "a/1", "1.0", "[1,2)", "${a}", "$(a)", "\u202e", "x" * 600, "Direct", "package", "=="]
)


def _values(names: tuple[str, ...]) -> st.SearchStrategy[object]:
    plain = st.none() | st.booleans() | st.integers(-5, 10**20) | TEXTS
    keys = st.sampled_from(names)
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=25
    )


SPECS: dict[str, LockfileSpec] = {spec.id: spec for spec in load_room("facts.lockfiles")}


@pytest.mark.parametrize("format_id", sorted(FORMATS))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_document_of_any_shape_is_read_or_named(format_id: str, data: st.DataObject) -> None:
    file, write, names = FORMATS[format_id]
    text = write(data.draw(st.dictionaries(st.sampled_from(names), _values(names), max_size=6) | _values(names)))
    if write is write_xml:
        root = {"packages_config": "packages", "directory_packages_props": "Project"}.get(format_id)
        root = root or {"verification_metadata_xml": "verification-metadata"}.get(format_id, "project")
        text = text.replace("<project", f"<{root}", 1)[: -len("</project>")] + f"</{root}>"
    parsed = read_file(MemoryTree({file: text}), file)
    assert parsed is None or all(gap.because.isprintable() for gap in parsed.unparsed)
    assert parsed is None or all(one.component.name for one in parsed.occurrences)


@pytest.mark.parametrize("format_id", sorted(FORMATS))
def test_document_nested_a_hundred_thousand_deep_is_named(format_id: str) -> None:
    file, write, names = FORMATS[format_id]
    openings: dict[Write, str] = {
        write_json: "[" * 100_000,
        write_toml: f"{names[0]} = " + "[" * 100_000,
        write_xml: "<a>" * 100_000,
    }
    deep = openings[write]
    if SPECS[format_id].sniff is not None:
        deep += '"runtimeTarget"'
    parsed = read_file(MemoryTree({file: deep}), file)
    assert parsed is not None
    assert parsed.occurrences == ()
    assert len(parsed.unparsed) == 1
