"""`pdm.lock`. Source: https://pdm-project.org/latest/reference/cli/, its `tool.pdm.resolution.overrides`"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `pdm add` without installing; for what something else asks for, the override and the command after it."""
    if not upgrade.is_transitive:
        return Advice(command("pdm", "add", "--no-sync", f"{upgrade.name}>={upgrade.version}"))
    override = f'`{upgrade.name} = ">={upgrade.version}"` under `[tool.pdm.resolution.overrides]`'
    relock = command("pdm", "lock", "--update-reuse")
    way = f"raise that one, or write {override}, then run `{relock}`"
    return Advice(None, note=f"`{upgrade.raise_name}` asks for it: {way}")


SPEC = Guide("pdm_lock", advise)
