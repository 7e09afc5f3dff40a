"""`Directory.Packages.props` of NuGet. Source: NuGet documentation, "Central Package Management" """

from holdfast.remediations.guides._line import edit_line
from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return the edit of the line with the version."""
    note = f"write {upgrade.version} as the version of `{upgrade.name}`, then restore with `--force-evaluate`"
    return edit_line(upgrade, "[\"'>]", "[\"'<]", note)


SPEC = Guide("directory_packages_props", advise)
