"""`pom.xml`: the version where it stands. Source: Maven documentation, "POM Reference" """

from holdfast.remediations.guides._line import edit_line
from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return the edit of the line with the version; one of a property, or from elsewhere, is only told."""
    note = f"write {upgrade.version} where the version of `{upgrade.name}` is set: a property, or its management"
    return edit_line(upgrade, r">", r"<", note)


SPEC = Guide("pom_xml", advise)
