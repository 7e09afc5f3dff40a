"""`gradle/verification-metadata.xml` verifies; what is used is decided in the build."""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade


def advise(upgrade: Upgrade) -> Advice:
    """Return no command: a checksum of the new version is added when the build asks for it."""
    note = f"raise `{upgrade.name}` to {upgrade.version} in the build, then write the metadata again"
    return Advice(None, note=note)


SPEC = Guide("verification_metadata_xml", advise)
