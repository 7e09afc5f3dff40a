"""A CycloneDX document describes, it does not lock: the fix belongs where it was made from."""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return no command: which tool made the document's subject is not known."""
    whom = f"`{upgrade.raise_name}`, which asks for `{upgrade.name}`" if upgrade.is_transitive else f"`{upgrade.name}`"
    return Advice(None, note=f"an SBOM has no tool of its own: raise {whom}, in the lock file that it was made from")


SPEC = Guide("cyclonedx_json", advise)
