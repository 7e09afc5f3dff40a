"""Which operating system a file system holds, by its os-release file. Source: os-release(5)."""

import re
import shlex

from holdfast.facts.gather import readable

OS_RELEASE_PATHS = ("etc/os-release", "usr/lib/os-release")
_ECOSYSTEMS = {
    "debian": ("Debian", 1),
    "ubuntu": ("Ubuntu", 2),
    "alpine": ("Alpine", 2),
    "almalinux": ("AlmaLinux", 1),
    "rocky": ("Rocky Linux", 1),
    "rhel": ("Red Hat", 1),
    "fedora": ("Fedora", 1),
    "mageia": ("Mageia", 1),
    "photon": ("Photon OS", 2),
    "azurelinux": ("Azure Linux", 1),
}
"""`ID` of os-release → (OSV's name, how many numbers of the version make its release)."""
_ROLLING = {"wolfi": "Wolfi", "chainguard": "Chainguard", "opensuse-tumbleweed": "openSUSE:Tumbleweed"}
"""`ID` → ecosystem, of what has no releases."""


def operating_system(release: dict[str, str]) -> str:
    """Return OSV's ecosystem with release for the fields of an os-release file, else `ID:VERSION_ID`."""
    identifier, version = release.get("ID", "unknown"), release.get("VERSION_ID", "")
    if identifier in _ROLLING:
        return _ROLLING[identifier]
    if identifier not in _ECOSYSTEMS or not version:
        return _named_otherwise(identifier, version, release)
    ecosystem, numbers = _ECOSYSTEMS[identifier]
    number = ".".join(version.split(".")[:numbers])
    if ecosystem == "Alpine":  # `3.21_alpha20240923` is what will be 3.21 one day
        return "Alpine:edge" if "_" in version else f"Alpine:v{number}"
    return f"{ecosystem}:{number}"


def _named_otherwise(identifier: str, version: str, release: dict[str, str]) -> str:
    """OSV calls these by more than a number: `Leap 15.6`, `Linux Enterprise Server 15 SP6`, `24.03-LTS`."""
    if identifier == "opensuse-leap" and version:
        return f"openSUSE:Leap {version}"
    if identifier == "sles" and version:
        major, _, pack = version.partition(".")
        return f"SUSE:Linux Enterprise Server {major}" + (f" SP{pack}" if pack and pack != "0" else "")
    if identifier == "openEuler" and version:
        words = re.findall(r"LTS|SP[0-9]+", release.get("VERSION", ""))
        return "-".join([f"openEuler:{version}", *words])
    return f"{identifier}:{version or release.get('VERSION_CODENAME', 'unknown')}"


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
