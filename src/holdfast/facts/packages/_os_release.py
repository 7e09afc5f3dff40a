"""Which operating system a file system holds, by its os-release file. Source: os-release(5)."""

import shlex

from holdfast.facts.gather import readable

OS_RELEASE_PATHS = ("etc/os-release", "usr/lib/os-release")
_ECOSYSTEMS = {
    "debian": ("Debian", 1),
    "ubuntu": ("Ubuntu", 2),
    "alpine": ("Alpine", 2),
    "almalinux": ("AlmaLinux", 1),
    "rocky": ("Rocky Linux", 1),
}
"""`ID` of os-release → (OSV's name, how many numbers of the version make its release)."""


def operating_system(release: dict[str, str]) -> str:
    """Return OSV's ecosystem with release for the fields of an os-release file, else `ID:VERSION_ID`."""
    identifier, version = release.get("ID", "unknown"), release.get("VERSION_ID", "")
    if identifier not in _ECOSYSTEMS or not version:
        return f"{identifier}:{version or release.get('VERSION_CODENAME', 'unknown')}"
    ecosystem, numbers = _ECOSYSTEMS[identifier]
    number = ".".join(version.split(".")[:numbers])
    return f"{ecosystem}:v{number}" if ecosystem == "Alpine" else f"{ecosystem}:{number}"


def parse_os_release(text: str) -> dict[str, str]:
    """Return the fields of an os-release file; a line that is no assignment is passed over."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:  # a quote that is not closed
            continue
        fields[key] = readable("".join(words))
    return fields
