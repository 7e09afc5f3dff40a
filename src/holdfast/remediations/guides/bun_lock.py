"""`bun.lock`. Source: https://bun.sh/docs/cli/add, https://bun.sh/docs/install/overrides"""

from holdfast.remediations.guides._spec import Advice, Guide, Upgrade, command


def advise(upgrade: Upgrade) -> Advice:
    """Return `bun add` without scripts; for what something else asks for, the line of package.json."""
    installed = upgrade.alias or upgrade.name
    wanted = f"npm:{upgrade.name}@{upgrade.version}" if upgrade.alias else upgrade.version
    if not upgrade.is_transitive:
        return Advice(command("bun", "add", "--ignore-scripts", f"{installed}@{wanted}"))
    override = f'"overrides": {{"{installed}": "{wanted}"}}'
    install = command("bun", "install", "--ignore-scripts")
    way = f"raise that one, or write {override} in package.json, then run `{install}`"
    return Advice(None, note=f"`{upgrade.raise_name}` asks for it: {way}")


SPEC = Guide("bun_lock", advise)
