"""`Package.resolved` of Swift. Source: `swift package resolve --help`"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the resolution of this package to the version; Swift runs `Package.swift` for it, in a sandbox."""
    identity = upgrade.name.rpartition("/")[2].lower()
    line = command("swift", "package", "resolve", identity, "--version", upgrade.version)
    return Advice(line, note=f"if Package.swift forbids {upgrade.version}, raise its requirement there first")


SPEC = Guide("package_resolved", advise)
