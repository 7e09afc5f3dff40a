"""`*.deps.json` is written by the build; the fix belongs into the project."""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return no command: which project it was built from is not in the file."""
    return Advice(None, note=f"raise `{upgrade.raise_name}` in the project that this was built from")


SPEC = Guide("deps_json", advise)
