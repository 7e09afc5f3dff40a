"""A GitHub workflow's `uses`. Source: GitHub documentation, "Workflow syntax" """

from holdfast.remediations.guides._line import edit_line
from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return the edit of a tag; of a commit, only that another is needed, which the repository knows."""
    note = f"name the commit of `{upgrade.name}` {upgrade.version}, and that tag in the comment behind it"
    return edit_line(upgrade, "@", r"(?=\s|[\"']|\Z)", note)


SPEC = Guide("workflow_yml", advise)
