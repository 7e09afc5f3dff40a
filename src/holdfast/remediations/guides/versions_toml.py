"""A version catalog of Gradle. Source: Gradle documentation, "Version Catalogs" """

from holdfast.remediations.guides._line import edit_line
from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return the edit of the line with the version."""
    note = f"write {upgrade.version} where the catalog sets the version of `{upgrade.name}`"
    return edit_line(upgrade, "[\":']", "[\"']", note)


SPEC = Guide("versions_toml", advise)
