"""`pnpm-lock.yaml`. Source: https://pnpm.io/cli/update, https://pnpm.io/settings#overrides"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `pnpm update` without scripts; what something else asks for is updated wherever it stands."""
    installed = upgrade.alias or upgrade.name
    wanted = f"npm:{upgrade.name}@{upgrade.version}" if upgrade.alias else upgrade.version
    if not upgrade.is_transitive:
        return Advice(command("pnpm", "update", "--ignore-scripts", f"{installed}@{wanted}"))
    line = command("pnpm", "update", "--ignore-scripts", "--depth", "Infinity", installed)
    override = f'"{installed}@{upgrade.current}": "{wanted}"'
    short = f"if it does not reach {upgrade.version}, raise that one, or write {override} among pnpm's overrides"
    return Advice(line, note=f"`{upgrade.raise_name}` asks for it: {short}")


SPEC = Guide("pnpm_lock_yaml", advise)
