"""`uv.lock`. Source: https://docs.astral.sh/uv/concepts/projects/sync/#upgrading-locked-package-versions"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return the command that locks the package at the version; it serves transitive ones too."""
    line = command("uv", "lock", "--upgrade-package", f"{upgrade.name}=={upgrade.version}")
    if upgrade.is_transitive:
        return Advice(line, note=f"`{upgrade.raise_name}` asks for it: raise that one if it forbids {upgrade.version}")
    return Advice(line, note="if pyproject.toml forbids that version, raise its bound there first")


SPEC = Guide("uv_lock", advise)
