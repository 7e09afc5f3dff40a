"""Which ecosystem the packages of an operating system belong to.

Rules:

1. A distribution that OSV knows, of the right kind of package, is its ecosystem with the release; one that has no
   releases is so without. Any other is `purl:deb`, `purl:rpm`, `purl:apk`, which have no feed.
2. A release that is not known makes no ecosystem: nobody could say which advisories count.
"""

from holdfast.model.purl import find_distribution, lacks_release


def ecosystem_of(os: str, purl_type: str) -> tuple[str, str]:
    """Return (ecosystem, purl's `distro`) of packages of a type (`deb`, `rpm`, `apk`) on an operating system.

    `distro` is empty where there is no release.
    """
    base, _, release = os.partition(":")
    found = find_distribution(base)
    if found is None or found[0] != purl_type or lacks_release(os.rstrip(":")):
        return f"purl:{purl_type}", ""
    return os, f"{found[1]}-{_short(base, release)}" if release else ""


def _short(base: str, release: str) -> str:
    """`v3.20` → `3.20`, `Leap 15.6` → `leap-15.6`, `Linux Enterprise Server 15 SP6` → `15.6`."""
    if base == "SUSE":
        release = release.removeprefix("Linux Enterprise Server ").replace(" SP", ".")
    return release.removeprefix("v").lower().replace(" ", "-")
