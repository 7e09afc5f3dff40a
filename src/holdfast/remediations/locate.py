"""Where a fix is made: the file and line, and the format that decides about the tool.

Rules:

1. A place whose tool we can guide comes first, then one with a line, then the order in which places were met.
2. A format that the caller did not give is told from the file's name, as the readers do.
"""

import posixpath
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from holdfast.model.component import Location
from holdfast.remediations.guides import Guide

_BY_NAME = (
    ("uv.lock", "uv_lock"),
    ("poetry.lock", "poetry_lock"),
    ("package-lock.json", "package_lock_json"),
    ("npm-shrinkwrap.json", "package_lock_json"),
    ("go.mod", "go_mod"),
    ("go.sum", "go_sum"),
    ("cargo.lock", "cargo_lock"),
    ("pnpm-lock.yaml", "pnpm_lock_yaml"),
    ("yarn.lock", "yarn_lock"),
    ("bun.lock", "bun_lock"),
    ("deno.lock", "deno_lock"),
    ("gemfile.lock", "gemfile_lock"),
    ("*.gemfile.lock", "gemfile_lock"),
    ("gems.locked", "gemfile_lock"),
    ("composer.lock", "composer_lock"),
    ("mix.lock", "mix_lock"),
    ("pubspec.lock", "pubspec_lock"),
    ("package.resolved", "package_resolved"),
    ("podfile.lock", "podfile_lock"),
    ("pom.xml", "pom_xml"),
    ("gradle.lockfile", "gradle_lockfile"),
    ("*.versions.toml", "versions_toml"),
    ("packages.lock.json", "packages_lock_json"),
    ("packages.config", "packages_config"),
    ("directory.packages.props", "directory_packages_props"),
    ("pipfile.lock", "pipfile_lock"),
    ("pdm.lock", "pdm_lock"),
    ("conan.lock", "conan_lock"),
    ("pylock.toml", "pylock_toml"),
    ("pylock.*.toml", "pylock_toml"),
    ("verification-metadata.xml", "verification_metadata_xml"),
    ("*.deps.json", "deps_json"),
    ("dockerfile*", "dockerfile"),
    ("*requirements*.txt", "requirements_txt"),
    ("*constraints*.txt", "requirements_txt"),
    ("*.cdx.json", "cyclonedx_json"),
    ("*bom*.json", "cyclonedx_json"),
)
_BY_PATH = (
    ("/var/lib/dpkg/status", "dpkg"),
    (".dist-info/metadata", "python_environment"),
    ("/composer/installed.json", "installed_json"),
    ("/lib/apk/db/installed", "apk"),
)
_PREFERRED = ("requirements_txt", "uv_lock", "poetry_lock", "package_lock_json", "go_mod", "cargo_lock")
_OWN_FORMATS = frozenset(found for _, found in _BY_NAME + _BY_PATH)


def format_of(file: str, formats: Mapping[str, str]) -> str | None:
    """Return the format of a file: what `formats` (file → format) says, else what its name says, else `None`."""
    known = formats.get(file)
    if known is not None:
        return known
    name = posixpath.basename(file).lower()
    path = f"/{file.lower().lstrip('/')}"
    by_path = [found for ending, found in _BY_PATH if path.endswith(ending)]
    by_name = [found for glob, found in _BY_NAME if fnmatch(name, glob)]
    return (by_path + by_name)[0] if by_path or by_name else None


def locate(locations: Sequence[Location], formats: Mapping[str, str]) -> tuple[Location | None, str | None]:
    """Return the place to fix, and its format; `None` for what is not known."""
    if not locations:
        return None, None
    if len(locations) == 1:
        return locations[0], format_of(locations[0].file, formats)

    def order(numbered: tuple[int, Location]) -> tuple[int, bool, int]:
        found = format_of(numbered[1].file, formats)
        rank = _PREFERRED.index(found) if found in _PREFERRED else len(_PREFERRED) + (found is None)
        return rank, numbered[1].line is None, numbered[0]

    _, place = min(enumerate(locations), key=order)
    return place, format_of(place.file, formats)


@cache
def find_guide(format_id: str | None) -> Guide | None:
    """Return the guide of a format; `None` where there is none. The room is loaded only for what is not our own."""
    if format_id is None:
        return None
    if format_id in _OWN_FORMATS:
        module = f"holdfast.remediations.guides.{format_id}"
        return cast(Guide, import_module(module).SPEC) if find_spec(module) else None
    from holdfast.registry import load_room

    return next((guide for guide in load_room("remediations.guides") if guide.id == format_id), None)
